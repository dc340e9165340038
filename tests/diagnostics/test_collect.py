"""What the real compiler says of a module, and what becomes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.diagnostics.collect import ModuleBuild, compile_module, compiler_output
from harness.diagnostics.parse import PackageDiagnostics
from harness.errors import MeasurementError
from harness.model import EscapeSite, SiteKind
from harness.process import tool_environment
from harness.toolchain import Go
from tests.diagnostics.conftest import Compile

GO_MOD = "module example.com/m\n\ngo 1.22\n"

# Every site is marked at the end of its line: function, kind, and what the message begins with.
KINDS = """
package kinds

import "strings"

type T struct{ a, b int }

func (t T) Get() int       { return t.a }
func (t *T) Set(a int)     { t.a = a }
func (t *T) Keep(p *int)   { keep = p }

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
	x := 1 //@ Moved moved moved to heap: x
	return &x
}

func Literal() *T {
	return &T{1, 2} //@ Literal literal &T{...}
}

func Slice() []int {
	return []int{1, 2, 3} //@ Slice literal []int{...}
}

func Map() map[string]int {
	return map[string]int{"a": 1} //@ Map literal map[string]int{...}
}

func New() *T {
	return new(T) //@ New new new(T)
}

func Make(n int) {
	bytes = make([]byte, n) //@ Make make make([]byte, n)
}

func Closure(n int) {
	funcs[0] = func() { n++ } //@ Closure closure func literal @ Closure moved moved to heap: n @
}

func Nested() func() *int {
	return func() *int { //@ Nested closure func literal
		y := 2 //@ Nested.func1 moved moved to heap: y
		return &y
	}
}

func Boxed(n int) {
	sink = n //@ Boxed boxed n escapes
}

func Concat(s string) {
	text = "a" + s //@ Concat concat "a" + s
}

func Conversions(s string, b []byte) {
	bytes = []byte(s) //@ Conversions conversion ([]byte)(s)
	text = string(b) //@ Conversions conversion string(b)
}

func MethodValue(t *T) {
	sink = t.Set //@ MethodValue method-value t.Set
}

func Append(t *T) {
	list = append(list, t) //@ Append append append
}

func Variadic(n int) {
	many(n, n) //@ Variadic argument ... argument
}

func many(v ...int) { keep = &v[0] }

func (t *T) Method() {
	v := 3 //@ (*T).Method moved moved to heap: v
	keep = &v
}

func Run(f func(*T), t T) { //@ Run moved moved to heap: t
	go f(&t) //@ Run.gowrap closure func literal
	for i := 0; i < 2; i++ {
		defer f(&T{a: i}) //@ Run literal &T{...}
	}
}

func Top[E any](e E) *E { //@ Top[...] moved moved to heap: e
	return &e
}

func Use() (*int, *string) { return Top(1), Top("x") }

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


def test_dump(kinds):
    for s in kinds[1].sites:
        print(s.position, s.function, s.kind, s.message, [f.text for f in s.flow][-2:])
    print(kinds[1].unparsed, kinds[0].errors, kinds[0].packages)
    assert 0
