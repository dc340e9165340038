// Package cgolib calls C.
package cgolib

/*
#include <stdlib.h>
#include <string.h>

struct pair { int a, b; };

static int add(int a, int b) { return a + b; }
static void fill(struct pair *p) { p->a = 1; p->b = 2; }
static int twice(int (*f)(int), int n) { return f == 0 ? n : f(f(n)); }
*/
import "C"

import "unsafe"

var (
	keep    *C.struct_pair
	keepAny any
	keepInt *int
)

// Add calls C with numbers.
func Add(a, b int) int { return int(C.add(C.int(a), C.int(b))) }

// Fill hands a pointer to C.
func Fill() int {
	var p C.struct_pair // want: moved
	C.fill(&p)
	return int(p.a)
}

// Kept keeps a struct of C.
func Kept() {
	keep = &C.struct_pair{a: 1} // want: literal
}

// Text copies to C and back.
func Text(s string) string {
	c := C.CString(s)
	defer C.free(unsafe.Pointer(c)) // want: moved@-1.19
	return C.GoString(c)
}

// Errno has two results.
func Errno(s string) error {
	_, err := C.strlen(C.CString(s))
	return err
}

// Boxed boxes a type of C.
func Boxed(n C.int) {
	keepAny = n // want: boxed
}

// Moved is Go behind a call of C on the same line.
func Moved() *int {
	n := int(C.add(1, 2)) // want: moved
	return &n
}

// Literal has one in a function literal.
func Literal() func() *int {
	return func() *int { // want: closure
		n := int(C.add(3, 4)) // want: moved
		return &n
	}
}
