"""A Go module whose escapes and allocs/op are known, measured by ``esv check``."""
