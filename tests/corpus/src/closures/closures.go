// Package closures has function literals, nested, deferred and inlined.
package closures

import "sync"

var (
	keep     *int
	keepFunc func()
	keepFn   func() *int
	keepFns  []func()
)

// Simple captures by reference.
func Simple() {
	n := 0              // want: moved
	keepFunc = func() { // want: closure
		n++
	}
}

// ByValue captures a variable that never changes.
func ByValue(n int) func() int {
	return func() int { return n } // want: closure
}

// Nothing captures nothing and allocates nothing, and is reported.
func Nothing() func() {
	return func() {} // want: closure
}

// Nested has three levels, each with a site.
func Nested() func() func() *int {
	return func() func() *int { // want: closure
		a := 1 // want: moved
		keep = &a
		return func() *int { // want: closure
			b := 2 // want: moved
			keep = &b
			c := 3 // want: moved
			return &c
		}
	}
}

// Siblings has two on one level, the second with one inside.
func Siblings() {
	keepFunc = func() { // want: closure
		a := 1 // want: moved
		keep = &a
	}
	keepFunc = func() { // want: closure
		keepFn = func() *int { // want: closure
			b := 2 // want: moved
			return &b
		}
		keepFn = func() *int { // want: closure
			c := 3 // want: moved
			return &c
		}
	}
	d := 4 // want: moved
	keep = &d
}

// OneLine has everything on one line.
func OneLine() func() *int { return func() *int { a := 1; return &a } } // want: closure, moved

// Called is called where it stands.
func Called() *int {
	return func() *int {
		a := 1 // want: moved@1.24+
		return &a
	}() // want: moved
}

// Deferred defers literals and calls.
func Deferred(mu *sync.Mutex, n int) { // want: moved
	defer mu.Unlock()
	defer func() {
		a := n // want: moved
		keep = &a
	}()
	defer take(&n)
	mu.Lock()
}

// DeferredLoop defers in a loop, which needs the heap.
func DeferredLoop(list []*sync.Mutex) {
	for _, mu := range list {
		mu.Lock()
		defer mu.Unlock() // want: closure
	}
	for i := range list { // want: moved
		defer func() { keep = new(int); *keep = i }() // want: closure, new
	}
}

// Go starts literals and calls.
func Go(n int, done chan bool) {
	go func() { // want: closure
		a := n // want: moved
		keep = &a
		done <- true
	}()
	go take(keep)     // want: closure
	go done2(done, n) // want: closure
}

//go:noinline
func take(p *int) { keep = p }

//go:noinline
func done2(done chan bool, n int) { done <- n > 0 }

type counter struct{ n int }

// Method has a literal in a method of a pointer.
func (c *counter) Method() func() *int {
	return func() *int { // want: closure
		a := c.n // want: moved
		return &a
	}
}

// Value has a literal in a method of a value.
func (c counter) Value() func() *int {
	return func() *int { // want: closure
		a := c.n // want: moved
		return &a
	}
}

// maker is small enough to be inlined together with its literal.
func maker(n int) func() *int {
	return func() *int { // want: closure
		a := n // want: moved
		return &a
	}
}

// Inlined gets the literal of maker.
func Inlined() func() *int {
	return maker(3) // want: closure
}

// InlinedTwice gets it twice.
func InlinedTwice() (func() *int, func() *int) {
	f := maker(1) // want: closure
	g := maker(2) // want: closure
	return f, g
}

// InlinedInside gets it inside of a literal of its own.
func InlinedInside() {
	keepFunc = func() { // want: closure
		keepFn = maker(4) // want: closure
	}
}

// Recursive calls itself.
func Recursive(n int) int {
	var f func(int) int
	f = func(k int) int {
		if k == 0 {
			return 0
		}
		return f(k-1) + k
	}
	return f(n)
}

// InArguments has literals among arguments, in a literal, and in a map.
func InArguments() {
	keepFns = append(keepFns, func() { // want: append@1.25+, closure
		a := 1 // want: moved
		keep = &a
	}, func() { // want: closure
		b := 2 // want: moved
		keep = &b
	})
	table := map[string]func(){
		"x": func() { // want: closure
			c := 3 // want: moved
			keep = &c
		},
	}
	keepFunc = table["x"]
}

// After has a site behind a literal, on its last line.
func After() *int {
	f := func() int { return 3 }
	n := f() // want: moved
	return &n
}

// Branches has literals in an if, a switch and a select.
func Branches(c chan int, k int) { // want: moved
	if k > 3 {
		keepFunc = func() { k++ } // want: closure
	} else if k < 2 {
		keepFunc = func() { k-- } // want: closure
	}
	switch {
	case k > 5:
		keepFunc = func() { k *= 2 } // want: closure
	}
	select {
	case <-c:
		keepFunc = func() { // want: closure
			a := k // want: moved
			keep = &a
		}
	default:
	}
}

func _() {
	keepFunc = func() {
		a := 5
		keep = &a
	}
}

func init() {
	a := 5 // want: moved
	keep = &a
}

func init() {
	keepFunc = func() { // want: closure
		b := 6 // want: moved
		keep = &b
	}
}

// Maker is inlined in other packages.
func Maker(n int) func() *int {
	return func() *int { // want: closure
		a := n // want: moved
		return &a
	}
}
