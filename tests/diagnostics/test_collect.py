"""What becomes of a module: its packages, tests, identities and errors, by the real compiler."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.diagnostics.collect import compile_module, compiler_output
from harness.errors import MeasurementError
from harness.process import base_environment, tool_environment
from harness.toolchain import Go, GoCommand
from tests.diagnostics.conftest import GO_MOD, Compile, build_of
from tests.repos import write_files

TESTED = {
    "go.mod": GO_MOD,
    "p/p.go": """
        package p

        type I interface{ Value() int }
        type T struct{ n [9]int }
        func (t T) Value() int { return t.n[0] }
        func Of(n int) I { return T{} }
        """,
    "p/in_test.go": """
        package p

        import "testing"

        var held *int

        func helper() { v := 1; held = &v }
        func BenchmarkIn(b *testing.B) { for i := 0; i < b.N; i++ { helper() } }
        func BenchmarkUnder_score(b *testing.B) {}
        func TestNot(t *testing.T) {}
        """,
    "p/out_test.go": """
        package p_test

        import "testing"
        import "example.com/m/p"

        func BenchmarkOut(b *testing.B) { for i := 0; i < b.N; i++ { p.Of(i) } }
        """,
    "only/only_test.go": """
        package only

        import "testing"

        func BenchmarkOnly(b *testing.B) {}
        """,
    "none/none.go": "package none\n",
    "cmd/x/main.go": "package main\n\nfunc main() {}\n",
    "testdata/t/broken.go": "package broken!\n",
    "_ignored/i.go": "package broken!\n",
    "q.test/q.go": "package q\n\nfunc Q() *int { v := 1; return &v }\n",
}  # fmt: skip


def test_packages_and_their_tests(compile_tree: Compile, tmp_path: Path) -> None:
    build = compile_tree(tmp_path, TESTED)
    assert build.errors == ()
    found = {p.path.removeprefix("example.com/m/"): p for p in build.packages}
    assert list(found) == ["cmd/x", "none", "only", "p", "q.test"]
    assert found["p"].benchmarks == ("BenchmarkIn", "BenchmarkUnder_score", "BenchmarkOut")
    assert found["only"].benchmarks == ("BenchmarkOnly",)
    assert [p.tests for p in found.values()] == [False, False, True, True, False]
    assert [bool(p.binary_id) for p in found.values()] == [False, False, True, True, False]
    assert not any(p.errors for p in found.values())
    sites = build_of(build, "example.com/m/p").sites
    code = [(s.function, s.message) for s in sites if not s.test]
    assert code == [("Of", "T{} escapes to heap")], "once, though three variants were compiled"
    assert {s.function for s in sites if s.test and s.position.file.endswith("in_test.go")} >= {
        "helper"
    }
    assert [s.function for s in build_of(build, "example.com/m/q.test").sites] == ["Q"]


def test_the_identity_of_a_test_binary(compile_tree: Compile, tmp_path: Path) -> None:
    def identity(tree: Path, **files: str | None) -> dict[str, str]:
        build = compile_tree(
            tree, {n.replace("__", "/").replace("_go", ".go"): t for n, t in files.items()}
        )
        return {p.path.rpartition("/")[2]: p.binary_id for p in build.packages}

    compile_tree(tmp_path / "a", TESTED)
    compile_tree(tmp_path / "b", TESTED)
    first = identity(tmp_path / "a")
    assert identity(tmp_path / "b") == first, "another directory, the same binary"
    commented = (tmp_path / "a" / "p" / "p.go").read_text() + "// a remark at the end\n"
    assert identity(tmp_path / "a", p__p_go=commented) == first
    changed = identity(tmp_path / "a", p__p_go=commented.replace("n[0]", "n[1]"))
    assert changed["p"] != first["p"]
    assert changed["only"] == first["only"]


BROKEN = {
    "go.mod": GO_MOD,
    "good/good.go": "package good\n\nfunc F() *int { v := 1; return &v }\n",
    "good/good_test.go": 'package good\n\nimport "testing"\n\nfunc BenchmarkF(b *testing.B) {}\n',
    "bad/bad.go": "package bad\n\nfunc F() int { return undefined }\n",
    "user/user.go": 'package user\n\nimport "example.com/m/bad"\n\nvar X = bad.F()\n',
    "user/user_test.go": 'package user\n\nimport "testing"\n\nfunc BenchmarkU(b *testing.B) {}\n',
    "tests/t.go": "package tests\n\nfunc G() *int { v := 1; return &v }\n",
    "tests/t_test.go": 'package tests\n\nimport "testing"\n\n'
    "func BenchmarkT(b *testing.B) { nope() }\n",
    "syntax/s.go": "package syntax\n\nfunc {\n",
    "missing/m.go": 'package missing\n\nimport _ "example.org/nowhere/at-all"\n',
    "cycle/a/a.go": 'package a\n\nimport _ "example.com/m/cycle/b"\n',
    "cycle/b/b.go": 'package b\n\nimport _ "example.com/m/cycle/a"\n',
    "two/x.go": "package x\n",
    "two/y.go": "package y\n",
    "xtest/x.go": "package xtest\n",
    "xtest/x_test.go": 'package xtest_test\n\nimport (\n\t"testing"\n\n\t"example.com/m/bad"\n)\n\n'
    "func BenchmarkX(b *testing.B) { bad.F() }\n",
}


def test_what_does_not_compile_and_what_depends_on_it(
    compile_tree: Compile, tmp_path: Path
) -> None:
    build = compile_tree(tmp_path, BROKEN)
    assert build.errors == ()
    found = {p.path.removeprefix("example.com/m/"): p for p in build.packages}
    assert found["good"].errors == ()
    assert found["good"].binary_id
    assert {name for name, p in found.items() if not p.errors} == {"good"}
    assert not any(p.binary_id for name, p in found.items() if name != "good")
    (bad,) = found["bad"].errors
    assert (bad.package, bad.stage, bad.file, bad.line) == (
        "example.com/m/bad", "build", "bad/bad.go", 3,
    )  # fmt: skip
    assert bad.message == "bad/bad.go:3:23: undefined: undefined"
    for dependent in ("user", "xtest"):
        assert bad in found[dependent].errors
        assert found[dependent].benchmarks
    (tests,) = found["tests"].errors
    assert (tests.package, tests.file, tests.line) == ("example.com/m/tests", "tests/t_test.go", 5)
    assert "undefined: nope" in tests.message
    assert found["syntax"].errors[0].file == "syntax/s.go"
    assert any("example.org/nowhere/at-all" in e.message for e in found["missing"].errors)
    assert any("import cycle" in e.message for e in found["cycle/a"].errors)
    assert found["two"].errors[0].message == "found packages x (x.go) and y (y.go) in two"
    # Code that compiles is diagnosed whether its tests do or not.
    assert [s.function for s in build_of(build, "example.com/m/tests").sites if not s.test] == ["G"]
    assert [s.function for s in build_of(build, "example.com/m/good").sites] == ["F"]
    for package in found.values():
        for error in package.errors:
            assert str(tmp_path) not in error.message


@pytest.mark.parametrize(
    ("go_mod", "said"),
    [
        ("module example.com/m\n\ngo 1.22\nfrobnicate x\n", "go.mod:4: unknown directive"),
        ("module example.com/m\n\ngo one\n", "invalid go version"),
        ("", "missing module declaration"),
        ("module example.com/m\n\ngo 1.99\n", "requires go >= 1.99"),
    ],
)
def test_a_go_mod_that_go_refuses(
    compile_tree: Compile, tmp_path: Path, go_mod: str, said: str
) -> None:
    build = compile_tree(tmp_path, {"go.mod": go_mod, "p.go": "package p\n"})
    assert build.packages == ()
    (error,) = build.errors
    assert (error.package, error.stage) == ("", "module")
    assert said in error.message
    assert str(tmp_path) not in error.message


def test_a_module_without_packages(compile_tree: Compile, tmp_path: Path) -> None:
    build = compile_tree(tmp_path, {"go.mod": GO_MOD, "README": "x\n"})
    assert (build.packages, build.errors) == ((), ())


def test_a_module_below_the_root_and_one_inside_another(
    compile_tree: Compile, tmp_path: Path
) -> None:
    source = "package p\n\nfunc F() *int { v := 1; return &v }\n"
    files = {
        "go/go.mod": GO_MOD, "go/p/p.go": source, "go/bad/b.go": "package bad\n\nvar x = y\n",
        "go/nested/go.mod": "module example.com/m/nested\n\ngo 1.22\n", "go/nested/n.go": source,
    }  # fmt: skip
    outer = compile_tree(tmp_path, files, "go")
    assert [(p.path, p.directory, p.module) for p in outer.packages] == [
        ("example.com/m/bad", "go/bad", "go"),
        ("example.com/m/p", "go/p", "go"),
    ]
    assert outer.packages[0].errors[0].file == "go/bad/b.go"
    assert build_of(outer, "example.com/m/p").sites[0].position.file == "go/p/p.go"
    inner = compile_tree(tmp_path, {}, "go/nested")
    assert [(p.path, p.directory) for p in inner.packages] == [
        ("example.com/m/nested", "go/nested")
    ]
    assert inner.diagnostics[0].sites[0].position.file == "go/nested/n.go"


def test_other_flags_line_by_line(go: Go, tmp_path: Path, compile_tree: Compile) -> None:
    source = "package p\n\nfunc F() *int { v := 1; return &v }\n\nfunc G() *int { return F() }\n"
    compile_tree(tmp_path, {"go.mod": GO_MOD, "p.go": source})
    env = {**go.environment(tool_environment()), "GOWORK": "off"}
    command = GoCommand(go.binary, tmp_path, env, 300)
    plain = compiler_output(command, tmp_path, "-m")
    assert ("p.go:5:25", "moved to heap: v") in {(str(d.position), d.text) for d in plain}
    without = compiler_output(command, tmp_path, "-m -l")
    assert [(str(d.position), d.text) for d in without] == [("p.go:3:17", "moved to heap: v")]
    with pytest.raises(MeasurementError, match="no-such-flag"):
        compiler_output(command, tmp_path, "-no-such-flag")


def test_a_build_that_takes_too_long(tmp_path: Path) -> None:
    slow = tmp_path / "go"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    with pytest.raises(MeasurementError, match=r"more than 0\.2 s"):
        compile_module(GoCommand(slow, tmp_path, base_environment(), 0.2), tmp_path, ".")


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("go: build killed", "go: build killed"),
        ("m.go:1:1: a diagnostic", "go list failed with exit status 1"),
    ],
)
def test_a_go_list_that_is_cut_short(tmp_path: Path, go: Go, says: str, told: str) -> None:
    """What it told of some packages may not be all."""
    cut = tmp_path / "go"
    cut.write_text(f'#!/bin/sh\n"{go.binary}" "$@"\necho "{says}" >&2\nexit 1\n')
    cut.chmod(0o755)
    write_files(tmp_path / "m", {"go.mod": GO_MOD, "p.go": "package p\n"})
    env = {**go.environment(tool_environment()), "GOWORK": "off"}
    build = compile_module(GoCommand(cut, tmp_path / "m", env, 300), tmp_path / "m", ".")
    assert [(e.stage, e.message) for e in build.errors] == [("module", told)]
    assert [p.path for p in build.packages] == ["example.com/m"]
