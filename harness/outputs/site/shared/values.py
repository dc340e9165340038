"""Values as tables show them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.analysis.compare.comparison import Direction
from harness.analysis.compare.samples import median_band
from harness.analysis.series.series import Series
from harness.analysis.series.steps import Step
from harness.model import Measurement
from harness.outputs.text.format import NONE, signed, value

# Behind a spread that is no confidence interval; static/benchmark.js says the same.
RANGE = " (range)"


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of one unit: how it reads, how its repetitions spread, how it changed."""

    text: str
    spread: str = ""
    delta: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A number with its name."""

    label: str
    text: str
    tone: str = ""


def cell(m: Measurement | None, step: Step | None = None) -> Cell:
    """A value with its spread, and how it changed."""
    if m is None:
        return Cell(NONE)
    spread = ""
    if not m.exact and m.low != m.high:
        low, high, interval = median_band(m)
        spread = f"{value(low, m.unit)} to {value(high, m.unit)}{'' if interval else RANGE}"
    if step is None:
        return Cell(value(m.value, m.unit), spread)
    return Cell(value(m.value, m.unit), spread, signed(step.delta, m.unit), step.direction.value)


def by_direction(steps: Iterable[Step]) -> tuple[int, int]:
    """The number of regressions and the number of improvements."""
    listed = list(steps)
    worse = sum(s.direction is Direction.REGRESSION for s in listed)
    return worse, len(listed) - worse


def units_of(series: Sequence[Series]) -> dict[str, Series]:
    """Series of one benchmark by unit."""
    return {s.unit: s for s in series}
