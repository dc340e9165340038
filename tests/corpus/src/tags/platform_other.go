//go:build !linux

package tags

func platform(n int) { keep = n }
