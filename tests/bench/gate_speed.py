"""How long ``esv gate`` takes on a change of one package, warm: ``make bench-gate REPO=dir``.

Usage: python -m tests.bench.gate_speed REPO [--package DIR] [--rounds N] [--compile-only]

In a clone of the repository one function of one package is changed, in every round to something
new, so that nothing is known of the head; the record of the base is in the cache, as in CI. Then
the same is done by hand with yet another change: ``go test -c`` for the packages that the gate had
to run, one after the other, and each binary twice, as the allocation lane needs it. Both sides use
the same Go release and a warm build cache. The ratio counts; seconds differ by machine.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.config import load_config, user_cache_dir
from harness.engine.session import Session
from harness.process import tool_environment
from harness.toolchain import Go, find_go

ROOT = Path(__file__).resolve().parents[2]
_FUNCTION = re.compile(r"^func [^\n]*\{\n(?:(?:[\t ][^\n]*)?\n)*\}$", re.MULTILINE)
_BENCHMARK = re.compile(r"^func Benchmark", re.MULTILINE)
_AUTHOR = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "core.hooksPath=")


@dataclass(frozen=True)
class Took:
    """Seconds of one piece of work: on the clock, and of the processor in all child processes."""

    wall: float
    cpu: float


def main() -> None:
    """Time the rounds and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", type=Path, metavar="REPO")
    parser.add_argument("--package", metavar="DIR", help="that is changed, relative to the top")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--compile-only", action="store_true", help="the gate of a hook")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="esv-gate-speed-") as name:
        rounds = Rounds(arguments.repository.resolve(), Path(name), arguments.package)
        rounds.run(arguments.rounds, compile_only=arguments.compile_only)


class Rounds:
    """A clone of a repository that is changed and gated again and again."""

    def __init__(self, repository: Path, directory: Path, package: str | None) -> None:
        self._directory = directory
        self._tree = directory / "clone"
        _call(["git", "clone", "--quiet", str(repository), str(self._tree)], directory)
        self._base = self._git("rev-parse", "HEAD")
        self._go: Go = find_go(None, user_cache_dir())
        self._package = package or self._with_benchmarks()[0]
        self._file, self._text, self._at = self._longest_function()
        self._number = 0
        self._config = directory / "asv.conf.json"
        self._config.write_text(json.dumps({"version": 1, "repo": str(self._tree)}), "utf-8")

    def run(self, rounds: int, *, compile_only: bool) -> None:
        """Change, gate and measure by hand so often, and print what it took."""
        release = self._go.toolchain.release
        print(
            f"{self._file} of {len(self._packages())} packages,"
            f" {release}, {os.cpu_count()} processors, {rounds} rounds",
            flush=True,
        )
        self._change()
        self._gate(compile_only)  # fills the caches, and leaves the record of the base
        if compile_only:
            gates = [self._gate_of_a_change(compile_only) for _ in range(rounds)]
            _print("esv gate --compile-only", gates)
            return
        needed = self._measured()
        self._by_hand(needed)
        gates, hands = [], []
        for _ in range(rounds):
            gates.append(self._gate_of_a_change(compile_only))
            self._change()
            hands.append(_timed(lambda: self._by_hand(needed)))
        print(f"run: {', '.join(needed)}")
        _print("esv gate", gates)
        _print("by hand", hands)
        walls = [g.wall / h.wall for g, h in zip(gates, hands, strict=True)]
        cpus = [g.cpu / h.cpu for g, h in zip(gates, hands, strict=True)]
        print(
            f"median ratio: {statistics.median(walls):.2f} wall, {statistics.median(cpus):.2f} cpu"
        )

    def _gate_of_a_change(self, compile_only: bool) -> Took:
        self._change()
        return _timed(lambda: self._gate(compile_only))

    def _gate(self, compile_only: bool) -> None:
        command = [sys.executable, "-m", "harness", "gate", "--quiet", "--config"]
        command += [str(self._config), "--base", "HEAD~1", "--head", "HEAD"]
        _call([*command, *(["--compile-only"] if compile_only else [])], ROOT)

    def _by_hand(self, packages: Sequence[str]) -> None:
        cache = user_cache_dir() / "bench-go-build"
        env = {**self._go.environment(tool_environment()), "GOCACHE": str(cache)}
        flags = ["-test.run=^$", "-test.bench=.", "-test.benchmem", "-test.benchtime=100x"]
        for number, package in enumerate(packages):
            binary = self._directory / f"{number}.test"
            build = [str(self._go.binary), "test", "-c", "-o", str(binary), f"./{package}"]
            _call(build, self._tree, env)
            for _ in range(2):
                _call([str(binary), *flags, "-test.cpu=1"], self._tree / package, env)

    def _change(self) -> None:
        """Commit a new change of the function on top of the base."""
        self._number += 1
        self._git("reset", "--quiet", "--hard", self._base)
        # A loop that runs: of one that does not nothing would be left in the compiled code, and the
        # link would come from Go's cache. A few microseconds at most.
        times = 256 + time.time_ns() // 1000 % 4096
        line = f"\tfor esv := 0; esv < {times}; esv++ {{\n\t}}\n"
        text = self._text[: self._at] + line + self._text[self._at :]
        (self._tree / self._file).write_text(text, "utf-8")
        self._git(*_AUTHOR, "commit", "--quiet", "--all", "-m", f"change {self._number}")

    def _measured(self) -> list[str]:
        """Directories of the packages of the head that the gate linked and ran."""
        with Session(load_config(self._config)) as session:
            spec = session.environments()[0]
            record = session.record_or_answer(self._git("rev-parse", "HEAD"), spec)
        assert record is not None
        return [p.directory for p in record.packages if p.benchmarks and p.carried_from is None]

    def _packages(self) -> list[str]:
        env = self._go.environment(tool_environment())
        return _call([str(self._go.binary), "list", "./..."], self._tree, env).split()

    def _with_benchmarks(self) -> list[str]:
        files = self._git("grep", "-l", "^func Benchmark", "--", "*_test.go").split()
        return sorted({Path(f).parent.as_posix() for f in files})

    def _longest_function(self) -> tuple[str, str, int]:
        """File, text and the place where the body of the longest function of the package begins.

        A long one is not inlined, so the change has no effect on other packages' escapes.
        """
        found = []
        for path in sorted((self._tree / self._package).glob("*.go")):
            text = path.read_text("utf-8")
            if path.name.endswith("_test.go") or "//go:build" in text or "_" in path.stem:
                continue
            for match in _FUNCTION.finditer(text):
                at = text.index("{\n", match.start()) + 2
                name = path.relative_to(self._tree).as_posix()
                found.append((len(match[0]), name, text, at))
        if not found:
            raise SystemExit(f"{self._package}: no function to change; name another --package")
        _, name, text, at = max(found)
        return name, text, at

    def _git(self, *arguments: str) -> str:
        return _call(["git", *arguments], self._tree).strip()


def _timed(work: Callable[[], None]) -> Took:
    started, before = time.monotonic(), _children()
    work()
    return Took(time.monotonic() - started, _children() - before)


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _print(what: str, took: Sequence[Took]) -> None:
    rows = []
    for unit, values in (("wall", [t.wall for t in took]), ("cpu", [t.cpu for t in took])):
        low, middle, high = min(values), statistics.median(values), max(values)
        rows.append(f"{unit} {low:.2f} / {middle:.2f} / {high:.2f} s")
    print(f"{what}: min / median / max {', '.join(rows)}", flush=True)


def _call(command: Sequence[str], cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        # Python's compiled modules are there for a user, too.
        env=env or {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        stdin=subprocess.DEVNULL,
        # As the harness starts its own: the scheduler may treat sessions by turns.
        start_new_session=True,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1) or (done.returncode and "harness" not in command):
        raise SystemExit(
            f"{' '.join(command)} exited with {done.returncode}: {done.stderr[-2000:]}"
        )
    return done.stdout


if __name__ == "__main__":
    main()
