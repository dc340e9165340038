"""Steps of a history, and what a person should look at first."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.compare.comparison import Direction
from harness.analysis.history.history import History
from harness.analysis.series.steps import recorded_units, steps
from harness.analysis.verdict.findings import findings
from harness.model import (
    ALLOCS,
    BYTES,
    SECONDS,
    BenchmarkResult,
    Lane,
    Measurement,
    Outcome,
    Record,
)
from tests.builders import (
    TRUTH,
    make_benchmark,
    make_hash,
    make_package,
    make_record,
    make_site,
    make_untruncated,
    timeline_history,
)

Value = float | tuple[float, ...] | None


def history(*values: Value, line: int | None = None) -> History:
    """One benchmark over a straight history; ``None`` for a revision without its number."""
    records = [
        make_record(number, [make_package(benchmarks=[make_benchmark("BenchmarkX", value)])])
        if value is not None
        else make_record(number, [make_package()], outcome=Outcome.BROKEN)
        for number, value in enumerate(values)
    ]
    return History.build(records, [make_hash(n) for n in range(line or len(values))])


def told(found: History) -> list[tuple[int, float, float, str]]:
    place = {h: n for n, h in enumerate(found.line)}
    return [(place[s.revision], s.before, s.after, str(s.direction)) for s in steps(found)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0, 1), [(1, 0, 1, "regression")]),
        ((9, 10), [(1, 9, 10, "regression")]),
        ((100, 101), [(1, 100, 101, "regression")]),
        ((10, 0), [(1, 10, 0, "improvement")]),
        ((5, 5, 5), []),
        ((5,), []),
        ((0, 1, 0), [(1, 0, 1, "regression"), (2, 1, 0, "improvement")]),
        ((1, 2, 2, 3), [(1, 1, 2, "regression"), (3, 2, 3, "regression")]),
        ((9, (9, 10, 9), 9), []),
        ((9, (10, 12, 11)), [(1, 9, 11, "regression")]),
        # The range in between hides neither that 9 became 10 nor the way back.
        ((9, (9, 10), 10), [(2, 9, 10, "regression")]),
        ((10, (9, 10), (9, 10), 9), [(3, 10, 9, "improvement")]),
        ((9, (9, 10), 9, (9, 10), 9), []),
        (((9, 10), (9, 10), (11, 12)), [(2, 9.5, 11.5, "regression")]),
        ((1, None, 2), [(2, 1, 2, "regression")]),
        ((None, 1, None), []),
    ],
)
def test_where_steps_are(
    values: tuple[Value, ...], expected: list[tuple[int, float, float, str]]
) -> None:
    assert told(history(*values)) == expected


def untruncated(*rows: tuple[float, ...]) -> History:
    """A history whose allocs/op are known before they are cut."""
    return History.build(
        [
            make_record(
                number,
                [
                    make_package(
                        benchmarks=[BenchmarkResult("BenchmarkX", (make_untruncated(*row),))]
                    )
                ],
            )
            for number, row in enumerate(rows)
        ]
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # 334, 335, 334, 335: the same number, cut.
        (((334.98, 334.99), (335.01, 335.02), (334.97, 334.99), (335.0, 335.01)), []),
        (((334.06, 334.9, 334.85), (335.03, 335.76, 335.7), (334.5, 334.2, 335.1)), []),
        # Two that repeat by chance, with the evidence in between; and one with a step behind it.
        (((334.85, 334.9), (334.5, 335.3, 335.0), (335.3, 335.35)), []),
        (
            ((23.26, 23.26), (22.24, 23.26, 23.27), (24.26, 24.27), (24.26, 24.26)),
            [(3, 23, 24, "regression")],
        ),
        (
            ((0.0, 0.0), (1.03, 1.03), (0.02, 0.0)),
            [(1, 0, 1, "regression"), (2, 1, 0, "improvement")],
        ),
        (((334.9, 334.2, 335.1), (337.9, 338.3, 337.7)), [(1, 334.9, 337.9, "regression")]),
    ],
)
def test_steps_of_counts_that_are_known_before_they_are_cut(
    rows: tuple[tuple[float, ...], ...], expected: list[tuple[int, float, float, str]]
) -> None:
    assert told(untruncated(*rows)) == expected


def test_noise_of_a_hundred_revisions_makes_no_step() -> None:
    """Three runs a revision of a benchmark that allocates 335 ± 0.3 times, as fiber's does."""
    rng = random.Random(1)
    rows = [tuple(round(rng.gauss(335, 0.3), 2) for _ in range(3)) for _ in range(100)]
    assert told(untruncated(*rows)) == []
    # What a version that keeps whole numbers sees of the same runs.
    assert len(told(history(*(tuple(float(int(v)) for v in row) for row in rows)))) > 5


def test_a_step_is_repaired_where_the_noisy_value_is_back() -> None:
    found = untruncated((9.0, 9.0), (20.0, 20.0), (9.03, 9.4, 9.2))
    assert [(s.delta, s.repaired) for s in steps(found)] == [
        (11, make_hash(2)), (pytest.approx(-10.8), None),
    ]  # fmt: skip


@given(st.lists(st.integers(0, 3), min_size=1, max_size=15))
def test_exact_steps_are_the_changes_of_neighbours(values: list[int]) -> None:
    found = history(*values)
    expected = [(n, a, b) for n, (a, b) in enumerate(pairwise(values), 1) if a != b]
    assert [(n, a, b) for n, a, b, _ in told(found)] == expected
    assert values[0] + sum(s.delta for s in steps(found)) == values[-1]


def test_what_lies_between_is_named() -> None:
    (step,) = steps(history(1, None, None, 2))
    assert (step.previous, step.between) == (make_hash(0), (make_hash(1), make_hash(2)))
    assert step.exact
    (inexact,) = steps(history(9, (9, 10), 10))
    assert (inexact.previous, inexact.between) == (make_hash(0), (make_hash(1),))


def test_ratios() -> None:
    (from_nothing,) = steps(history(0, 3))
    assert (from_nothing.ratio, from_nothing.delta) == (math.inf, 3)
    (to_nothing,) = steps(history(3, 0))
    assert to_nothing.ratio == 0


def test_another_unit_has_its_own_steps() -> None:
    records = [
        make_record(n, [make_package(benchmarks=[make_benchmark("BenchmarkX", 1, size)])])
        for n, size in enumerate((8.0, 16.0))
    ]
    found = History.build(records)
    assert steps(found) == ()
    assert [(s.before, s.after) for s in steps(found, BYTES)] == [(8, 16)]


def test_an_empty_history() -> None:
    assert steps(History.build([])) == ()
    assert findings(History.build([])) == ()


# Findings


def walk(*rows: Mapping[str, float], escapes: tuple[tuple[str, ...], ...] = ()) -> History:
    """Revisions with several benchmarks; ``escapes`` names what escapes in each."""
    records: list[Record] = []
    for number, row in enumerate(rows):
        benchmarks = [make_benchmark(f"Benchmark{name}", value) for name, value in row.items()]
        names = escapes[number] if escapes else ()
        sites = [make_site(f"moved to heap: {n}", function=n, line=9) for n in names]
        records.append(make_record(number, [make_package(benchmarks=benchmarks)], escapes=sites))
    return History.build(records)


def test_the_most_important_first() -> None:
    found = findings(
        walk(
            {"A": 10, "B": 0, "C": 5, "D": 4},
            {"A": 11, "B": 0, "C": 5, "D": 4},
            {"A": 11, "B": 1, "C": 5, "D": 4},
            {"A": 11, "B": 1, "C": 50, "D": 4},
            {"A": 11, "B": 1, "C": 5, "D": 4},
            {"A": 11, "B": 1, "C": 5, "D": 1},
        )
    )
    summary = [(f.steps[0].benchmark[-1], str(f.direction), f.repaired is not None) for f in found]
    assert summary == [
        ("B", "regression", False),  # 0 → 1 is more than any ratio
        ("A", "regression", False),
        ("C", "regression", True),
        ("C", "improvement", False),
        ("D", "improvement", False),
    ]


def test_a_finding_is_repaired_when_all_of_its_steps_are() -> None:
    def repaired(*rows: Mapping[str, float]) -> str | None:
        return next(f for f in findings(walk(*rows)) if f.revision == make_hash(1)).repaired

    start, worse = {"A": 1, "B": 1}, {"A": 2, "B": 2}
    assert repaired(start, worse) is None
    assert repaired(start, worse, {"A": 1, "B": 2}) is None
    assert repaired(start, worse, {"A": 1, "B": 2}, {"A": 1, "B": 0}) == make_hash(3)
    assert repaired(start, worse, {"A": 9, "B": 1}, {"A": 1, "B": 1}) == make_hash(3)


def test_escapes_of_the_same_revision_stand_beside_it() -> None:
    found = findings(
        walk({"A": 0}, {"A": 1}, {"A": 0}, escapes=(("old",), ("old", "fresh"), ("old",)))
    )
    assert [(str(f.direction), [s.function for s in f.escapes]) for f in found] == [
        ("regression", ["fresh"]),
        ("improvement", ["fresh"]),
    ]


def test_the_ground_truth_of_the_fixture() -> None:
    """Steps from one revision with a number to the next that has one, as the truth lists them."""
    found = timeline_history()
    known: dict[tuple[str, str], float] = {}
    expected = []
    for commit in json.loads(TRUTH.read_text("utf-8"))["commits"]:
        for package, values in (commit["allocs"] or {}).items():
            for name, value in values.items():
                before = known.get((package, name))
                if before is not None and before != value:
                    expected.append((commit["revision"], package, name, before, value))
                known[package, name] = value
    assert len(expected) > 10
    got = [(s.revision, s.package, s.benchmark, s.before, s.after) for s in steps(found)]
    assert sorted(got) == sorted(expected)
    assert {s.direction for s in steps(found)} == {Direction.REGRESSION, Direction.IMPROVEMENT}


def timed(levels: Sequence[float], carried: Mapping[int, int] | None = None) -> list[Record]:
    """One benchmark of allocs/op 0 and times around ``levels``, six repetitions each.

    ``carried`` maps a revision to the one whose times it has.
    """
    rng = random.Random(5)
    results = [
        make_benchmark("BenchmarkX", 0, None, [level * rng.gauss(1, 0.01) for _ in range(6)])
        for level in levels
    ]
    records = []
    for number in range(len(levels)):
        origin = (carried or {}).get(number)
        result = results[number if origin is None else origin]
        package = make_package(
            benchmarks=[result], carried_from=None if origin is None else make_hash(origin)
        )
        records.append(make_record(number, [package]))
    return records


def test_a_time_has_a_step_with_its_confidence() -> None:
    found = History.build(timed([1e-6] * 15 + [1.3e-6] * 10 + [1e-6] * 15))
    up, down = steps(found, SECONDS)
    assert [found.position(s.revision) for s in (up, down)] == [15, 25]
    assert (up.direction, down.direction) == (Direction.REGRESSION, Direction.IMPROVEMENT)
    assert up.before == pytest.approx(1e-6, rel=0.01)
    assert up.after == pytest.approx(1.3e-6, rel=0.01)
    assert up.p is not None
    assert up.p < 1e-4
    assert not up.exact
    # It stays in the list, and says where it went.
    assert (up.repaired, down.repaired) == (down.revision, None)
    assert steps(found, ALLOCS) == ()


def test_a_carried_time_is_no_second_observation() -> None:
    levels = [1e-6] * 10 + [1.5e-6]
    # One slow measurement, carried on and on, is still one measurement.
    carried = dict.fromkeys(range(11, 30), 10)
    assert steps(History.build(timed([*levels, *[1.5e-6] * 19], carried)), SECONDS) == ()


def test_a_step_belongs_to_the_first_revision_with_the_binary() -> None:
    # Walked newest first: 12 was measured, and 10 and 11, which have its binary, carry from it.
    levels = [1e-6] * 10 + [1.5e-6] * 12
    (step,) = steps(History.build(timed(levels, {10: 12, 11: 12, 9: 8})), SECONDS)
    assert (step.revision, step.previous) == (make_hash(10), make_hash(9))
    assert step.between == ()


def test_sizes_that_do_not_repeat_are_searched_like_times() -> None:
    rng = random.Random(2)

    def sized(number: int, size: float) -> Record:
        samples = tuple(float(round(size + rng.uniform(-8, 8))) for _ in range(3))
        sizes = Measurement(BYTES, Lane.ALLOCATION, samples, len(set(samples)) == 1)
        return make_record(
            number, [make_package(benchmarks=[BenchmarkResult("BenchmarkX", (sizes,))])]
        )

    flat = History.build(sized(n, 4096) for n in range(40))
    assert steps(flat, BYTES) == ()
    found = History.build(sized(n, 4096 if n < 20 else 4200) for n in range(40))
    (step,) = steps(found, BYTES)
    assert step.revision == make_hash(20)
    assert step.p is not None


def test_repaired_exact_regressions_say_where() -> None:
    first, second, better = steps(history(1, 3, 5, 2))
    # Three quarters are not enough for what is exact.
    assert (first.repaired, second.repaired, better.repaired) == (None, make_hash(3), None)
    (first, back) = steps(history(1, 3, 1))
    assert (first.repaired, back.repaired) == (make_hash(2), None)


def test_every_recorded_unit() -> None:
    assert recorded_units(History.build(timed([1e-6] * 3))) == (ALLOCS, SECONDS)
    assert recorded_units(History.build([])) == ()
