"""The time lane of the gate: is the head slower, and can this machine tell?

Base and head run in turn, the base twice as often: as *a* and as *b*, whose difference is noise.
Each benchmark is tested with the two-sided Mann-Whitney U-test, as in benchstat; the p-values are
corrected for their number (Holm 1979, "A simple sequentially rejective multiple test procedure",
Scandinavian Journal of Statistics 6), so that :data:`FALSE_ALARM` is the chance of one false alarm
in a whole gate of identical code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import median

from harness.analysis.compare.comparison import Change, Direction
from harness.analysis.compare.samples import mann_whitney
from harness.model import SECONDS, Lane, Measurement
from harness.policy.model import Policy

# Probability of one false alarm in a gate.
FALSE_ALARM = 0.01


@dataclass(frozen=True, slots=True)
class Timed:
    """Samples of one benchmark in seconds per operation, taken in turn, of the base twice."""

    package: str
    benchmark: str
    base_a: tuple[float, ...]
    base_b: tuple[float, ...]
    head: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Noise:
    """The difference of the base from itself."""

    package: str
    benchmark: str
    shift: float  # relative difference of the medians of *a* and *b*
    p: float  # of the U-test, corrected
    spread: float  # half the distance between the quartiles, relative to the median
    relevant: float  # the smallest relative change that the policy fails

    @property
    def unfit(self) -> bool:
        """True if noise could look like a change that counts, or hide one.

        Either *a* and *b* differ as base and head would have to, or half of the samples are further
        from the median than the change that is looked for.
        """
        return (self.p < FALSE_ALARM and abs(self.shift) > self.relevant) or (
            self.spread > max(self.relevant, _LEAST_SPREAD)
        )


# A policy may ask for any rise of sec/op; no machine repeats to the nanosecond.
_LEAST_SPREAD = 0.02
# From this share of unfit benchmarks on the machine is to blame, and not one benchmark.
_MOST_UNFIT = 0.2


@dataclass(frozen=True, slots=True)
class TimeReport:
    """The time lane of a gate.

    Attributes:
        changes: one for each benchmark, in the order given; ``direction`` is ``NONE`` where the
            corrected p-value is not below :data:`FALSE_ALARM`.
        fewest: samples a side below which no difference can be significant, given how many
            benchmarks are tested; 0 where there are enough.
    """

    changes: tuple[Change, ...]
    noise: tuple[Noise, ...]
    fewest: int = 0

    @property
    def unfit(self) -> tuple[Noise, ...]:
        """The benchmarks that show the machine to be unfit; empty if it is fit."""
        bad = tuple(n for n in self.noise if n.unfit)
        shifted = any(n.p < FALSE_ALARM and abs(n.shift) > n.relevant for n in bad)
        return bad if shifted or len(bad) > _MOST_UNFIT * len(self.noise) else ()


def judge_time(timed: Sequence[Timed], policy: Policy) -> TimeReport:
    """Compare base and head, and the base with itself, in every benchmark that both sides have."""
    against = holm([mann_whitney((*t.base_a, *t.base_b), t.head) for t in timed])
    itself = holm([mann_whitney(t.base_a, t.base_b) for t in timed])
    changes, noise = [], []
    for t, p, p_itself in zip(timed, against, itself, strict=True):
        base = Measurement(SECONDS, Lane.TIME, (*t.base_a, *t.base_b), False)
        head = Measurement(SECONDS, Lane.TIME, t.head, False)
        direction = Direction.NONE
        if p < FALSE_ALARM and head.value != base.value:
            slower = head.value > base.value
            direction = Direction.REGRESSION if slower else Direction.IMPROVEMENT
        changes.append(Change(t.package, t.benchmark, SECONDS, base, head, direction, p))
        threshold, _ = policy.threshold(t.benchmark, SECONDS)
        relevant = max(threshold.relative, threshold.absolute / base.value if base.value else 0.0)
        shift = median(t.base_b) / median(t.base_a) - 1 if median(t.base_a) else 0.0
        spread = _spread(base.samples)
        noise.append(Noise(t.package, t.benchmark, shift, p_itself, spread, relevant))
    return TimeReport(tuple(changes), tuple(noise), _fewest(timed))


def holm(values: Sequence[float]) -> list[float]:
    """P-values corrected for their number by Holm's method, in the same order."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    corrected = [1.0] * len(values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(values) - rank) * values[index]))
        corrected[index] = largest
    return corrected


def _spread(samples: Sequence[float]) -> float:
    """Half the distance between the quartiles, relative to the median; 0 for fewer than 4."""
    middle = median(samples)
    if len(samples) < 4 or not middle:
        return 0.0
    ordered = sorted(samples)
    half = len(ordered) // 2
    return (median(ordered[-half:]) - median(ordered[:half])) / 2 / middle


def _fewest(timed: Sequence[Timed]) -> int:
    """The fewest samples a side that can be significant; 0 where there are as many.

    Without ties the smallest p-value of n against 2n samples is two of all ways to divide them.
    """
    if not timed:
        return 0
    taken = min(len(t.head) for t in timed)
    needed = next(n for n in range(1, 100) if 2 / comb(3 * n, n) * len(timed) < FALSE_ALARM)
    return needed if taken < needed else 0
