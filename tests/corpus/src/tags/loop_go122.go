//go:build go1.22

package tags

// LoopVariable has one variable for each turn, by the language of this file.
func LoopVariable(n int) (all []*int) {
	for i := 0; i < n; i++ { // want: moved
		all = append(all, &i) // want: append@1.25+
	}
	return all
}

// RangeInt ranges over a number.
func RangeInt(n int) (all []*int) {
	for i := range n { // want: moved
		all = append(all, &i) // want: append@1.25+
	}
	return all
}
