"""Words that every layer says alike."""

from __future__ import annotations


def plural(count: int, noun: str, nouns: str = "") -> str:
    """``1 step``, ``2 steps``."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"
