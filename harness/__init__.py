"""Escape Velocity: which heap escape caused which change in allocs/op, commit by commit."""

__version__ = "0.1.0"
