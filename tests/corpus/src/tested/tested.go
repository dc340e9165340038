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

// Maker is inlined into tests with its literal.
func Maker(n int) func() *int {
	return func() *int { // want: closure
		a := n // want: moved
		return &a
	}
}

// Generic is instantiated in the external tests only.
//
//go:noinline
func Generic[T any](v T) *T { // want: moved
	return &v
}
