"""What ``-bench`` selects, held against the testing package itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.gobench.benchfmt import read_output
from harness.gobench.link import link
from harness.model.selection import enters, exactly, selects
from harness.process import tool_environment
from harness.toolchain import Go, GoCommand
from tests.repos import write_files

SOURCE = """
package m

import "testing"

func run(b *testing.B, names ...string) {
	for _, name := range names {
		b.Run(name, func(b *testing.B) {})
	}
}

func BenchmarkAll(b *testing.B) {
	run(b, "7z", "17z", "re=(a+b)", "two words")
}

func BenchmarkDeep(b *testing.B) {
	b.Run("x", func(b *testing.B) { run(b, "7z", "y/z") })
	b.Run("all", func(b *testing.B) {})
}

func BenchmarkPlain(b *testing.B) {}

func Benchmark7z(b *testing.B) {}
"""
NAMES = (
    "BenchmarkAll/7z", "BenchmarkAll/17z", "BenchmarkAll/re=(a+b)", "BenchmarkAll/two_words",
    "BenchmarkDeep/x/7z", "BenchmarkDeep/x/y/z", "BenchmarkDeep/all",
    "BenchmarkPlain", "Benchmark7z",
)  # fmt: skip
EXPRESSIONS = (
    ".", "", "7z", "^BenchmarkAll$/^7z$", "All/7z", "/7z", "//7z", "All", "All/", "Deep/x/y",
    "Deep/x/y/z", "Deep/x/y/z/w", "Plain|All/7z", "Plain/x", "(Plain|All/7z)", "[/]", "[A/]l",
    r"All/re=\(a\+b\)", "All/two words", "All/two_", "Deep/a|b", "(?i)benchmarkall/Z", "Nope",
    r"\/7z", "All/7z|Deep/x/7z|Plain", "^$", "x", "All//",
)  # fmt: skip


@pytest.fixture(scope="module")
def binary(go: Go, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("selection")
    write_files(directory, {"go.mod": "module example.com/m\n\ngo 1.22\n", "m_test.go": SOURCE})
    environment = {**go.environment(tool_environment()), "GOWORK": "off"}
    binary = directory / "m.test"
    assert not link(GoCommand(go.binary, directory, environment, 300), "example.com/m", binary)
    return binary


def ran(binary: Path, bench: str) -> set[str]:
    done = subprocess.run(
        [
            binary, "-test.run=^$", f"-test.bench={bench}", "-test.benchtime=1x", "-test.cpu=1",
            "-test.v",
        ],
        capture_output=True,
        text=True,
        cwd=binary.parent,
        check=True,
    )  # fmt: skip
    return {line.name for line in read_output(done.stdout).lines}


@pytest.mark.parametrize("bench", [e for e in EXPRESSIONS if e])
def test_selected_is_what_the_testing_package_runs(binary: Path, bench: str) -> None:
    found = ran(binary, bench)
    assert found == {name for name in NAMES if selects(bench, name)}
    for name in found:
        levels = name.split("/")
        assert all(enters(bench, "/".join(levels[:n])) for n in range(1, len(levels) + 1))


@pytest.mark.parametrize("name", NAMES)
def test_exactly_selects_one_benchmark(binary: Path, name: str) -> None:
    assert ran(binary, exactly([name])) == {name}
    assert [n for n in NAMES if selects(exactly([name]), n)] == [name]
    pair = [name, "BenchmarkPlain"]
    assert ran(binary, exactly(pair)) == {*pair}
