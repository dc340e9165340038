// Package lines has //line directives in every form.
package lines

type item struct{ a, b int }

var (
	keep  *int
	items []*item
)

// Before is where it is.
func Before() *int {
	n := 1 // want: moved
	return &n
}

//line grammar.y:100
func Grammar() *int {
	n := 1
	return &n
}

func SameDirective() *item {
	return &item{1, 2}
}

//line grammar.y:10:5
func WithColumn() *int {
	n := 1
	return &n
}

//line lines.go:48
func BackAgain() *int {
	n := 1
	return &n
}

// InTheMiddle is in two files.
func InTheMiddle() (*int, *int, func() *int) {
	a := 1
//line other.tmpl:7
	b := 2
	f := func() *int {
		c := 3
//line other.tmpl:700
		d := 4
		keep = &d
		return &c
	}
//line lines.go:66
	return &a, &b, f
}

//line :70
func NoFile() *int {
	n := 1
	return &n
}

//line with blank.y:1
func Blank() *int {
	n := 1
	return &n
}

//line sub/dir/deep.go:1
func Deep() *int {
	n := 1
	return &n
}

//line größe.y:1
func NonASCII() *int {
	n := 1
	return &n
}

//line odd:12:34.y:5
func Colons() *int {
	n := 1
	return &n
}

//line lines.go:200
func Comment() (*int, *int) {
	/*line inline.y:3:7*/ a := 1 /*line lines.go:202:1*/; b := 2
	return &a, &b
}

//line lines.go:300
//go:noinline
func Pair() (a, b *int) {
//line same.y:1
	x := 1
//line same.y:1
	y := 2
//line lines.go:310
	return &x, &y
}

// Calls is inlined calls within directives.
func Calls() (*int, *item) {
//line caller.y:9
	return Before(), SameDirective()
}

// line is no directive: it has a blank.
//
// line not.y:3
func NotADirective() *int {
	n := 1
	return &n
}
