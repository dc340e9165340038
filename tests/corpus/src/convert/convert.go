// Package convert has conversions between strings and slices.
package convert

type (
	text  string
	bytes []byte
	octet byte
)

var (
	keepBytes  []byte
	keepRunes  []rune
	keepString string
	keepText   text
	keepNamed  bytes
	keepOctets []octet
)

// ToBytes copies a string.
func ToBytes(s string) {
	keepBytes = []byte(s) // want: conversion
}

// ToRunes decodes a string.
func ToRunes(s string) {
	keepRunes = []rune(s) // want: conversion
}

// FromBytes copies bytes.
func FromBytes(b []byte) {
	keepString = string(b) // want: conversion
}

// FromRunes encodes runes.
func FromRunes(r []rune) {
	keepString = string(r) // want: conversion
}

// FromRune encodes one rune.
func FromRune(r rune) {
	keepString = string(r) // want: conversion
}

// Named converts to and from named types; the first two read like boxes.
func Named(s text, b bytes) {
	keepNamed = bytes(s)          // want: boxed
	keepText = text(b)            // want: boxed
	keepOctets = []octet("const") // want: conversion
	keepText = text(s) + "!"      // want: concat
}

// Constant converts a constant.
func Constant() []byte {
	return []byte("constant: \"quoted\" + more\n") // want: conversion
}

// Free conversions copy nothing, or stay on the stack.
func Free(m map[string]int, b []byte, s string) int {
	n := m[string(b)]
	if string(b) == s {
		n++
	}
	for range []byte(s) {
		n++
	}
	for _, c := range []byte(s) {
		n += int(c)
	}
	short := []byte(s)
	return n + len(short)
}

// ZeroCopy only reads the bytes.
func ZeroCopy(s string) int { return sum([]byte(s)) }

//go:noinline
func sum(b []byte) (n int) {
	for _, c := range b {
		n += int(c)
	}
	return n
}

// Array converts a slice to an array.
func Array(b []byte) *[4]byte {
	a := [4]byte(b) // want: moved
	return &a
}
