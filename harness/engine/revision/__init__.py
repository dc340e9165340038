"""Measuring one revision: check out, compile, link what is new, run it, account for it."""
