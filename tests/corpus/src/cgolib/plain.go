package cgolib

// Plain has no C.
func Plain() *int {
	n := 1 // want: moved
	return &n
}
