//go:build go1.23

package closures

// Each is an iterator.
func Each(n int) func(yield func(int) bool) {
	return func(yield func(int) bool) { // want: closure
		for i := 0; i < n; i++ {
			if !yield(i) {
				return
			}
		}
	}
}

//go:noinline
func opaque(f func(yield func(int) bool)) func(yield func(int) bool) { return f }

// RangeFunc has a body that becomes a function.
func RangeFunc() (all []*int) { // want: moved
	for i := range opaque(Each(3)) { // want: closure, moved
		j := i                // want: moved
		all = append(all, &j) // want: append@1.25+
		keepFunc = func() {   // want: closure
			k := j // want: moved
			keep = &k
		}
	}
	return all
}
