"""Which escape sites, decisions and calls the real compiler says a module has, and of whom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.diagnostics.collect import ModuleBuild, compiler_output
from harness.diagnostics.parse import PackageDiagnostics
from harness.model import EscapeSite, SiteKind
from harness.process import tool_environment
from harness.toolchain import Go, GoCommand
from tests.diagnostics.conftest import GO_MOD, Compile, build_of

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
    said = compiler_output(GoCommand(go.binary, tmp_path, env, 300), tmp_path, "-m")
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
    said = compiler_output(GoCommand(go.binary, tmp_path, env, 300), tmp_path, "-m")
    moved = [d.position for d in said if d.text.startswith("moved to heap: ")]
    assert {p.file for p in moved if p is not None} == {"example.org/g@v1.0.0/g.go"}
