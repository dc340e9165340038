// Package wide has columns that the compiler does not print: those past 255.
package wide

type item struct{ a int }

var keep []*item

// Wide has a site far to the right.
func Wide() *int { /* column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column */ n := 1; return &n } // want: moved

// Two has two equal ones there, which have one position.
func Two() { /* column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column */ keep = []*item{{1}, {2}, {3}} } // want: literal, literal, literal, literal

// Nested has literals there.
func Nested() func() *int { /* column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column column */ return func() *int { n := 1; return &n } } // want: closure, moved

// Border is on both sides of column 255.
func Border() (*item, *item) { /* xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx */ return &item{1}, &item{2} } // want: literal, literal
