"""What a change of the allocations does to the garbage collector."""

from __future__ import annotations

from harness.analysis.causes.garbage import Collections, collections
from harness.model import GC_CYCLES, GC_PAUSE, BenchmarkResult, Lane, Measurement, Record
from tests.builders import MODULE, make_package, make_record

P = f"{MODULE}/p"


def collected(number: int, *cycles: float, pause: float | None = None) -> Record:
    """A record whose benchmark is collected so many times per operation, in each repetition."""
    found = [Measurement(GC_CYCLES, Lane.TIME, cycles, False)] if cycles else []
    if pause is not None:
        found.append(Measurement(GC_PAUSE, Lane.TIME, (pause,), False))
    return make_record(number, [make_package(P, [BenchmarkResult("BenchmarkX", tuple(found))])])


def test_cycles_and_pauses_of_both_sides() -> None:
    base, head = collected(0, 1.0, 1.2, pause=2e-5), collected(1, 3.0, 3.4, pause=6e-5)
    assert collections(base, head, P, "BenchmarkX") == Collections((1.1, 3.2), (2e-5, 6e-5))


def test_a_pause_that_was_not_measured_is_none() -> None:
    found = collections(collected(0, 0.0), collected(1, 1.0), P, "BenchmarkX")
    assert found == Collections((0.0, 1.0), (0.0, 0.0))


def test_ranges_that_meet_tell_nothing() -> None:
    assert collections(collected(0, 1.0, 3.0), collected(1, 2.5, 4.0), P, "BenchmarkX") is None


def test_one_side_tells_nothing() -> None:
    assert collections(collected(0), collected(1, 1.0), P, "BenchmarkX") is None
    assert collections(collected(0, 1.0), make_record(1), P, "BenchmarkX") is None
