"""Which benchmarks asv is told of, and what a record has for each."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model import (
    ALLOCS,
    BYTES,
    ESCAPES,
    HEAP_COSTS,
    SECONDS,
    BenchmarkFailure,
    BenchmarkResult,
    Lane,
    Measurement,
    Outcome,
    PackageError,
    PackageOutcome,
    Record,
)
from harness.store.asv.layout import describe
from harness.store.asv.suite import (
    ITSELF,
    PACKAGE_LEVEL,
    WHOLE_PACKAGE,
    Numbers,
    Suite,
    track_name,
    track_names,
)
from tests.builders import make_untruncated
from tests.store.few import PARSE, STORE, bench, package, record, site

# Names


def test_names_are_readable() -> None:
    assert track_name(PARSE, "BenchmarkScan", ALLOCS) == (
        "timeline.parse.track_BenchmarkScan_allocs_op"
    )
    assert track_name(PARSE, "BenchmarkScan", SECONDS).endswith("track_BenchmarkScan_sec_op")
    assert track_name(PARSE, "", ESCAPES) == "timeline.parse.track_escapes"
    assert track_name("github.com/go-chi/chi/v5", "BenchmarkMux", BYTES) == (
        "go_chi.chi.v5.track_BenchmarkMux_B_op"
    )
    assert track_name("std", "BenchmarkX", "frames:1/GC") == "std.track_BenchmarkX_frames_1_GC"


@pytest.mark.parametrize(
    "pair",
    [
        (("example.com/m/a-b", "BenchmarkX", ALLOCS), ("example.com/m/a_b", "BenchmarkX", ALLOCS)),
        (("a.com/m/p", "BenchmarkX", ALLOCS), ("b.com/m/p", "BenchmarkX", ALLOCS)),
        (("a.com/m", "BenchmarkX", "a/b"), ("a.com/m", "BenchmarkX", "a:b")),
        (("a.com/m", "BenchmarkX", ALLOCS), ("a.com/m", "Benchmarkx", ALLOCS)),
    ],
)
def test_names_that_would_be_the_same_are_told_apart(
    pair: tuple[tuple[str, str, str], ...],
) -> None:
    both = track_names(pair)
    assert len({name.casefold() for name in both.values()}) == 2
    assert all(".track_Benchmark" in name for name in both.values())
    assert track_names(reversed(pair)) == both


parts = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=60)
keys = st.tuples(st.lists(parts, min_size=1, max_size=6).map("/".join), parts, parts)


@given(st.sets(keys, max_size=8))
def test_names_are_unique_and_hold_nothing_that_asv_trips_over(found: set[tuple[str, ...]]) -> None:
    names = list(track_names(found).values())  # type: ignore[arg-type]
    assert len({n.casefold() for n in names}) == len(found)
    for name in names:
        assert name.rsplit(".", 1)[1].startswith("track_")
        assert not set(name) & set("/:()- ")
        assert len(name) < 250


# What a record has


def test_registry_is_the_union_and_does_not_depend_on_order() -> None:
    records = [
        record(1, package(PARSE, bench("BenchmarkScan/n=128", 1))),
        (record(2, package(PARSE, bench("BenchmarkScan/n=16", 1), bench("BenchmarkScan", 2)))),
        record(3, package(STORE, bench("BenchmarkPut", 1, (1e-9,)))),
    ]
    suite = Suite.of(records)
    assert suite.tracks["timeline.parse.track_BenchmarkScan_allocs_op"].params == (
        ITSELF,
        "n=16",
        "n=128",
    )
    assert "timeline.store.track_BenchmarkPut_sec_op" in suite.tracks
    assert Suite.of(reversed(records)).tracks == suite.tracks


def test_what_the_heap_costs_beside_makes_no_benchmarks() -> None:
    costs = tuple(Measurement(unit, Lane.ALLOCATION, (1, 1), False) for unit in HEAP_COSTS)
    own = Measurement("widgets/op", Lane.ALLOCATION, (2, 2), True)
    plain = bench("BenchmarkScan", 1)
    full = replace(plain, measurements=(*plain.measurements, own, *costs))
    suite = Suite.of([record(1, package(PARSE, full))])
    assert {t.unit for t in suite.tracks.values()} == {ALLOCS, BYTES, "widgets/op"}


@pytest.mark.parametrize("untruncated", [(335.03, 335.76, 335.7), (335.03, 335.05)])
def test_asv_gets_what_go_prints(untruncated: tuple[float, ...]) -> None:
    """Exact or not: asv's series go on with the numbers that they had."""
    result = BenchmarkResult("BenchmarkScan", (make_untruncated(*untruncated),))
    item = record(1, package(PARSE, result))
    suite = Suite.of([item])
    (track,) = (t for t in suite.tracks.values() if t.unit == ALLOCS)
    number = Numbers(item).value(track, ITSELF).number
    assert (number, type(number)) == (335, int)


def test_failed_is_null_and_missing_is_nan() -> None:
    panicked = BenchmarkFailure("BenchmarkScan", Lane.ALLOCATION, "panic", "index out of range")
    there = record(1, package(PARSE, bench("BenchmarkScan/a", 1), bench("BenchmarkOther", 2)))
    failing = record(2, package(PARSE, failures=(panicked,)))
    suite = Suite.of([there, failing])
    scan = suite.tracks["timeline.parse.track_BenchmarkScan_allocs_op"]
    other = suite.tracks["timeline.parse.track_BenchmarkOther_allocs_op"]

    def one(item: Record, track: Any, param: str) -> Any:
        return Numbers(item).value(track, param)

    assert one(there, scan, "a").number == 1
    assert one(failing, scan, "a").number is None
    assert one(failing, scan, "a").reason == "index out of range"
    assert math.isnan(one(failing, other, ITSELF).number)
    assert math.isnan(one(record(3), scan, "a").number)
    failed = package(PARSE, outcome=PackageOutcome.BUILD_FAILED)
    error = PackageError(PARSE, "build", "parse/x.go:1:2: undefined: y")
    unbuilt = record(4, failed, errors=(error,), outcome=Outcome.PARTIAL)
    assert one(unbuilt, scan, "a").number is None
    assert one(unbuilt, scan, "a").reason == error.message
    broken = record(5, outcome=Outcome.BROKEN, errors=(error,))
    assert one(broken, other, ITSELF).number is None


def test_escapes_are_counted_by_function_without_tests() -> None:
    sites = (
        site(PARSE, "(*T).Next"),
        site(PARSE, "(*T).Next"),
        site(PARSE, ""),
        site(PARSE, "BenchmarkScan", test=True),
        site("fmt", "Println"),
    )
    with_sites = record(1, package(PARSE), escapes=sites)
    without = record(2, package(PARSE))
    suite = Suite.of([with_sites, without])
    assert list(suite.tracks) == ["timeline.parse.track_escapes"]
    track = suite.tracks["timeline.parse.track_escapes"]
    assert track.params == (PACKAGE_LEVEL, WHOLE_PACKAGE, "(*T).Next")
    assert [Numbers(with_sites).value(track, p).number for p in track.params] == [1, 3, 2]
    assert [Numbers(without).value(track, p).number for p in track.params] == [0, 0, 0]


def test_describe_has_what_asv_reads() -> None:
    found = record(1, package(PARSE, bench("BenchmarkScan/n=1", 1)))
    (track,) = [t for t in Suite.of([found]).tracks.values() if t.unit == BYTES]
    described = describe(track)
    assert described["unit"] == "bytes"
    assert described["version"] == "1"
    assert described["type"] == "track"
    assert described["params"] == [["'n=1'"]]
    assert described["param_names"] == ["sub"]
