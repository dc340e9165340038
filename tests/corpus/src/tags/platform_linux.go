package tags

func platform(n int) {
	p := &n
	keep = p
}
