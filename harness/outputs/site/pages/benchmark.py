"""The view of a benchmark's page. Pure."""

from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace

from harness.analysis.series.series import PointState, Series
from harness.analysis.series.steps import Step
from harness.analysis.verdict.summary import RevisionSummary
from harness.model import ALLOCS, ESCAPES, FRAME_BYTES, HEAP_COSTS, Measurement
from harness.outputs.site.draw import names
from harness.outputs.site.draw.svg import MOST_PLACES, Mark
from harness.outputs.site.shared.account_views import BriefView
from harness.outputs.site.shared.accounts import brief_view
from harness.outputs.site.shared.links import CommitView
from harness.outputs.site.shared.section import GAPS, Section, end_state
from harness.outputs.site.shared.values import Cell, by_direction, cell, units_of
from harness.outputs.text.format import clip, plural, value
from harness.outputs.text.reproduce import reproduce

_UP = "../"
# Rows that the page comes with; the others are in its data.
_SHOWN_ROWS = 60
_TROUBLE = {
    PointState.BROKEN: "broken",
    PointState.DOES_NOT_BUILD: "broken",
    PointState.FAILED: "warning",
}


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit over the history, for readers without scripts."""

    unit: str
    spark: tuple[tuple[Mark, ...], str]
    span: str
    newest: str
    up: int
    down: int


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A line of a benchmark's history; ``cells`` is empty in a gap."""

    commit: CommitView | None
    skipped: str
    cells: tuple[Cell, ...]
    state: str
    tone: str
    reason: str
    carried_from: CommitView | None


def benchmark_view(section: Section, package: str, name: str) -> SimpleNamespace:
    """Everything that the page of a benchmark shows.

    ``states`` is the history as a strip. ``heap_lines`` are of what the heap costs besides the
    allocation, ``code_lines`` of the package. The drawings leave the ``left_out`` oldest
    measurements out, the table the ``older`` places; ``shard`` has them all.
    """
    every = section.summary.series[package, name]
    series = tuple(s for s in every if s.unit not in HEAP_COSTS) or every
    heap = tuple(s for s in every if s not in series)
    moving = tuple(s for s in heap if any(p.measurement and _any(p.measurement) for p in s.points))
    units = units_of(series)
    main = units.get(ALLOCS) or series[0]
    turns = section.turns(main)
    places = [i for i in turns if main.points[i].state is not PointState.NOT_YET]
    rows = tuple(
        _row(section, series, i, section.summary.revisions[i]) for i in places[-_SHOWN_ROWS:]
    )
    found = [
        s for one in (*series, *heap) for s in section.steps_of.get((package, name, one.unit), ())
    ]
    found.sort(key=lambda s: -section.places[s.revision])
    steps = [
        (section.commit(s.revision, _UP), section.step(s, _UP), _brief(section, s)) for s in found
    ]
    rows = _trimmed(tuple(reversed(rows)))
    state = end_state(section, series)
    there = state in (PointState.MEASURED, PointState.CARRIED)
    # That of the last measurement: the same until there is another one.
    record = section.summary.revisions[turns[-1]].slot.record if turns else None
    return SimpleNamespace(
        chrome=section.chrome(name, names.benchmark_page(package, name)),
        name=clip(name, 400),
        package=clip(package, 400),
        status="" if there else f"{state.value} at the newest measured revision",
        states=_states(main, turns),
        lines=_lines(section, series, turns),
        code_lines=_lines(section, _code(section, package), turns),
        heap_lines=_lines(section, moving, turns),
        left_out=max(0, len(turns) - MOST_PLACES),
        heap_zero=tuple(s.unit for s in heap if s not in moving),
        steps=tuple(step for step in steps if step[1].unit not in HEAP_COSTS),
        heap_steps=tuple(step for step in steps if step[1].unit in HEAP_COSTS),
        units=tuple(units),
        rows=rows,
        older=len(places) - len(rows) if len(places) > _SHOWN_ROWS else 0,
        shard=names.benchmark_shard(package, name),
        earlier=sum(p.state is PointState.NOT_YET for p in main.points),
        reproduce=(
            clip(reproduce(record, package, name), 2000) if there and record is not None else ""
        ),
    )


def _brief(section: Section, step: Step) -> BriefView | None:
    attribution = section.attributions.get(step)
    if attribution is None:
        return None
    counted = section.steps.get((step.package, step.benchmark, ALLOCS, step.revision))
    above = None if counted is None else section.attributions.get(counted)
    link = section.cause_link(step, _UP)
    return brief_view(attribution, None if step.unit == ALLOCS else above, link)


def _code(section: Section, package: str) -> tuple[Series, ...]:
    """The compiler's series of the package: its escapes and its largest frame."""
    own = section.summary.packages.get(package, ())
    return tuple(s for s in own if s.unit in (ESCAPES, FRAME_BYTES))


def _any(measurement: Measurement) -> bool:
    return bool(measurement.low or measurement.high)


def _lines(
    section: Section, series: tuple[Series, ...], places: tuple[int, ...]
) -> tuple[UnitLine, ...]:
    return tuple(_unit_line(section, s, places) for s in series)


def _unit_line(section: Section, series: Series, places: tuple[int, ...]) -> UnitLine:
    steps = section.steps_of.get((series.package, series.benchmark, series.unit), ())
    # The value at a step may be carried from a later revision that was measured first.
    marks = section.marks(series, sorted({*places, *(section.places[s.revision] for s in steps)}))
    unit = series.unit
    numbers = [p.measurement.value for p, _ in series.runs if p.measurement is not None]
    lowest, highest = min(numbers), max(numbers)
    span = value(lowest, unit)
    if lowest < highest:
        span += f" to {value(highest, unit)}"
    up, down = by_direction(steps)
    label = f"{unit} {span}, {plural(up, 'step')} up, {down:,} down"
    return UnitLine(unit, (marks, label), span, value(series.last.value, unit), up, down)


def _states(series: Series, places: tuple[int, ...]) -> tuple[list[tuple[str, str]], str]:
    """The state of the benchmark at each place, as a strip."""
    shown = [series.points[i].state for i in places[-MOST_PLACES:]]
    counts = Counter(state.value for state in shown)
    label = "Revisions, oldest first: " + ", ".join(f"{n:,} {s}" for s, n in counts.items())
    tones = {"broken": "broken", "failed": "warning", "absent": "absent"}
    return [(tones.get(GAPS.get(state, ""), ""), state.value) for state in shown], label


def _row(
    section: Section, series: tuple[Series, ...], index: int, revision: RevisionSummary
) -> HistoryRow:
    slot = revision.slot
    points = [s.points[index] for s in series]
    point = points[0]
    if slot.record is None:
        last = slot.hashes[-1][:8]
        count = len(slot.hashes)
        skipped = last if count == 1 else f"{count:,} revisions up to {last}"
        return HistoryRow(None, skipped, (), point.state.value, "", "", None)
    cells: tuple[Cell, ...] = ()
    if any(p.measurement is not None for p in points):
        cells = tuple(
            cell(p.measurement, section.steps.get((s.package, s.benchmark, s.unit, slot.revision)))
            for s, p in zip(series, points, strict=True)
        )
    carried = None
    if point.carried_from is not None:
        carried = section.commit(point.carried_from, _UP)
    return HistoryRow(
        commit=section.commit(slot.revision, _UP),
        skipped="",
        cells=cells,
        state=point.state.value,
        tone=_TROUBLE.get(point.state, ""),
        reason=clip(point.reason, 1200),
        carried_from=carried,
    )


def _trimmed(rows: tuple[HistoryRow, ...]) -> tuple[HistoryRow, ...]:
    """Rows without the unmeasured revisions that are older than the first value."""
    end = len(rows)
    while end and rows[end - 1].commit is None:
        end -= 1
    return rows[:end]
