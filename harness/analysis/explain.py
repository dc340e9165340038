"""The attribution of everything that changed between two records. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.analysis.attribution import Attribution, Sides, attribute, with_benchmark
from harness.analysis.comparison import Change
from harness.analysis.crossing import COUNTED, Crossing, measured
from harness.analysis.escapes import match_records
from harness.analysis.history import History
from harness.analysis.steps import Step


def explain(
    crossing: Crossing, changes: Iterable[Change]
) -> dict[tuple[str, str, str], Attribution]:
    """Attributions by package, benchmark and unit, for the changes that have both accounts."""
    sides: dict[tuple[str, str], Sides] = {}
    found = {}
    for change in changes:
        base, head = crossing.code_pair(change.package, change.benchmark)
        before = base.account(change.package, change.benchmark)
        after = head.account(change.package, change.benchmark)
        old = measured(base, change.package, change.benchmark, change.unit)
        new = measured(head, change.package, change.benchmark, change.unit)
        if before is None or after is None or old is None or new is None:
            continue
        pair = (base.revision.hash, head.revision.hash)
        if pair not in sides:
            diffs = crossing.diffs.get(pair)
            sides[pair] = Sides(base, head, diffs, match_records(base, head, diffs))
        attribution = attribute(sides[pair], change.unit, (old.value, new.value), before, after)
        if change.by_benchmark:
            attribution = with_benchmark(
                attribution, change.by_benchmark, crossing.touched[change.package]
            )
        found[change.package, change.benchmark, change.unit] = attribution
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
