"""The changes of a history by commit, with their repairs and waivers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from harness.analysis.compare.comparison import Direction
from harness.analysis.series.series import unit_order
from harness.analysis.series.steps import Step, all_repaired
from harness.analysis.verdict.findings import Finding
from harness.analysis.verdict.policy import judge_steps
from harness.analysis.verdict.summary import RevisionSummary, Summary
from harness.model import HEAP_COSTS
from harness.policy.model import Policy, Waiver

# Records whose times are further apart than this are of two runs: nightly runs are hours apart.
_PAUSE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Standard:
    """The policy by which a history is judged; without a date, so a site changes with waivers only.

    Attributes:
        policy: of the project's newest revision, with those waivers that are in force.
        problem: why the project's policy could not be read, else empty.
    """

    policy: Policy = field(default_factory=Policy)
    expired: tuple[Waiver, ...] = ()
    problem: str = ""

    @classmethod
    def on(cls, policy: Policy, today: date) -> Standard:
        """A policy as it stands on a day."""
        in_force = tuple(w for w in policy.waivers if w.expires >= today)
        expired = tuple(w for w in policy.waivers if w.expires < today)
        return cls(replace(policy, waivers=in_force), expired)


@dataclass(frozen=True, slots=True)
class CommitChange:
    """The steps of one direction in one revision, of all units that a gate can fail on.

    Attributes:
        steps: allocs/op first, then by unit, the largest relative step first.
        repaired: the revision at which the last of the steps was undone; ``None`` while one is not,
            and for improvements.
        waivers: of unrepaired steps that break the policy, each once.
        waived: whether there are such steps and each has a waiver.
        listed: whether no step breaks the policy: it lists their unit, or they are within a
            threshold.
    """

    summary: RevisionSummary
    direction: Direction
    steps: tuple[Step, ...]
    repaired: str | None = None
    waivers: tuple[Waiver, ...] = ()
    waived: bool = False
    listed: bool = False

    @property
    def stands(self) -> bool:
        """True if it is a regression that a gate fails, without a repair or a waiver."""
        settled = self.repaired is not None or self.waived or self.listed
        return self.direction is Direction.REGRESSION and not settled


def commit_changes(
    summary: Summary, direction: Direction, standard: Standard | None = None
) -> tuple[CommitChange, ...]:
    """Every revision with steps of a direction, the newest first."""
    policy = Policy() if standard is None else standard.policy
    found = []
    for revision in reversed(summary.revisions):
        own = sorted_steps(s for s in revision.steps if s.direction is direction)
        if own:
            change = CommitChange(revision, direction, own, all_repaired(summary.history, own))
            worse = direction is Direction.REGRESSION
            found.append(_judged(change, policy) if worse else change)
    return tuple(found)


def _judged(change: CommitChange, policy: Policy) -> CommitChange:
    """A regression judged by a policy; a repaired one as if it were not."""
    if change.repaired is not None:
        standing = [replace(s, repaired=None) for s in change.steps]
        return replace(change, listed=_judge(standing, policy)[2])
    waivers, waived, listed = _judge(change.steps, policy)
    return replace(change, waivers=waivers, waived=waived, listed=listed)


def _judge(steps: Iterable[Step], policy: Policy) -> tuple[tuple[Waiver, ...], bool, bool]:
    """Steps judged as ``esv nightly`` does: see the attributes of :class:`CommitChange`."""
    standing = [s for s in steps if s.repaired is None]
    judged = judge_steps(policy, standing, date.min).values()  # all waivers are in force
    waivers = dict.fromkeys(v.waiver for v in judged if v.waiver is not None)
    waived = bool(waivers) and all(v.waiver is not None for v in judged)
    return tuple(waivers), waived, not judged


def to_look_at(
    found: Sequence[Finding], standard: Standard
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """The findings that are open, in their order, and those that are waived.

    A regression that fails no gate comes behind all others, improvements included.
    """
    open_: list[Finding] = []
    listed: list[Finding] = []
    waived: list[Finding] = []
    for finding in found:
        if finding.direction is not Direction.REGRESSION or finding.repaired is not None:
            open_.append(finding)
            continue
        _, let_pass, fails_nothing = _judge(finding.steps, standard.policy)
        (waived if let_pass else listed if fails_nothing else open_).append(finding)
    return (*open_, *listed), tuple(waived)


def sorted_steps(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Steps in the order of reports, without those of garbage collection and heap size."""
    return tuple(
        sorted(
            (s for s in steps if s.unit not in HEAP_COSTS),
            key=lambda s: (unit_order(s.unit), [-n for n in s.size], s.package, s.benchmark),
        )
    )


def latest_run(summary: Summary) -> tuple[RevisionSummary, ...]:
    """The revisions that were measured together last, oldest first.

    A run ends where an hour passed between the end of one record and the beginning of the next.
    """
    history = summary.history
    members: set[str] = set()
    begun = math.inf
    for record in sorted(history.records, key=history.began, reverse=True):
        start = history.began(record)
        if members and start + record.duration < begun - _PAUSE_SECONDS:
            break
        begun = start
        members.add(record.revision.hash)
    return tuple(r for r in summary.revisions if r.slot.revision in members)
