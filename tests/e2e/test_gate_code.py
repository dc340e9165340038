"""What a gate says of code: what does not compile, and what rules are about that nothing links."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.support import Json, Project, commit, git
from tests.e2e.test_gate import VALIDATOR

Files = Mapping[str, str | None]
MODES = [(), ("--compile-only",)]
LIB = "example.com/small/lib"


def gate(project: Project, *arguments: str, base: str = "HEAD~1") -> tuple[int, str, Json]:
    run = project.esv("gate", "--base", base, *arguments, "--report", "json=gate.json")
    assert "Traceback" not in run.err
    document: Json = json.loads((project.directory / "gate.json").read_text("utf-8"))
    VALIDATOR.validate(document)
    assert document["exit_code"] == run.code
    return run.code, run.out, document


def messages(document: Json) -> list[str]:
    return [e["message"] for e in document["errors"]]


# Nothing compiles


NO_GO = "the revision has no Go module and no Go files"
BROKEN = {"keep/keep.go": "package keep\n\nfunc Keep(n int) { x }\n"}
SIDES: dict[str, tuple[list[Files], str]] = {
    "the head": ([{}, BROKEN], "keep/keep.go:3:20: undefined: x"),
    "the base": ([BROKEN, {"keep/keep.go": "package keep\n\nfunc Keep(n int) {}\n"}], "undefined"),
    "both": ([BROKEN, {"README.md": "x\n"}], "keep/keep.go:3:20: undefined: x"),
    "both, without benchmarks": (
        [{**BROKEN, "keep/keep_test.go": None}, {"README.md": "x\n"}],
        "keep/keep.go:3:20: undefined: x",
    ),
    "neither has Go": (
        [{"go.mod": None, "keep/keep.go": None, "keep/keep_test.go": None}, {"README.md": "x\n"}],
        NO_GO,
    ),
    "a module without code": (
        [{"keep/keep.go": None, "keep/keep_test.go": None}, {"README.md": "x\n"}],
        "nothing was compiled: Go finds no package in it",
    ),
    "the module of the head": ([{}, {"go.mod": "modul example.com/small\n"}], "unknown directive"),
    "a part of the head": (
        [{}, {"more/more.go": "package more\n\nvar X = none\n"}],
        "more/more.go:3:9: undefined: none",
    ),
    "a new user of what was broken": (
        [
            {"more/more.go": "package more\n\nvar X = none\n"},
            {"user/user.go": 'package user\n\nimport "example.com/small/more"\n\nvar _ = more.X\n'},
        ],
        "more/more.go:3:9: undefined: none",
    ),
}


@pytest.mark.parametrize("name", SIDES)
def test_compile_only_passes_nothing_that_does_not_compile(small: Project, name: str) -> None:
    commits, said = SIDES[name]
    for files in filter(None, commits):
        change(small.repo, files)
    code, out, document = gate(small, "--compile-only")
    assert (code, document["verdict"]) == (2, "error"), out
    assert out.startswith("esv gate: ERROR: could not measure, so no verdict\n")
    assert any(said in m for m in messages(document)), document["errors"]


def test_what_was_broken_and_measures_nothing_is_no_error_of_the_change(small: Project) -> None:
    change(small.repo, {"more/more.go": "package more\n\nvar X = none\n"})
    change(small.repo, {"README.md": "x\n"})
    code, out, document = gate(small, "--compile-only")
    assert (code, document["errors"]) == (0, []), out
    assert "compared: 1 package, 1 escape site\n" in out
    assert "not compared, does not compile: example.com/small/more\n" in out


def change(repo: Path, files: Files) -> None:
    for name, text in files.items():
        if text is None:
            (repo / name).unlink()
    commit(repo, "change", {n: t for n, t in files.items() if t is not None})


# Rules about code that no test binary has


MARKED = """package lib

import "iter"

type T struct{ n int }

//esv:noescape
func Chan(n int) chan int { return make(chan int, n) }

// Boxed constants are in read-only data, whatever the compiler's message is.
//
//esv:noescape
func Clean() any { return "constant" }

//esv:noescape
func (t *T) method(m map[int]int) { m[t.n]++ }

//esv:noescape
func Closures() func() int {
	x := 0
	return func() int { x++; return x }
}

//esv:noescape
func Over(seq iter.Seq[int]) (all []int) {
	for i := range seq {
		all = append(all, i)
	}
	return
}

//esv:noescape
func Generic[K any](k K) *K { return &k }

//esv:noescape
func init() { go Chan(1) }

//esv:noescape
func assembly(n int) int
"""
USER = """package user

import "example.com/small/lib"

func Use() *int { return lib.Generic(3) }
"""
FORBIDDEN = {
    "Chan: calls runtime.makechan",
    "(*T).method: calls runtime.mapassign_fast64",
    "Closures: moved to heap: x",
    "Closures: func literal escapes to heap",
    "Over: moved to heap: all",
    "Over-range1: append escapes to heap",
    "Generic[...]: moved to heap: k",
    "init.0: calls runtime.newproc",
}


@pytest.mark.parametrize("mode", MODES, ids=["gate", "compile-only"])
def test_marked_code_that_no_test_binary_has(small: Project, mode: tuple[str, ...]) -> None:
    files = {"lib/lib.go": MARKED, "lib/lib.s": "", "user/user.go": USER}
    bare = MARKED.replace("//esv:noescape\n", "")
    commit(small.repo, "code", {**files, "lib/lib.go": bare})
    assert gate(small, *mode)[0] == 0
    # Newly marked: judged by all that it has, none of which is new.
    commit(small.repo, "marks", files)
    code, out, document = gate(small, *mode)
    assert (code, document["errors"]) == (1, []), out
    texts = {v["text"].removesuffix("; nothing may be allocated there")
             for v in document["policy"]["violations"]}  # fmt: skip
    assert texts >= FORBIDDEN, texts
    assert not any("Clean" in t or "assembly" in t for t in texts)


UNTOLD = {
    "never instantiated": (
        "//esv:noescape\nfunc Never[K any](k K) *K { return &k }\n",
        "lib/x.go:3: Never[...] in lib/x.go is generic, and nothing that is compiled uses it;"
        " call it in a test or benchmark",
    ),
    "a mark on nothing": (
        "//esv:noescape\n\nfunc Apart() {}\n",
        "lib/x.go:3: //esv:noescape marks nothing: it belongs right above a function",
    ),
    "a mark on a type": (
        "//esv:noescape\ntype T struct{}\n",
        "lib/x.go:3: //esv:noescape marks nothing: it belongs right above a function",
    ),
    "another build": (
        "//esv:noescape\nfunc Tagged() *int { return new(int) }\n",
        "lib/x.go:5: Tagged in lib/x.go is not compiled for linux/amd64 with these build tags",
    ),
}


@pytest.mark.parametrize("mode", MODES, ids=["gate", "compile-only"])
def test_what_cannot_be_told_is_an_error(small: Project, mode: tuple[str, ...]) -> None:
    commit(small.repo, "code", {f"lib{i}/x.go": "package lib\n" for i in range(len(UNTOLD))})
    files = {}
    for i, (name, (text, _)) in enumerate(UNTOLD.items()):
        tag = "//go:build sometimes\n\n" if name == "another build" else ""
        files[f"lib{i}/x.go"] = f"{tag}package lib\n\n{text}"
    policy = (
        '[escapes]\nno-escape = [\n"keep/keep.go:Gone",\n"gone.go",\n"keep/keep.go:Keep",\n]\n'
        '[budgets.functions]\n"example.com/small/lib0.Never[...]" = { "frame-B" = 9 }\n'
    )
    commit(small.repo, "rules", {**files, "escape-velocity.toml": policy})
    git(small.repo, "checkout", "--quiet", "-b", "x")
    code, out, document = gate(small, *mode)
    assert code == 2, out
    said = messages(document)
    for i, (_, words) in enumerate(UNTOLD.values()):
        assert [m for m in said if m.startswith(words.replace("lib/", f"lib{i}/"))], said
    assert "escape-velocity.toml:3: no function in keep/keep.go is 'Gone'; correct" in str(said)
    assert "escape-velocity.toml:4: no Go file is 'gone.go'; correct the rule" in str(said)
    assert "escape-velocity.toml:8: Never[...] in lib0/x.go is generic" in str(said)
    assert len(said) == 7
    assert {e["stage"] for e in document["errors"]} == {"code"}
