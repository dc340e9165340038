"""One code on two releases of Go, and a change of the code besides: which is which."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.toolchain import Go, find_go
from tests.e2e.support import ROOT, Json, Project, commit, git

pytestmark = pytest.mark.slow

OLD, NEW = "1.24.11", "1.26.6"
NOTE = f"go{OLD} → go{NEW}, same code"
# On Go 1.24 what is called in the body of b.Loop is not inlined, so the point escapes there; from
# 1.26 on a slice built by append begins in a buffer on the stack.
CODE = """package p

type Point struct{ x, y int }

func New(x int) *Point { return &Point{x, x} }

func (p *Point) Sum() int { return p.x + p.y }

//go:noinline
func Even(n int) []int {
	var out []int
	for i := range n {
		if i%2 == 0 {
			out = append(out, i)
		}
	}
	return out
}
"""
KEEPS = """func New(x int) *Point {
	last = &Point{x, x}
	return last
}

var last *Point"""
TESTS = """package p

import "testing"

func BenchmarkSum(b *testing.B) {
	for b.Loop() {
		New(3).Sum()
	}
}

func BenchmarkEven(b *testing.B) {
	for i := 0; i < b.N; i++ {
		Even(6)
	}
}
"""


@pytest.fixture(scope="module")
def project(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str], go: Go
) -> Project:
    """``HEAD~1`` has ``CODE``; ``HEAD`` keeps the last point, which is an allocation on 1.26."""
    shared = Path(os.environ.get("ESV_TEST_CACHE") or ROOT / ".cache" / "test").resolve()
    for release in (OLD, NEW):
        find_go(release, shared)
    root = tmp_path_factory.mktemp("releases")
    cache = root / "cache"
    cache.mkdir()
    for name in ("go-build", "toolchains", "std-overlays"):
        (shared / name).mkdir(exist_ok=True)
        (cache / name).symlink_to(shared / name)
    repo = root / "repo"
    git(repo, "init", "--quiet", "--initial-branch=main", create=True)
    files = {"go.mod": "module example.com/r\n\ngo 1.24\n", "p/p.go": CODE, "p/p_test.go": TESTS}
    commit(repo, "p: points", files)
    changed = CODE.replace("func New(x int) *Point { return &Point{x, x} }", KEEPS)
    commit(repo, "p: keep the last point", {"p/p.go": changed})
    project = Project(root / "project", repo, environment)
    project.directory.mkdir()
    project.configure({"cache_dir": str(cache)})
    return project


def changes(document: Json) -> dict[str, Json]:
    return {c["benchmark"]: c for c in document["changes"] if c["unit"] == "allocs/op"}


def test_the_same_commit_on_two_releases(project: Project) -> None:
    arguments = ("HEAD~1", "--base", "HEAD~1", "--go", NEW, "--base-go", OLD)
    run = project.esv("explain", *arguments, "--format", "json", timeout=1200)
    assert run.code == 0, run.err
    document = json.loads(run.out)
    found = changes(document)
    assert {n: (c["base"], c["head"], c["by_compiler"]) for n, c in found.items()} == {
        "BenchmarkSum": (1, 0, -1),
        "BenchmarkEven": (3, 1, -2),
    }
    for change in found.values():
        (cause,) = change["causes"]
        assert (change["outcome"], change["explained"]) == ("compiler", 1)
        assert (cause["outcome"], cause["note"], cause["side"]) == ("compiler", NOTE, "base")
    places = {n: (c["causes"][0]["file"], c["causes"][0]["line"]) for n, c in found.items()}
    assert places == {"BenchmarkSum": ("p/p.go", 5), "BenchmarkEven": ("p/p.go", 14)}
    assert document["escapes"] == {"new": [], "gone": []}
    assert [e["message"] for e in document["compiler"]["escapes"]["new"]] == [
        "append escapes to heap"
    ]
    gate = project.esv(
        "gate", "--base", "HEAD~1", "--head", "HEAD~1", "--go", NEW, "--base-go", OLD
    )
    assert gate.code == 0, gate.out


def test_what_the_code_does_besides(project: Project) -> None:
    """The compiler saves what the code wastes: 1 is 1, and the gate fails all the same."""
    run = project.esv(
        "gate", "--base", "HEAD~1", "--go", NEW, "--base-go", OLD, "--format", "json", timeout=1200
    )
    assert run.code == 1, run.err
    found = changes(json.loads(run.out))
    total = found["BenchmarkSum"]
    assert (total["base"], total["head"], total["by_compiler"]) == (1, 1, -1)
    assert {(c["outcome"], c["delta"]) for c in total["causes"]} == {
        ("compiler", -1), ("reached", 1),
    }  # fmt: skip
    assert found["BenchmarkEven"]["outcome"] == "compiler"


def test_records_of_different_releases(project: Project) -> None:
    """Of each revision there is a record of another release: the base is measured anew."""
    project.esv("run", "HEAD~1^!", "--alloc-only", "--go", OLD, timeout=1200)
    project.esv("run", "HEAD^!", "--alloc-only", "--go", NEW, timeout=1200)
    settings = json.loads((project.directory / "asv.conf.json").read_text("utf-8"))
    settings["pythons"] = [OLD, NEW]
    (project.directory / "asv.conf.json").write_text(json.dumps(settings), "utf-8")
    run = project.esv("compare", "HEAD~1", "HEAD", timeout=1200)
    assert run.code == 0, run.err
    assert "compiler, not code" in run.out
    assert "▲ worse (code +1, compiler -1)" in run.out
    json_run = project.esv("compare", "HEAD~1", "HEAD", "--format", "json")
    document = json.loads(json_run.out)
    found = {n: c["by_compiler"] for n, c in changes(document).items()}
    assert found == {"BenchmarkSum": -1, "BenchmarkEven": -2}
    named = project.esv(
        "compare", "HEAD~1", "HEAD", "--base-go", OLD, "--go", NEW, "--format", "json"
    )
    assert changes(json.loads(named.out)) == changes(document)
    assert len(document["compiler"]["escapes"]["new"]) == 1
    steps = project.esv("steps", "--format", "json")
    assert json.loads(steps.out)["steps"] == [], "no step between releases"
