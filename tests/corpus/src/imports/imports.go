// Package imports inlines functions of other packages.
package imports

import (
	"slices"
	"sync"

	"example.com/corpus/closures"
	"example.com/corpus/generics"
	"example.com/corpus/literals"
)

var keep any

// Literal gets the literal of another package.
func Literal() func() *int {
	return closures.Maker(3) // want: closure
}

// Inside gets it in a literal.
func Inside() func() func() *int {
	return func() func() *int { // want: closure
		return closures.Maker(4) // want: closure
	}
}

// Generic instantiates in this package.
func Generic() {
	keep = generics.Pointer(int8(1))
	keep = generics.Small(uint8(2)) // want: moved
	keep = generics.Counter(int64(3))
}

// Plain inlines an allocation.
func Plain() {
	keep = literals.Pointer() // want: literal
}

// Standard instantiates functions of the standard library; what comes of it differs by release.
func Standard(list []string) ([]string, func() int) {
	once := sync.OnceValue(func() int { return len(list) }) // want: *
	return slices.Insert(list, 1, "a", "b"), once
}
