// Package makes has make in every form.
package makes

var (
	keepBytes []byte
	keepMap   map[int]string
	keepChan  chan int
	keepAny   any
)

const size = 1 << 10

// Constant has a constant size and escapes by the result.
func Constant() []byte {
	return make([]byte, 16) // want: make
}

// Expression has a size that is a constant expression.
func Expression() []byte {
	return make([]byte, 1<<4, size*2) // want: make
}

// Variable has a size that only the run knows.
func Variable(n int) []int {
	return make([]int, n) // want: make
}

// Capacity has both.
func Capacity(n int) []string {
	return make([]string, 0, n) // want: make
}

// NonConstant stays in the function, but its size is not known.
func NonConstant(n int) int {
	b := make([]byte, n) // want: make@-1.24
	return len(b) + cap(b)
}

// Propagated has a size that is constant once it is propagated.
func Propagated() int {
	n := 32
	b := make([]byte, n) // want: make@-1.24
	return int(b[3])
}

// TooLarge is constant, local, and too large for the stack.
func TooLarge() int {
	b := make([]byte, 100<<10) // want: make
	b[2] = 1
	return int(b[len(keepBytes)])
}

// ZeroSized has elements of no size.
func ZeroSized(n int) []struct{} {
	return make([]struct{}, n) // want: make
}

// ZeroSizedLocal has too, and keeps none.
func ZeroSizedLocal(n int) int {
	s := make([]struct{}, n) // want: make
	return cap(s)
}

// Map escapes by a variable of the package.
func Map(n int) {
	keepMap = make(map[int]string)    // want: make
	keepMap = make(map[int]string, n) // want: make
}

// Chan is never reported as escaping.
func Chan(n int) {
	keepChan = make(chan int)
	keepChan = make(chan int, n)
}

// Local stays.
func Local() int {
	m := make(map[int]string)
	b := make([]byte, 8)
	return len(m) + len(b)
}

// Typed makes a named type, and one with blanks in its name.
func Typed(n int) (any, []func(int) error) {
	type names []string
	list := make(names, n)                    // want: make
	return list, make([]func(int) error, n+1) // want: make, boxed
}

// Inner is made inside of an expression.
func Inner(n int) {
	keepAny = append(make([]byte, 0, n), 'a')           // want: make, append@1.25+, boxed
	keepBytes = append(make([]byte, n+1)[:0:n], "x"...) // want: make, append@1.25+
}

// Grown is the idiom that the compiler turns into one growth.
func Grown(n int) {
	keepBytes = append(keepBytes, make([]byte, n)...) // want: append@1.25+, make@-1.24
}

// Big sizes of other integer types.
func Typed64(n uint64, m int8) ([]byte, []byte) {
	return make([]byte, n), make([]byte, m) // want: make, make
}
