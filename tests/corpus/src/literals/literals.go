// Package literals has composite literals and new.
package literals

type node struct {
	next  *node
	value int
	items []int
}

type empty struct{}

type big struct{ data [70 << 10]byte }

var (
	keepNode  *node
	keepAny   any
	keepSlice []int
	keepMap   map[string]int
	keepBig   *big
	keepNew   *[4]int
)

// Pointer is an address of a literal.
func Pointer() *node {
	return &node{value: 1} // want: literal
}

// Empty has no fields written.
func Empty() *node {
	return &node{} // want: literal
}

// Nested has one in the other.
func Nested() *node {
	return &node{ // want: literal
		next: &node{value: 2}, // want: literal
	}
}

// Slice is a slice literal.
func Slice() []int {
	return []int{1, 2, 3} // want: literal
}

// SliceOfPointers allocates each.
func SliceOfPointers() []*node {
	return []*node{ // want: literal
		{value: 1}, // want: literal
		{value: 2}, // want: literal
	}
}

// Keyed is a slice literal with indices.
func Keyed() {
	keepSlice = []int{9: 1} // want: literal
}

// Map is a map literal.
func Map() {
	keepMap = map[string]int{"a": 1, "b": 2} // want: literal
}

// Anonymous is of a type without a name.
func Anonymous() any {
	return &struct{ a, b int }{1, 2} // want: literal
}

// ArrayPointer is an address of an array literal.
func ArrayPointer() *[3]int {
	return &[3]int{1, 2, 3} // want: literal
}

// ArraySlice is slices of an array literal's address.
func ArraySlice() []int {
	return (&[3]int{1, 2, 3})[:] // want: literal
}

// New is new of a struct.
func New() *node {
	return new(node) // want: new
}

// NewArray is new of an array.
func NewArray() {
	keepNew = new([4]int) // want: new
}

// NewScalar is new of a number.
func NewScalar() *float64 {
	f := new(float64) // want: new
	*f = 2
	return f
}

// NewFunc is new of a type with blanks in its name.
func NewFunc() *func(int) error {
	return new(func(int) error) // want: new
}

// NewStruct is new of a type without a name.
func NewStruct() any {
	return new(struct { // want: new
		a int
		b string
	})
}

// TooLarge are too large for the stack, though nothing keeps them.
func TooLarge() int {
	a := &big{} // want: literal
	a.data[3] = 1
	b := new(big) // want: new
	b.data[len(keepSlice)] = 2
	return int(a.data[len(keepSlice)]) + int(b.data[len(keepSlice)])
}

// ZeroSize is said to escape and allocates nothing.
func ZeroSize() *empty {
	return &empty{} // want: literal
}

// OnStack keeps nothing.
func OnStack() int {
	n := &node{value: 1, items: []int{1, 2}}
	m := map[string]int{"a": n.value}
	p := new(node)
	return m["a"] + p.value + n.items[0]
}

// Boxed puts a struct literal into an interface.
func Boxed(n int) {
	keepAny = node{value: n} // want: literal
}

// Chained gives a literal to a method.
func Chained() *node {
	return (&node{value: 3}).self() // want: literal
}

func (n *node) self() *node { return n }

// Multiline is a literal over several lines, with comments in it.
func Multiline() *node {
	n := &node{ // want: literal
		// A comment.
		value: 1, /* another */
		items: []int{ // want: literal
			1,
			2,
		},
	}
	return n
}
