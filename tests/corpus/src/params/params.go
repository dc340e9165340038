// Package params has what the compiler says of parameters.
package params

import "unsafe"

type node struct {
	next *node
	data []byte
	name string
}

var (
	keep      *node
	keepBytes []byte
	keepNames []string
)

// Leaks leaks to the heap.
func Leaks(n *node) { keep = n }

// LeaksContent leaks what it points to.
func LeaksContent(n **node) { keep = *n }

// ToResult leaks to its result.
func ToResult(n *node) *node { return n }

// ContentToResult leaks content to its result, one level down.
func ContentToResult(n *node) *node { return n.next }

// Deep leaks two levels down.
func Deep(n *node) []byte { return n.next.data }

// Deeper leaks three levels down.
func Deeper(n ***node) *node { return **n }

// NamedResult names the result.
func NamedResult(n *node) (out *node) {
	out = n
	return
}

// TwoResults leaks to one of two.
func TwoResults(a, b *node) (*node, *node) { return b, a }

// Both leaks to the heap and to the result.
func Both(n *node) *node {
	keep = n
	return n
}

// DoesNot leaks nothing.
func DoesNot(n *node, b []byte, f func()) int {
	f()
	return len(n.data) + len(b)
}

// Unused has parameters without names.
func Unused(_ *node, _ []byte) {}

// Unnamed has no names at all.
func Unnamed(*node, []byte) {}

// Receiver leaks its receiver.
func (n *node) Receiver() { keep = n }

// Chain returns its receiver.
func (n *node) Chain() *node { return n }

// Variadic leaks the content of its last parameter.
func Variadic(list ...*node) { keep = list[0] }

// Slices leaks a slice.
func Slices(b []byte, names []string) {
	keepBytes = b
	keepNames = append(keepNames, names...) // want: append@1.25+
}

// Interface calls a method of an interface.
func Interface(i interface{ M(*node) }, n *node) { i.M(n) }

// Function calls a function that is not known.
func Function(f func(*node), n *node) { f(n) }

// Closure has parameters in a literal.
func Closure() func(*node) *node {
	return func(n *node) *node { // want: closure
		keep = n.next
		return n
	}
}

// Moved and leaking.
func Moved(n *node, k int) (*int, *node) { // want: moved
	return &k, n
}

// SelfAssign assigns a part of itself to itself.
func (n *node) SelfAssign() {
	n.data = n.data[1:]
}

type buffer struct {
	buf   [64]byte
	slice []byte
}

// Reset is self-assignment from an array.
func (b *buffer) Reset() {
	b.slice = b.slice[:0]
	b.slice = b.slice[2:]
}

// Bare is implemented in assembly.
func Bare(p *node, n uintptr)

// BareNoEscape too, and promises.
//
//go:noescape
func BareNoEscape(p *node, b []byte)

// Keep takes addresses as numbers.
//
//go:uintptrescapes
func Keep(a uintptr, rest ...uintptr) {}

// CallKeep hands an address over as a number.
func CallKeep() {
	var n int                                                      // want: moved
	Keep(uintptr(unsafe.Pointer(&n)), uintptr(unsafe.Pointer(&n))) // want: argument
}

// Recursive is analysed with itself.
func Recursive(n *node, depth int) *node {
	if depth == 0 {
		return n
	}
	return Recursive(n.next, depth-1)
}

// MutualA is analysed with MutualB.
func MutualA(n *node, k int) *node {
	if k == 0 {
		return n
	}
	return MutualB(n, k-1)
}

// MutualB is analysed with MutualA.
func MutualB(n *node, k int) *node {
	if k == 0 {
		keep = n
	}
	return MutualA(n, k-1)
}

// Cycle has an assignment cycle.
func Cycle(n *node) {
	var a, b *node
	for i := 0; i < 3; i++ {
		a = b
		b = a
		a = n
	}
	keep = b
}
