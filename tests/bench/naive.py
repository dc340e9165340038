"""Walking a history with ``esv run`` against running the benchmarks naively.

Naively is what a shell script does: check out each commit, ``go test -bench . -benchmem`` for the
numbers and ``go build -gcflags=-m=2`` for the escapes. Both sides count allocations only
(``-benchtime=100x -cpu=1``), use the same Go release, begin with a build cache that holds the
newest commit, and run in turn on the same machine. The ratio counts; seconds differ by machine.

Usage: python tests/bench/naive.py [REPOSITORY] [COMMITS] [ROUNDS]
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.config import user_cache_dir
from harness.process import base_environment
from harness.toolchain import Go, find_go

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Time both ways and print the ratio."""
    arguments = sys.argv[1:]
    repository = Path(arguments[0] if arguments else ROOT / "go_fixtures/repos/timeline").resolve()
    commits = int(arguments[1]) if len(arguments) > 1 else 20
    rounds = int(arguments[2]) if len(arguments) > 2 else 3
    go = find_go(None, user_cache_dir())
    print(f"{repository.name}, newest {commits} commits, {go.toolchain.release}, {rounds} rounds")
    walls, cpus = [], []
    for number in range(1, rounds + 1):
        naive = _timed(lambda: _naive(repository, commits, go))
        esv = _timed(lambda: _harness(repository, commits))
        walls.append(naive[0] / esv[0])
        cpus.append(naive[1] / esv[1])
        print(
            f"round {number}: naive {naive[0]:6.1f} s wall {naive[1]:6.1f} s cpu;"
            f" esv {esv[0]:6.1f} s wall {esv[1]:6.1f} s cpu;"
            f" ratio {walls[-1]:.2f} wall, {cpus[-1]:.2f} cpu"
        )
    print(f"median ratio: {statistics.median(walls):.2f} wall, {statistics.median(cpus):.2f} cpu")


def _timed(work: object) -> tuple[float, float]:
    """Wall and processor seconds of all child processes; the work warms up first by itself."""
    assert callable(work)
    measured = work()
    started, before = time.monotonic(), _children()
    measured()
    return time.monotonic() - started, _children() - before


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _naive(repository: Path, commits: int, go: Go) -> object:
    """Clone, build the newest commit once; return what is to be timed."""
    directory = Path(tempfile.mkdtemp(prefix="esv-naive-"))
    tree = directory / "tree"
    _call(["git", "clone", "--quiet", str(repository), str(tree)], directory, dict(os.environ))
    env = {
        **go.environment(base_environment()),
        "GOCACHE": str(directory / "cache"),
        "HOME": str(directory),
    }
    hashes = _hashes(tree, commits)
    _measure_naively(tree, hashes[0], go, env)

    def timed() -> None:
        for hash_ in hashes:
            _measure_naively(tree, hash_, go, env)
        shutil.rmtree(directory, ignore_errors=True)

    return timed


def _measure_naively(tree: Path, hash_: str, go: Go, env: dict[str, str]) -> None:
    _call(["git", "checkout", "--quiet", "--force", hash_], tree, env)
    binary = str(go.binary)
    _call([binary, "build", "-gcflags=-m=2", "./..."], tree, env)
    test = [binary, "test", "-run=^$", "-bench=.", "-benchmem", "-benchtime=100x", "-cpu=1"]
    _call([*test, "./..."], tree, env)


def _harness(repository: Path, commits: int) -> object:
    """Configure, build the newest commit once; return what is to be timed."""
    directory = Path(tempfile.mkdtemp(prefix="esv-bench-"))
    config = directory / "asv.conf.json"
    settings = {"repo": str(repository), "project": "bench", "go": {"cache_dir": "cache"}}
    config.write_text(json.dumps({"version": 1, **settings}), "utf-8")
    hashes = directory / "hashes"
    hashes.write_text("\n".join(_hashes(repository, commits)), "utf-8")
    # Without the accounts of steps, which the shell script does not make either.
    esv = [sys.executable, "-m", "harness", "run", "--quiet", "--alloc-only", "--no-explain"]
    esv += ["--config", str(config)]
    env = dict(os.environ)
    _call([*esv, "HEAD^!"], ROOT, env)
    shutil.rmtree(directory / "results")

    def timed() -> None:
        _call([*esv, f"HASHFILE:{hashes}"], ROOT, env)
        shutil.rmtree(directory, ignore_errors=True)

    return timed


def _hashes(tree: Path, commits: int) -> list[str]:
    command = ["git", "rev-list", "--first-parent", f"--max-count={commits}", "HEAD"]
    return subprocess.run(
        command, cwd=tree, check=True, capture_output=True, text=True
    ).stdout.split()


def _call(command: list[str], cwd: Path, env: dict[str, str]) -> None:
    # A commit that does not compile fails here as it does for anyone; the walk goes on.
    subprocess.run(command, cwd=cwd, env=env, check=False, capture_output=True)


if __name__ == "__main__":
    main()
