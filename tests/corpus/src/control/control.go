// Package control has bodies of every kind of statement, for "can inline … as: …".
package control

type pair struct{ a, b int }

var (
	keep    any
	counter int
	table   = map[string][]int{"a": {1, 2}} // want: literal, literal
)

// If has else if.
func If(a int) int {
	if a > 1 {
		return 1
	} else if b := a * 2; b < 3 {
		return b
	}
	return 0
}

// Switch has a default and fallthrough.
func Switch(a int) string {
	switch a {
	case 1, 2:
		return "a; b: c"
	case 3:
		fallthrough
	default:
		return "x {\n\t} y"
	}
}

// TypeSwitch tells types.
func TypeSwitch(v any) int {
	switch v := v.(type) {
	case int:
		return v
	case *pair:
		return v.a
	case nil:
		return 0
	}
	return 1
}

// For has all three clauses.
func For(n int) (sum int) {
	for i, j := 0, n; i < j; i, j = i+1, j-1 {
		sum += i
	}
	return
}

// Range has key and value.
func Range(list []int) (sum int) {
	for i, v := range list {
		sum += i * v
	}
	return
}

// Assign has every kind of assignment.
func Assign(p *pair, m map[string]int) {
	p.a, p.b = p.b, p.a
	m["k"], counter = 3, 4
	counter <<= 2
	counter++
	v, ok := keep.(int)
	if ok {
		counter &^= v
	}
	delete(m, "k")
}

// Calls has calls of calls.
func Calls(p pair) int {
	return min2(If(p.a), len(table["a"][1:2]))
}

func min2(a, b int) int {
	if a < b {
		return a
	}
	return b
}

// Literals is a body with literals.
func Literals() []pair { return []pair{{1, 2}, {b: 3}} } // want: literal

// Text is a body with hostile text.
func Text() string { return "} escapes to heap: \n# package [x.test]\nx.go:1:2: moved to heap: y" }

// Panics is a body with panic.
func Panics(n int) {
	if n < 0 {
		panic("negative") // want: boxed
	}
}

// Closures is a body with a literal.
func Closures(n int) func() int { return func() int { return n } } // want: closure

// Convert is a body with conversions.
func Convert(b []byte, f float64) (string, int) { return string(b), int(f) } // want: conversion
