"""Whether a benchmark's run comes past an escape site."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.model.diagnostic import Position


class Execution(StrEnum):
    """How far the benchmarks of a revision come to a place."""

    EXECUTED = "executed"
    UNEXECUTED = "unexecuted"  # the function is entered, the place is in a branch not taken
    UNCOVERED = "uncovered"  # no benchmark enters the function


@dataclass(frozen=True, slots=True, order=True)
class SiteExecution:
    """What a run of the benchmarks with coverage counters tells of one escape site.

    Attributes:
        package: import path.
        position: of the site.
        execution: see :class:`Execution`.
    """

    package: str
    position: Position
    execution: Execution
