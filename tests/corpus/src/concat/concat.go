// Package concat has string concatenation.
package concat

var (
	keep    string
	keepAny any
	bytes   []byte
)

type path string

// Two adds two.
func Two(a, b string) {
	keep = a + b // want: concat
}

// Six adds more than the runtime has a function for.
func Six(a, b, c, d, e, f string) {
	keep = a + b + c + d + e + f // want: concat
}

// Constants are added by the compiler.
func Constants(a string) {
	keep = "x" + "y" + a + "z" + " + w" // want: concat
}

// Assign is the operator with assignment: it allocates, and no release says so.
func Assign(a string) {
	keep += a
	keep += "/"
}

// Inner has it inside of other expressions.
func Inner(a, b string) {
	bytes = []byte(a + b)        // want: conversion
	keepAny = a + "-" + b        // want: boxed, concat
	keep = string(path(a) + "/") // want: concat
}

// Bytes is a conversion of a sum of byte slices' strings.
func Bytes(a, b []byte) {
	keep = string(a) + ":" + string(b) // want: concat
	bytes = []byte(string(a) + "x")    // want: conversion
}

// Stays does not escape.
func Stays(a, b string) bool { return a+b == "ab" }

// Raw has a raw string with line breaks.
func Raw(a string) string {
	// want+1: concat
	return a + `first
second "third"
	fourth`
}
