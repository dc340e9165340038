"""Running ``esv``, git and plain Go, and looking at what they leave."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.model import ALLOCS, Record
from harness.store import RecordStore

ROOT = Path(__file__).resolve().parents[2]
MACHINE = "e2e"
_KEPT = ("COVERAGE_PROCESS_CONFIG", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "TZ")
_AUTHOR = {
    "GIT_AUTHOR_NAME": "Fixture Author",
    "GIT_AUTHOR_EMAIL": "author@fixture.invalid",
    "GIT_COMMITTER_NAME": "Fixture Author",
    "GIT_COMMITTER_EMAIL": "author@fixture.invalid",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}

Json = dict[str, Any]


def truth(name: str) -> Json:
    """The ground truth of a fixture."""
    loaded: Json = json.loads((ROOT / "go_fixtures" / name / "truth.json").read_text("utf-8"))
    return loaded


@dataclass(frozen=True)
class Run:
    """An ``esv`` that has ended."""

    code: int
    out: str
    err: str

    def refused(self, verb: str) -> str:
        """The message of a run that could not do what it was asked: exit 2, one line."""
        assert self.code == 2, (self.code, self.out, self.err)
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith(f"esv {verb}: "), self.err
        assert "Traceback" not in self.err
        assert "internal error" not in self.err
        assert self.out == ""
        return lines[0]


@dataclass(frozen=True)
class Project:
    """A configuration in ``directory`` for the Go repository ``repo``."""

    directory: Path
    repo: Path
    environment: Mapping[str, str]

    @property
    def results(self) -> Path:
        return self.directory / "results"

    def configure(self, go: Json | None = None, **keys: object) -> None:
        """Write ``asv.conf.json``."""
        section = {"cache_dir": str(cache_of(self.environment)), **(go or {})}
        config = {
            "version": 1,
            "project": self.repo.name,
            "repo": str(self.repo),
            "branches": ["main"],
            "environment_type": "go",
            "results_dir": "results",
            "html_dir": "html",
            "env_dir": "env",
            **keys,
            "go": section,
        }
        (self.directory / "asv.conf.json").write_text(json.dumps(config, indent=1), "utf-8")

    def esv(self, *arguments: str, timeout: float = 300, cwd: Path | None = None) -> Run:
        """Run ``esv`` to its end."""
        done = subprocess.run(
            command(*arguments),
            cwd=cwd or self.directory,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def store(self) -> RecordStore:
        return RecordStore(self.results)

    def records(self) -> dict[str, Record]:
        """Every record by its revision's hash; each must be readable."""
        return {r.revision.hash: r for r in self.store().records()}

    def leftovers(self) -> list[str]:
        """Files under the results directory that were begun and not finished."""
        return [p.name for p in self.results.rglob(".*") if p.is_file() and p.name != ".asv-made"]


def command(*arguments: str) -> list[str]:
    """The command line of ``esv``."""
    return [sys.executable, "-m", "harness", *arguments]


def cache_of(environment: Mapping[str, str]) -> Path:
    """The cache directory of the harness."""
    return Path(environment["XDG_CACHE_HOME"]) / "escape-velocity"


def make_environment(binaries: Path, home: Path, cache: Path) -> dict[str, str]:
    """The environment of an ``esv``; ``binaries`` gets what is on PATH only beside a ``go``."""
    places = os.environ.get("PATH", os.defpath).split(os.pathsep)
    path = [p for p in places if p and not shutil.which("go", path=p)]
    binaries.mkdir(exist_ok=True)
    for name in ("git", "cc", "gcc"):
        found = shutil.which(name)
        if found and not shutil.which(name, path=os.pathsep.join(path)):
            link = binaries / name
            link.unlink(missing_ok=True)
            link.symlink_to(found)
    # asv takes the name of the machine from here; the tests must not depend on that of the host.
    (home / ".asv-machine.json").write_text(
        json.dumps({MACHINE: {"machine": MACHINE}, "version": 1}), "utf-8"
    )
    return {
        **{name: os.environ[name] for name in _KEPT if name in os.environ},
        "HOME": str(home),
        "PATH": os.pathsep.join([*path, str(binaries)]),
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(cache),
        # Releases that are not there must be refused quickly, and nothing else needs the network.
        "GOPROXY": "off",
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "UV_INDEX_URL": "http://127.0.0.1:9/simple",
        "UV_HTTP_TIMEOUT": "1",
    }


def git(repo: Path, *arguments: str, create: bool = False) -> str:
    """Output of git, without any configuration of the user."""
    if create:
        repo.mkdir(parents=True)
    return subprocess.run(
        ["git", "-c", "gc.auto=0", "-c", "commit.gpgSign=false", *arguments],
        cwd=repo,
        env={**os.environ, **_AUTHOR},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def commit(repo: Path, subject: str, files: Mapping[str, str]) -> str:
    """Commit files on top of HEAD and return the hash."""
    for name, text in files.items():
        path = repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "-m", subject)
    return head(repo)


def head(repo: Path, name: str = "HEAD") -> str:
    """Full hash of a revision."""
    return git(repo, "rev-parse", "--verify", f"{name}^{{commit}}").strip()


def plain_go(go: Path, cache: Path, tree: Path, *arguments: str) -> str:
    """Output of a plain ``go`` command, both streams."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GO", "GIT_"))}
    done = subprocess.run(
        [str(go), *arguments],
        cwd=tree,
        env={**kept, "GOCACHE": str(cache), "GOTOOLCHAIN": "local", "GOENV": "off"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def allocs(record: Record) -> dict[str, dict[str, float]]:
    """allocs/op by package and benchmark."""
    found: dict[str, dict[str, float]] = {}
    for package, benchmark in record.benchmarks():
        measurement = benchmark.measurement(ALLOCS)
        assert measurement is not None, (package, benchmark.name)
        assert measurement.exact, (package, benchmark.name, measurement.samples)
        found.setdefault(package, {})[benchmark.name] = measurement.value
    return found


def snapshot(repo: Path) -> Json:
    """Everything of a repository that the harness must not touch, every file of it included."""
    state: Json = {"files": _digests(repo)}
    if (repo / ".git").exists():
        state |= {
            "status": git(repo, "status", "--porcelain=v1", "--ignored"),
            "worktrees": git(repo, "worktree", "list"),
            "stashes": git(repo, "stash", "list"),
            "head": git(repo, "rev-parse", "HEAD"),
            "refs": git(repo, "for-each-ref"),
        }
    return state


@contextmanager
def untouched(repo: Path) -> Iterator[None]:
    """Nothing in ``repo`` differs afterwards."""
    before = snapshot(repo)
    yield
    assert snapshot(repo) == before


def _digests(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def running_from(project: Project) -> list[str]:
    """Processes that work in the harness' cache, as Go's tools and benchmarks do."""
    root = str(cache_of(project.environment) / "work")
    trees = [str(t.parent) for t in (cache_of(project.environment) / "work").glob("*/store.git")]
    config = (project.directory / "asv.conf.json").read_text("utf-8")
    own = [t for t in trees if _is_of(Path(t), config)]
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            where = str((entry / "cwd").readlink())
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if where.startswith(root) and any(where.startswith(t) or t in line for t in own):
            found.append(line)
    return found


def _is_of(root: Path, config: str) -> bool:
    objects = _borrows_from(root / "store.git")
    return objects is not None and str(objects.parent.parent) in config


def _borrows_from(store: Path) -> Path | None:
    """The objects that a store borrows; ``None`` while another command is making it."""
    alternates = store / "objects" / "info" / "alternates"
    return Path(alternates.read_text("utf-8").strip()) if alternates.is_file() else None


def work_trees(project: Project) -> list[Path]:
    """The work trees of the project's repository in the cache."""
    found = []
    for store in (cache_of(project.environment) / "work").glob("*/store.git"):
        if _borrows_from(store) == (project.repo / ".git" / "objects").resolve():
            found += [p for p in store.parent.glob("w*") if (p / ".git").exists()]
    return found


def wait_until(condition: object, seconds: float = 30) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
