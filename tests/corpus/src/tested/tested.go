// Package tested has tests, inside and outside of the package.
package tested

// Value is exported to the tests.
type Value struct{ n [4]int }

// Get allocates.
func (v Value) Get() *int { // want: moved
	return &v.n[0]
}

// New is inlined into tests.
func New(n int) *Value {
	return &Value{[4]int{n}} // want: literal
}

// Getter is an interface.
type Getter interface{ Get() *int }

//go:noinline
func generic[T any](v T) *T { // want: moved
	return &v
}
