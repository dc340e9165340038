"""Findings: the steps of a revision with the escapes of the same revision, most important first.

Where the benchmarks were accounted for line by line, the causes are known; elsewhere the two only
happened in the same revision.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.analysis.causes.attribution import Attribution
from harness.analysis.causes.explain import explain_steps
from harness.analysis.compare.comparison import Direction
from harness.analysis.compare.escapes import EscapeDiff, diff_escapes
from harness.analysis.history.history import History
from harness.analysis.series.steps import Step, all_repaired, steps
from harness.model import ALLOCS, EscapeSite


@dataclass(frozen=True, slots=True)
class Finding:
    """The steps of one direction in one revision.

    Attributes:
        steps: of allocs/op, the largest first.
        escapes: new sites (of regressions) or gone ones (of improvements) of the revision, first
            those in the packages of the steps.
        repaired: the later revision at which all of the steps were undone, else ``None``.
        attributions: of the steps, as far as there are accounts.
    """

    revision: str
    direction: Direction
    steps: tuple[Step, ...]
    escapes: tuple[EscapeSite, ...]
    repaired: str | None
    attributions: Mapping[Step, Attribution] = field(default_factory=dict)


def findings(
    history: History,
    attributions: Mapping[Step, Attribution] | None = None,
    diffs: Mapping[tuple[str, str], EscapeDiff] | None = None,
) -> tuple[Finding, ...]:
    """All findings, most important first.

    Regressions that are not repaired come first, then repaired ones, then improvements. Within a
    group the largest relative step leads, with one allocation added to both sides: 1 → 102 is
    before 0 → 12, that before 0 → 1, and that before 100 → 101. Of equals the newer leads.

    Args:
        attributions: of every step that has accounts, if they are known already.
        diffs: those that are known already, by base and head.
    """
    by_revision: dict[tuple[str, Direction], list[Step]] = {}
    for step in steps(history, ALLOCS):
        by_revision.setdefault((step.revision, step.direction), []).append(step)
    found: list[Finding] = []
    for (revision, direction), members in by_revision.items():
        members.sort(key=lambda s: s.size, reverse=True)
        pair = (members[0].previous, revision)
        diff = (diffs or {}).get(pair)
        if diff is None:
            diff = diff_escapes(*history.pair(*pair), history.diffs(*pair))
        sites = diff.new if direction is Direction.REGRESSION else diff.gone
        packages = {s.package for s in members}
        found.append(
            Finding(
                revision=revision,
                direction=direction,
                steps=tuple(members),
                escapes=tuple(sorted(sites, key=lambda s: s.package not in packages)),
                repaired=all_repaired(history, members),
                attributions=(
                    explain_steps(history, members)
                    if attributions is None
                    else {s: attributions[s] for s in members if s in attributions}
                ),
            )
        )
    return tuple(sorted(found, key=lambda f: _rank(history, f)))


def _rank(history: History, finding: Finding) -> tuple[int, float, float, int]:
    group = 2 if finding.direction is Direction.IMPROVEMENT else int(finding.repaired is not None)
    ratio, delta = finding.steps[0].size
    return (group, -ratio, -delta, -history.position(finding.revision))
