"""Dates and plurals."""

from datetime import UTC, datetime

# The end of the year 9999, beyond which Python has no date.
_LAST = 253_402_300_799


def utc(seconds: float) -> datetime:
    """Return a time since the epoch as the nearest date: git takes any number for one."""
    return datetime.fromtimestamp(min(max(seconds, 0), _LAST), UTC)


def plural(count: int, noun: str, nouns: str = "") -> str:
    """Return ``1 step``, ``2 steps``."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"
