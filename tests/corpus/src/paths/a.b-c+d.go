package paths

// Punctuation is in a file with signs in its name.
func Punctuation() *int {
	n := 1 // want: moved
	return &n
}
