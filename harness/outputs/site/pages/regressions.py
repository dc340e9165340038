"""The view of ``regressions.html``, and its feed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace

from harness.analysis.compare.comparison import Direction
from harness.analysis.verdict.regressions import CommitChange, commit_changes
from harness.outputs.nightly.feed import FeedEntry, commits_feed
from harness.outputs.site.draw import names
from harness.outputs.site.shared.account_views import BriefView
from harness.outputs.site.shared.accounts import brief_of
from harness.outputs.site.shared.links import CommitView
from harness.outputs.site.shared.section import Section, StepView
from harness.outputs.text.format import clip
from harness.policy.model import Waiver

# Rows of each table of regressions.html, so that it stays quick; older ones are counted.
_MOST_ROWS = 250
# Of those that nobody has to act on.
_MOST_PAST = 100


@dataclass(frozen=True, slots=True)
class WaiverView:
    """A waiver that lets a regression pass: owner, reason, last day, and subject."""

    owner: str
    reason: str
    expires: str
    what: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A revision that changed something: its largest step, and how many other benchmarks."""

    commit: CommitView
    step: StepView
    others: int
    units: str
    brief: BriefView | None
    repaired: CommitView | None
    between: int
    waivers: tuple[WaiverView, ...] = ()


def regressions_view(section: Section) -> SimpleNamespace:
    """Everything that ``regressions.html`` shows; the counts are of all, the rows of the newest."""
    worse = section.regressions
    standing = [c for c in worse if c.stands]
    waived = [c for c in worse if c.waived]
    listed = [c for c in worse if c.listed and c.repaired is None]
    repaired = [c for c in worse if c.repaired is not None]
    better = commit_changes(section.summary, Direction.IMPROVEMENT)
    return SimpleNamespace(
        chrome=section.chrome("Regressions", "regressions.html"),
        feed=names.FEED,
        compared=sum(r.base is not None for r in section.summary.recorded),
        standing=_rows(section, standing),
        standing_count=len(standing),
        repaired=_rows(section, repaired[:_MOST_PAST]),
        repaired_count=len(repaired),
        listed=_rows(section, listed[:_MOST_PAST]),
        listed_count=len(listed),
        waived=_rows(section, waived),
        waived_count=len(waived),
        policy=section.standard.policy.source,
        problem=clip(section.standard.problem, 400),
        expired=tuple(_waiver(w) for w in section.standard.expired),
        improvements=_rows(section, better[:_MOST_PAST]),
        improvements_count=len(better),
    )


def feed(section: Section, commit_url: str) -> bytes:
    """``regressions.xml``: every commit with a regression, by the time that it was measured.

    Those that are waived are marked, as a reader may know them from before.
    """
    history = section.summary.history
    entries = []
    for change in section.regressions:
        if change.listed:
            continue
        record = change.summary.slot.record
        assert record is not None, "a step is at a revision with a value"
        entries.append(
            FeedEntry(
                history=history,
                attributions=section.attributions,
                revision=record.revision.hash,
                steps=change.steps,
                at=record.started + record.duration,
                page=names.revision_page(record.revision.hash),
                waivers=change.waivers if change.waived else (),
            )
        )
    return commits_feed(section.project, entries, "regressions", "regressions", commit_url)


def _waiver(waiver: Waiver) -> WaiverView:
    return WaiverView(
        owner=clip(waiver.owner, 80),
        reason=clip(waiver.reason, 400),
        expires=str(waiver.expires),
        what=clip(waiver.benchmark or waiver.escape, 200),
    )


def _rows(section: Section, changes: Sequence[CommitChange]) -> tuple[ChangeRow, ...]:
    return tuple(_row(section, c) for c in changes[:_MOST_ROWS])


def _row(section: Section, change: CommitChange) -> ChangeRow:
    _, brief = brief_of(section, change.steps)
    benchmarks = {(s.package, s.benchmark) for s in change.steps}
    units = dict.fromkeys(s.unit for s in change.steps)
    return ChangeRow(
        commit=section.commit(change.summary.slot.revision, ""),
        step=section.step(change.steps[0], ""),
        others=len(benchmarks) - 1,
        units=", ".join(units),
        brief=brief,
        repaired=None if change.repaired is None else section.commit(change.repaired, ""),
        between=max(len(s.between) for s in change.steps),
        waivers=tuple(dict.fromkeys(replace(_waiver(w), what="") for w in change.waivers)),
    )
