"""Results of pure functions that cost much, kept from one run to the next. Pure.

What a long history says of most of its series is the same after one more commit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Memo:
    """Results by a digest of all that they depend on, the function's name included.

    What a run did not ask for is forgotten with :meth:`turn`.
    """

    _before: dict[bytes, Any] = field(default_factory=dict)
    _now: dict[bytes, Any] = field(default_factory=dict)

    def get(self, key: bytes, make: Callable[[], T]) -> T:
        """The result under a key, made only if it is not there."""
        if key in self._now:
            found: T = self._now[key]
            return found
        found = self._before[key] if key in self._before else make()
        self._now[key] = found
        return found

    def turn(self) -> Memo:
        """What the next run begins with."""
        return Memo(dict(self._now))
