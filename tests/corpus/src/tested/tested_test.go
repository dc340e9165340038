package tested

import "testing"

var sink any

func BenchmarkGet(b *testing.B) {
	var g Getter = New(3)
	for i := 0; i < b.N; i++ {
		sink = g.Get() // want: moved@1.22+
	}
}

func TestGeneric(t *testing.T) {
	t.Run("sub", func(t *testing.T) { // want: closure
		if *generic(len(t.Name())) == 0 {
			t.Fatal("zero") // want: boxed
		}
	})
	_ = generic("only in the test")
}
