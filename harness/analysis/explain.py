"""The attribution of everything that changed between two records. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.analysis.attribution import Attribution, Sides, attribute
from harness.analysis.comparison import Change, Direction, compare
from harness.analysis.escapes import match_records
from harness.analysis.history import History
from harness.analysis.steps import Step
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


def explain_steps(
    history: History, revision: str, found: Sequence[Step]
) -> dict[Step, Attribution]:
    """Attributions of steps of one revision, for those that have both accounts.

    Args:
        history: with the records of both sides.
        revision: where the steps are.
        found: steps of allocs/op and B/op of that revision.
    """
    explained: dict[Step, Attribution] = {}
    sides: dict[str, Sides] = {}
    head = history.by_hash[revision]
    for step in found:
        if step.unit not in COUNTED:
            continue
        base = history.by_hash[step.previous]
        before = base.account(step.package, step.benchmark)
        after = head.account(step.package, step.benchmark)
        if before is None or after is None:
            continue
        if step.previous not in sides:
            diffs = history.diffs(step.previous, revision)
            sides[step.previous] = Sides(base, head, diffs, match_records(base, head, diffs))
        explained[step] = attribute(
            sides[step.previous], step.unit, (step.before, step.after), before, after
        )
    return explained


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
