package tested_test

import (
	"testing"

	"example.com/corpus/tested"
)

var sink any

// helper allocates in the external test package.
func helper(n int) *int { // want: moved
	return &n
}

func BenchmarkExternal(b *testing.B) {
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		sink = helper(i)     // want: moved
		sink = tested.New(i) // want: literal
	}
}

func TestExternal(t *testing.T) {
	sink = tested.Maker(len(t.Name())) // want: closure
	sink = tested.Generic(t)
	sink = tested.Generic(3)
}
