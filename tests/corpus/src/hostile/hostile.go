// Package hostile has texts and names that look like diagnostics.
package hostile

var (
	keep     any
	keepText string
	escapes  = map[string]int{} // want: literal
)

// heap is a type with a name that the compiler's words have too.
type heap struct{ leaking, moved int }

// Text boxes texts that look like diagnostics.
func Text() {
	keep = "moved to heap: x"                       // want: boxed
	keep = "x escapes to heap"                      // want: boxed
	keep = "x does not escape"                      // want: boxed
	keep = "leaking param: x to result ~r0 level=0" // want: boxed
	keep = "inlining call to F"                     // want: boxed
	keep = "x.go:1:2: moved to heap: y\n# p"        // want: boxed
	keep = "x escapes to heap in F:"                // want: boxed
	keep = "flow: {heap} ← &x:"                     // want: boxed
	keep = ""                                       // want: boxed
	keep = "世界\x00\xff\u2028\u0085"                 // want: boxed
	// want+1: boxed
	keep = `raw
x escapes to heap
hostile.go:1:1: moved to heap: raw
`
}

// Concat adds them.
func Concat(s string) {
	keepText = "moved to heap: " + s + " escapes to heap" // want: concat
	keepText = s + " escapes to heap in " + s             // want: concat
	keepText = "}" + s                                    // want: concat
	keepText = s + "make("                                // want: concat
	keepText = string("string(" + s + ")")                // want: concat
}

// Convert converts them.
func Convert(s string) {
	keep = []byte("x + y" + s)                                 // want: conversion, boxed
	keep = []string{"a + b", s}                                // want: literal, boxed
	keep = map[string]string{"x": "} escapes to heap", "y": s} // want: literal
}

// make is a function with a name of the language.
func make(n int) *int { // want: moved
	return &n
}

// Names are names that the compiler's words have too.
func Names() (*int, *int, *heap) {
	heap1 := 1           // want: moved
	new := make(2)       // want: moved
	escape := heap{1, 2} // want: moved
	return &heap1, new, &escape
}

// Func calls a function that has the name of a type.
func Func(string func(int) int) {
	keep = string(3)                   // want: conversion
	keep = escapes["moved to heap: x"] // want: boxed
}

// Long is a long text.
func Long() {
	keep = "0123456789012345678901234567890123456789012345678901234567890123456789 escapes to heap 0123456789" // want: boxed
}
