"""The messages of the Go compiler: collected, parsed, and matched across revisions.

`collect` compiles a module once and returns its packages; `golist` reads ``go list``, with the
files that only tests use. `messages` and `parse` turn the compiler's output into escape sites and
inlining decisions, `functions`, `lines`, `copies` and `normal` give each its function and form, and
`known` caches the result. `identity` says which site of one revision is which of another. `marks`
reads ``//esv:noescape``.
"""
