package tags

// OldLoopVariable has one variable for all turns, by the language of the module.
func OldLoopVariable(n int) (all []*int) {
	for i := 0; i < n; i++ { // want: moved
		all = append(all, &i) // want: append@1.25+
	}
	return all
}
