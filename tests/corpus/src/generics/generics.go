// Package generics has type parameters: functions, methods, closures, constraints.
package generics

type number interface{ ~int | ~int64 | ~float64 }

type stringer interface{ String() string }

// Pair is a generic type with two parameters.
type Pair[K comparable, V any] struct {
	Key   K
	Value V
}

// List is a generic linked list.
type List[T any] struct {
	head *entry[T]
	size int
}

type entry[T any] struct {
	next  *entry[T]
	value T
}

// Pointer moves its parameter.
//
//go:noinline
func Pointer[T any](v T) *T { // want: moved
	return &v
}

// Small is inlined, into the wrappers for each type too, which stand at its name.
func Small[T any](v T) *T { // want: moved, moved
	return &v
}

// Push is a method that allocates.
//
//go:noinline
func (l *List[T]) Push(v T) {
	l.head = &entry[T]{l.head, v} // want: literal
	l.size++
}

// All collects.
//
//go:noinline
func (l *List[T]) All() (all []T) {
	for e := l.head; e != nil; e = e.next {
		all = append(all, e.value) // want: append@1.25+
	}
	return all
}

// Clone is a method of a value.
//
//go:noinline
func (p Pair[K, V]) Clone() *Pair[K, V] { // want: moved
	return &p
}

// Map has a function as parameter and a make of type parameters.
//
//go:noinline
func Map[T, U any](list []T, f func(T) U) []U {
	out := make([]U, 0, len(list)) // want: make
	for _, v := range list {
		out = append(out, f(v)) // want: append@1.25+
	}
	return out
}

// Box boxes a type parameter.
//
//go:noinline
func Box[T any](v T) any {
	return v // want: boxed
}

// Sum has a constraint.
func Sum[N number](list ...N) (sum N) {
	for _, v := range list {
		sum += v
	}
	return sum
}

// Counter has a closure in a generic function.
//
//go:noinline
func Counter[N number](start N) func() *N { // want: moved
	return func() *N { // want: closure
		start++
		n := start // want: moved
		return &n
	}
}

// Each has a closure in a method.
//
//go:noinline
func (l *List[T]) Each() func() *T {
	e := l.head        // want: moved
	return func() *T { // want: closure
		v := e.value // want: moved
		e = e.next
		return &v
	}
}

// Names calls a method of a type parameter.
//
//go:noinline
func Names[S stringer](list []S) (names []string) {
	for _, s := range list {
		names = append(names, s.String()) // want: append@1.25+
	}
	return names
}

// New makes a type parameter, and so does its wrapper.
func New[T any]() *T { // want: new
	return new(T) // want: new
}

// Tree is generic in itself.
type Tree[T interface{ Less(T) bool }] struct {
	left, right *Tree[T]
	value       T
}

// Insert is recursive.
func (t *Tree[T]) Insert(v T) *Tree[T] {
	if t == nil {
		return &Tree[T]{value: v} // want: literal
	}
	if v.Less(t.value) {
		t.left = t.left.Insert(v)
	} else {
		t.right = t.right.Insert(v)
	}
	return t
}
