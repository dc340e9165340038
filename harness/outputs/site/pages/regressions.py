"""What got worse and better, on the overview and on ``regressions.html``; the feed of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.analysis.compare.comparison import Direction
from harness.analysis.series.steps import Step
from harness.analysis.verdict.regressions import CommitChange, commit_changes, latest_run
from harness.analysis.verdict.summary import RevisionState, RevisionSummary
from harness.model import HEAP_COSTS
from harness.outputs.nightly.feed import FeedEntry, commits_feed
from harness.outputs.site.draw import names
from harness.outputs.site.shared.accounts import brief_view
from harness.outputs.site.shared.parts import BriefView
from harness.outputs.site.shared.pieces import Section, escape_view
from harness.outputs.site.shared.views import (
    ChangeRow,
    FindingView,
    RegressionsView,
    RunView,
    WaiverView,
)
from harness.outputs.text.format import clip, minute, plural
from harness.policy.model import Waiver

FEED = "regressions.xml"
_SHOWN_STEPS = 3
_SHOWN_ESCAPES = 3
# Rows of each table of regressions.html, so that it stays quick; older ones are counted.
_MOST_ROWS = 250
# Of those that nobody has to act on.
_MOST_PAST = 100


def regressions_view(section: Section) -> RegressionsView:
    """Everything that ``regressions.html`` shows."""
    worse = section.regressions
    standing = [c for c in worse if c.stands]
    waived = [c for c in worse if c.waived]
    listed = [c for c in worse if c.listed and c.repaired is None]
    repaired = [c for c in worse if c.repaired is not None]
    better = commit_changes(section.summary, Direction.IMPROVEMENT)
    return RegressionsView(
        chrome=section.chrome("Regressions", "regressions.html"),
        feed=FEED,
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


def feed(section: Section) -> bytes:
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
    return commits_feed(section.project, entries, "regressions", "regressions", section.commit_url)


def run_view(section: Section) -> RunView | None:
    """The latest run in a sentence; ``None`` where nothing is measured."""
    run = latest_run(section.summary)
    if not run:
        return None
    by_revision = {c.summary.slot.revision: c for c in section.regressions}
    changes = [by_revision[r.slot.revision] for r in run if r.slot.revision in by_revision]
    worse = [c.summary for c in changes if not (c.waived or c.listed)]
    listed = [c.summary for c in changes if c.listed]
    waived = [c.summary for c in changes if c.waived]
    better = [r for r in run if _counted(r, Direction.IMPROVEMENT)]
    silent = [r for r in run if r.state in (RevisionState.BROKEN, RevisionState.PARTIAL)]
    parts = []
    compared = [r for r in run if r.base is not None]
    if worse:
        benchmarks = {b for r in worse for b in _counted(r, Direction.REGRESSION)}
        parts.append(
            f"{plural(len(worse), 'commit')} made {plural(len(benchmarks), 'benchmark')} worse"
        )
    elif not compared:
        parts.append("nothing to compare with yet: this is the baseline")
    elif waived or silent or listed:
        parts.append(f"no regression in {plural(len(compared), 'revision')} compared")
    else:
        parts.append(
            f"clean: no benchmark got worse in {plural(len(compared), 'revision')} compared"
        )
    if waived:
        benchmarks = {b for r in waived for b in _counted(r, Direction.REGRESSION)}
        parts.append(f"{plural(len(benchmarks), 'benchmark')} got worse by what is waived")
    if listed:
        verb = "has" if len(listed) == 1 else "have"
        parts.append(f"{plural(len(listed), 'commit')} {verb} steps that fail no gate")
    if better:
        benchmarks = {b for r in better for b in _counted(r, Direction.IMPROVEMENT)}
        parts.append(f"{plural(len(benchmarks), 'benchmark')} got better")
    if silent:
        what = plural(len(silent), "revision")
        parts.append(f"{what} could not be measured as a whole")
    tone, sign = ("quiet", "✓")
    if worse:
        tone, sign = "regression", "▲"
    elif silent:
        tone, sign = "warning", "!"
    elif better:
        tone, sign = "improvement", "▼"
    elif not compared:
        sign = "○"
    history = section.summary.history
    records = [r.slot.record for r in run if r.slot.record is not None]
    sentence = "; ".join(parts)
    return RunView(
        sentence=f"{sentence[:1].upper()}{sentence[1:]}.",
        tone=tone,
        sign=sign,
        revisions=plural(len(run), "revision"),
        ended=minute(max(history.began(r) + r.duration for r in records)),
        commits=tuple(section.commit(r.slot.revision, "") for r in reversed(worse[-3:])),
        more=max(0, len(worse) - 3),
    )


def finding_view(section: Section, change: CommitChange) -> FindingView:
    """A commit with its steps beside their cause, or the escapes that came or went with it."""
    worse = change.direction is Direction.REGRESSION
    revision = change.summary
    unit = change.steps[0].unit
    own = [s for s in change.steps if s.unit == unit]
    leader, brief = _brief(section, change.steps)
    diff = revision.escapes
    escapes = () if diff is None else diff.new if worse else diff.gone
    base = "" if revision.base is None else revision.base.revision.hash
    where = revision.slot.revision if worse else base
    packages = {s.package for s in change.steps}
    if diff is not None:
        # What allocates nothing explains no step.
        costs = {s: diff.cost(s).allocates is False for s in escapes}
        escapes = tuple(sorted(escapes, key=lambda s: (costs[s], s.package not in packages)))
    status = "regression, stands" if change.stands else "regression, waived"
    if change.listed:
        status = "fails no gate"
    if change.repaired is not None:
        status = "regression, repaired"
    return FindingView(
        tone=change.direction.value,
        status=status if worse else "improvement",
        commit=section.commit(revision.slot.revision, ""),
        unit=unit,
        steps=tuple(section.step(s, "") for s in own[:_SHOWN_STEPS]),
        more_steps=len(own[_SHOWN_STEPS:]),
        also=", ".join(dict.fromkeys(s.unit for s in change.steps if s.unit != unit)),
        leader=leader,
        brief=brief,
        escapes=tuple(escape_view(section, e, place=(where, "")) for e in escapes[:_SHOWN_ESCAPES]),
        more_escapes=len(escapes[_SHOWN_ESCAPES:]),
        repaired=None if change.repaired is None else section.commit(change.repaired, ""),
        between=max(len(s.between) for s in change.steps),
    )


def waived_text(change: CommitChange) -> str:
    """By whom a commit is waived, until when and why; empty if it is not."""
    if not change.waived:
        return ""
    said = (
        f"waived until {w.expires} by {clip(w.owner, 80)}: {clip(w.reason, 300)}"
        for w in change.waivers
    )
    return "; ".join(dict.fromkeys(said))


def _waiver(waiver: Waiver) -> WaiverView:
    return WaiverView(
        owner=clip(waiver.owner, 80),
        reason=clip(waiver.reason, 400),
        expires=str(waiver.expires),
        what=clip(waiver.benchmark or waiver.escape, 200),
    )


def _counted(revision: RevisionSummary, direction: Direction) -> set[tuple[str, str]]:
    return {
        (s.package, s.benchmark)
        for s in revision.steps
        if s.direction is direction and s.unit not in HEAP_COSTS
    }


def _brief(section: Section, steps: Sequence[Step]) -> tuple[str, BriefView | None]:
    """The account of the first step that has one, and whose it is where there are several."""
    step = next((s for s in steps if s in section.attributions), None)
    if step is None:
        return "", None
    several = len({(s.package, s.benchmark) for s in steps}) > 1
    name = section.benchmark(step.package, step.benchmark, "").name if several else ""
    return name, brief_view(section.attributions[step], link=section.cause_link(step, ""))


def _rows(section: Section, changes: Sequence[CommitChange]) -> tuple[ChangeRow, ...]:
    return tuple(_row(section, c) for c in changes[:_MOST_ROWS])


def _row(section: Section, change: CommitChange) -> ChangeRow:
    _, brief = _brief(section, change.steps)
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
