"""The data behind the charts, as columns: one entry for each place of the history. Pure.

``data/history.js`` has what all benchmarks of an environment share; a shard for each benchmark has
its values. Texts are as they are shown (:func:`harness.outputs.text.format.visible`); the pages put
them into the document as text. The keys are read by ``static/benchmark.js``.
"""

import math
from collections.abc import Callable, Sequence

from harness.analysis.compare.samples import median_band
from harness.analysis.series.conditions import condition_changes
from harness.analysis.series.series import Point, PointState, Series
from harness.analysis.verdict.summary import RevisionState, RevisionSummary
from harness.model import HEAP_COSTS
from harness.outputs.site.draw import names
from harness.outputs.site.draw.shards import Json, assembled, fragment, shard
from harness.outputs.site.shared.section import Section, point_runs
from harness.outputs.text.format import confidence, one_line, signed, visible

HISTORY_SHARD = "data/history.js"
# One letter for each state, in strings with a letter for each place.
_REVISION = {
    RevisionState.MEASURED: "m",
    RevisionState.CARRIED: "c",
    RevisionState.PARTIAL: "p",
    RevisionState.BROKEN: "b",
    RevisionState.NO_BENCHMARKS: "n",
    RevisionState.NOT_MEASURED: "u",
}
_POINT = {
    PointState.MEASURED: "m",
    PointState.CARRIED: "c",
    PointState.BROKEN: "b",
    PointState.DOES_NOT_BUILD: "d",
    PointState.FAILED: "f",
    PointState.NOT_TAKEN: "t",
    PointState.NOT_SELECTED: "s",
    PointState.NOT_YET: "y",
    PointState.ABSENT: "a",
    PointState.REMOVED: "r",
    PointState.NOT_MEASURED: "u",
}
_SUBJECT = 90
_REASON = 300


def history_shard(section: Section) -> bytes:
    """The axis: hash, date, subject and state of every place, and what changed around them."""
    revisions = [section.summary.revisions[i] for i in section.shown_places]
    places = {r.slot.revision: i for i, r in enumerate(revisions)}
    pages = {
        i: names.revision_page(r.slot.revision)
        for r, i in zip(revisions, places.values(), strict=True)
    }
    return shard(
        "history",
        {
            "hashes": [r.slot.revision for r in revisions],
            # The oldest hash and the number of those runs of revisions that were not measured.
            "runs": {
                str(i): [r.slot.hashes[0], len(r.slot.hashes)]
                for i, r in enumerate(revisions)
                if len(r.slot.hashes) > 1
            },
            "dates": [_date(r) for r in revisions],
            "subjects": [_subject(r) for r in revisions],
            "states": "".join(_REVISION[r.state] for r in revisions),
            "names": {letter: state.value for state, letter in _POINT.items()},
            # Only where the name of the page is not that of the hash.
            "pages": {
                str(i): page
                for i, page in pages.items()
                if page != f"r/{revisions[i].slot.revision}.html"
            },
            "changes": [
                [places[c.revision], c.what, visible(c.before), visible(c.after)]
                for c in condition_changes(section.summary.history)
                if c.revision in places
            ],
        },
    )


def benchmark_shard(
    section: Section, package: str, benchmark: str, known: dict[str, str] | None = None
) -> bytes:
    """The values of a benchmark, and of the compiler's units of its package.

    Args:
        section: the environment.
        package: import path.
        benchmark: full name.
        known: what other benchmarks of a package have in common with it; it is added to.
    """
    shown = section.shown_places
    own = section.summary.series[package, benchmark]
    columns = [fragment(_column(section, s, shown, s.unit in HEAP_COSTS)) for s in own]
    packages = {} if known is None else known
    if package not in packages:
        compiled = section.summary.packages.get(package, ())
        packages[package] = ",".join(fragment(_column(section, s, shown)) for s in compiled)
    if packages[package]:
        columns.append(packages[package])
    main = point_runs(own[0], shown)
    rest = fragment(
        {
            "reasons": {
                str(start - shown.start + i): visible(one_line(point.reason, _REASON))
                for start, count, point in main
                if point.reason
                for i in range(count)
            },
            "origins": _written(main, shown, lambda point: [_origin(section, point)]),
        }
    )
    return assembled("benchmark", f'{{"series":[{",".join(columns)}],{rest[1:]}')


def _origin(section: Section, point: Point) -> int:
    """The place that a value is carried from, -1 if it is not on the axis."""
    origin = point.carried_from or ""
    place = section.places[origin] if origin in section.recorded else None
    return -1 if place is None else place - section.shown_places.start


def _column(section: Section, series: Series, shown: range, heap: bool = False) -> Json:
    runs = point_runs(series, shown)
    ranged = any(p.measurement is not None and not p.measurement.exact for _, _, p in runs)

    def values(point: Point) -> list[Json]:
        m = point.measurement
        found: list[Json] = [_POINT[point.state], None if m is None else _number(m.value)]
        if ranged and (m is None or m.exact):
            found += [None, None, "-"]
        elif ranged and m is not None:
            # A confidence interval, or the range of the repetitions.
            low, high, sure = median_band(m)
            found += [_number(low), _number(high), "i" if sure else "r"]
        return found

    return {
        "unit": visible(series.unit),
        "of": "benchmark" if series.benchmark else "package",
        "heap": heap,
        "ranged": ranged,
        "runs": _written(runs, shown, values),
        "steps": _steps(section, series, shown),
    }


def _written(
    runs: Sequence[tuple[int, int, Point]], shown: range, values: Callable[[Point], list[Json]]
) -> list[Json]:
    """Runs as ``[places, value, …]``, equal ones together.

    The last one has 0 places, for all that are left: where nothing is new, a longer history does
    not change what is written.
    """
    found: list[tuple[int, list[Json]]] = []
    for _, count, point in runs:
        now = values(point)
        if found and found[-1][1] == now:
            found[-1] = (found[-1][0] + count, now)
        else:
            found.append((count, now))
    return [
        [0 if number == len(found) else count, *now] for number, (count, now) in enumerate(found, 1)
    ]


def _steps(section: Section, series: Series, shown: range) -> list[Json]:
    """Place, tone, the difference as shown, before, after, and how sure it is."""
    steps = section.steps_of.get((series.package, series.benchmark, series.unit), ())
    found: list[Json] = []
    for step in sorted(steps, key=lambda s: section.places[s.revision]):
        sure = "" if step.p is None else confidence(step.p)
        values = (_number(step.before), _number(step.after))
        delta = signed(step.delta, series.unit)
        place = section.places[step.revision] - shown.start
        found.append([place, step.direction.value, delta, *values, sure])
    return found


def _number(number: float) -> float | None:
    """A number as short as it can be written without a loss; whole ones without a fraction."""
    if not math.isfinite(number):
        return None
    return int(number) if number == int(number) and abs(number) < 2**53 else number


def _date(revision: RevisionSummary) -> int:
    record = revision.slot.record
    return 0 if record is None else int(record.revision.date)


def _subject(revision: RevisionSummary) -> str:
    record = revision.slot.record
    if record is None:
        return ""
    return visible(one_line(record.revision.subject, _SUBJECT)) or "(no message)"
