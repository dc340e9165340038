"""Whether changes go with escapes: found where they do, and denied where they do not."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.compare.escapes import EscapeCounts
from harness.analysis.frames.correlation import (
    Association,
    associations,
    relative_change,
)
from harness.analysis.history.history import History
from harness.analysis.series.intervals import SiteIntervals
from harness.model import ALLOCS, PackageOutcome
from tests.builders import MODULE, make_benchmark, make_package, make_record, make_site

PACKAGE = f"{MODULE}/p"
NEW, GONE = EscapeCounts(1, 0), EscapeCounts(0, 1)


def walk(values: Sequence[float], events: dict[int, EscapeCounts]) -> list[Association]:
    """One benchmark with these allocs/op; events by number of the revision."""
    history = History.build(
        make_record(n, [make_package(benchmarks=[make_benchmark("BenchmarkX", value)])])
        for n, value in enumerate(values)
    )
    escapes = {history.line[n]: {PACKAGE: counts} for n, counts in events.items()}
    return list(associations(history, escapes))


def one(found: list[Association], event: str, benchmark: str = "BenchmarkX") -> Association:
    (row,) = [a for a in found if (a.event, a.benchmark) == (event, benchmark)]
    return row


def test_a_unit_that_rises_with_new_escapes() -> None:
    values, events, at = [10.0], {}, 10.0
    for n in range(1, 60):
        if n % 6 == 0:
            at += 3
            events[n] = NEW
        values.append(at)
    found = walk(values, events)
    row = one(found, "new")
    assert (row.verdict, row.pairs, row.events) == ("rises", 59, 9)
    assert (row.changed, row.changed_without) == (9, 0)
    assert 0 < row.low < row.effect < row.high < 0.3
    assert row.p < 0.001
    assert row.tau > 0.9
    assert one(found, "gone").verdict == "too few"
    # The package has one benchmark, so that it says the same.
    whole = one(found, "new", "")
    assert (whole.effect, whole.verdict) == (row.effect, "rises")


def test_a_unit_that_falls_with_gone_escapes() -> None:
    values = [float(1000 - 50 * (n // 5)) for n in range(50)]
    row = one(walk(values, dict.fromkeys(range(5, 50, 5), GONE)), "gone")
    assert (row.verdict, row.events) == ("falls", 9)
    assert row.high < 0


def test_escapes_that_change_nothing() -> None:
    row = one(walk([7.0] * 60, dict.fromkeys(range(5, 60, 5), NEW)), "new")
    assert (row.verdict, row.effect, row.low, row.high, row.p) == ("none", 0, 0, 0, 1)
    assert math.isnan(row.tau)


def test_too_few_events_say_nothing() -> None:
    row = one(walk([1.0, 2, 3, 4, 5, *[5.0] * 30], {1: NEW, 2: NEW, 3: NEW, 4: NEW}), "new")
    assert (row.verdict, row.events, row.changed) == ("too few", 4, 4)
    assert math.isnan(row.effect)
    assert math.isnan(row.p)


def test_unrelated_changes_are_mostly_not_associated() -> None:
    shown = 0
    for seed in range(40):
        rng = random.Random(seed)
        values = [10.0]
        for _ in range(80):
            values.append(max(0.0, values[-1] + rng.choice([0, 0, 0, 0, 1, -1])))
        events = dict.fromkeys(rng.sample(range(1, 81), 10), NEW)
        shown += one(walk(values, events), "new").verdict != "none"
    assert shown <= 4


def test_a_carried_value_is_no_pair() -> None:
    records = [make_record(0, [make_package(benchmarks=[make_benchmark("BenchmarkX", 1)])])]
    origin = records[0].revision.hash
    for n in range(1, 4):
        carried = make_package(benchmarks=[make_benchmark("BenchmarkX", 1)], carried_from=origin)
        records.append(make_record(n, [carried]))
    records.append(make_record(4, [make_package(benchmarks=[make_benchmark("BenchmarkX", 2)])]))
    row = one(list(associations(History.build(records), {}, [ALLOCS])), "new")
    assert (row.pairs, row.events, row.changed_without) == (1, 0, 1)


def test_the_number_of_rows_corrects_the_p_value() -> None:
    rng = random.Random(3)
    size = 60
    events = dict.fromkeys(range(3, size, 6), NEW)
    rows = []
    for n in range(size):
        # X rises with the events; the others do as they like.
        others = [make_benchmark(f"Benchmark{i}", rng.randint(5, 8)) for i in range(10)]
        rows.append(
            make_record(
                n, [make_package(benchmarks=[make_benchmark("BenchmarkX", 10 + n // 6), *others])]
            )
        )
    history = History.build(rows)
    escapes = {history.line[n]: {PACKAGE: c} for n, c in events.items()}
    found = [a for a in associations(history, escapes) if a.event == "new"]
    assert len(found) == 12
    assert all(a.verdict == "none" for a in found if a.benchmark not in ("", "BenchmarkX"))
    smallest = min(found, key=lambda a: a.p)
    alone = one(walk([10.0 + n // 6 for n in range(size)], events), "new")
    assert smallest.p >= alone.p


@given(st.floats(0, 1e12), st.floats(0, 1e12))
def test_relative_change(before: float, after: float) -> None:
    change = relative_change(before, after)
    assert -1 <= change <= 1
    assert change == -relative_change(after, before)
    assert (change == 0) == (before == after)


def test_relative_change_from_nothing() -> None:
    assert (relative_change(0, 3), relative_change(3, 0), relative_change(0, 0)) == (1, -1, 0)
    assert relative_change(4, 5) == pytest.approx(0.2)


def test_sites_come_stay_and_go() -> None:
    rows = [("a",), ("a", "b"), ("b",), None, ("b", "c")]
    records = []
    for n, names in enumerate(rows):
        if names is None:
            package = make_package(outcome=PackageOutcome.BUILD_FAILED)
            records.append(make_record(n, [package]))
            continue
        sites = [make_site(f"moved to heap: {x}", function=x, line=9) for x in names]
        package = make_package(benchmarks=[make_benchmark("BenchmarkX", 1)])
        records.append(make_record(n, [package], escapes=sites))
    history = History.build(records)
    intervals = SiteIntervals(history)
    counts = [intervals.count(r) for r in history.records]
    # What the first record has did not come with it, and what does not compile loses nothing.
    assert counts == [{}, {PACKAGE: NEW}, {PACKAGE: GONE}, {}, {PACKAGE: NEW}]
    told = [
        (s.site.function, history.position(s.first), history.position(s.last), s.records)
        for s in intervals.all
    ]
    assert told == [("a", 0, 1, 2), ("b", 1, 4, 3), ("c", 4, 4, 1)]
    assert [intervals.live(s) for s in intervals.all] == [False, True, True]


def test_a_package_that_compiles_for_the_first_time_brings_nothing() -> None:
    other = make_package(f"{MODULE}/q", [make_benchmark("BenchmarkY", 1)])
    failed = make_package(outcome=PackageOutcome.BUILD_FAILED)
    works = make_package(benchmarks=[make_benchmark("BenchmarkX", 1)])
    site = make_site()
    fresh = make_site("moved to heap: y", line=30)
    records = [
        make_record(0, [failed, other]),
        make_record(1, [works, other], escapes=[site]),
        make_record(2, [works, other], escapes=[site, fresh]),
    ]
    intervals = SiteIntervals(History.build(records))
    assert [intervals.count(r) for r in records] == [{}, {}, {PACKAGE: NEW}]
    assert [s.records for s in intervals.all] == [2, 1]
