//go:build go1.24

package tested

import "testing"

func BenchmarkLoop(b *testing.B) {
	n := 0
	for b.Loop() {
		v := New(n)
		n += v.n[0]
	}
	sink = n // want: boxed
}
