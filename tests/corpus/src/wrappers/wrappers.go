// Package wrappers has types for which the compiler makes methods of its own.
package wrappers

import "io"

type base struct{ n int }

// Grow is promoted by embedding.
func (b *base) Grow() *int {
	n := b.n // want: moved
	return &n
}

// Value is a method of a value; the pointer gets a wrapper.
func (b base) Value() *int { // want: moved
	return &b.n
}

// Text boxes.
func (b base) Text() any {
	return b.n // want: boxed
}

type outer struct {
	base
	*inner
	io.Reader
}

type inner struct{ s []byte }

// Bytes is promoted through a pointer.
func (i *inner) Bytes() []byte {
	return make([]byte, len(i.s)) // want: make
}

type grower interface {
	Grow() *int
	Value() *int
	Text() any
	Bytes() []byte
	Read([]byte) (int, error)
}

var keep grower

// Use needs the method tables.
func Use(o outer) {
	keep = o.ptr()  // want: moved
	keep = &outer{} // want: literal
}

func (o outer) ptr() *outer { return &o } // want: moved

type alias = outer

type defined outer

// UseDefined needs more of them.
func UseDefined() any {
	return struct {
		alias
		k int
	}{k: 1} // want: literal
}

var _ = defined{}
