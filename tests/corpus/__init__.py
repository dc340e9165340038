"""Go sources of our own, and what seven releases of Go say of them."""
