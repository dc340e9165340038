"""The view of a source file's page: its lines, and what is known of each. Pure.

The page of an older revision tells what was known at that revision, and nothing that a later record
can change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import SimpleNamespace
from urllib.parse import urlencode

from harness.analysis.series.intervals import Interval
from harness.analysis.series.linecosts import LineCost
from harness.analysis.series.sites import RevisionSites, SiteLife
from harness.model import ALLOCS, BYTES, EscapeSite, FlowStep, InliningCall, InliningDecision
from harness.outputs.site.draw import names
from harness.outputs.site.shared.escapes import short_function
from harness.outputs.site.shared.links import BenchmarkLink, CommitView, Link
from harness.outputs.site.shared.section import Section
from harness.outputs.site.shared.sources import Sources
from harness.outputs.text.explanation import describe_cost
from harness.outputs.text.format import clip, one_line, plural, value, visible

_UP = "../"
# Of a longer file only the lines around those with a note are shown, and of these so many.
_MOST_LINES = 4_000
_AROUND = 12
_LONGEST_LINE = 1_000
# Characters of a path in the list of escapes.
_FILTERED = 200
_SHOWN_COSTS = 5
_MOST_COSTS = 60
_MOST_CALLS = 12


@dataclass(frozen=True, slots=True)
class LineSite:
    """An escape site on its line.

    Attributes:
        message, kind, function: in the compiler's words.
        flow: the compiler's explanation.
        standing: ``new`` in the revision of the page, else empty.
        since_word: ``since``, ``back since`` (only at the newest revision), or that it was there
            from the beginning.
        since: the first recorded revision that has it.
        cost: what it costs, as far as that is worth a word.
    """

    message: str
    kind: str
    function: str
    flow: tuple[FlowStep, ...]
    standing: str
    since_word: str
    since: CommitView
    cost: str


@dataclass(frozen=True, slots=True)
class LineCostView:
    """Allocations of a benchmark on a line, per operation."""

    benchmark: BenchmarkLink
    allocs: str
    size: str
    via: str
    profiled: CommitView


@dataclass(frozen=True, slots=True)
class InliningView:
    """A remark of the compiler on inlining; ``tone`` is empty unless it refuses to inline."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A line of a file.

    Attributes:
        number: from 1; 0 for lines that are left out.
        text: without its line end; says how many are left out where there is no number.
        sites, inlining: of the line.
        costs, more_costs: of the line; those beyond the first few.
        most: the most that any benchmark allocates here, per operation, or empty.
    """

    number: int
    text: str
    sites: tuple[LineSite, ...] = ()
    costs: tuple[LineCostView, ...] = ()
    more_costs: tuple[LineCostView, ...] = ()
    inlining: tuple[InliningView, ...] = ()
    most: str = ""


def source_view(section: Section, sources: Sources, revision: str, path: str) -> SimpleNamespace:
    """Everything that the page of a file shows.

    Args:
        section: of the site.
        sources: gives the text of the file.
        revision: full hash; empty for the newest revision of which anything compiled.
        path: relative to the repository's root.
    """
    at = revision or section.plan.sites.newest
    known = section.plan.told(revision, path)
    found = known.by_file.get(path, ())
    notes = _Notes(section, known, path, found, newest=not revision)
    data = sources(at, path)
    lines, remarks = _lines(data)
    if data is None:
        remarks = (_missing(section, at),)
    rows, cut = _rows(lines, notes)
    changed = known.changed.get(path, "")
    return SimpleNamespace(
        chrome=section.chrome(path.rsplit("/", 1)[-1], names.source_page(path, revision)),
        path=clip(path, 400),
        name=clip(path.rsplit("/", 1)[-1], 120),
        newest=not revision,
        commit=section.commit(revision or changed, _UP) if revision or changed else None,
        others=_others(section, revision, path),
        today="" if not revision else _today(path),
        notes=(*remarks, *cut),
        rows=rows,
        sites=len(found),
        lines=len(notes.costs),
        packages=tuple(dict.fromkeys(section.short_package(s.package) for s, _ in found)),
    )


def _missing(section: Section, revision: str) -> str:
    return (
        f"The text of this file at {revision[:8]} is not in the clone that the site was made from;"
        " only the lines that something is known of are listed."
    )


def _lines(data: bytes | None) -> tuple[list[str], tuple[str, ...]]:
    """The text by lines, and what is to be said of it."""
    if data is None:
        return [], ()
    remarks: list[str] = []
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "backslashreplace")
        remarks.append("This file is not UTF-8; bytes that are none are written as \\xff.")
    lines = text.removeprefix("\ufeff").split("\n")
    if lines[-1] == "":
        lines.pop()
    if any(len(line) > _LONGEST_LINE for line in lines):
        remarks.append(f"Of lines longer than {_LONGEST_LINE:,} characters the middle is left out.")
    return [clip(line.removesuffix("\r"), _LONGEST_LINE) for line in lines], tuple(remarks)


def _rows(lines: Sequence[str], notes: _Notes) -> tuple[tuple[SourceRow, ...], tuple[str, ...]]:
    """All lines of a file, or of a long one those around what is known."""
    last = max([len(lines), *notes.places])
    if lines and last <= _MOST_LINES:
        shown: Iterable[int] = range(1, last + 1)
        remarks: tuple[str, ...] = ()
    else:
        around = _AROUND if lines else 0
        wanted = {
            n
            for place in notes.places
            for n in range(max(1, place - around), min(max(last, place), place + around) + 1)
        }
        shown = sorted(wanted)[:_MOST_LINES]
        remarks = ()
        if lines:
            remarks = (
                f"The file has {len(lines):,} lines; shown are"
                f" {'those' if len(shown) == len(wanted) else f'the first {len(shown):,}'} around"
                " what is known of it.",
            )
    rows: list[SourceRow] = []
    before = 0
    for number in shown:
        if number > before + 1:
            rows.append(SourceRow(0, f"{plural(number - before - 1, 'line')} left out"))
        text = lines[number - 1] if number <= len(lines) else ""
        rows.append(notes.row(number, text))
        before = number
    if lines and len(lines) > before:
        rows.append(SourceRow(0, f"{plural(len(lines) - before, 'line')} left out"))
    return tuple(rows), remarks


def _others(section: Section, revision: str, path: str) -> tuple[Link, ...]:
    """Other pages of a file."""
    return tuple(
        Link(
            f"{r[:8]} {section.commit(r, _UP).subject}" if r else "the newest measured revision",
            _UP + names.source_page(path, r),
        )
        for r in section.plan.others(revision, path)
    )


def _today(path: str) -> str:
    """The list of all live sites with those of a file, in the words of ``static/escapes.js``."""
    return f"{_UP}{names.ESCAPES}#{urlencode({'q': visible(clip(path, _FILTERED))})}"


class _Notes:
    """Sites, costs and inlining of the lines of a file."""

    def __init__(
        self,
        section: Section,
        known: RevisionSites,
        path: str,
        sites: Sequence[tuple[EscapeSite, SiteLife]],
        *,
        newest: bool,
    ) -> None:
        self._section = section
        self._newest = newest
        self._known = known
        self._first = section.summary.recorded[0].slot.revision
        self.sites = {
            line: list(group)
            for line, group in groupby(sites, key=lambda pair: pair[0].position.line)
        }
        self.costs = known.costs_by_file.get(path, {})
        self.inlining = _inlining(
            known.inlining_by_file.get(path, ()), known.calls_by_file.get(path, ())
        )
        self.places = sorted({*self.sites, *self.costs, *self.inlining} - {0})

    def row(self, number: int, text: str) -> SourceRow:
        """A line with everything that is known of it."""
        sites, costs = self.sites.get(number, ()), self.costs.get(number, ())
        if not sites and not costs and number not in self.inlining:
            return SourceRow(number, text)
        shown = tuple(self._cost(c) for c in costs[:_MOST_COSTS])
        return SourceRow(
            number,
            text,
            tuple(self._site(s, life) for s, life in sites),
            shown[:_SHOWN_COSTS],
            shown[_SHOWN_COSTS:],
            self.inlining.get(number, ()),
            value(max(c.allocs for c in costs), ALLOCS) if costs else "",
        )

    def _site(self, site: EscapeSite, life: SiteLife) -> LineSite:
        interval = self._interval(life)
        new = interval.first == self._known.revision and interval.first != self._first
        word = "since"
        if interval.first == self._first:
            word = "since the first measured revision"
        elif self._newest and interval is not life.intervals[0]:
            # Which intervals are one site's is told from the site as it was last seen.
            word = "back since"
        return LineSite(
            message=clip(site.message, 400),
            kind=site.kind.value,
            function=short_function(site.function),
            flow=site.flow,
            standing="new" if new else "",
            since_word=word,
            since=self._section.commit(interval.first, _UP),
            cost=describe_cost(self._known.cost(site)),
        )

    def _interval(self, life: SiteLife) -> Interval:
        """The interval that the revision of the page is in."""
        place = self._section.summary.history.position
        return next(
            interval
            for interval in reversed(life.intervals)
            if place(interval.first) <= place(self._known.revision)
        )

    def _cost(self, cost: LineCost) -> LineCostView:
        return LineCostView(
            benchmark=self._section.benchmark(cost.package, cost.benchmark, _UP),
            allocs=value(cost.allocs, ALLOCS),
            size=value(cost.bytes, BYTES),
            via=clip(cost.via, 200),
            profiled=self._section.commit(cost.revision, _UP),
        )


def _inlining(
    decisions: Iterable[InliningDecision], calls: Iterable[InliningCall]
) -> Mapping[int, tuple[InliningView, ...]]:
    """The compiler's remarks on inlining, by line."""
    found: dict[int, list[InliningView]] = {}
    for decision in decisions:
        name = short_function(decision.function)
        cost = "" if decision.cost is None else f", cost {decision.cost:,}"
        if decision.can:
            said = InliningView(f"{name} can be inlined{cost}", "")
        else:
            said = InliningView(f"{name} is not inlined: {one_line(decision.reason, 240)}", "not")
        listed = found.setdefault(decision.position.line, [])
        if said not in listed:
            listed.append(said)
    inlined: dict[int, dict[str, None]] = {}
    for call in calls:
        inlined.setdefault(call.position.line, {})[short_function(call.callee)] = None
    for line, callees in inlined.items():
        shown = ", ".join(list(callees)[:_MOST_CALLS])
        more = f" and {len(callees) - _MOST_CALLS} more" if len(callees) > _MOST_CALLS else ""
        found.setdefault(line, []).append(InliningView(f"inlined here: {shown}{more}", ""))
    return {line: tuple(said) for line, said in found.items()}
