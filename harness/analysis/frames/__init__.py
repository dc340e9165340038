"""Histories as pandas frames, and the correlation of escapes with numbers over them."""
