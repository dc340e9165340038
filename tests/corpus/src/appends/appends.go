// Package appends has append.
package appends

type item struct{ p *int }

var (
	keep  []int
	items []*item
	bytes []byte
	anys  []any
)

// One appends one to a variable of the package.
func One(n int) {
	keep = append(keep, n) // want: append@1.25+
}

// Many appends several.
func Many(a, b, c int) {
	keep = append(keep, a, b, c) // want: append@1.25+
}

// All appends a slice.
func All(list []int) {
	keep = append(keep, list...) // want: append@1.25+
}

// Text appends a string.
func Text(s string) {
	bytes = append(bytes, s...) // want: append@1.25+
}

// Clone copies.
func Clone(list []int) []int {
	return append([]int(nil), list...) // want: append@1.25+
}

// CloneEmpty copies into an empty literal.
func CloneEmpty(list []int) []int {
	return append([]int{}, list...) // want: append@1.25+, literal
}

// Pointers appends what is itself allocated.
func Pointers(n int) { // want: moved
	items = append(items, &item{&n}) // want: append@1.25+, literal
}

// Boxes appends what must be boxed.
func Boxes(n int, s string) {
	anys = append(anys, n, s) // want: append@1.25+, boxed, boxed
}

// Returned is built and returned.
func Returned(n int) (list []int) {
	for i := 0; i < n; i++ {
		list = append(list, i) // want: append@1.25+
	}
	return list
}

// Local is built and not kept.
func Local(n int) int {
	var list []int
	for i := 0; i < n; i++ {
		list = append(list, i)
	}
	return len(list)
}

// Field appends to a field behind a pointer.
func (s *stack) Field(v int) {
	s.data = append(s.data, v) // want: append@1.25+
}

type stack struct{ data []int }

// Twice appends on one line.
func Twice(n int) {
	keep, bytes = append(keep, n), append(bytes, byte(n)) // want: append@1.25+, append@1.25+
}
