"""Neighbouring revisions with one measurement of a package."""

from __future__ import annotations

from harness.analysis.history.runs import Stretch, runs, stretches, values
from harness.model import ALLOCS, PackageResult, Record
from tests.builders import MODULE, make_benchmark, make_hash, make_package, make_record

P = f"{MODULE}/p"
X1, X2 = make_benchmark("BenchmarkX", 1), make_benchmark("BenchmarkX", 2)
MEASURED = make_package(P, [X1])
CARRIED = make_package(P, [X1], carried_from=make_hash(0))


def records(*packages: PackageResult | None) -> list[Record]:
    return [make_record(n, [p] if p else ()) for n, p in enumerate(packages)]


def test_what_is_carried_belongs_to_the_run_of_its_origin() -> None:
    found = runs(records(MEASURED, CARRIED, CARRIED, make_package(P, [X2])))[P]
    assert [(r.first, r.last, r.origin, r.measured) for r in found] == [
        (make_hash(0), make_hash(2), make_hash(0), True),
        (make_hash(3), make_hash(3), make_hash(3), True),
    ]


def test_a_run_may_begin_before_its_origin() -> None:
    (run,) = runs(records(make_package(P, [X1], carried_from=make_hash(1)), MEASURED))[P]
    assert (run.first, run.last, run.origin, run.measured) == (
        make_hash(0), make_hash(1), make_hash(1), True,
    )  # fmt: skip


def test_equal_numbers_measured_twice_are_two_runs() -> None:
    assert len(runs(records(MEASURED, MEASURED))[P]) == 2


def test_a_package_without_numbers_has_no_run() -> None:
    assert runs(records(make_package(P))) == {}


def test_of_two_results_of_one_unit_the_first_counts() -> None:
    twice = make_benchmark("BenchmarkX", 1)
    other = make_benchmark("BenchmarkX", 9)
    both = type(twice)(twice.name, (*twice.measurements, *other.measurements))
    found = values(runs(records(make_package(P, [both]))))
    assert [m.value for _, m in found[ALLOCS][P, "BenchmarkX"]] == [1]


def test_stretches_join_what_is_carried_on() -> None:
    places = [None, MEASURED, CARRIED, CARRIED, None, None, MEASURED]
    assert stretches(places) == [
        Stretch(0, 1, None),
        Stretch(1, 2, MEASURED),
        Stretch(2, 4, CARRIED),
        Stretch(4, 5, None),
        Stretch(5, 6, None),
        Stretch(6, 7, MEASURED),
    ]
    assert stretches([]) == []


def test_results_carried_from_another_revision_begin_a_stretch() -> None:
    other = make_package(P, CARRIED.benchmarks, carried_from=make_hash(5))
    assert [(s.start, s.stop) for s in stretches([CARRIED, CARRIED, other])] == [(0, 2), (2, 3)]
