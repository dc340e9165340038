"""A module in which every way to allocate occurs, with its test binary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.toolchain import Go
from tests.compiled.support import Module
from tests.repos import write_files

# What must allocate is marked at the end of its line: function, callee and kind; what escapes in
# the compiler's words and does not allocate is marked "none".
CODE = """
package p

import (
	"maps"
	"slices"
)

type T struct{ a, b int }

type Stack[E any] struct{ items []E }

func (s *Stack[E]) Push(e E) {
	s.items = append(s.items, e)
}

var (
	Sink  any
	Func  func()
	Chan  chan int
	Table map[string]int
	Bytes []byte
	Text  string
	List  []*T
)

func New() *T {
	return &T{1, 2} //@ object
}

func (t *T) Twice() *T {
	n := New() //@ object
	return n
}

func Constant() {
	Sink = "text" //@ none
	Sink = 1000   //@ none
}

func Boxed(n int) {
	Sink = n //@ boxing
}

func Mixed(n int) {
	both(n, "text") //@ boxing
}

func both(a, b any) { Sink = a; Sink = b }

func Nothing() {
	Func = func() {} //@ none
}

func Captured(n int) {
	Func = func() { Sink = n } //@ object boxing
}

func Channel(n int) {
	Chan = make(chan int, n) //@ chan silent
}

func Grow(k string) {
	Table[k] = 1 //@ map silent
}

func Spawn() {
	go Func() //@ goroutine silent
}

func Defers(n int) {
	for range make([]int, n) {
		defer Func() //@ defer silent
	}
}

func Make(n int) {
	Bytes = make([]byte, n) //@ slice
}

func Append(t *T) {
	List = append(List, t) //@ append
}

func Concat(s string) {
	Text = s + "x" //@ string
}

func Library(n []int) {
	Sink = slices.Clone(n)    //@ append boxing
	Table = maps.Clone(Table) //@ map
}

func Top[E any](e E) *E {
	return &e
}

func Frame() int {
	var room [1000]byte
	fill(&room)
	return int(room[7])
}

//go:noinline
func fill(room *[1000]byte) { room[7] = 1 }
"""
TESTS = """
package p

import "testing"

func TestAll(t *testing.T) {
	Constant()
	Boxed(len(t.Name()))
	Mixed(len(t.Name()))
	Nothing()
	Captured(3)
	Channel(3)
	Grow("x")
	Spawn()
	Defers(3)
	Make(3)
	Append(New().Twice())
	Concat("x")
	Library(nil)
	Sink = Top(3)
	Sink = Top("a")
	Sink = Top(struct{ A, B string }{"a", "b"})
	var s Stack[string]
	s.Push("x")
	var r Stack[*T]
	r.Push(nil)
	Sink = s
	Sink = Frame()
	// What is inlined everywhere is linked only if something points to it.
	Sink = []any{
		New, (*T).Twice, Constant, Boxed, Mixed, Nothing, Captured, Channel, Grow, Spawn,
		Make, Append, Concat, Library, Frame,
		(*Stack[string]).Push, (*Stack[int]).Push,
	}
}
"""
OUTSIDE = """
package p_test

import (
	"testing"

	"example.com/m/p"
	yaml "example.com/m/yaml.v3"
)

func TestOutside(t *testing.T) { p.Sink = p.New(); p.Sink = yaml.Make(3) }
"""
FILES = {
    "go.mod": "module example.com/m\n\ngo 1.21\n",
    "p/p.go": CODE,
    "p/p_test.go": TESTS,
    "p/outside_test.go": OUTSIDE,
    # Dots in an import path are escaped in symbols.
    "yaml.v3/y.go": "package yaml\n\nfunc Make(n int) []int { return make([]int, n) }\n",
    "yaml.v3/y_test.go": (
        'package yaml\n\nimport "testing"\n\n'
        "func TestMake(t *testing.T) { _ = Make(len(t.Name())); t.Log(Make) }\n"
    ),
}
# The same without tests. For another processor, or position independent, the library has to be
# compiled anew: of a program that is the runtime, of a test binary everything that `testing` needs.
PROGRAM = {
    **{name: text for name, text in FILES.items() if not name.endswith("_test.go")},
    "p/all.go": (
        TESTS.replace('import "testing"\n\n', "")
        .replace("func TestAll(t *testing.T)", "//go:noinline\nfunc All(name string)")
        .replace("t.Name()", "name")
    ),
    "main.go": """
package main

import (
	"example.com/m/p"
	yaml "example.com/m/yaml.v3"
)

func main() {
	p.All("program")
	p.Sink = []any{yaml.Make, yaml.Make(3)}
}
""",
}
PACKAGES = ("example.com/m/p", "example.com/m/yaml.v3")


@pytest.fixture(scope="session")
def write_module(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Write the module into a new directory."""

    def write() -> Path:
        directory = tmp_path_factory.mktemp("module")
        write_files(directory, FILES)
        return directory

    return write


@pytest.fixture(scope="session")
def module(go: Go, write_module: Callable[[], Path]) -> Module:
    return Module(go, write_module())


@pytest.fixture(scope="session")
def program(go: Go, tmp_path_factory: pytest.TempPathFactory) -> Module:
    """The module as a program, without tests."""
    directory = tmp_path_factory.mktemp("program")
    write_files(directory, PROGRAM)
    return Module(go, directory)


@pytest.fixture(scope="session")
def binary(module: Module) -> Path:
    """The test binary of ``example.com/m/p``."""
    return module.link(PACKAGES[0], module.directory / "p.test")
