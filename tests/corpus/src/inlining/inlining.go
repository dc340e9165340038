// Package inlining has functions that can and cannot be inlined, each for a reason.
package inlining

import (
	"fmt"
	"runtime"
	"strings"
)

type shape interface{ area() int }

type square struct{ side int }

func (s square) area() int { return s.side * s.side }

var (
	keep    *square
	keepAny any
	fn      func(int) int
	channel = make(chan int)
)

// Leaf is cheap.
func Leaf(a int) int { return a + 1 }

// Literal allocates and is cheap.
func Literal(n int) *square { return &square{n} } // want: literal

// Middle inlines one that allocates.
func Middle(n int) *square { return Literal(n) } // want: literal

// Outer inlines two levels.
func Outer(n int) { keep = Middle(n) } // want: literal

// Local inlines one that allocates, and does not keep it.
func Local(n int) int { return Middle(n).area() }

// Marked is marked.
//
//go:noinline
func Marked(n int) *square { return &square{n} } // want: literal

// Race is marked for another reason.
//
//go:norace
func Race(n int) int { return n }

// Recursive calls itself.
func Recursive(n int) int {
	if n == 0 {
		return 0
	}
	return Recursive(n-1) + 1
}

// Expensive is over the budget.
func Expensive(list []string) string {
	out := ""
	for _, s := range list {
		out += strings.ToUpper(s) + strings.ToLower(s) + strings.TrimSpace(s) // want: concat
	}
	for _, s := range list {
		out += fmt.Sprint(s, len(list)) // want: boxed, boxed
	}
	return out
}

// Defers cannot be inlined.
func Defers() {
	defer fmt.Println()
	Leaf(1)
}

// Goes cannot be inlined.
func Goes() {
	go Leaf(2) // want: closure
}

// Selects cannot be inlined.
func Selects(c chan int) int {
	select {
	case n := <-c:
		return n
	case channel <- 3:
		return 1
	default:
		return 0
	}
}

// Recovers cannot be inlined.
func Recovers() any { return recover() }

// Caller cannot be inlined.
func Caller() uintptr {
	pc, _, _, _ := runtime.Caller(1)
	return pc
}

// Types declares a type.
func Types(n int) any {
	type local struct{ n int }
	return local{n} // want: literal
}

// Labels has labels and goto.
func Labels(n int) int {
loop:
	for i := 0; i < n; i++ {
		if i == 3 {
			continue loop
		}
		if i == 7 {
			break loop
		}
	}
	if n > 100 {
		goto end
	}
	n++
end:
	return n
}

// Devirtualized is called through an interface of a known type.
func Devirtualized(n int) int {
	var s shape = square{n}
	return s.area()
}

// Chain is several inlined calls on one line.
func Chain() (*square, *square) { return Literal(1), Middle(Leaf(2)) } // want: literal, literal

// Closure is a literal with an inlined call in it.
func Closure() {
	fn = func(n int) int { // want: closure
		keep = Literal(n) // want: literal
		return n
	}
}

// Standard inlines functions of the standard library that allocate.
func Standard(s string, list []string) {
	b := strings.NewReader(s) // want: literal
	keepAny = b
	keepAny = fmt.Errorf("x: %w", fmt.Errorf("y %d", len(list))) // want: literal@1.26+, literal@1.26+, boxed
	var sb strings.Builder
	sb.WriteString(s)                       // want: boxed, append@1.25+
	sb.WriteByte('c')                       // want: boxed, append@1.25+
	keepAny = sb.String()                   // want: boxed
	keepAny = strings.Split(s, ",")         // want: boxed
	keepAny = strings.NewReplacer("a", "b") // want: boxed, literal, append@1.25+
}
