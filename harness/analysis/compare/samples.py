"""Samples of one value compared as benchstat compares them, to the last digit.

The median's confidence interval and the Mann-Whitney U-test follow golang.org/x/perf/benchmath
(``AssumeNothing``) and github.com/aclements/go-moremath/stats. scipy takes the normal approximation
where values are tied or samples are larger than 8, which at these sizes can be off by a factor of
two.
"""

import math
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from statistics import NormalDist, median

from harness.model import SAMPLED, Lane, Measurement

CONFIDENCE = 0.95
# Larger samples get the normal approximation: without ties, and with them.
_EXACT = 50
_EXACT_TIES = 25
_EXACT_INTERVAL = 30


def mann_whitney(a: Sequence[float], b: Sequence[float]) -> float:
    """Two-sided p-value of the U-test; 1 where nothing can be told (all values equal).

    With ties and unequal numbers of samples the distribution of U is not symmetric; the lower tail
    of the first sample's U is taken for both directions, as benchstat does. Both samples need at
    least one value.
    """
    merged = sorted([(v, 0) for v in a] + [(v, 1) for v in b])
    ties: list[int] = []
    doubled_ranks = 0  # twice the rank sum of the first sample, so that it is whole
    place = 0
    for _, group in groupby(merged, key=lambda pair: pair[0]):
        sides = [side for _, side in group]
        ties.append(len(sides))
        doubled_ranks += (2 * place + len(sides) + 1) * sides.count(0)
        place += len(sides)
    if len(ties) == 1:
        return 1.0
    n1, n2 = len(a), len(b)
    first = doubled_ranks - n1 * (n1 + 1)  # twice U
    smaller = min(first, 2 * n1 * n2 - first)
    if 2 * smaller == 2 * n1 * n2:
        return 1.0
    if max(n1, n2) <= (_EXACT if len(ties) == n1 + n2 else _EXACT_TIES):
        return min(1.0, 2 * _lower_tail(n1, tuple(ties), smaller + n1 * (n1 + 1)))
    n = n1 + n2
    correction = sum(t**3 - t for t in ties) / (n * (n - 1))
    deviation = math.sqrt(n1 * n2 * ((n + 1) - correction) / 12)
    distance = (n1 * n2 - smaller) / 2 - 0.5  # with the correction for continuity
    return min(1.0, 2 * NormalDist().cdf(-distance / deviation))


def _lower_tail(n1: int, ties: tuple[int, ...], most: int) -> float:
    """Share of the choices of ``n1`` values whose doubled rank sum is at most ``most``.

    ``ties`` has the number of equal values at each distinct value, in ascending order. Ways are
    counted exactly: for each number of chosen values there is one integer with a digit for each
    sum. Adding a rank shifts it, and no digit overflows, since each can hold all ways together.
    """
    total = math.comb(sum(ties), n1)
    width = total.bit_length() + 1
    ways = [1] + [0] * n1
    place = 0
    for tied in ties:
        rank = 2 * place + tied + 1
        place += tied
        for chosen in range(n1, 0, -1):
            for taken in range(1, min(tied, chosen) + 1):
                more = ways[chosen - taken] * math.comb(tied, taken)
                ways[chosen] += more << (width * rank * taken)
    lowest = ways[n1] & ((1 << width * (most + 1)) - 1)
    return lowest % ((1 << width) - 1) / total  # the remainder is the sum of the digits


def median_interval(samples: Sequence[float]) -> tuple[float, float]:
    """Bounds of the median's confidence interval; infinite where there are too few samples.

    The bounds are samples themselves, chosen by the binomial distribution of their ranks.
    """
    ordered = sorted(samples)
    low, high = _orders(len(ordered))
    return (
        ordered[low - 1] if low >= 1 else -math.inf,
        ordered[high - 1] if high <= len(ordered) else math.inf,
    )


def median_band(m: Measurement) -> tuple[float, float, bool]:
    """The band around a median that does not repeat: low, high, and whether it is an interval.

    Of times it is the confidence interval of the median, as benchstat prints it. Below 6 samples
    there is none at 0.95; then, and of counts, whose repetitions are few and are compared by their
    ranges, it is the range of the samples.
    """
    if m.lane is Lane.TIME or m.unit in SAMPLED:
        low, high = median_interval(m.samples)
        if low > -math.inf and high < math.inf:
            return low, high, True
    return m.low, m.high, False


def spread(samples: Sequence[float]) -> float:
    """The reach of the interval from the median, as a share of it.

    Infinite where there are too few samples, NaN where a share has no meaning.
    """
    low, high = median_interval(samples)
    if math.isinf(low) or math.isinf(high):
        return math.inf
    middle = median(samples)
    if len({(x > 0) - (x < 0) for x in (low, middle, high)}) > 1:
        return math.nan
    return max(high / middle - 1, 1 - low / middle) if middle else 0.0


@cache
def _orders(n: int) -> tuple[int, int]:
    """The two of ``n`` ordered samples that bound the median, from 1; 0 and n + 1 are outside."""
    if n > _EXACT_INTERVAL:
        return _orders_of_many(n)

    def weight(k: int) -> int:
        return math.comb(n, k) if 0 <= k <= n else 0

    left = math.ceil((n + 1) / 2) - 1
    right = left + 1
    inside = weight(left)
    while inside < CONFIDENCE * 2**n and (left > 0 or right <= n):
        if weight(left - 1) >= weight(right):
            left -= 1
            inside += weight(left)
        else:
            inside += weight(right)
            right += 1
    return max(left, 0), min(right, n + 1)


def _orders_of_many(n: int) -> tuple[int, int]:
    normal = NormalDist(n / 2, math.sqrt(n) / 2)
    below = normal.inv_cdf((1 - CONFIDENCE) / 2)
    left = math.floor(math.floor(below - 0.5) + 0.5) + 1
    right = math.floor(math.ceil(n - below - 0.5) + 0.5) + 1
    inside = normal.cdf(right - 0.5) - normal.cdf(left - 0.5)
    fewer = normal.cdf(right - 1.5) - normal.cdf(left - 0.5)
    if CONFIDENCE <= fewer < inside:
        right -= 1
    return max(left, 0), min(right, n + 1)
