"""What the heap costs besides the allocation, measured with the real Go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.analysis.compare.records import record_detail
from harness.config import load_config
from harness.engine.jobs import canary
from harness.engine.jobs.canary import check_canary
from harness.engine.jobs.on_demand import add_accounts
from harness.engine.revision import build
from harness.model import (
    ALLOCS,
    ALLOCS_EXACT,
    GC_CYCLES,
    HEAP_COSTS,
    HEAP_LIVE,
    STACK_INUSE,
    Lane,
    Outcome,
    Record,
)
from harness.outputs.text.terminal import show_record
from harness.toolchain import Go
from harness.toolchain.overlay import with_heap_costs
from tests.engine.conftest import GO_MOD, OpenSession, bench
from tests.repos import Project

LOOP = """
    package p

    import "testing"

    var keep [][]byte
    var sink []byte

    func BenchmarkLoop(b *testing.B) {
        n := 0
        for b.Loop() {
            if n++; n%4 != 0 {
                sink = make([]byte, 64)
            }
        }
    }

    func BenchmarkKeeps(b *testing.B) {
        keep = nil
        for i := 0; i < b.N; i++ {
            b.StopTimer()
            sink = make([]byte, 1<<20)
            b.StartTimer()
            keep = append(keep, make([]byte, 4096))
        }
    }
"""
OWN = """
    package p

    import "testing"

    func BenchmarkOwn(b *testing.B) {
        b.ReportMetric(12.5, "heap-live-B")
        for i := 0; i < b.N; i++ {
        }
    }
"""


def values(record: Record, unit: str) -> dict[str, float]:
    measured = {b.name: b.measurement(unit) for _, b in record.benchmarks()}
    return {name: m.value for name, m in measured.items() if m is not None}


def test_the_canary_is_as_known(go: Go, cache_dir: Path, tmp_path: Path) -> None:
    assert check_canary(load_config(_config(tmp_path, cache_dir)), go) == []


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("{float64(r.MemAllocs) / n,", "{float64(r.MemAllocs / uint64(r.N)),", ALLOCS_EXACT),
        ("h.cycles += uint64", "_ = uint64", "BenchmarkChurn: (0.0, 0.0"),
        ("h.stack - h.baseStack", "h.stack - h.stack", STACK_INUSE),
        ("!own {", "!own || own {", "BenchmarkOwn"),
    ],
)
def test_the_canary_tells_a_wrong_overlay(
    go: Go,
    cache_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    right: str,
    wrong: str,
    told: str,
) -> None:
    def spoilt(go: Go, cache: Path) -> Mapping[str, str]:
        made = with_heap_costs(go, cache)
        for copy in made.values():
            text = Path(copy).read_text("utf-8")
            assert right in text
            Path(copy).write_text(text.replace(right, wrong), "utf-8")
        return made

    monkeypatch.setattr(canary, "with_heap_costs", spoilt)
    problems = check_canary(load_config(_config(tmp_path, cache_dir)), go)
    assert problems
    assert told in " ".join(problems)


def test_a_loop_of_the_testing_package_and_a_timer_that_stops(
    project: Project, open_session: OpenSession
) -> None:
    revision = project.commit({"go.mod": "module example.com/m\n\ngo 1.24\n", "p/p_test.go": LOOP})
    with open_session() as session:
        record = session.measure(revision, alloc_only=True)
        assert values(record, ALLOCS)["BenchmarkLoop"] == 0
        assert values(record, ALLOCS_EXACT)["BenchmarkLoop"] == 0.75
        # 100 MiB while the timer was off are no cycles of the operation; the 400 KiB are there.
        assert values(record, GC_CYCLES)["BenchmarkKeeps"] <= 0.05
        assert values(record, HEAP_LIVE)["BenchmarkKeeps"] >= 100 * 4096
        assert not record.notes


def test_with_time_the_rates_come_from_the_lane_of_more_iterations(
    project: Project, open_session: OpenSession
) -> None:
    revision = project.commit({"go.mod": GO_MOD, "p/p_test.go": bench("p", 3)})
    with open_session(benchtime="20ms", count=2) as session:
        record = session.measure(revision)
        (result,) = [b for _, b in record.benchmarks()]
        lanes = {m.unit: m.lane for m in result.measurements}
        assert lanes[ALLOCS] is lanes[HEAP_LIVE] is lanes[STACK_INUSE] is Lane.ALLOCATION
        assert lanes[ALLOCS_EXACT] is lanes[GC_CYCLES] is Lane.TIME
        assert values(record, ALLOCS_EXACT)["BenchmarkX"] == pytest.approx(3, abs=0.01)
        # 192 bytes an operation: one collection in some ten thousand.
        assert 0 < values(record, GC_CYCLES)["BenchmarkX"] < 1e-3


def test_what_a_benchmark_reports_by_itself_stands(
    project: Project, open_session: OpenSession
) -> None:
    revision = project.commit({"go.mod": GO_MOD, "p/p_test.go": OWN})
    with open_session() as session:
        record = session.measure(revision, alloc_only=True)
        assert values(record, HEAP_LIVE) == {"BenchmarkOwn": 12.5}
        assert record.outcome is Outcome.MEASURED


def test_a_tree_without_go_mod_has_both_overlays(
    project: Project, open_session: OpenSession
) -> None:
    revision = project.commit({"p/p.go": "package p\n", "p/p_test.go": bench("p", 2)})
    with open_session() as session:
        record = session.measure(revision, alloc_only=True)
        assert record.overlays
        assert values(record, ALLOCS_EXACT) == {"BenchmarkX": 2}
        (name,) = [(path, b.name) for path, b in record.benchmarks()]
        accounted = add_accounts(session, record, [name], session.environments()[0])
        (account,) = accounted.accounts
        assert account.exact
        assert account.allocs == pytest.approx(2, abs=0.01)


def test_where_testing_is_not_known_the_record_says_so_and_all_else_is_measured(
    project: Project, open_session: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "with_heap_costs", lambda go, cache: {})
    revision = project.commit({"go.mod": GO_MOD, "p/p_test.go": bench("p", 2)})
    with open_session() as session:
        record = session.measure(revision, alloc_only=True)
        assert record.outcome is Outcome.MEASURED
        assert values(record, ALLOCS) == {"BenchmarkX": 2}
        assert not any(values(record, unit) for unit in HEAP_COSTS)
        (note,) = record.notes
        assert record.environment.toolchain.release in note
        assert note in show_record(record_detail(record))
        assert session.record(revision) == record


def _config(directory: Path, cache: Path) -> Path:
    path = directory / "asv.conf.json"
    settings = {"version": 1, "project": "x", "repo": ".", "go": {"cache_dir": str(cache)}}
    path.write_text(json.dumps(settings), "utf-8")
    return path
