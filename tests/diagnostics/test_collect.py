"""What the real compiler says of a module, and what becomes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.diagnostics.collect import ModuleBuild, compile_module, compiler_output
from harness.diagnostics.parse import PackageDiagnostics
from harness.errors import MeasurementError
from harness.model import EscapeSite, SiteKind
from harness.process import base_environment, tool_environment
from harness.toolchain import Go
from tests.diagnostics.conftest import Compile

GO_MOD = "module example.com/m\n\ngo 1.22\n"

# Every site is marked at the end of its line: function, kind and message.
KINDS = """
package kinds

import "strings"

type T struct{ a, b int }

func (t T) Get() int     { return t.a }
func (t *T) Set(a int)   { t.a = a }
func (t *T) Keep(p *int) { keep = p }

type Getter interface{ Get() int }

var (
	keep  *int
	sink  any
	bytes []byte
	text  string
	funcs []func()
	list  []*T
)

func Moved() *int {
	x := 1 //@ Moved|moved|moved to heap: x
	return &x
}

func Literal() *T {
	return &T{1, 2} //@ Literal|literal|&T{...} escapes to heap
}

func Slice() []int {
	return []int{1, 2, 3} //@ Slice|literal|[]int{...} escapes to heap
}

func Map() map[string]int {
	return map[string]int{"a": 1} //@ Map|literal|map[string]int{...} escapes to heap
}

func New() *T {
	return new(T) //@ New|new|new(T) escapes to heap
}

func Make(n int) {
	bytes = make([]byte, n) //@ Make|make|make([]byte, n) escapes to heap
}

func Closure(n int) { //@ Closure|moved|moved to heap: n
	funcs[0] = func() { n++ } //@ Closure|closure|func literal escapes to heap
}

func Nested() func() *int {
	return func() *int { //@ Nested|closure|func literal escapes to heap
		y := 2 //@ Nested.func1|moved|moved to heap: y
		return &y
	}
}

func Boxed(n int) {
	sink = n //@ Boxed|boxed|n escapes to heap
}

func Concat(s string) {
	text = "a" + s //@ Concat|concat|"a" + s escapes to heap
}

func Conversions(s string, b []byte) {
	bytes = []byte(s) //@ Conversions|conversion|([]byte)(s) escapes to heap
	text = string(b) //@ Conversions|conversion|string(b) escapes to heap
}

func MethodValue(t *T) {
	sink = t.Set //@ MethodValue|method-value|t.Set escapes to heap
}

func Append(t *T) {
	list = append(list, t) //@ Append|append|append escapes to heap
}

func Variadic(n int) {
	many(n, n) //@ Variadic|argument|... argument escapes to heap
}

func many(v ...int) { keep = &v[0] }

func (t *T) Method() {
	v := 3 //@ (*T).Method|moved|moved to heap: v
	keep = &v
}

func R(f func(*T), t T) { //@ R|moved|moved to heap: t
	go f(&t) //@ R|closure|func literal escapes to heap
	for range 2 {
		defer f(&T{}) //@ R|closure|func literal escapes to heap & R|literal|&T{} escapes to heap
	}
}

func Top[E any](e E) *E { //@ Top[...]|moved|moved to heap: e
	return &e
}

func Use() (*int, *string) { return Top(1), Top("x") } //@ Use|moved|moved to heap: e

func Directive() *int {
//line query.y:42
	z := 1
	return &z
}

//line kinds.go:200
func Inlined() *T { return Literal() }

func None(s string) int { return strings.Count(s, "a") + len(make([]byte, 16)) }

var global = &T{3, 4}

func Table() *T { return global }
"""

MARK = re.compile(r"//@ (.*)")


def build_of(build: ModuleBuild, path: str) -> PackageDiagnostics:
    return next(d for d in build.diagnostics if d.path == path)


@pytest.fixture(scope="module")
def kinds(
    compile_tree: Compile, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ModuleBuild, PackageDiagnostics]:
    build = compile_tree(
        tmp_path_factory.mktemp("kinds"), {"go.mod": GO_MOD, "kinds/kinds.go": KINDS}
    )
    return build, build_of(build, "example.com/m/kinds")


def test_every_site_is_found_where_the_source_says_and_nothing_else(
    kinds: tuple[ModuleBuild, PackageDiagnostics],
) -> None:
    _, package = kinds
    expected: dict[int, set[tuple[str, ...]]] = {}
    source = KINDS.lstrip("\n").splitlines()
    for number, line in enumerate(source, 1):
        mark = MARK.search(line)
        if mark is not None:
            expected[number] = {tuple(m.split("|")) for m in mark[1].split(" & ")}
    last = max(expected)
    found: dict[int, set[tuple[str, ...]]] = {}
    for site in package.sites:
        if site.position.file == "kinds/kinds.go" and site.position.line <= last:
            key = (site.function, str(site.kind), site.message)
            found.setdefault(site.position.line, set()).add(key)
    assert found == expected


def test_positions_flow_and_expressions(
    kinds: tuple[ModuleBuild, PackageDiagnostics],
) -> None:
    _, package = kinds
    assert package.unparsed == []
    assert {s.kind for s in package.sites} == set(SiteKind)
    for site in package.sites:
        assert site.package == "example.com/m/kinds"
        assert not site.test
        assert site.function
        assert site.flow, site
        assert site.flow[0].text.startswith("flow: "), site
        assert site.reason, site
        assert any(step.position is not None for step in site.flow), site
        assert site.expression in site.message
    moved = next(s for s in package.sites if s.function == "Moved")
    assert str(moved.position) == "kinds/kinds.go:23:2"
    assert moved.expression == "x"
    assert [s.text for s in moved.flow] == [
        "flow: ~r0 ← &x:", "from &x (address-of)", "from return &x (return)",
    ]  # fmt: skip
    assert moved.reason == "return &x (return)"
    assert str(moved.flow[-1].position) == "kinds/kinds.go:24:2"


def test_line_directives(kinds: tuple[ModuleBuild, PackageDiagnostics]) -> None:
    _, package = kinds
    directive = next(s for s in package.sites if s.function == "Directive")
    assert str(directive.position) == "kinds/query.y:42"
    inlined = next(s for s in package.sites if s.function == "Inlined")
    assert (inlined.position.line, inlined.position.column) == (200, 0)
    assert inlined.message == "&T{...} escapes to heap"


def test_inlining(kinds: tuple[ModuleBuild, PackageDiagnostics]) -> None:
    _, package = kinds
    decisions = {d.function: d for d in package.decisions}
    assert decisions["Literal"].can
    assert 0 < (decisions["Literal"].cost or 0) < 80
    assert not decisions["R"].can
    assert decisions["R"].reason
    calls = {(c.callee, c.position.line) for c in package.calls}
    assert ("Literal", 200) in calls


def test_generic_functions_are_one_whatever_they_are_instantiated_with(
    compile_tree: Compile, tmp_path: Path
) -> None:
    source = """
    package g

    type Pair[K comparable, V any] struct { k K; v V }

    //go:noinline
    func (p Pair[K, V]) Clone() *Pair[K, V] { return &p }

    func A() any { return Pair[int, string]{}.Clone() }
    """
    more = """
    func B() any { return Pair[string, struct{ X int }]{}.Clone() }
    func C() any { return Pair[int8, []byte]{}.Clone() }
    """
    one = compile_tree(tmp_path / "1", {"go.mod": GO_MOD, "g.go": source})
    three = compile_tree(
        tmp_path / "2", {"go.mod": GO_MOD, "g.go": source, "h.go": f"package g\n{more}"}
    )

    def clone(build: ModuleBuild) -> list[EscapeSite]:
        return [s for s in build_of(build, "example.com/m").sites if "Clone" in s.function]

    assert clone(one) == clone(three)
    assert {(s.function, s.message) for s in clone(one)} == {
        ("Pair[...].Clone", "moved to heap: p")
    }


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
    plain = compiler_output(go.binary, tmp_path, ".", "-m", env, 300)
    assert ("p.go:5:25", "moved to heap: v") in {(str(d.position), d.text) for d in plain}
    without = compiler_output(go.binary, tmp_path, ".", "-m -l", env, 300)
    assert [(str(d.position), d.text) for d in without] == [("p.go:3:17", "moved to heap: v")]
    with pytest.raises(MeasurementError, match="no-such-flag"):
        compiler_output(go.binary, tmp_path, ".", "-no-such-flag", env, 300)


def test_a_build_that_takes_too_long(tmp_path: Path) -> None:
    slow = tmp_path / "go"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    with pytest.raises(MeasurementError, match=r"more than 0\.2 s"):
        compile_module(slow, tmp_path, ".", base_environment(), 0.2)


LIBRARY_GENERICS = """
package m

import "slices"

var kept []string

func Insert(list []string) {
	kept = slices.Insert(list, 1, "a")
}

func Clone(list []string) {
	kept = slices.Clone(list)
}
"""


def test_generic_functions_of_the_library_are_not_the_projects(
    compile_tree: Compile, tmp_path: Path, go: Go
) -> None:
    """`slices.Insert` is compiled with the package that calls it, and prints there.

    What is inlined is the caller's. The project has a file of the same name as the library.
    """
    built = compile_tree(
        tmp_path,
        {
            "go.mod": GO_MOD,
            "m.go": LIBRARY_GENERICS,
            "slices/slices.go": "package slices\n\nfunc X() *int {\n\tn := 1\n\treturn &n\n}\n",
        },
    )
    sites = {(d.path, s.position.file, s.position.line) for d in built.diagnostics for s in d.sites}
    assert sites == {
        ("example.com/m", "m.go", 12),
        ("example.com/m/slices", "slices/slices.go", 4),
    }
    assert not [d for d in built.diagnostics if d.unparsed]
    files = {x.position.file for d in built.diagnostics for x in d.decisions}
    files |= {x.position.file for d in built.diagnostics for x in d.calls}
    assert files == {"m.go", "slices/slices.go"}
    # With other flags every line is shown as it is, under a name that is not ours.
    env = {**go.environment(tool_environment()), "GOWORK": "off", "GOPROXY": "off"}
    said = compiler_output(go.binary, tmp_path, ".", "-m", env, 300)
    shown = {d.position.file for d in said if d.position is not None}
    assert {"m.go", "$GOROOT/src/slices/slices.go", "slices/slices.go"} <= shown


def test_generic_functions_of_vendored_modules_are_not_the_projects(
    compile_tree: Compile, tmp_path: Path, go: Go
) -> None:
    built = compile_tree(
        tmp_path,
        {
            "go.mod": GO_MOD + "\nrequire example.org/g v1.0.0\n",
            "m.go": 'package m\n\nimport "example.org/g"\n\nvar Kept = g.New(1)\n',
            "vendor/modules.txt": """
                # example.org/g v1.0.0
                ## explicit; go 1.22
                example.org/g
                """,
            "vendor/example.org/g/g.go": """
                package g

                //go:noinline
                func New[T any](v T) *T { return &v }
                """,
        },
    )
    assert not built.errors
    assert [d.path for d in built.diagnostics] == ["example.com/m"]
    assert [s for d in built.diagnostics for s in d.sites] == []
    env = {**go.environment(tool_environment()), "GOWORK": "off", "GOPROXY": "off"}
    said = compiler_output(go.binary, tmp_path, ".", "-m", env, 300)
    moved = [d.position for d in said if d.text.startswith("moved to heap: ")]
    assert {p.file for p in moved if p is not None} == {"example.org/g@v1.0.0/g.go"}
