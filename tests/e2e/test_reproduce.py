"""What is printed to reproduce a number, run by a shell: that benchmark, that number, alone."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from harness.toolchain import Go, find_go
from tests.e2e.support import ROOT, Project, cache_of, commit, git

# Each is a pattern that finds another, or part of one; with what it allocates at the head.
BENCHMARKS = {
    "BenchmarkParse/re=(a+b)": 2,
    "BenchmarkParse/re=aab": 2,
    r"BenchmarkParse/[c]*\d|.?": 2,
    "BenchmarkParse/two_words": 3,
    "BenchmarkParse/two_words_more": 2,
    "BenchmarkParseAll": 2,
}
CODE = """package p

var sink []*int

func Fill(more int) {
	sink = sink[:0]
	for i := 0; i < ALLOCS+more; i++ {
		sink = append(sink, new(int))
	}
}
"""
TESTS = """package p

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
)

func bench(b *testing.B, more int) {
	for i := 0; i < b.N; i++ {
		Fill(more)
	}
	line, _ := strconv.ParseFloat(strings.Split(runtime.Version(), ".")[1], 64)
	b.ReportMetric(line, "go1-line")
}

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"re=(a+b)", "re=aab", "[c]*\\\\d|.?", "two words more"} {
		b.Run(name, func(b *testing.B) { bench(b, 0) })
	}
	b.Run("two words", func(b *testing.B) { bench(b, 1) })
}

func BenchmarkParseAll(b *testing.B) { bench(b, 0) }
"""


@pytest.fixture
def project(tmp_path: Path, environment: dict[str, str]) -> Project:
    """Two commits; in a nested module every benchmark allocates once more."""
    repo = tmp_path / "repo"
    git(repo, "init", "--quiet", "-b", "main", create=True)
    files = {"go.mod": "module example.com/m\n\ngo 1.21\n", "m.go": "package m\n"}
    files |= {"nested/go.mod": "module example.com/m/nested\n\ngo 1.21\n"}
    files |= {"nested/p/p_test.go": TESTS}
    for allocs in (1, 2):
        code = CODE.replace("ALLOCS", str(allocs))
        commit(repo, f"allocate {allocs}", {**files, "nested/p/p.go": code})
    made = Project(tmp_path / "project", repo, environment)
    made.directory.mkdir()
    made.configure()
    return made


def results(output: str) -> dict[str, dict[str, float]]:
    """Benchmarks of ``go test``, with the values of their units."""
    found = {}
    for line in output.splitlines():
        if line.startswith("Benchmark") and "allocs/op" in line:
            name, _, *fields = line.split()
            found[name] = dict(zip(fields[1::2], map(float, fields[::2]), strict=True))
    return found


def printed(project: Project, release: str) -> dict[str, set[str]]:
    """By output, the commands that it prints."""
    report, page = project.directory / "gate.sarif", project.directory / "gate.html"
    on = ("--go", release)
    run = project.esv("run", "ALL", *on, "--alloc-only", "--no-explain")
    assert run.code == 0, run.err
    files = ("--report", f"sarif={report}", "--report", f"html={page}")
    gate = project.esv("gate", "--base", "HEAD~1", *on, *files)
    assert gate.code == 1, (gate.out, gate.err)
    sarif = json.loads(report.read_text("utf-8"))["runs"][0]["results"]
    explained = project.esv("explain", "HEAD", *on)
    assert explained.code == 0, explained.err
    assert project.esv("publish").code == 0
    pages = [p.read_text("utf-8") for p in (project.directory / "html").rglob("b/**/*.html")]
    pages += [p.read_text("utf-8") for p in (project.directory / "html").rglob("r/*.html")]
    pattern = re.compile(r"git checkout [^<]+")
    return {
        "text": set(re.findall(r"^reproduce: (.*)$", gate.out, re.MULTILINE)),
        "explain": set(re.findall(r"^reproduce: (.*)$", explained.out, re.MULTILINE)),
        "sarif": {r["properties"]["reproduce"] for r in sarif} - {""},
        "html": {html.unescape(c) for c in pattern.findall(page.read_text("utf-8"))},
        "site": {html.unescape(c) for text in pages for c in pattern.findall(text)},
    }


@pytest.mark.parametrize("release", ["", pytest.param("1.26.6", marks=pytest.mark.slow)])
def test_every_output_prints_what_runs_that_benchmark_alone(
    project: Project, go: Go, tmp_path: Path, release: str
) -> None:
    if release:
        shared = Path(os.environ.get("ESV_TEST_CACHE") or ROOT / ".cache" / "test").resolve()
        go = find_go(release, shared)
        link = cache_of(project.environment) / "toolchains"
        if not link.exists():
            link.symlink_to(shared / "toolchains")
    release = go.toolchain.release.removeprefix("go")
    commands = printed(project, release)
    assert len(commands["sarif"]) == len(BENCHMARKS)
    assert commands["html"] == commands["sarif"]
    assert commands["text"] < commands["sarif"]
    assert commands["explain"] <= commands["site"]
    assert commands["sarif"] <= commands["site"]
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(project.repo), str(clone))
    git(clone, "checkout", "--quiet", "HEAD~1")
    env = {
        **project.environment,
        "GOCACHE": str(go.build_cache),
        "PATH": f"{go.binary.parent}{os.pathsep}{os.environ['PATH']}",
    }
    ran = {}
    for command in commands["sarif"]:
        done = subprocess.run(
            ["sh", "-c", command], cwd=clone, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        ((name, values),) = results(done.stdout).items()
        ran[name] = values["allocs/op"]
        assert values["go1-line"] == float(release.split(".")[1])
    assert ran == BENCHMARKS
