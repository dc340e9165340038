"""Walks killed at random moments and finished by plain ``esv run``: ``make kills N=60``.

Usage: python -m tests.bench.kills [--chains N] [--seed S] [--directory DIR]

A repository of ten small commits, one of which does not compile and two of which step, is measured
once undisturbed. Then, in every chain, ``esv run ALL`` and the plain ``esv run`` after it are
killed, with their whole process group, at random moments, until one comes to its end. Nothing may
be left to do then, and the records must be those of the undisturbed run but for times.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from harness.model import ALLOCS, BYTES, Record
from harness.toolchain import find_go
from tests.e2e.support import ROOT, Project, command, commit, git, make_environment

NOTHING = "nothing to measure: every revision of the range has a record\n"
# Beyond this the runs of a chain are not killed, so that it ends.
MOST_KILLS = 8
_COUNTED = {ALLOCS, BYTES}
_CODE = """// Package {name} keeps a number.
package {name}

var last {type}

// Keep keeps n.
//
//go:noinline
func Keep(n int) {{
	last = {value}
}} {note}
"""
_TEST = """package {name}

import "testing"

func BenchmarkKeep(b *testing.B) {{
	for i := 0; i < b.N; i++ {{
		Keep(i){more}
	}}
}}
"""


def make_repository(repo: Path) -> list[str]:
    """Ten commits of two packages; the hashes, oldest first."""
    git(repo, "init", "--quiet", "--initial-branch=main", create=True)

    def code(name: str, pointer: bool, note: int) -> str:
        kind, value = ("*int", "&n") if pointer else ("int", "n")
        return _CODE.format(name=name, type=kind, value=value, note=f"// {note}")

    files = {"go.mod": "module example.com/ten\n\ngo 1.24\n"}
    for name in ("one", "two"):
        files[f"{name}/{name}.go"] = code(name, False, 0)
        files[f"{name}/{name}_test.go"] = _TEST.format(name=name, more="")
    hashes = [commit(repo, "0: both by value", files)]
    changes = [
        {"one/one.go": code("one", False, 1)},
        {"two/two.go": code("two", True, 2)},
        {"README.md": "# ten\n"},
        {"one/one.go": "package one\n\nfunc Keep(n int) {\n"},
        {"one/one.go": code("one", False, 1)},
        {"one/one_test.go": _TEST.format(name="one", more="\n\t\tKeep(i + 1)")},
        {"one/one.go": code("one", True, 7)},
        {"README.md": "# ten\n\nTen commits.\n"},
        {"two/two.go": code("two", False, 9)},
    ]
    for number, change in enumerate(changes, 1):
        hashes.append(commit(repo, f"{number}: {', '.join(change)}", change))
    return hashes


def comparable(record: Record) -> Any:
    """Everything of a record but times, and what differs between two runs of one binary."""
    packages = [
        replace(
            package,
            raw=None,
            benchmarks=tuple(
                replace(b, measurements=tuple(m for m in b.measurements if m.unit in _COUNTED))
                for b in package.benchmarks
            ),
        )
        for package in record.packages
    ]
    return msgspec.to_builtins(replace(record, started=0, duration=0, packages=tuple(packages)))


def run_chain(project: Project, seed: int, longest: float) -> tuple[int, int]:
    """Kill and go on until a run comes to its end; how often it was killed, and how often begun.

    Args:
        project: without records.
        seed: of the moments.
        longest: seconds after which a run is killed at the latest.
    """
    moments = random.Random(seed)
    killed = begun = 0
    while True:
        arguments = ("ALL", "--alloc-only") if begun == 0 else ()
        begun += 1
        child = subprocess.Popen(
            command("run", *arguments, "--verbose"),
            cwd=project.directory,
            env=dict(project.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            wait = moments.uniform(0.3, longest) if killed < MOST_KILLS else None
            said = child.communicate(timeout=wait)[0]
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            said = child.communicate()[0]
            killed += 1
            project.records()  # every record can be read at every moment
            if not list(project.results.glob("*/*.walk")):
                # Killed before it was written down what it sets out to do, or after its end.
                begun = 0 if not project.records() else begun
            continue
        if child.returncode != 0:
            raise SystemExit(f"seed {seed}: exit code {child.returncode}:\n{said}")
        return killed, begun


def differences(
    project: Project, expected: dict[str, Record], results: dict[str, Record]
) -> Iterator[str]:
    """What a chain left undone, or did otherwise than the undisturbed run."""
    if (again := project.esv("run").err) != NOTHING:
        yield f"a further `esv run` says {again}"
    for path in project.results.glob("*/*.walk"):
        yield f"{path.name} is left"
    for hash_, record in expected.items():
        if hash_ not in results:
            yield f"{hash_[:8]} has no record"
            continue
        mine, theirs = comparable(results[hash_]), comparable(record)
        for name in theirs:
            if mine[name] != theirs[name]:
                yield f"{hash_[:8]} {name}: {mine[name]!r}, undisturbed {theirs[name]!r}"[:600]


def fresh(root: Path, name: str, repo: Path) -> Project:
    """A project without records, and a cache that holds Go's build cache only.

    Its place is the same for all, since the keys of packages depend on it.
    """
    home, cache = root / "home", root / "cache"
    home.mkdir(exist_ok=True)
    shutil.rmtree(cache, ignore_errors=True)
    (cache / "escape-velocity").mkdir(parents=True)
    go = find_go(None, Path(os.environ.get("ESV_TEST_CACHE") or ROOT / ".cache" / "test").resolve())
    go.build_cache.mkdir(parents=True, exist_ok=True)
    (cache / "escape-velocity" / "go-build").symlink_to(go.build_cache)
    project = Project(root / name, repo, make_environment(root / "bin", home, cache))
    project.directory.mkdir()
    project.configure()
    return project


def run_chains(root: Path, chains: int, seed: int) -> list[str]:
    """Run so many chains; what went wrong, a line each."""
    hashes = make_repository(root / "ten")
    undisturbed = fresh(root, "undisturbed", root / "ten")
    start = time.monotonic()
    done = undisturbed.esv("run", "ALL", "--alloc-only")
    took = time.monotonic() - start
    if done.code:
        return [f"undisturbed: {done.err}"]
    expected = undisturbed.records()
    if set(expected) != set(hashes):
        return ["undisturbed: not every commit has a record"]
    wrong = []
    for number in range(seed, seed + chains):
        project = fresh(root, f"chain-{number}", root / "ten")
        killed, begun = run_chain(project, number, max(took / 2, 2.0))
        found = list(differences(project, expected, project.records()))
        print(
            f"chain {number}: {killed} kills in {begun} runs, {len(found)} differences", flush=True
        )
        wrong += [f"chain {number}: {line}" for line in found]
    return wrong


def main() -> int:
    """Run the chains that the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--chains", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--directory", type=Path, help="scratch; default: a temporary one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-", dir=arguments.directory) as name:
        wrong = run_chains(Path(name).resolve(), arguments.chains, arguments.seed)
    print("\n".join(wrong))
    print(f"{arguments.chains} chains, {len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
