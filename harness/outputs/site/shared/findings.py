"""Commits that made something worse or better, and the latest run, in a few lines. Pure."""

from dataclasses import dataclass

from harness.analysis.compare.comparison import Direction
from harness.analysis.verdict.regressions import CommitChange, latest_run
from harness.analysis.verdict.summary import RevisionState, RevisionSummary
from harness.model import HEAP_COSTS
from harness.outputs.site.shared.account_views import BriefView
from harness.outputs.site.shared.accounts import brief_of
from harness.outputs.site.shared.escapes import EscapeView, escape_view
from harness.outputs.site.shared.links import CommitView
from harness.outputs.site.shared.section import Section, StepView
from harness.outputs.text.format import clip, minute, plural

_SHOWN_STEPS = 3
_SHOWN_ESCAPES = 3


@dataclass(frozen=True, slots=True)
class FindingView:
    """The steps of a revision with their cause, or the escapes that came or went with it.

    ``steps`` are of one unit, ``also`` names the others; ``leader`` is whose account ``brief`` is,
    where that is to be said.
    """

    tone: str
    status: str
    commit: CommitView
    unit: str
    steps: tuple[StepView, ...]
    more_steps: int
    also: str
    leader: str
    brief: BriefView | None
    escapes: tuple[EscapeView, ...]
    more_escapes: int
    repaired: CommitView | None
    between: int


@dataclass(frozen=True, slots=True)
class RunView:
    """The latest run in one sentence; ``commits`` are those that made something worse."""

    sentence: str
    tone: str
    sign: str
    revisions: str
    ended: str
    commits: tuple[CommitView, ...]
    more: int


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
    """A commit with its steps and their cause, or the escapes that came or went with it."""
    worse = change.direction is Direction.REGRESSION
    revision = change.summary
    unit = change.steps[0].unit
    own = [s for s in change.steps if s.unit == unit]
    leader, brief = brief_of(section, change.steps)
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


def _counted(revision: RevisionSummary, direction: Direction) -> set[tuple[str, str]]:
    return {
        (s.package, s.benchmark)
        for s in revision.steps
        if s.direction is direction and s.unit not in HEAP_COSTS
    }
