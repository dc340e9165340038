"""``--bench`` means what ``go test -bench`` means, in every verb."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.support import Project, commit, git

TESTS = """package m

import "testing"

var sink []byte

func BenchmarkAll(b *testing.B) {{
	for _, name := range []string{{"7z", "zip"}} {{
		b.Run(name, func(b *testing.B) {{
			for i := 0; i < b.N; i++ {{
				work(name)
			}}
		}})
	}}
}}

func BenchmarkOther(b *testing.B) {{
	for i := 0; i < b.N; i++ {{
		work("zip")
		work("7z")
	}}
}}
"""
CODE = """package m

func work(name string) {{
	sink = make([]byte, 64)
	if name == "7z" {{
		for range {n} {{
			sink = make([]byte, 64)
		}}
	}}
}}
"""
# What the line `reproduce:` prints for the sub-benchmark.
OWN = "^BenchmarkAll$/^7z$"


@pytest.fixture
def project(tmp_path: Path, environment: dict[str, str]) -> Project:
    """Three commits, of which the last makes BenchmarkAll/7z and BenchmarkOther allocate more."""
    repo = tmp_path / "repo"
    git(repo, "init", "--quiet", "--initial-branch=main", create=True)
    files = {"go.mod": "module example.com/m\n\ngo 1.24\n", "m_test.go": TESTS.format()}
    commit(repo, "one", {**files, "m.go": "package m\n", "work_test.go": CODE.format(n=1)})
    commit(repo, "two", {"README.md": "# m\n"})
    commit(repo, "three", {"work_test.go": CODE.format(n=3)})
    project = Project(tmp_path / "project", repo, environment)
    project.directory.mkdir()
    project.configure()
    return project


def changed(text: str) -> list[tuple[str, int, int]]:
    changes = [c for c in json.loads(text)["changes"] if c["unit"] == "allocs/op"]
    return [(c["benchmark"], c["base"], c["head"]) for c in changes]


def test_the_expression_of_go_test_selects_in_every_verb(project: Project) -> None:
    run = project.esv("explain", "HEAD", f"--bench={OWN}", "--format", "json", "--quiet")
    assert (run.code, run.err) == (0, "")
    assert changed(run.out) == [("BenchmarkAll/7z", 2, 4)]
    run = project.esv("gate", "--base", "HEAD~1", f"--bench={OWN}", "--format", "json", "--quiet")
    assert run.err == ""
    assert changed(run.out) == [("BenchmarkAll/7z", 2, 4)]
    run = project.esv("find", "HEAD~2..HEAD", f"--bench={OWN}", "--format", "json", "--quiet")
    assert (run.code, run.err) == (0, "")
    found = json.loads(run.out)
    assert found["benchmark"] == "BenchmarkAll/7z"
    assert found["revision"] == git(project.repo, "rev-parse", "HEAD").strip()
    run = project.esv("run", "HEAD^!", f"--bench={OWN}", "--alloc-only", "--quiet")
    assert (run.code, run.err) == (0, "")
    (record,) = project.records().values()
    assert [b.name for _, b in record.benchmarks()] == ["BenchmarkAll/7z"]


@pytest.mark.parametrize("bench", ["7z", "NoSuch", "All/nosuch"])
def test_an_expression_that_selects_nothing_is_an_error(project: Project, bench: str) -> None:
    """``7z`` is no part of a function's name, whatever its sub-benchmarks are called."""
    for words in (
        ("explain", "HEAD"), ("find", "HEAD~2..HEAD"), ("run", "HEAD^!", "--alloc-only"),
    ):  # fmt: skip
        message = project.esv(*words, f"--bench={bench}", "--quiet").refused(words[0])
        assert bench in message
    gate = project.esv("gate", "--base", "HEAD~1", f"--bench={bench}", "--quiet")
    assert gate.code == 2
    assert "no benchmark ran" in gate.out
    assert project.records() == {}, "a wrong name leaves no record"
