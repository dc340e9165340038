package paths

// Blank is in another file.
func Blank() *int {
	n := 1 // want: moved
	return &n
}
