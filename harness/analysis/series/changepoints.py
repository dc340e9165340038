"""Change points of noisy series, with p-values; the method and its figures: docs/steps.md.

A revision is one observation, its median; repetitions only tell which revisions to trust less. The
search is a binary segmentation: at every place the means of the windows that meet there are
compared, for windows of several lengths on either side, in units of their standard errors. The
p-value is that of Student's t times the number of independent comparisons (Bonferroni), and over
many series the level is that of Benjamini and Hochberg (1995).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Share of false steps among those reported, over all series that were searched together.
FALSE_DISCOVERIES = 0.05
# Fewer measured revisions say nothing: the noise itself is not known.
FEWEST = 8
# A level needs this many revisions; a single one that stands out is an outlier.
SHORTEST = 2
_WINDOWS = (2, 3, 5, 9, 17, 34)
# Independent comparisons per place, divided by the length of the shorter window; from simulations.
_COMPARISONS = 3.0
# The noise is told from the lower four fifths of differences; their mean for standard normal ones.
_SMALLER = 0.8
_SMALLER_MEAN = 0.5586
# A value further from both sides than this many standard deviations is an outlier.
_OUTLIER = 2.5
_SURELY = 4.0
# Noise is never taken for smaller than this share of the value, and of the range of the series.
_LEAST_NOISE = 5e-4
_LEAST_OF_RANGE = 0.02
# Degrees of freedom of the noise, for each difference of neighbours.
_FREEDOM = 0.4
# Longest block, and how many a series has to have at least: each step is in two of them.
_BLOCK = 4
_BLOCKS = 12
# The means of long windows differ by what those of blocks do more than neighbours, to this power.
_LONG_RUN = 1.8
# How much better than a straight line a step must fit: twice the difference of log-likelihoods.
_BETTER = 4.0
# Differences of neighbours in a stretch, and the factor above that of the whole series from which
# the noise of such a stretch is believed: the shorter, the more it varies by chance.
_STRETCHES = ((34, 1.5), (12, 2.0), (6, 2.6))
# Weight of what is usual against a revision's own spread, in repetitions.
_PRIOR = 4


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """A place where the level of a series changes.

    Attributes:
        index: first place of the new level.
        p: probability of such a difference anywhere in a series without one, at most 1.
        before, after: medians of the levels that end and begin here.
    """

    index: int
    p: float
    before: float
    after: float


def change_points(
    values: Sequence[float],
    samples: Sequence[Sequence[float]] | None = None,
    level: float = FALSE_DISCOVERIES,
) -> tuple[ChangePoint, ...]:
    """The change points of one series, in order, with p-values of at most ``level``.

    There is one value for each measured revision, oldest first; ``samples`` are its repetitions.
    """
    if len(values) < FEWEST:
        return ()
    return _Search(values, samples).found(level)


def change_points_of_all(
    series: Sequence[tuple[Sequence[float], Sequence[Sequence[float]] | None]],
    rate: float = FALSE_DISCOVERIES,
) -> list[tuple[ChangePoint, ...]]:
    """The change points of many series, with p-values corrected for their number.

    A series has a step if its strongest candidate passes the procedure of Benjamini and Hochberg
    over all series; its other steps have to pass the same level. ``rate`` is the accepted share of
    false ones among the series that are said to have a step.
    """
    tried = [change_points(*s, rate) for s in series]
    best = sorted(min(c.p for c in found) for found in tried if found)
    tests = sum(len(values) >= FEWEST for values, _ in series)
    passed = max((n for n, p in enumerate(best, 1) if p <= rate * n / tests), default=0)
    if not passed:
        return [() for _ in series]
    factor = tests / passed
    results: list[tuple[ChangePoint, ...]] = []
    for one, found in zip(series, tried, strict=True):
        held = change_points(*one, rate / factor) if found and factor != 1 else found
        results.append(tuple(replace(c, p=min(1.0, c.p * factor)) for c in held))
    return results


class _Search:
    """One series prepared: logarithms, outliers clipped, a variance for each place."""

    def __init__(self, values: Sequence[float], samples: Sequence[Sequence[float]] | None) -> None:
        self._raw = np.asarray(values, dtype=np.float64)
        self._count = len(values)
        # Noise of a time is proportional to it; a count may be 0.
        self._log = bool((self._raw > 0).all())
        y = np.log(self._raw) if self._log else self._raw
        size = 1.0 if self._log else float(np.median(np.abs(y)))
        sigma = _noise(y, max(_LEAST_NOISE * size, _LEAST_OF_RANGE * float(np.ptp(y)), 1e-150))
        self._y = _clipped(y, _OUTLIER * sigma)
        outliers = int((np.abs(_clipped(y, _SURELY * sigma) - y) > 0).sum())
        self._outliers = (outliers + 0.5) / self._count
        variance = sigma**2
        if samples is not None:
            variance = variance + self._distrust(samples)
        weight = 1.0 / variance
        self._weights = np.concatenate([[0.0], np.cumsum(weight)])
        self._sums = np.concatenate([[0.0], np.cumsum(weight * self._y)])
        self._freedom = max(2.0, _FREEDOM * (self._count - 1))

    def found(self, level: float) -> tuple[ChangePoint, ...]:
        """The change points whose p-value is at most ``level``."""
        if not self._y.max() > self._y.min():
            return ()  # the same value throughout, however much its repetitions differ
        points: list[int] = []
        pending = [(0, self._count)]
        while pending:
            start, end = pending.pop()
            if place := self._strongest(start, end, level):
                points.append(place)
                pending += [(start, place), (place, end)]
        return self._settled(sorted(points), level)

    def _distrust(self, samples: Sequence[Sequence[float]]) -> Floats:
        """The extra variance of revisions whose repetitions differ more than usual."""
        counts = np.array([len(s) for s in samples], dtype=np.float64)
        if counts.max(initial=0) < 2:
            return np.zeros(self._count)
        spread = np.array([_variance(s, log=self._log) for s in samples])
        usual = float(np.median(spread[counts > 1]))
        shrunk = (_PRIOR * usual + (counts - 1) * spread) / (_PRIOR + counts - 1)
        extra: Floats = np.maximum(0.0, shrunk - usual) / np.maximum(counts, 1)
        return extra

    def _strongest(self, start: int, end: int, level: float) -> int:
        """The best place for a step between ``start`` and ``end``, 0 for none."""
        places = np.arange(start + SHORTEST, end - SHORTEST + 1)
        windows = np.array(_WINDOWS)[:, None]
        left, right = np.maximum(places - windows, start), np.minimum(places + windows, end)
        at_w, at_s = self._weights[places], self._sums[places]
        w_left, w_right = at_w - self._weights[left], self._weights[right] - at_w
        m_left, m_right = (at_s - self._sums[left]) / w_left, (self._sums[right] - at_s) / w_right
        z2 = (m_right - m_left[:, None]) ** 2 / (1 / w_right + 1 / w_left[:, None])
        lengths = np.minimum(np.log(right - places), np.log(places - left)[:, None])
        # By lengths and place; with many degrees of freedom -2 log(p), but for a constant.
        scores = (z2 + 2 * lengths).reshape(len(_WINDOWS) ** 2, -1)
        best = scores.max(axis=0)
        free = np.ones(self._count, dtype=bool)
        for number in np.argsort(-best):
            if not free[places[number]]:
                continue
            i, j = divmod(int(scores[:, number].argmax()), len(_WINDOWS))
            window = int(left[i, number]), int(right[j, number])
            place = int(places[number])
            if self._by_noise(math.sqrt(z2[i, j, number]), place, *window) > level:
                break
            place = self._fitting(*window)
            if self._by_outliers(place) > level:
                continue
            if self._steeper(window[0], place, window[1]):
                return place
            # Some place of a slope always looks a little like a step.
            free[window[0] + 1 : window[1]] = False
        return 0

    def _steeper(self, start: int, place: int, end: int) -> bool:
        """Return whether a step fits clearly better than a straight line: a drift is no step."""
        y = self._y[start:end]
        w = np.diff(self._weights[start : end + 1])
        middle = np.average(y, weights=w)
        t = np.arange(start, end) - np.average(np.arange(start, end), weights=w)
        line = (w * t * (y - middle)).sum() ** 2 / (w * t**2).sum()
        return self._difference(start, place, end) ** 2 > float(line) + _BETTER

    def _difference(self, start: int, place: int, end: int) -> float:
        """Difference of the means on both sides of a place, in standard errors."""
        w_left = self._weights[place] - self._weights[start]
        w_right = self._weights[end] - self._weights[place]
        m_left = (self._sums[place] - self._sums[start]) / w_left
        m_right = (self._sums[end] - self._sums[place]) / w_right
        return float(abs(m_right - m_left) / math.sqrt(1 / w_left + 1 / w_right))

    def _by_noise(self, z: float, place: int, start: int, end: int) -> float:
        """The corrected p-value of a difference of ``z`` standard errors between two windows."""
        from scipy.special import stdtr  # takes longer to load than most commands take

        comparisons = _COMPARISONS * self._count / min(place - start, end - place)
        return min(1.0, 2 * float(stdtr(self._freedom, -z)) * comparisons)

    def _by_outliers(self, place: int) -> float:
        """The probability that most of the few revisions beyond a place are outliers."""
        beyond = min(place, self._count - place, 2 * _WINDOWS[-1])
        most = (beyond + 2) // 2
        return min(1.0, 2 * math.comb(beyond, most) * self._outliers**most)

    def _settled(self, points: list[int], level: float) -> tuple[ChangePoint, ...]:
        """Move each change point to where it fits best, and drop those above the level."""
        while True:
            edges = [0, *points, self._count]
            for i in range(1, len(edges) - 1):
                edges[i] = self._fitting(*_within_reach(*edges[i - 1 : i + 2]))
            points = edges[1:-1]
            ps = [self._held(*around) for around in zip(edges, points, edges[2:], strict=False)]
            if not ps or max(ps) <= level:
                break
            del points[int(np.argmax(ps))]
        levels = [float(np.median(self._raw[a:b])) for a, b in pairwise(edges)]
        return tuple(
            ChangePoint(place, p, levels[i], levels[i + 1])
            for i, (place, p) in enumerate(zip(points, ps, strict=True))
        )

    def _held(self, before: int, place: int, after: int) -> float:
        """The p-value of a change point against its neighbours."""
        start, end = _within_reach(before, place, after)
        by_noise = self._by_noise(self._difference(start, place, end), place, start, end)
        return max(by_noise, self._by_outliers(place))

    def _fitting(self, start: int, end: int) -> int:
        """The place between ``start`` and ``end`` where a step fits best."""
        return max(
            range(start + SHORTEST, end - SHORTEST + 1),
            key=lambda place: self._difference(start, place, end),
        )


def _within_reach(before: int, place: int, after: int) -> tuple[int, int]:
    return max(before, place - _WINDOWS[-1]), min(after, place + _WINDOWS[-1])


def _noise(y: Floats, floor: float) -> Floats:
    """Standard deviation at every place, from the differences of neighbours.

    Differences do not depend on the levels, and the largest fifth, where the steps and outliers
    are, is left out. Where neighbours resemble each other (a machine that is slow for a while), the
    means of blocks differ more than they should, and count instead.
    """
    steps = np.abs(np.diff(y)) / math.sqrt(2)
    usual = whole = max(floor, _scale(steps))
    size = min(_BLOCK, len(y) // _BLOCKS)
    if size > 1:
        sums = np.concatenate([[0.0], np.cumsum(y)])
        means = (sums[size:] - sums[:-size]) / size
        blocks = np.abs(means[size:] - means[:-size]) * math.sqrt(size / 2)
        whole *= max(1.0, _scale(blocks) / usual) ** _LONG_RUN
    return whole * _louder(steps / usual)


def _louder(steps: Floats) -> Floats:
    """The factor of the noise at every place, at least 1, from differences that are usually 1.

    Every stretch that contains a place is used, so that the first revisions of a noisier machine
    are as noisy as those that follow.
    """
    windows = np.lib.stride_tricks.sliding_window_view
    factor = np.ones(len(steps) + 1)
    for length, clearly in _STRETCHES:
        if len(steps) > length:
            smaller = np.sort(windows(steps, length), axis=1)[:, : math.ceil(_SMALLER * length)]
            scales = np.pad(smaller.mean(axis=1) / _SMALLER_MEAN, length)
            largest = windows(scales, length + 1).max(axis=1)
            factor = np.maximum(factor, np.where(largest > clearly, largest, 1.0))
    return factor


def _scale(sizes: Floats) -> float:
    smaller = np.sort(sizes)[: math.ceil(_SMALLER * len(sizes))]
    return float(smaller.mean()) / _SMALLER_MEAN


def _clipped(y: Floats, limit: Floats) -> Floats:
    """The series with single outliers brought back to the edge of what is usual around them."""
    windows = np.lib.stride_tricks.sliding_window_view
    middle = np.median(windows(np.pad(y, 2, mode="reflect"), 5), axis=1)
    if len(y) > 7:
        # At the ends two revisions may be a new level; elsewhere up to three are outliers.
        middle[3:-3] = np.median(windows(y, 7), axis=1)
    clipped: Floats = np.clip(y, middle - limit, middle + limit)
    return clipped


def _variance(samples: Sequence[float], *, log: bool) -> float:
    if len(samples) < 2 or (log and min(samples) <= 0):
        return 0.0
    numbers = [math.log(s) for s in samples] if log else list(samples)
    mean = sum(numbers) / len(numbers)
    return sum((x - mean) ** 2 for x in numbers) / (len(numbers) - 1)
