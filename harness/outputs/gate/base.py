"""The protocol of the gate's formats, and what they are given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from harness.analysis.verdict.gate import GateReport
from harness.errors import EXIT_ERROR, EXIT_UNFIT

# A function of revision, file and line.
LineText = Callable[[str, str, int], str]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Source lines and links, which records do not have.

    Attributes:
        source: the text of a line of a file at a revision; empty if it cannot be had.
        link: the address of that line; empty if it has none.
    """

    source: LineText = lambda _revision, _file, _line: ""
    link: LineText = lambda _revision, _file, _line: ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A gate that could not begin, or whose machine is unfit."""

    message: str  # one line: what, where, what to do
    exit_code: int = EXIT_ERROR

    @property
    def headline(self) -> str:
        """The verdict in words."""
        if self.exit_code == EXIT_UNFIT:
            return "ERROR: the machine is unfit for timing, so no verdict"
        return "ERROR: could not measure, so no verdict"


class Reporter(Protocol):
    """One format of the gate's report; both functions are pure and give a whole document."""

    def report(self, report: GateReport, around: Surroundings) -> str:
        """The report of a gate that has a verdict."""

    def failure(self, failure: Failure) -> str:
        """The report of one that has none."""
