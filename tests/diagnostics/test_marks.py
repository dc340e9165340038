"""Comments that declare a function free of escapes."""

from harness.diagnostics.marks import no_escape_marks
from harness.model.policy import NoEscape

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

//esv:noescape
func Map[K any](k K) {}
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
