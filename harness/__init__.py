"""Escape Velocity: which heap escape caused which change in allocs/op, commit by commit."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.results import open_results

__version__ = "0.1.0"
__all__ = ["open_results"]


def __getattr__(name: str) -> object:
    """``open_results``, loaded when it is used: ``import harness`` alone loads nothing."""
    if name == "open_results":
        from harness.results import open_results

        return open_results
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
