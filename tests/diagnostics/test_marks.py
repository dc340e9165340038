"""Comments that declare a function free of escapes."""

from harness.diagnostics.marks import (
    Declaration,
    declared_functions,
    no_escape_marks,
    stray_marks,
)
from harness.policy.model import NoEscape

SOURCE = b"""package p

// F is quick.
//esv:noescape
func F() {}

//esv:noescape because it is in the hot loop
// of everything.
func (t *T) M() {}

//esv:noescape

func apart() {}

// esv:noescape is no directive with a blank.
func G() {}

//esv:noescapes
func H() {}

//esv:noescape
func (s Set[K]) Has(k K) bool { return false }

//esv:noescape
func (*Set[K]) Add() {}

//esv:noescape	behind a tab
func Map[K any](k K) {}

//esv:noescape
type Marked struct {
	//esv:noescape
	Field int
}

func assembly()

var text = `
//esv:noescape
`
"""


def test_marked_functions_by_the_compilers_names() -> None:
    assert no_escape_marks("p/p.go", SOURCE) == [
        NoEscape("p/p.go", "F", 4),
        NoEscape("p/p.go", "(*T).M", 7),
        NoEscape("p/p.go", "Set[...].Has", 21),
        NoEscape("p/p.go", "(*Set[...]).Add", 24),
        NoEscape("p/p.go", "Map[...]", 27),
    ]
    assert no_escape_marks("p/p.go", b"package p\nfunc (") == []


def test_marks_that_mark_nothing() -> None:
    assert stray_marks(SOURCE) == [11, 30, 32]
    assert stray_marks(b"package p\n") == []


def test_what_a_file_declares() -> None:
    found = declared_functions(SOURCE)
    assert found[:2] == [Declaration("F", True), Declaration("(*T).M", True)]
    assert found[-2:] == [Declaration("Map[...]", True), Declaration("assembly", False)]
