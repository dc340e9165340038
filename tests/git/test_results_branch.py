"""Files on a branch, and several who write it at once."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from harness.errors import RepositoryError, UsageError
from harness.git import Repository
from harness.git.results_branch import ResultsBranch, blob_id
from tests.e2e.support import snapshot
from tests.repos import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "r")
    project.commit({"a": "1\n"})
    project.git("init", "--quiet", "--bare", str(tmp_path / "remote.git"))
    project.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    return project


def branch(project: Project, cache: Path, remote: str = "origin") -> ResultsBranch:
    return ResultsBranch(Repository(project.path), remote, "esv/results", cache)


def test_files_come_back_and_the_repository_is_not_touched(
    project: Project, tmp_path: Path
) -> None:
    (project.path / "a").write_text("being edited\n", "utf-8")
    before = snapshot(project.path)
    mine = branch(project, tmp_path / "cache")
    assert mine.fetch() == {}
    files = {"m/one.esv.gz": b"\x1f\x8b\0\n", "m/ü two": b""}
    assert mine.add(files, "two files")
    listed = branch(project, tmp_path / "other").fetch()
    assert listed == {path: blob_id(data) for path, data in files.items()}
    again = branch(project, tmp_path / "other")
    assert {path: again.read(oid) for path, oid in again.fetch().items()} == files
    assert again.add({"m/one.esv.gz": b"new"}, "another")
    assert set(mine.fetch()) == set(files), "what was there stays"
    assert snapshot(project.path) == before
    log = project.git(
        "--git-dir", str(tmp_path / "remote.git"), "log", "--format=%s", "esv/results"
    )
    assert log.split("\n") == ["another", "two files"]


def test_who_is_late_changes_nothing(project: Project, tmp_path: Path) -> None:
    first, second = (branch(project, tmp_path / name) for name in ("a", "b"))
    assert (first.fetch(), second.fetch()) == ({}, {})
    assert first.add({"m/a": b"1"}, "first")
    assert not second.add({"m/b": b"2"}, "second, of a branch that was not there")
    second.fetch()
    first.fetch()
    assert second.add({"m/b": b"2"}, "second")
    assert not first.add({"m/a": b"3"}, "late")
    assert first.fetch() == {"m/a": blob_id(b"1"), "m/b": blob_id(b"2")}


def test_the_measured_repository_itself_can_hold_the_branch(
    project: Project, tmp_path: Path
) -> None:
    before = snapshot(project.path)
    own = branch(project, tmp_path / "cache", str(project.path))
    own.fetch()
    assert own.add({"m/a": b"1"}, "here")
    assert project.git("show", "esv/results:m/a") == "1"
    after = snapshot(project.path)
    for part in ("status", "worktrees", "stashes", "head"):
        assert after[part] == before[part]


def test_the_branch_that_is_checked_out_is_refused(project: Project, tmp_path: Path) -> None:
    own = ResultsBranch(Repository(project.path), str(project.path), "main", tmp_path / "cache")
    own.fetch()
    with pytest.raises(RepositoryError, match=r"results branch main of .*checked out"):
        own.add({"m/a": b"1"}, "no")
    assert project.git("status", "--porcelain") == ""


def test_what_cannot_be(project: Project, tmp_path: Path) -> None:
    gone = branch(project, tmp_path / "cache", str(tmp_path / "gone.git"))
    with pytest.raises(RepositoryError, match=r"results branch esv/results of .*gone"):
        gone.fetch()
    for name in ("a..b", "-x", "", "a b"):
        with pytest.raises(UsageError, match="no branch can have the name"):
            ResultsBranch(Repository(project.path), "origin", name, tmp_path / "cache")


def _write(path: str, cache: str, name: str, count: int) -> None:
    own = ResultsBranch(Repository(Path(path)), "origin", "esv/results", Path(cache) / name)
    for number in range(count):
        for _ in range(200):
            own.fetch()
            if own.add({f"{name}/{number}": name.encode()}, f"{name} {number}"):
                break
        else:
            raise AssertionError("never its turn")


def test_many_writers_at_once_lose_nothing(project: Project, tmp_path: Path) -> None:
    names = ("one", "two", "three")
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=_write, args=(str(project.path), str(tmp_path), name, 4))
        for name in names
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(300)
        assert writer.exitcode == 0
    listed = branch(project, tmp_path / "look").fetch()
    assert set(listed) == {f"{name}/{number}" for name in names for number in range(4)}


def _fetch(path: str, cache: str, count: int) -> None:
    for number in range(count):
        own = ResultsBranch(Repository(Path(path)), "origin", "esv/results", Path(cache))
        own.fetch()
        while not own.add({f"m/{os.getpid()}-{number}": b"x"}, "one more"):
            own.fetch()


def test_processes_that_share_a_cache_are_not_in_each_others_way(
    project: Project, tmp_path: Path
) -> None:
    """As on a machine that runs the nightly jobs of two configurations at once."""
    count = 8
    arguments = (str(project.path), str(tmp_path / "cache"), count)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_fetch, args=arguments) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [p.exitcode for p in processes] == [0, 0, 0]
    assert len(branch(project, tmp_path / "cache").fetch()) == 3 * count
