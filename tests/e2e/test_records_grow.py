"""Whatever is asked in whatever order: what ``esv show`` gave of a revision stays in its record.

A state machine of Hypothesis with the real Go. ``python -m tests.e2e.test_records_grow SECONDS``
goes on with other seeds for as long as that.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as explore

from harness.cli.main import main
from harness.toolchain import Go
from tests.repos import Project

MODULE = "module example.com/m\n\ngo 1.22\n"
TESTS = """
package {package}

import "testing"

var sink []byte

func allocate(b *testing.B, n int) {{
	for i := 0; i < b.N; i++ {{
		for j := 0; j < n; j++ {{
			sink = make([]byte, 64)
		}}
	}}
}}

func Benchmark{a}(b *testing.B) {{ allocate(b, {n}) }}

func Benchmark{b}(b *testing.B) {{
	b.Run("x=1", func(b *testing.B) {{ allocate(b, 1) }})
	b.Run("y", func(b *testing.B) {{ allocate(b, {n}) }})
}}

func BenchmarkBad(b *testing.B) {{ b.Fatal("no database") }}
"""
EXIT_CODES = (0, 1, 2)
# Expressions for all, some, one, a sub-benchmark, what fails, nothing.
BENCH = st.sampled_from(["", ".", "F$", "G", "F|H", "G/x=1", "Bad", "I/y|Bad", "Nope"])
PACKAGES = st.sampled_from(["", "", "./p", "./q"])
Facts = dict[str, dict[str, Any]]


def numbers(record: dict[str, Any]) -> dict[str, Any]:
    """Everything that a record holds of a revision's measurement, by what it is of."""
    found: dict[str, Any] = {}
    for package in record["packages"]:
        for benchmark in package["benchmarks"]:
            for m in benchmark["measurements"]:
                place = f"{package['path']} {benchmark['name']} {m['unit']}"
                found[place] = sorted(m["samples"])
        for failure in package["failures"]:
            found[f"{package['path']} {failure['name']} {failure['lane']} fails"] = failure["kind"]
    for error in record["errors"]:
        found[f"error {error['package']} {error['message']}"] = error["stage"]
    for account in record["accounts"]:
        found[f"account {account['package']} {account['benchmark']}"] = account["allocs"]
    return found


class Machine(RuleBasedStateMachine):
    """A project of four commits, of which nothing is measured yet."""

    repo: Path
    build_cache: Path

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="esv-grow-"))
        self.seen: Facts = {}
        self.measured = False

    def teardown(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)

    @initialize()
    def configure(self) -> None:
        cache = self.directory / "cache"
        cache.mkdir()
        (cache / "go-build").symlink_to(self.build_cache)
        config = {
            "version": 1, "project": "grow", "repo": str(self.repo), "branches": ["main"],
            "results_dir": str(self.directory / "results"),
            "html_dir": str(self.directory / "html"),
            "go": {"cache_dir": str(cache), "benchtime": "1x", "count": 2},
        }  # fmt: skip
        (self.directory / "asv.conf.json").write_text(json.dumps(config))

    def esv(self, verb: str, *arguments: str) -> str:
        """Standard output of a command that ends with a documented exit code."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
        words = [verb, "--config", str(self.directory / "asv.conf.json"), "--quiet", *arguments]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read())
        assert code in EXIT_CODES, (words, texts[1])
        assert "internal error" not in texts[1], (words, texts[1])
        return texts[0]

    def ask(self, verb: str, *arguments: str, bench: str = "", packages: str = "") -> None:
        """A question: no number of a record changes."""
        words = [f"--bench={bench}"] if bench else []
        words += ["--packages", packages] if packages else []
        self.esv(verb, *arguments, *words)
        for revision, facts in self.shown().items():
            for place, value in self.seen.get(revision, {}).items():
                assert facts.get(place) == value, (verb, arguments, words, revision, place)

    def shown(self) -> Facts:
        found = {}
        for path in sorted((self.directory / "results").glob("*/*.esv.gz")):
            revision = path.name.partition("-")[0]
            found[revision] = numbers(json.loads(self.esv("show", revision, "--format", "json")))
        return found

    @rule(
        what=st.sampled_from(["HEAD^!", "HEAD~1^!", "HEAD~1..HEAD", "NEW", "ALL"]),
        bench=BENCH,
        packages=PACKAGES,
        alloc_only=st.booleans(),
    )
    def run(self, what: str, bench: str, packages: str, alloc_only: bool) -> None:
        words = [what, *(["--alloc-only"] if alloc_only else [])]
        words += [f"--bench={bench}"] if bench else []
        words += ["--packages", packages] if packages else []
        self.esv("run", *words)

    @rule(revision=st.sampled_from(["HEAD", "HEAD~1"]), bench=BENCH)
    def explain(self, revision: str, bench: str) -> None:
        self.ask("explain", revision, bench=bench)

    @rule(base=st.sampled_from(["HEAD~1", "HEAD~2"]), bench=BENCH, packages=PACKAGES)
    def gate(self, base: str, bench: str, packages: str) -> None:
        self.ask("gate", "--base", base, bench=bench, packages=packages)

    @rule(bench=st.sampled_from(["F", "G", "G/y", "Bad"]))
    def find(self, bench: str) -> None:
        self.ask("find", "HEAD~2..HEAD", bench=bench)

    @rule(flags=st.sampled_from(["-m", "-m -l"]))
    def view(self, flags: str) -> None:
        self.ask("show", "HEAD", f"--gcflags={flags}")

    @rule(alloc_only=st.booleans())
    def nightly(self, alloc_only: bool) -> None:
        self.ask("nightly", *(["--alloc-only"] if alloc_only else []))

    @rule()
    def publish(self) -> None:
        self.ask("publish")

    @invariant()
    def what_was_shown_is_there(self) -> None:
        now = self.shown()
        for revision, facts in self.seen.items():
            gone = facts.keys() - now.get(revision, {}).keys()
            assert not gone, (revision, gone)
            for place, value in facts.items():
                # A run measures times anew; counts come out the same.
                if place.endswith(("allocs/op", "fails")) or place.startswith("account"):
                    assert now[revision][place] == value, (revision, place)
        self.seen = now


@contextlib.contextmanager
def project(directory: Path, go: Go) -> Iterator[None]:
    """The repository that the machine works on, with nothing of the user's home."""
    repo = Project(directory / "repo")
    for n in range(1, 5):
        repo.commit(
            {
                "go.mod": MODULE,
                "p/p_test.go": TESTS.format(package="p", a="F", b="G", n=n // 2 + 1),
                "q/q_test.go": TESTS.format(package="q", a="H", b="I", n=1),
                "notes.txt": f"{n}\n",
            },
            f"change {n}",
        )
    home = directory / "home"
    home.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CACHE_HOME", str(directory / "xdg"))
        patch.setenv("GOPROXY", "off")
        patch.setattr(Machine, "repo", repo.path, raising=False)
        patch.setattr(Machine, "build_cache", go.build_cache, raising=False)
        yield


def examples(number: int, steps: int) -> settings:
    return settings(
        max_examples=number,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # to make a finding smaller would take minutes
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )


def test_records_only_grow(go: Go, tmp_path: Path) -> None:
    with project(tmp_path, go):
        explore(seed(20_261_130)(Machine), settings=examples(3, 6))


def _forever(seconds: float) -> None:
    from harness.toolchain import find_go

    end = time.monotonic() + seconds
    go = find_go(None, Path(os.environ.get("ESV_TEST_CACHE") or ".cache/test").resolve())
    with tempfile.TemporaryDirectory() as directory, project(Path(directory), go):
        number = 0
        while time.monotonic() < end:
            number += 1
            explore(seed(time.time_ns())(Machine), settings=examples(4, 12))
    sys.stdout.write(f"{number} times 4 histories of up to 12 commands: nothing found\n")


if __name__ == "__main__":
    _forever(float(sys.argv[1]))
