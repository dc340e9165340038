"""The views of ``status.html`` and ``help.html``. Pure."""

from dataclasses import dataclass
from types import SimpleNamespace

from harness.analysis.series.conditions import condition_changes
from harness.analysis.verdict.health import noise, silent_benchmarks
from harness.analysis.verdict.summary import RevisionState
from harness.outputs.site.shared.links import BenchmarkLink, CommitView, Link
from harness.outputs.site.shared.records import machine_detail, toolchain, variables
from harness.outputs.site.shared.section import Section
from harness.outputs.site.shared.values import Fact
from harness.outputs.site.shared.verdicts import SIGNS, trouble
from harness.outputs.text.format import clip, minute, percent, plural

_MOST_BROKEN = 50
_MOST_SILENT = 200
_STATES = {
    RevisionState.MEASURED: "everything gave its numbers",
    RevisionState.CARRIED: "the same code as in a measured revision, whose results it has",
    RevisionState.PARTIAL: "some benchmark gave no number",
    RevisionState.BROKEN: "something to measure does not compile",
    RevisionState.NO_BENCHMARKS: "compiles, and there is nothing to run",
    RevisionState.NOT_MEASURED: "no record",
}


@dataclass(frozen=True, slots=True)
class NoiseRow:
    """A unit over all benchmarks: how many repeat exactly, and how far the others spread."""

    unit: str
    benchmarks: int
    exact: int
    typical: str
    widest: tuple[tuple[BenchmarkLink, str], ...]


@dataclass(frozen=True, slots=True)
class SilentRow:
    """A benchmark without a value now."""

    benchmark: BenchmarkLink
    state: str
    reason: str
    since: CommitView


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """A change of what was measured with."""

    commit: CommitView
    what: str
    before: str
    after: str


def status_view(section: Section) -> SimpleNamespace:
    """Machines, toolchains, failures, noise and the coverage of the history."""
    summary = section.summary
    broken = [
        r
        for r in reversed(summary.recorded)
        if r.state in (RevisionState.BROKEN, RevisionState.PARTIAL)
    ]
    newest = summary.newest
    record = None if newest is None else newest.slot.record
    notes = [] if record is None else list(record.notes)
    if record is not None and record.unparsed:
        lines = plural(len(record.unparsed), "heap-related line")
        notes.append(f"{lines} of the compiler not understood; `esv check` shows them")
    if record is not None and record.unread:
        notes.append(f"the compiled code of {plural(len(record.unread), 'package')} was not read")
    return SimpleNamespace(
        chrome=section.chrome("Status", "status.html"),
        environments=tuple(
            (
                Link(clip(s.name, 120), _to(section, s.root), s.root == section.root),
                _environment(section) if s.root == section.root else (),
            )
            for s in section.siblings
        ),
        conditions=tuple(
            ConditionRow(section.commit(c.revision, ""), c.what, clip(c.before), clip(c.after))
            for c in reversed(condition_changes(summary.history))
        ),
        strip=([(SIGNS[r.state][1], r.state.value) for r in summary.revisions], _said(section)),
        coverage=_coverage(section),
        silent=tuple(
            SilentRow(
                benchmark=section.benchmark(s.package, s.benchmark, ""),
                state=s.point.state.value,
                reason=clip(s.point.reason, 400),
                since=section.commit(s.since, ""),
            )
            for s in silent_benchmarks(summary)[:_MOST_SILENT]
        ),
        broken=tuple(
            (section.commit(r.slot.revision, ""), trouble(r.slot.record))
            for r in broken[:_MOST_BROKEN]
            if r.slot.record is not None
        ),
        more_broken=len(broken[_MOST_BROKEN:]),
        noise=tuple(
            NoiseRow(
                unit=n.unit,
                benchmarks=n.benchmarks,
                exact=n.exact,
                typical=_share(n.typical) if n.exact < n.benchmarks else "",
                widest=tuple(
                    (section.benchmark(w.package, w.benchmark, ""), _share(w.share))
                    for w in n.widest
                ),
            )
            for n in noise(summary)
        ),
        notes=tuple(clip(n, 400) for n in notes),
    )


def help_view(section: Section) -> SimpleNamespace:
    """The frame of ``help.html``."""
    return SimpleNamespace(chrome=section.chrome("Help", "help.html"))


def _to(section: Section, root: str) -> str:
    return "../" * section.root.count("/") + root + "index.html"


def _environment(section: Section) -> tuple[Fact, ...]:
    newest = section.summary.newest
    record = None if newest is None else newest.slot.record
    if record is None:
        return ()
    seconds = sum(r.duration for r in section.summary.history.records)
    facts = [
        Fact("Go", toolchain(record) + (", cgo on" if record.environment.toolchain.cgo else "")),
        Fact("variables", variables(record)),
        Fact("processor and memory", machine_detail(record)),
        Fact("system", f"{record.machine.os} {record.machine.arch}".strip()),
        Fact("last measured", minute(record.started + record.duration)),
        Fact(
            "measuring took",
            f"{seconds / 3600:,.1f} h in all" if seconds >= 3600 else f"{seconds:,.0f} s in all",
        ),
        Fact("harness", record.harness or ""),
    ]
    return tuple(Fact(f.label, clip(f.text, 200)) for f in facts if f.text)


def _coverage(section: Section) -> tuple[tuple[str, str, str, int, str], ...]:
    """State, sign, tone, how many revisions, and what the state means."""
    counts = dict.fromkeys(RevisionState, 0)
    for revision in section.summary.revisions:
        counts[revision.state] += len(revision.slot.hashes)
    return tuple(
        (state.value, *SIGNS[state], counts[state], _STATES[state])
        for state in RevisionState
        if counts[state]
    )


def _said(section: Section) -> str:
    rows = [f"{count:,} {state}" for state, _, _, count, _ in _coverage(section)]
    return "Revisions, oldest first: " + (", ".join(rows) or "none")


def _share(share: float) -> str:
    return percent(1 + share).removeprefix("+")
