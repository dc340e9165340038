"""Whose a change is, where the tests changed too: on very many benchmarks."""

from __future__ import annotations

import pytest

from harness.analysis.causes.crossing import Crossing, charged_changes
from harness.analysis.causes.ownpart import TestChanges
from harness.model import ALLOCS, BenchmarkResult, FileChange, Record
from tests.builders import MODULE, make_benchmark, make_package, make_record

P = f"{MODULE}/p"
MANY = 3000


def record(number: int, allocs: float) -> Record:
    made = [make_benchmark(f"BenchmarkX/{n}", allocs, 8) for n in range(MANY)]
    return make_record(number, [make_package(benchmarks=made)])


def test_the_records_are_gone_through_a_few_times_however_many_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crossing = Crossing(
        base=record(0, 1),
        head=record(1, 4),
        forward=record(2, 3),
        touched={P: TestChanges((FileChange("p/p_test.go", "p/p_test.go"),))},
    )
    calls = 0
    benchmarks = Record.benchmarks

    def counted(self: Record) -> list[tuple[str, BenchmarkResult]]:
        nonlocal calls
        calls += 1
        return benchmarks(self)

    monkeypatch.setattr(Record, "benchmarks", counted)
    changes = charged_changes(crossing)
    assert len(changes) == MANY
    assert {(c.unit, c.delta, c.by_benchmark) for c in changes} == {(ALLOCS, 3, 2)}
    assert calls < 20
