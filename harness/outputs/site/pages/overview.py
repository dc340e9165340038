"""The view of ``index.html``. Pure."""

from dataclasses import dataclass
from types import SimpleNamespace

from harness.analysis.compare.comparison import Direction
from harness.analysis.series.code import CODE_UNITS
from harness.analysis.series.series import UNIT_ORDER, PointState, Series, failure_text, unit_order
from harness.analysis.verdict.regressions import commit_changes
from harness.analysis.verdict.summary import RevisionState, RevisionSummary
from harness.model import ALLOCS, HEAP_COSTS, PackageOutcome, Record
from harness.outputs.nightly.report import stopped_text
from harness.outputs.site.draw import names
from harness.outputs.site.draw.svg import Mark
from harness.outputs.site.shared.findings import finding_view, run_view, waived_text
from harness.outputs.site.shared.links import BenchmarkLink, CommitView
from harness.outputs.site.shared.section import Section, end_state
from harness.outputs.site.shared.values import Cell, Fact, by_direction, cell, units_of
from harness.outputs.site.shared.verdicts import SIGNS, verdict
from harness.outputs.text.format import clip, minute, name_key, one_line, plural, value

_SHOWN_FINDINGS = 5
_SHOWN_IMPROVEMENTS = 2
_SHOWN_COMMITS = 60
_ENDED = {
    PointState.BROKEN: "broken at the newest revision",
    PointState.DOES_NOT_BUILD: "does not build at the newest revision",
    PointState.FAILED: "failed at the newest revision",
    PointState.REMOVED: "removed",
    PointState.ABSENT: "removed",
    PointState.NOT_SELECTED: "not selected at the newest revision",
}


@dataclass(frozen=True, slots=True)
class BenchmarkRow:
    """A line of the benchmark table.

    Attributes:
        benchmark: the name and its page.
        key: what the filter box compares.
        spark: its main unit over the history.
        cells: one for each unit of the table.
        numbers: the values that ``cells`` show, as a script sorts by them; empty for none.
        steps: by unit, how many went up and how many down: ``1.0 0.2``.
        regressions, improvements: of the main unit.
        status: why it has no value now, or empty.
    """

    benchmark: BenchmarkLink
    key: str
    spark: tuple[tuple[Mark, ...], str]
    cells: tuple[Cell, ...]
    numbers: tuple[str, ...]
    steps: str
    regressions: int
    improvements: int
    status: str


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A package by the compiler's units: a little chart and the last value of each, or nothing."""

    package: str
    cells: tuple[tuple[tuple[Mark, ...], str, str] | None, ...]


@dataclass(frozen=True, slots=True)
class CommitRow:
    """A line of the commit list; ``commit`` is ``None`` for revisions without a record."""

    commit: CommitView | None
    skipped: str
    state: str
    tone: str
    sign: str
    note: str
    regressions: int
    improvements: int
    new: int | None
    gone: int | None


@dataclass(frozen=True, slots=True)
class VerdictView:
    """The newest revision in one sentence."""

    commit: CommitView
    sentence: str
    detail: str


def overview_view(section: Section) -> SimpleNamespace:
    """Everything that the overview shows.

    Columns of the benchmark table are ``units``, of which the ``usual_units`` are shown at once.
    """
    summary = section.summary
    worse = [c for c in section.regressions if c.stands]
    better = commit_changes(summary, Direction.IMPROVEMENT)
    units = table_units(section)
    return SimpleNamespace(
        chrome=section.chrome("Overview", "index.html"),
        run=run_view(section),
        verdict=None if summary.newest is None else _verdict(section, summary.newest),
        facts=_facts(section),
        freshness=_freshness(section),
        stopped=_stopped(section),
        compared=sum(r.base is not None for r in summary.recorded),
        feed=names.FEED,
        findings=tuple(finding_view(section, c) for c in worse[:_SHOWN_FINDINGS]),
        more_findings=len(worse[_SHOWN_FINDINGS:]),
        waived=sum(c.waived for c in section.regressions),
        problem=clip(section.standard.problem, 400),
        improvements=tuple(finding_view(section, c) for c in better[:_SHOWN_IMPROVEMENTS]),
        more_improvements=len(better[_SHOWN_IMPROVEMENTS:]),
        units=units,
        usual_units=sum(u in UNIT_ORDER for u in units),
        benchmarks=tuple(
            _benchmark(section, key, series, units) for key, series in _ordered(section)
        ),
        packages=tuple(sorted({section.short_package(package) for package, _ in summary.series})),
        code_units=CODE_UNITS,
        code=tuple(_code(section, p, own) for p, own in summary.packages.items()),
        commits=tuple(_commit(section, r) for r in reversed(summary.revisions[-_SHOWN_COMMITS:])),
        older_commits=max(0, len(summary.revisions) - _SHOWN_COMMITS),
    )


def _verdict(section: Section, newest: RevisionSummary) -> VerdictView:
    _, _, sentence = verdict(newest)
    record = newest.slot.record
    detail = ""
    if record is not None and newest.state in (RevisionState.BROKEN, RevisionState.PARTIAL):
        detail = _note(record)
    own = next((c for c in section.regressions if c.summary is newest), None)
    said = "" if own is None else waived_text(own)
    if said:
        sentence += f" {said[:1].upper()}{said[1:]}."
    commit = section.commit(newest.slot.revision, "")
    return VerdictView(commit, sentence, detail)


def _facts(section: Section) -> tuple[Fact, ...]:
    summary = section.summary
    broken = summary.count(RevisionState.BROKEN)
    partial = summary.count(RevisionState.PARTIAL)
    measured = len(summary.recorded) - broken - partial
    steps = [s for r in summary.revisions for s in r.steps if s.unit == ALLOCS]
    worse, better = by_direction(steps)
    waived = {c.summary.slot.revision for c in section.regressions if c.waived}
    standing = {
        f.revision
        for f in summary.findings
        if f.direction is Direction.REGRESSION and f.repaired is None
    }
    facts = [
        Fact("revisions measured", f"{measured:,}"),
        Fact("broken", f"{broken:,}", "broken" if broken else ""),
        Fact("partial", f"{partial:,}", "warning" if partial else ""),
        Fact("not measured", f"{summary.unmeasured:,}"),
        Fact("benchmarks", f"{len(summary.series):,}"),
        Fact("▲ steps up in allocs/op", f"{worse:,}", "regression" if worse else ""),
        Fact("▼ steps down in allocs/op", f"{better:,}", "improvement" if better else ""),
        Fact("commits with a regression that stands", f"{len(standing - waived):,}"),
        Fact("commits with a waived regression", f"{len(waived):,}"),
    ]
    optional = {"partial", "not measured", "commits with a waived regression"}
    return tuple(f for f in facts if f.text != "0" or f.label not in optional)


def _freshness(section: Section) -> str:
    newest = section.summary.newest
    if newest is None or newest.slot.record is None:
        return ""
    measured = f"measured {minute(newest.slot.record.started)}"
    if section.summary.pending:
        return f"{measured}; {plural(section.summary.pending, 'newer revision')} not measured"
    return f"{measured}; no newer revision is known"


def _stopped(section: Section) -> str:
    """The reason why nothing newer is on the pages, if that lasts for too long."""
    found = section.summary.history.stopped
    if found is None:
        return ""
    sentence = stopped_text(found)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _ordered(section: Section) -> list[tuple[tuple[str, str], tuple[Series, ...]]]:
    """Benchmarks by package and name, those that are gone at the end."""
    return sorted(
        section.summary.series.items(),
        key=lambda item: (end_state(section, item[1]) is PointState.REMOVED, item[0]),
    )


def table_units(section: Section) -> tuple[str, ...]:
    """Every unit that any benchmark has, but those of what the heap costs."""
    found = {s.unit for own in section.summary.series.values() for s in own}
    return tuple(sorted((found - set(HEAP_COSTS)) | set(UNIT_ORDER), key=unit_order))


def _benchmark(
    section: Section, key: tuple[str, str], series: tuple[Series, ...], units: tuple[str, ...]
) -> BenchmarkRow:
    by_unit = units_of(series)
    main = by_unit.get(ALLOCS) or series[0]
    steps = [by_direction(section.steps_of.get((*key, unit), [])) for unit in units]
    worse, better = by_direction(section.steps_of.get((*key, main.unit), []))
    first, last = value(main.first.value, main.unit), value(main.last.value, main.unit)
    shape = (
        f"{main.unit} from {first} to {last}, {plural(worse, 'step')} up, {better:,} down"
        if worse or better
        else f"{main.unit} {last} throughout"
    )
    newest = [by_unit[u].last if u in by_unit else None for u in units]
    return BenchmarkRow(
        benchmark=section.benchmark(*key, ""),
        key=name_key(f"{section.short_package(key[0])} {key[1]}"),
        spark=(section.marks(main, section.shown_places), shape),
        cells=tuple(cell(m) for m in newest),
        numbers=tuple("" if m is None else repr(m.value) for m in newest),
        steps=" ".join(f"{up}.{down}" for up, down in steps),
        regressions=worse,
        improvements=better,
        status=_ENDED.get(end_state(section, series), ""),
    )


def _code(section: Section, package: str, series: tuple[Series, ...]) -> CodeRow:
    units = units_of(series)
    cells: list[tuple[tuple[Mark, ...], str, str] | None] = []
    for unit in CODE_UNITS:
        if unit not in units:
            cells.append(None)
            continue
        own = units[unit]
        first, last = value(own.first.value, unit), value(own.last.value, unit)
        label = f"{unit} from {first} to {last}"
        cells.append((section.marks(own, section.shown_places), label, last))
    return CodeRow(section.short_package(package), tuple(cells))


def _commit(section: Section, revision: RevisionSummary) -> CommitRow:
    sign, tone = SIGNS[revision.state]
    record = revision.slot.record
    if record is None:
        first, last = revision.slot.hashes[0][:8], revision.slot.hashes[-1][:8]
        count = len(revision.slot.hashes)
        skipped = last if count == 1 else f"{count:,} revisions, {first} to {last}"
        return CommitRow(None, skipped, revision.state.value, tone, sign, "", 0, 0, None, None)
    return CommitRow(
        commit=section.commit(revision.slot.revision, ""),
        skipped="",
        state=revision.state.value,
        tone=tone,
        sign=sign,
        note=_note(record),
        regressions=revision.regressions,
        improvements=revision.improvements,
        new=None if revision.escapes is None else len(revision.escapes.new),
        gone=None if revision.escapes is None else len(revision.escapes.gone),
    )


def _note(record: Record) -> str:
    """The first thing that went wrong, in the tool's own words."""
    error = next((e for e in record.errors if e.stage != "run"), None)
    if error is not None:
        message = one_line(error.message, 200)
        where = f"{error.file}:{error.line}" if error.file else error.package
        return message if not where or message.startswith(where) else f"{where}: {message}"
    for package in record.packages:
        for failure in package.failures:
            return f"{failure.name or package.path}: {one_line(failure_text(failure))}"
        if package.outcome is PackageOutcome.RUN_FAILED:
            return f"{package.path}: no benchmark gave a number"
    return ""
