//go:build corpus_never

package tags

// Never is in no build.
func Never(n int) *int { return &n }
