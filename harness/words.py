"""Words that every layer says alike."""

from __future__ import annotations

from datetime import UTC, datetime

# The end of the year 9999, beyond which Python has no date.
_LAST = 253_402_300_799


def utc(seconds: float) -> datetime:
    """A time since the epoch, the nearest that a calendar has: git takes any number as a date."""
    return datetime.fromtimestamp(min(max(seconds, 0), _LAST), UTC)


def plural(count: int, noun: str, nouns: str = "") -> str:
    """``1 step``, ``2 steps``."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"
