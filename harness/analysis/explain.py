"""The attribution of everything that changed between two records. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.analysis.attribution import Attribution, Sides, attribute
from harness.analysis.comparison import Change, Direction, compare
from harness.analysis.escapes import match_records
from harness.model import ALLOCS, BYTES, Record, TreeDiff

COUNTED = frozenset({ALLOCS, BYTES})


def counted_changes(base: Record, head: Record) -> list[Change]:
    """What changed in allocs/op and B/op, regressions first, the largest first."""
    changed = [c for c in compare(base, head, COUNTED) if c.direction is not Direction.NONE]
    return sorted(changed, key=_importance, reverse=True)


def benchmarks_of(changes: Iterable[Change]) -> list[tuple[str, str]]:
    """The benchmarks that changed, ``(import path, full name)``, each once, in order."""
    return list(dict.fromkeys((c.package, c.benchmark) for c in changes))


def explain(
    base: Record, head: Record, diffs: Sequence[TreeDiff] | None, changes: Iterable[Change]
) -> dict[tuple[str, str, str], Attribution]:
    """Attributions by package, benchmark and unit, for the changes that have both accounts."""
    sides = Sides(base, head, diffs, match_records(base, head, diffs))
    found = {}
    for change in changes:
        before = base.account(change.package, change.benchmark)
        after = head.account(change.package, change.benchmark)
        if before is None or after is None or change.base is None or change.head is None:
            continue
        reported = (change.base.value, change.head.value)
        key = (change.package, change.benchmark, change.unit)
        found[key] = attribute(sides, change.unit, reported, before, after)
    return found


def _importance(change: Change) -> tuple[bool, bool, float, float]:
    """Regressions of allocs/op first; within a kind by relative size, one added to both sides."""
    assert change.base is not None
    assert change.head is not None
    ratio = (change.head.value + 1) / (change.base.value + 1)
    return (
        change.direction is Direction.REGRESSION,
        change.unit == ALLOCS,
        max(ratio, 1 / ratio),
        abs(change.delta),
    )
