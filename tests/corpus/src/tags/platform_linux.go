package tags

func platform(n int) { // want: moved
	p := &n
	keep = p
}
