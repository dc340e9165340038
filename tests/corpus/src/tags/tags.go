// Package tags has files for some builds only.
package tags

var keep any

// Common is in every build.
func Common(n int) {
	keep = n    // want: boxed
	platform(n) // want: moved
}
