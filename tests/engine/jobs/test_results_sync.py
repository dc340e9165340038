"""Records on disk and on a branch become the union."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.engine.jobs.results_sync import synchronise
from harness.git import Repository
from harness.git.results_branch import ResultsBranch, blob_id
from harness.model import RECORD_SCHEMA, Record
from harness.model.nightly import EnvironmentState, NightlyState, Reported
from harness.store import RecordStore, key_of
from harness.store.nightly import read_state, state_path, write_state
from tests.builders import MACHINE, make_benchmark, make_package, make_record
from tests.repos import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "r")
    project.commit({"a": "1\n"})
    return project


class Writer:
    """A machine with results and a cache of its own."""

    def __init__(self, project: Project, root: Path, name: str) -> None:
        self.results = root / name / "results"
        self.results.mkdir(parents=True)
        self.store = RecordStore(self.results)
        self.branch = ResultsBranch(
            Repository(project.path), str(project.path), "results", root / name / "cache"
        )
        self.machine = replace(MACHINE, machine=name)

    def write(self, *numbers: int) -> None:
        for number in numbers:
            self.store.write(make_record(number, machine=self.machine))

    def sync(self) -> tuple[int, int]:
        done = synchronise(self.branch, self.results, push=True, sleep=lambda _: None)
        assert done.warnings == ()
        return done.fetched, done.pushed

    def names(self) -> set[str]:
        return {p.relative_to(self.results).as_posix() for p in self.store.paths()}


def test_both_have_all_of_both(project: Project, tmp_path: Path) -> None:
    one, two = (Writer(project, tmp_path, name) for name in ("one", "two"))
    one.write(1, 2)
    two.write(2, 3)
    assert one.sync() == (0, 2)
    assert two.sync() == (2, 2)
    assert one.sync() == (2, 0)
    assert one.names() == two.names()
    assert len(one.names()) == 4
    assert one.sync() == two.sync() == (0, 0)


def test_someone_who_pushes_in_between_is_waited_for(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (Writer(project, tmp_path, name) for name in ("one", "two"))
    one.write(1)
    two.write(1)
    add = ResultsBranch.add
    beaten: list[tuple[int, int]] = []

    def late(self: ResultsBranch, *arguments: object) -> bool:
        if self is one.branch and not beaten:
            beaten.append(two.sync())
        return add(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ResultsBranch, "add", late)
    assert one.sync() == (1, 1)
    assert beaten == [(0, 1)]
    assert two.sync() == (1, 0)
    assert one.names() == two.names()


def test_of_two_records_of_one_revision_the_later_stands(project: Project, tmp_path: Path) -> None:
    one, two = (Writer(project, tmp_path, name) for name in ("one", "two"))
    old = make_record(1, machine=one.machine)
    new: Record = replace(old, started=old.started + 60)
    one.store.write(old)
    two.store.write(new)
    for writer in (one, two, one):
        writer.sync()
    assert [r.started for r in one.store.records()] == [new.started]
    assert [r.started for r in two.store.records()] == [new.started]


def test_two_records_of_one_revision_become_one_with_all_benchmarks(
    project: Project, tmp_path: Path
) -> None:
    one, two = (Writer(project, tmp_path, name) for name in ("one", "two"))
    both = [make_benchmark("BenchmarkF", 1), make_benchmark("BenchmarkG", 2)]
    first, second = (
        make_record(1, [make_package(benchmarks=[b])], machine=one.machine) for b in both
    )
    settings = replace(first.settings, bench="F$")
    one.store.write(replace(first, settings=settings))
    two.store.write(replace(second, settings=settings, started=first.started + 60))
    for writer in (one, two, one, two):
        writer.sync()
    assert one.sync() == two.sync() == (0, 0)
    for writer in (one, two):
        (record,) = writer.store.records()
        assert [b.name for _, b in record.benchmarks()] == ["BenchmarkF", "BenchmarkG"]
    assert one.store.paths()[0].read_bytes() == two.store.paths()[0].read_bytes()


def test_what_a_machine_told_is_merged(project: Project, tmp_path: Path) -> None:
    writers = [Writer(project, tmp_path, name) for name in ("one", "two")]
    told = [Reported(f"{n}", "regression", "a" * 40, f"{n}" * 40, float(n)) for n in (1, 2)]
    for writer, entry in zip(writers, told, strict=True):
        state = NightlyState(environments={"go1": EnvironmentState(("f" * 40,), (), (entry,))})
        write_state(state_path(writer.results, "ci"), state)
    for writer in (*writers, *writers):
        writer.sync()
    for writer in writers:
        found = read_state(state_path(writer.results, "ci")).environments["go1"]
        assert set(found.reported) == set(told)
        assert found.floors == ("f" * 40,)


def test_a_hostile_branch_writes_no_file_of_its_own_choice(
    project: Project, tmp_path: Path
) -> None:
    one = Writer(project, tmp_path, "one")
    one.write(1)
    data = one.store.paths()[0].read_bytes()
    name = one.store.paths()[0].name
    bad = {
        f"../{name}": data,
        f"other/{name}": data,  # a record of another machine
        f"one/deep/{name}": data,
        "one/script.sh": b"rm",
        f".git/{name}": data,
        "one/0123abcd-go1.27.3.esv.gz": b"no record",
    }
    one.branch.fetch()
    # update-index refuses some of these names; what it takes is what a remote may hold.
    for path, content in bad.items():
        try:
            one.branch.add({path: content}, path)
        except Exception:
            continue
        finally:
            one.branch.fetch()
    two = Writer(project, tmp_path, "two")
    done = synchronise(two.branch, two.results, push=False)
    assert sorted(p.name for p in (tmp_path / "two").rglob("*.esv.gz")) == []
    assert done.fetched == 0
    assert len(done.warnings) == 2
    assert not (tmp_path / "two" / "results" / "one").exists()


def test_what_cannot_be_read_is_neither_pushed_nor_in_the_way(
    project: Project, tmp_path: Path
) -> None:
    one, two = (Writer(project, tmp_path, name) for name in ("one", "two"))
    one.write(1, 2)
    bad = one.store.path(key_of(make_record(2, machine=one.machine)))
    bad.write_bytes(bad.read_bytes()[:-9])
    done = synchronise(one.branch, one.results, push=True)
    assert (done.fetched, done.pushed) == (0, 1)
    assert len(done.warnings) == 1
    assert bad.name in done.warnings[0]
    assert two.sync() == (1, 0)


def test_a_record_of_a_newer_harness_stands_on_either_side(
    project: Project, tmp_path: Path
) -> None:
    one, two = (Writer(project, tmp_path, name) for name in ("one", "two"))
    record = make_record(1, machine=one.machine)
    one.write(1)
    one.sync()
    # Here a newer one, there one that this harness can read: neither replaces the other.
    path = one.store.write(replace(record, schema=RECORD_SCHEMA + 1))
    newer = path.read_bytes()
    done = synchronise(one.branch, one.results, push=True)
    assert (done.fetched, done.pushed) == (0, 0)
    assert "newer harness" in done.warnings[0]
    assert path.read_bytes() == newer
    # And the other way round.
    one.branch.fetch()
    assert one.branch.add({f"one/{path.name}": newer}, "newer")
    two.store.write(record)
    done = synchronise(two.branch, two.results, push=True)
    assert (done.fetched, done.pushed) == (0, 0)
    assert "newer harness" in done.warnings[0]
    assert list(two.store.records()) == [record]
    assert one.branch.fetch()[f"one/{path.name}"] == blob_id(newer)
