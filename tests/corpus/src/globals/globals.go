// Package globals has variables of the package with initialisers.
package globals

import (
	"errors"
	"fmt"
	"os"
)

type node struct {
	next *node
	name string
}

// Static ones are data, and not reported.
var (
	static = &node{name: "a"}
	names  = []string{"a", "b"}
	table  = map[string]int{"a": 1} // want: literal
	nested = &node{next: &node{}}
)

// These are made by the initialiser.
var (
	errA    = errors.New("a")
	errB    = fmt.Errorf("b %d", len(os.Args)) // want: literal@1.26+, boxed
	dynamic = &node{name: os.Args[0]}
	sized   = make([]int, len(os.Args)) // want: make
	boxed   = any(len(os.Args))
	joined  = "x" + os.Args[0]                    // want: concat
	inlined = newNode(os.Args[0])                 // want: literal
	moved   = pointer(len(os.Args))               // want: moved
	called  = func() *int { n := 1; return &n }() // want: moved, moved
	stored  = func() *int { n := 2; return &n }   // want: moved
	funcs   = map[string]func() *int{             // want: literal
		"a": func() *int { n := 3; return &n }, // want: closure, moved
		"b": func() *int { n := 4; return &n }, // want: closure, moved
	}
	_ = func() *int { n := 5; return &n } // want: moved
)

func newNode(name string) *node { return &node{name: name} } // want: literal

func pointer(n int) *int { return &n } // want: moved

var large = map[int]*node{ // want: literal
	1: {name: os.Args[0]}, 2: {name: "b"}, 3: {name: "c"}, 4: {name: "d"}, // want: literal, literal, literal, literal
}

// Use uses them.
func Use() (any, any) {
	return table, names // want: boxed
}
