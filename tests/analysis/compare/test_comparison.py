"""Comparing values: every change of an exact count, and only real ones of the others."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.compare.comparison import Direction, compare, judge
from harness.model import ALLOCS, GC_CYCLES, SECONDS, Lane, Measurement, Record
from tests.builders import MODULE, make_benchmark, make_package, make_record, make_untruncated

COUNTS = st.integers(0, 10**9)


def count(*samples: float) -> Measurement:
    return Measurement(
        ALLOCS, Lane.ALLOCATION, samples, len(samples) > 1 and len(set(samples)) == 1
    )


@pytest.mark.parametrize(
    ("base", "head", "direction"),
    [
        (0, 1, Direction.REGRESSION),
        (9, 10, Direction.REGRESSION),
        (100, 101, Direction.REGRESSION),
        (10**9, 10**9 + 1, Direction.REGRESSION),
        (10, 0, Direction.IMPROVEMENT),
        (1, 0, Direction.IMPROVEMENT),
        (7, 7, Direction.NONE),
        (0, 0, Direction.NONE),
    ],
)
def test_exact_counts(base: int, head: int, direction: Direction) -> None:
    assert judge(ALLOCS, count(base, base), count(head, head)) == (direction, None)


@given(COUNTS, COUNTS)
def test_every_difference_of_exact_counts_counts(a: int, b: int) -> None:
    direction, _ = judge(ALLOCS, count(a, a), count(b, b))
    expected = Direction.REGRESSION if b > a else Direction.IMPROVEMENT
    assert direction is (Direction.NONE if a == b else expected)
    assert (
        judge("B/s", count(a, a), count(b, b))[0]
        is {
            Direction.NONE: Direction.NONE,
            Direction.REGRESSION: Direction.IMPROVEMENT,
            Direction.IMPROVEMENT: Direction.REGRESSION,
        }[direction]
    ), "more per second is better"


@pytest.mark.parametrize(
    ("base", "head", "direction"),
    [
        ((9, 10, 9), (10, 10), Direction.NONE),
        ((9, 10, 9), (9, 9), Direction.NONE),
        ((9, 10, 9), (11, 11), Direction.REGRESSION),
        ((9, 10, 9), (10, 12, 11), Direction.NONE),
        ((9, 10, 9), (11, 12, 11), Direction.REGRESSION),
        ((9, 10, 9), (7, 8, 8), Direction.IMPROVEMENT),
        ((0, 0), (0, 1, 1), Direction.NONE),
    ],
)
def test_inexact_counts_change_where_the_ranges_do_not_meet(
    base: tuple[float, ...], head: tuple[float, ...], direction: Direction
) -> None:
    assert judge(ALLOCS, count(*base), count(*head)) == (direction, None)


@pytest.mark.parametrize(
    ("base", "head", "direction"),
    [
        # One number before the cut, two behind it.
        ((334.99, 334.98), (335.01, 335.02), Direction.NONE),
        ((334.06, 334.90, 334.85), (335.03, 335.76, 335.70), Direction.NONE),
        ((334.95, 334.99), (334.91, 335.30, 335.01), Direction.NONE),
        # Two numbers before the cut.
        ((0.0, 0.0), (1.0, 1.0), Direction.REGRESSION),
        ((0.03, 0.03), (1.03, 1.01), Direction.REGRESSION),
        ((100.0, 100.0), (101.08, 101.01), Direction.REGRESSION),
        ((335.03, 335.11), (334.03, 334.11), Direction.IMPROVEMENT),
        ((334.5, 334.5), (335.0, 335.0), Direction.REGRESSION),
        ((334.06, 334.90, 334.85), (337.03, 337.76, 337.70), Direction.REGRESSION),
        # `go test` prints the same.
        ((335.05, 335.05), (335.9, 335.9), Direction.NONE),
    ],
)
def test_counts_that_are_known_before_they_are_cut(
    base: tuple[float, ...], head: tuple[float, ...], direction: Direction
) -> None:
    assert judge(ALLOCS, make_untruncated(*base), make_untruncated(*head)) == (direction, None)


def test_a_count_of_which_only_whole_numbers_are_known_is_compared_as_ever() -> None:
    """Records that were made by an earlier version."""
    assert judge(ALLOCS, count(9, 9), make_untruncated(10.0, 10.03))[0] is Direction.REGRESSION
    assert judge(ALLOCS, count(9, 10), make_untruncated(10.0, 10.03))[0] is Direction.NONE


@given(
    st.integers(0, 1000), st.integers(1, 9), st.lists(st.integers(0, 10), min_size=4, max_size=4)
)
def test_what_runs_once_hides_no_step_and_makes_none(n: int, more: int, once: list[int]) -> None:
    """Up to ten objects in a hundred operations are set up, never the same number."""
    a, b, c, d = (objects / 100 for objects in once)
    base, same = make_untruncated(n + a, n + b), make_untruncated(n + c, n + d)
    head = make_untruncated(n + more + c, n + more + d)
    assert base.exact
    assert head.exact
    assert judge(ALLOCS, base, same)[0] is Direction.NONE
    assert judge(ALLOCS, base, head)[0] is Direction.REGRESSION


def test_what_is_no_count_needs_samples() -> None:
    """Two repetitions that agree by chance tell nothing of the heap or of the collector."""

    def sampled(*samples: float) -> Measurement:
        return Measurement(GC_CYCLES, Lane.ALLOCATION, samples, False)

    direction, p = judge(GC_CYCLES, sampled(0.1, 0.1), sampled(0.2, 0.2))
    assert direction is Direction.NONE
    assert p is not None
    many = (
        sampled(*(0.1 + n / 1000 for n in range(6))),
        sampled(*(0.2 + n / 1000 for n in range(6))),
    )
    assert judge(GC_CYCLES, *many)[0] is Direction.REGRESSION


@given(st.lists(COUNTS, min_size=1, max_size=4), st.lists(COUNTS, min_size=1, max_size=4))
def test_the_judgement_is_the_opposite_the_other_way_round(a: list[int], b: list[int]) -> None:
    there, _ = judge(ALLOCS, count(*a), count(*b))
    back, _ = judge(ALLOCS, count(*b), count(*a))
    opposite = {
        Direction.REGRESSION: Direction.IMPROVEMENT,
        Direction.IMPROVEMENT: Direction.REGRESSION,
        Direction.NONE: Direction.NONE,
    }
    assert back is opposite[there]


def time(*samples: float) -> Measurement:
    return Measurement(SECONDS, Lane.TIME, samples, False)


def test_times_are_compared_as_benchstat_does() -> None:
    base = time(1.00, 1.01, 1.02, 1.03, 1.04, 1.05)
    slower = time(1.10, 1.11, 1.12, 1.13, 1.14, 1.15)
    direction, p = judge(SECONDS, base, slower)
    assert direction is Direction.REGRESSION
    # Twice the one arrangement of six and six in which none of the one is above the other.
    assert p == pytest.approx(2 / math.comb(12, 6))
    assert judge(SECONDS, slower, base)[0] is Direction.IMPROVEMENT
    direction, p = judge(SECONDS, base, time(*reversed(base.samples)))
    assert direction is Direction.NONE
    assert p == pytest.approx(1)
    few, p = judge(SECONDS, time(1, 1.1, 1.2), time(2, 2.1, 2.2))
    assert few is Direction.NONE, "three samples can never show a difference"
    assert p is not None
    assert p >= 0.05


def test_a_side_that_is_missing_is_no_change() -> None:
    assert judge(ALLOCS, None, count(1, 1)) == (Direction.NONE, None)
    assert judge(ALLOCS, count(1, 1), None) == (Direction.NONE, None)


def test_compare_pairs_by_package_and_name() -> None:
    def record(number: int, a: dict[str, float]) -> Record:
        benchmarks = [make_benchmark(name, value) for name, value in a.items()]
        other = make_package(f"{MODULE}/b", [make_benchmark("BenchmarkX", 5)])
        return make_record(number, [make_package(f"{MODULE}/a", benchmarks), other])

    base = record(0, {"BenchmarkX": 1, "BenchmarkOld": 1})
    head = record(1, {"BenchmarkNew": 1, "BenchmarkX": 0})
    found = {(c.package[-1], c.benchmark): c for c in compare(base, head)}
    assert list(found) == [
        ("a", "BenchmarkNew"), ("a", "BenchmarkX"), ("b", "BenchmarkX"), ("a", "BenchmarkOld"),
    ]  # fmt: skip
    changed = found["a", "BenchmarkX"]
    assert (changed.direction, changed.delta, changed.ratio) == (Direction.IMPROVEMENT, -1, 0)
    assert found["b", "BenchmarkX"].direction is Direction.NONE
    for name in ("BenchmarkNew", "BenchmarkOld"):
        one_sided = found["a", name]
        assert one_sided.direction is Direction.NONE
        assert math.isnan(one_sided.delta)
        assert math.isnan(one_sided.ratio)
        assert not one_sided.exact
    assert compare(base, head, frozenset({"B/op"})) == ()
    grown = compare(replace(head, packages=head.packages[:1]), base)
    assert next(c for c in grown if c.benchmark == "BenchmarkX").ratio == math.inf
