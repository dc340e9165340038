"""From nothing to a site: ``esv init`` in a Go repository, and no manual step after it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.store import RecordStore
from tests.e2e.support import Project, git, untouched


@pytest.fixture
def fresh(small: Project) -> Project:
    """The repository with nothing set up; ``esv`` runs in it."""
    shutil.rmtree(small.directory)
    return Project(small.repo, small.repo, small.environment)


def status(repo: Path) -> list[str]:
    """New and changed files; ignored ones are not listed."""
    return git(repo, "status", "--porcelain=v1").splitlines()


def test_from_nothing_to_a_site(fresh: Project) -> None:
    run = fresh.esv("init")
    assert (run.code, run.err) == (0, "")
    assert "asv.conf.json" in run.out
    assert "esv run " in run.out
    config = fresh.repo / "asv.conf.json"
    assert status(fresh.repo) == ["?? asv.conf.json"]
    written = json.loads(config.read_text("utf-8"))
    assert (written["project"], written["repo"], written["branches"]) == ("repo", ".", ["main"])
    assert written["pythons"] == ["1.27.3"]
    assert str(fresh.repo) not in config.read_text("utf-8")

    before = git(fresh.repo, "for-each-ref"), git(fresh.repo, "worktree", "list")
    run = fresh.esv("run", "ALL", "--alloc-only")
    assert run.code == 0, run.err
    assert run.err.splitlines()[-1].startswith("4 revisions measured, 0 had a record; 0 broken")
    assert len(list(RecordStore(fresh.repo / ".asv" / "results").records())) == 4

    run = fresh.esv("publish")
    assert (run.code, run.err) == (0, "")
    assert (fresh.repo / ".asv" / "html" / "index.html").is_file()

    run = fresh.esv("gate", "--base", "HEAD~2", "--head", "HEAD~1", "--quiet")
    assert run.code == 1
    assert "keep.BenchmarkKeep" in run.out
    run = fresh.esv("show", "HEAD~1")
    assert (run.code, run.err) == (0, "")
    assert "moved to heap: n in Keep" in run.out
    run = fresh.esv("compare", "HEAD~2", "HEAD~1")
    assert (run.code, run.err) == (0, "")
    assert "from 0" in run.out

    files = sorted(p.name for p in (fresh.repo / ".asv" / "results").rglob("*.json"))
    assert fresh.esv("rebuild", "--quiet").code == 0
    assert sorted(p.name for p in (fresh.repo / ".asv" / "results").rglob("*.json")) == files

    run = fresh.esv("check")
    assert run.code == 0, run.out
    assert {line.split()[0] for line in run.out.splitlines()} == {"ok"}
    assert status(fresh.repo) == ["?? asv.conf.json"]
    assert (git(fresh.repo, "for-each-ref"), git(fresh.repo, "worktree", "list")) == before


def test_twice(fresh: Project) -> None:
    assert fresh.esv("init", "--quiet").code == 0
    config = fresh.repo / "asv.conf.json"
    config.write_text(config.read_text("utf-8").replace('"repo"', '"repo"') + "\n", "utf-8")
    with untouched(fresh.repo):
        message = fresh.esv("init").refused("init")
    assert "is there already; --force replaces it" in message
    assert fresh.esv("init", "--force").code == 0
    assert not config.read_text("utf-8").endswith("\n\n")


def test_from_elsewhere(fresh: Project, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    run = fresh.esv("init", str(fresh.repo), cwd=outside)
    assert run.code == 0
    assert list(outside.iterdir()) == []
    config = str(fresh.repo / "asv.conf.json")
    run = fresh.esv("run", "HEAD^!", "--alloc-only", "--config", config, cwd=outside)
    assert run.code == 0, run.err
    assert len(list(RecordStore(fresh.repo / ".asv" / "results").records())) == 1
    assert list(outside.iterdir()) == []


def test_configuration_is_found_upwards(fresh: Project) -> None:
    assert fresh.esv("init").code == 0
    run = fresh.esv("run", "HEAD^!", "--alloc-only", cwd=fresh.repo / "keep")
    assert run.code == 0, run.err
    assert status(fresh.repo) == ["?? asv.conf.json"]


def test_module_in_a_subdirectory(fresh: Project) -> None:
    """The configuration beside the module measures that module, in the whole repository."""
    (fresh.repo / "libs" / "number").mkdir(parents=True)
    git(fresh.repo, "mv", "go.mod", "keep", "libs/number")
    git(fresh.repo, "commit", "--quiet", "-m", "move")
    module = fresh.repo / "libs" / "number"
    run = fresh.esv("init", cwd=module)
    assert (run.code, run.err) == (0, "")
    assert status(fresh.repo) == ["?? libs/number/asv.conf.json"]
    written = json.loads((module / "asv.conf.json").read_text("utf-8"))
    assert (written["repo"], written["repo_subdir"]) == ("../..", "libs/number")
    run = fresh.esv("run", "HEAD^!", "--alloc-only", cwd=module)
    assert run.code == 0, run.err
    (record,) = RecordStore(module / ".asv" / "results").records()
    (package,) = record.packages
    assert package.path == "example.com/small/keep"
    assert package.directory == "libs/number/keep"
    assert [b.name for b in package.benchmarks] == ["BenchmarkKeep", "BenchmarkNothing"]
    (site,) = record.code_escapes()
    assert site.position.file == "libs/number/keep/keep.go"
    assert status(fresh.repo) == ["?? libs/number/asv.conf.json"]


def test_several_modules(fresh: Project) -> None:
    """At the root, every module of the repository is measured."""
    for name in ("one", "two"):
        target = fresh.repo / name
        shutil.copytree(fresh.repo / "keep", target / "keep")
        (target / "go.mod").write_text(f"module example.com/{name}\n\ngo 1.24\n", "utf-8")
    git(fresh.repo, "rm", "-r", "--quiet", "keep", "go.mod")
    git(fresh.repo, "add", "--all")
    git(fresh.repo, "commit", "--quiet", "-m", "two modules")
    assert fresh.esv("init", "--quiet").code == 0
    run = fresh.esv("run", "HEAD^!", "--alloc-only")
    assert run.code == 0, run.err
    (record,) = RecordStore(fresh.repo / ".asv" / "results").records()
    found = [(p.path, p.directory) for p in record.packages]
    assert found == [("example.com/one/keep", "one/keep"), ("example.com/two/keep", "two/keep")]
    assert all(len(p.benchmarks) == 2 for p in record.packages)
