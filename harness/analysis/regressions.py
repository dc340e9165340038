"""What got worse along a history, by commit, and what became of it. Pure, on a summary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.analysis.comparison import Direction
from harness.analysis.findings import relative_size
from harness.analysis.series import unit_order
from harness.analysis.steps import Step
from harness.analysis.summary import RevisionSummary, Summary
from harness.model import HEAP_COSTS

# Records whose times are further apart than this are of two runs: nightly runs are hours apart.
_PAUSE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class CommitChange:
    """The steps of one direction in one revision, of all units that a gate can fail on.

    Attributes:
        summary: of the revision.
        direction: all of the steps go this way.
        steps: allocs/op first, then by unit, the largest relative step first.
        repaired: hash of the revision at which the last of the steps was undone; ``None`` while one
            stands, and for improvements.
    """

    summary: RevisionSummary
    direction: Direction
    steps: tuple[Step, ...]
    repaired: str | None = None


def commit_changes(summary: Summary, direction: Direction) -> tuple[CommitChange, ...]:
    """Every revision with steps of a direction, the newest first."""
    found = []
    for revision in reversed(summary.revisions):
        own = sorted_steps(s for s in revision.steps if s.direction is direction)
        if own:
            found.append(CommitChange(revision, direction, own, _repaired(summary, own)))
    return tuple(found)


def sorted_steps(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Steps in the order in which they are told; those of what the heap costs are left out."""
    counted = [s for s in steps if s.unit not in HEAP_COSTS]
    return tuple(
        sorted(
            counted,
            key=lambda s: (
                unit_order(s.unit),
                [-n for n in relative_size(s)],
                s.package,
                s.benchmark,
            ),
        )
    )


def latest_run(summary: Summary) -> tuple[RevisionSummary, ...]:
    """The revisions that were measured together last, oldest first.

    Records do not say which run they are of. Those of one run follow each other in time, so the run
    ends where an hour passed between the end of one record and the beginning of the next.
    """
    timed = sorted(
        ((r.slot.record, r) for r in summary.revisions if r.slot.record is not None),
        key=lambda pair: pair[0].started,
        reverse=True,
    )
    members: set[str] = set()
    begun = None
    for record, revision in timed:
        if begun is not None and record.started + record.duration < begun - _PAUSE_SECONDS:
            break
        begun = record.started
        members.add(revision.slot.revision)
    return tuple(r for r in summary.revisions if r.slot.revision in members)


def _repaired(summary: Summary, steps: tuple[Step, ...]) -> str | None:
    back = [s.repaired for s in steps if s.repaired is not None]
    return max(back, key=summary.history.position) if len(back) == len(steps) else None
