"""The command line as a user has it: a process of its own, real Go, real git, no ``go`` on PATH.

Everything that a session makes lies in one directory, which the workers of pytest-xdist share; Go's
build cache outlives the session (``$ESV_TEST_CACHE``, see ``tests/conftest.py``).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from harness.toolchain import Go
from tests.e2e.support import MACHINE, Project, commit, git, make_environment


@pytest.fixture(scope="session")
def session_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One directory for all workers of this session."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "e2e"
    root.mkdir(exist_ok=True)
    return root


@pytest.fixture(scope="session")
def environment(session_root: Path, go: Go) -> dict[str, str]:
    """The environment of every ``esv`` here: a home of its own, and no ``go`` on PATH."""
    cache = session_root / "cache" / "escape-velocity"
    home = session_root / "home"
    with FileLock(session_root / "lock"):
        home.mkdir(exist_ok=True)
        cache.mkdir(parents=True, exist_ok=True)
        go.build_cache.mkdir(parents=True, exist_ok=True)
        if not (cache / "go-build").exists():
            (cache / "go-build").symlink_to(go.build_cache)
        return make_environment(session_root / "bin", home, cache.parent)


@pytest.fixture(scope="session")
def measured(session_root: Path, environment: dict[str, str], timeline: Path) -> Project:
    """The fixture ``timeline`` after ``esv run ALL``, allocations only; not to be written to."""
    project = Project(session_root / "timeline", timeline, environment)
    done = project.directory / "run.err"
    with FileLock(session_root / "timeline.lock"):
        if not done.is_file():
            project.directory.mkdir(exist_ok=True)
            project.configure()
            run = project.esv("run", "ALL", "--alloc-only", "--no-explain", timeout=1200)
            assert run.code == 0, run.err
            done.write_text(run.err, "utf-8")
    return project


@pytest.fixture
def place(measured: Project, tmp_path: Path) -> Project:
    """A clone of ``timeline`` with the newest of its records, and with what the documents name.

    From v1.2.0 to v1.3.0, the 46th commit, BenchmarkServices of query goes from 0 to 12 allocs/op.
    """
    upstream, repo = tmp_path / "upstream.git", tmp_path / "repo"
    git(tmp_path, "clone", "--quiet", "--bare", str(measured.repo), str(upstream))
    git(tmp_path, "clone", "--quiet", str(upstream), str(repo))
    for tag, revision in (("v1.2.0", "HEAD~5"), ("v1.3.0", "HEAD~4")):
        git(repo, "tag", tag, revision)
    # A branch with one commit more.
    git(repo, "update-ref", "refs/remotes/origin/main", "HEAD~1")
    project = Project(tmp_path / "project", repo, measured.environment)
    recent = git(repo, "log", "--max-count=8", "--format=%H").split()
    for file in (measured.results / MACHINE).iterdir():
        if any(revision.startswith(file.name[:8]) for revision in recent):
            (project.results / MACHINE).mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, project.results / MACHINE)
    project.configure({"count": 5, "benchtime": "1x"})
    (project.directory / "old.txt").write_text(_SAVED, "utf-8")
    hook = project.directory / "tell.sh"
    hook.write_text("#!/bin/sh\ncat >told.json\n", "utf-8")
    hook.chmod(0o755)
    return project


@pytest.fixture(scope="session")
def _small_repo(session_root: Path) -> Path:
    """See :func:`small`; a template that tests copy."""
    repo = session_root / "small"
    with FileLock(session_root / "small.lock"):
        if not repo.exists():
            fresh = session_root / "small.fresh"
            shutil.rmtree(fresh, ignore_errors=True)
            _make_small(fresh)
            fresh.rename(repo)
    return repo


@pytest.fixture
def small(tmp_path: Path, environment: dict[str, str], _small_repo: Path) -> Project:
    """A small Go repository of four commits, and a configuration beside it.

    ``HEAD~3`` first, ``HEAD~2`` neutral, ``HEAD~1`` 0 → 1 in ``BenchmarkKeep``, ``HEAD`` neutral.
    """
    repo = tmp_path / "repo"
    shutil.copytree(_small_repo, repo)
    project = Project(tmp_path / "project", repo, environment)
    project.directory.mkdir()
    project.configure()
    return project


def _make_small(repo: Path) -> None:
    git(repo, "init", "--quiet", "--initial-branch=main", create=True)
    commit(
        repo,
        "keep: first",
        {
            ".gitignore": "*.log\n",
            "go.mod": "module example.com/small\n\ngo 1.24\n",
            "keep/keep.go": _KEEP.format(body="\tlast = n\n", type="int"),
            "keep/keep_test.go": _KEEP_TEST,
        },
    )
    commit(repo, "README: say what it is", {"README.md": "# small\n"})
    commit(
        repo,
        "keep: by reference",
        {"keep/keep.go": _KEEP.format(body="\tlast = &n\n", type="*int")},
    )
    commit(repo, "README: more", {"README.md": "# small\n\nIt keeps a number.\n"})
    # What a user's tree has beside commits: an ignored and a stashed file.
    (repo / "debug.log").write_text("mine\n", "utf-8")
    (repo / "README.md").write_text("# being edited\n", "utf-8")
    git(repo, "stash", "push", "--quiet")


_KEEP = """// Package keep keeps a number.
package keep

var last {type}

// Keep keeps n.
//
//go:noinline
func Keep(n int) {{
{body}}}
"""
_KEEP_TEST = """package keep

import "testing"

func BenchmarkKeep(b *testing.B) {
	for i := 0; i < b.N; i++ {
		Keep(i)
	}
}

func BenchmarkNothing(b *testing.B) {
	for i := 0; i < b.N; i++ {
	}
}
"""
_SAVED = """pkg: example.com/timeline/query
cpu: Chip 9
BenchmarkServices-4 \t 100\t 900 ns/op\t 0 B/op\t 0 allocs/op
"""
