"""asv's files, made from hand-made records and read back through asv's own classes."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from asv.benchmarks import Benchmarks
from asv.results import Results, iter_results

from harness.errors import StoreError
from harness.model import (
    Outcome,
    Record,
)
from harness.store import RecordStore
from harness.store.asv.layout import rebuild, result_path
from harness.store.asv.suite import ITSELF
from tests.store.few import ENVIRONMENT, MACHINE, PARSE, STORE, bench, package, record, site, write


def load(directory: Path, item: Record) -> Results:
    return Results.load(str(result_path(directory, item)), MACHINE.machine)


def registry(directory: Path) -> dict[str, dict[str, Any]]:
    conf = SimpleNamespace(results_dir=str(directory), benchmark_dir="benchmarks")
    return dict(Benchmarks.load(conf))


def values(directory: Path, item: Record, name: str) -> dict[str, Any]:
    params = registry(directory)[name]["params"]
    found = load(directory, item).get_result_value(name, params)
    return dict(zip(params[0], found, strict=True))


def files(directory: Path) -> dict[str, bytes]:
    return {str(p.relative_to(directory)): p.read_bytes() for p in directory.rglob("*.json")}


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
    spoiled = result_path(tmp_path / "a", items[0])
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
    store.write(record(2, package(PARSE, bench("BenchmarkScan", 9))), replace=True)
    rebuild(store)
    assert made == [items[1].revision.hash]
    assert values(tmp_path, items[1], "timeline.parse.track_BenchmarkScan_allocs_op") == {
        repr(ITSELF): 9
    }
    made.clear()
    spoiled = result_path(tmp_path, items[2])
    spoiled.write_bytes(spoiled.read_bytes().replace(b"allocs", b"allosc"))
    assert rebuild(store).written == (spoiled,)
    assert made == [items[2].revision.hash]
    made.clear()
    store.write(record(4, package(PARSE, bench("BenchmarkNew", 9))), replace=True)
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
    path = result_path(tmp_path, lost)
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
    store.write(record(1, package(PARSE, bench("BenchmarkScan", 7))), replace=True)

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StoreError, match="No space left"):
        rebuild(store)
    monkeypatch.undo()
    assert files(tmp_path) == before
