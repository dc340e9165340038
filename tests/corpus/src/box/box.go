// Package box has conversions to interfaces, variadic arguments and method values.
package box

type stringer interface{ String() string }

type point struct{ x, y int }

func (p point) String() string { return "point" }

// Set is a method of a pointer.
func (p *point) Set(x int) { p.x = x }

// Name is a method that other types have as a field.
func (p point) Name() string { return "p" }

type record struct {
	Name  string
	label string
	Close func()
	inner struct{ count int }
	at    point
}

type small uint8

var (
	keep     any
	keepS    stringer
	keepList []any
	keepFunc func()
	keepErr  error
	setter   func(int)
	getter   func() string
)

// Number boxes a number.
func Number(n int) {
	keep = n // want: boxed
}

// Text boxes a string.
func Text(s string) {
	keep = s // want: boxed
}

// Struct boxes a struct.
func Struct(p point) {
	keepS = p // want: boxed
}

// Slice boxes a slice.
func Slice(b []byte) {
	keep = b // want: boxed
}

// Pointer needs no box.
func Pointer(p *point) {
	keep = p
	keepS = p
}

// Constant is boxed in read-only data, and reported all the same.
func Constant() {
	keep = 7        // want: boxed
	keep = "text"   // want: boxed
	keep = 'x'      // want: boxed
	keep = 2.5      // want: boxed
	keep = true     // want: boxed
	keep = 1 << 20  // want: boxed
	keep = small(3) // want: boxed
	keep = 1 + 2i   // want: boxed
}

// Field boxes fields, one of which has the name of a method.
func Field(r *record, q record) {
	keep = r.Name        // want: boxed
	keep = q.label       // want: boxed
	keep = r.inner.count // want: boxed
	keep = r.at          // want: boxed
	keepS = q.at         // want: boxed
}

// Element boxes elements.
func Element(list []int, m map[string]int) {
	keep = list[2]  // want: boxed
	keep = m["key"] // want: boxed
}

// Operators boxes results of operators; the first reads like a sum of strings.
func Operators(a, b int, f float64, p *int) {
	keep = a + b    // want: concat
	keep = -f       // want: boxed
	keep = *p       // want: boxed
	keep = a < b    // want: boxed
	keep = !(a > b) // want: boxed
	keep = a &^ b   // want: boxed
}

// Calls boxes results of calls.
func Calls(p point) {
	keep = p.String()            // want: boxed
	keep = len("abc" + p.Name()) // want: boxed
	keep = small(p.x)            // want: boxed
	keep = opaque()              // want: boxed
}

//go:noinline
func opaque() int { return 3 }

// MethodValue binds a receiver.
func MethodValue(p *point, q point, s stringer) {
	setter = p.Set    // want: method-value
	getter = q.String // want: method-value
	getter = s.String // want: method-value
	getter = p.Name   // want: method-value
}

// MethodValueLocal stays.
func MethodValueLocal(p *point) {
	f := p.Set
	f(3)
}

// MethodExpression is a function like any other.
func MethodExpression() {
	keep = (*point).Set
}

// FuncField is a field, not a method.
func FuncField(r *record) {
	keepFunc = r.Close
	keep = r.Close
}

// Variadic has arguments that are kept.
func Variadic(a, b int) {
	many(a, b)      // want: argument
	anyMany(a, "b") // want: argument, boxed, boxed
	none(a, b)
}

//go:noinline
func many(list ...int) { keepInts = list }

//go:noinline
func anyMany(list ...any) { keepList = list }

//go:noinline
func none(list ...int) int { return len(list) }

var keepInts []int

// Return boxes by the type of the result.
func Return(n small) any {
	return n // want: boxed
}

// Error boxes a struct as an error; it reads like a literal of a slice type.
func Error(code int) error {
	return failure{code} // want: literal
}

type failure struct{ code int }

func (f failure) Error() string { return "failure" }

// Explicit is a conversion that is written.
func Explicit(n int) {
	keep = any(n)               // want: boxed
	keepErr = error(failure{n}) // want: boxed
}

// Compare boxes for a comparison only.
func Compare(v any, n int) bool { return v == n }

// MapKey boxes a key of a map of interfaces.
func MapKey(m map[any]int, n int) {
	m[n] = 1 // want: boxed
}

// Send boxes what is sent.
func Send(c chan any, n int) {
	c <- n // want: boxed
}

// Panic boxes what is thrown.
func Panic(n int) {
	panic(n) // want: boxed
}
