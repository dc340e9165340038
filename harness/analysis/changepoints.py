"""Change points of noisy series, and what they are worth. Pure.

A revision is one observation, however often it was repeated: what differs between two builds and
two moments of a machine is in all repetitions of a revision alike. So the medians of revisions are
compared, not their pooled samples, and the repetitions only say which revisions to trust less.

The search is a binary segmentation. At every place the means of the two windows that meet there are
compared, for windows of several lengths on either side: short ones see a step two revisions after
it came and one that was repaired, long ones see a small step, and none is so long that a drift of
the machine adds up in it. The largest difference, in units of its standard error, is the candidate;
its p-value is that of Student's t, times the number of comparisons (Bonferroni). Where it passes,
both parts are searched again, and in the end every change point has to hold against its neighbours.
Over many series the level is that of Benjamini and Hochberg (1995). Figures and the alternatives
that were measured: docs/steps.md.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from harness.analysis.memo import Memo
from harness.analysis.samples import student_tail

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Share of false steps among those reported, over all series that were searched together.
FALSE_DISCOVERIES = 0.05
# Fewer measured revisions say nothing: the noise itself is not known.
FEWEST = 8
# A level needs this many revisions; a single one that stands out is an outlier.
SHORTEST = 2
_WINDOWS = (2, 3, 5, 8, 13, 21)
# Independent comparisons per place among the 36 pairs of windows, from simulated noise.
_COMPARISONS = 4.0
# The noise is told from the lower four fifths of differences; their mean for standard normal ones.
_KEPT = 0.8
_KEPT_MEAN = 0.5586
# A value further from both sides than this many standard deviations is an outlier.
_OUTLIER = 2.5
_SURELY = 4.0
# Noise is never taken for smaller than this share of the value, and of the range of the series.
_LEAST_NOISE = 5e-4
_LEAST_OF_RANGE = 0.02
_BLOCK = 4
# How much better than a straight line a step must fit: twice the difference of log-likelihoods.
_BETTER = 6.0
_NEARBY = 34
# The noise of a stretch counts where it is larger by this factor: the larger of two estimates is
# more than either.
_CLEARLY = 1.3
# Weight of what is usual against a revision's own spread, in repetitions.
_PRIOR = 4


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """A place where the level of a series changes.

    Attributes:
        index: first place of the new level.
        p: probability of such a difference anywhere in a series without one, at most 1.
        before: median of the level that ends here.
        after: median of the level that begins here.
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
    """The change points of one series, in order.

    Args:
        values: one per measured revision, oldest first.
        samples: the repetitions behind each value, if there are any.
        level: largest p-value that is accepted.
    """
    if len(values) < FEWEST:
        return ()
    return _Search(values, samples).found(level)


def change_points_of_all(
    series: Sequence[tuple[Sequence[float], Sequence[Sequence[float]] | None]],
    rate: float = FALSE_DISCOVERIES,
    memo: Memo | None = None,
) -> list[tuple[ChangePoint, ...]]:
    """The change points of many series, with p-values corrected for their number.

    A series has a step if its strongest candidate passes the procedure of Benjamini and Hochberg
    over all series; its other steps have to pass the same level.

    Args:
        series: ``(values, samples)`` of each, as for :func:`change_points`.
        rate: accepted share of false ones among the series that are said to have a step.
        memo: what earlier searches have found.
    """
    known = Memo() if memo is None else memo
    searches = [_Remembered(*s, known) if len(s[0]) >= FEWEST else None for s in series]
    tried = [s.found(rate) if s is not None else () for s in searches]
    best = sorted(min(c.p for c in found) for found in tried if found)
    tests = sum(s is not None for s in searches)
    passed = 0
    for number, p in enumerate(best, 1):
        if p <= rate * number / tests:
            passed = number
    if not passed:
        return [() for _ in series]
    factor = tests / passed
    results: list[tuple[ChangePoint, ...]] = []
    for search, found in zip(searches, tried, strict=True):
        if search is None or not found:
            results.append(())
            continue
        kept = found if factor == 1 else search.found(rate / factor)
        results.append(
            tuple(ChangePoint(c.index, min(1.0, c.p * factor), c.before, c.after) for c in kept)
        )
    return results


class _Remembered:
    """A search that is only made where the memo has not what it would find."""

    def __init__(
        self, values: Sequence[float], samples: Sequence[Sequence[float]] | None, memo: Memo
    ) -> None:
        self._values, self._samples, self._memo = values, samples, memo
        self._search: _Search | None = None
        hashed = blake2b(b"changepoints", digest_size=16)
        hashed.update(array("d", values).tobytes())
        if samples is not None:
            hashed.update(array("q", [-1, *map(len, samples)]).tobytes())
            hashed.update(array("d", chain.from_iterable(samples)).tobytes())
        self._digest = hashed

    def found(self, level: float) -> tuple[ChangePoint, ...]:
        """As :meth:`_Search.found`."""
        key = self._digest.copy()
        key.update(array("d", [level]).tobytes())
        return self._memo.get(key.digest(), lambda: self._found(level))

    def _found(self, level: float) -> tuple[ChangePoint, ...]:
        if self._search is None:
            self._search = _Search(self._values, self._samples)
        return self._search.found(level)


class _Search:
    """One series, made ready: logarithms, outliers clipped, a variance for each place."""

    def __init__(
        self, values: Sequence[float], samples: Sequence[Sequence[float]] | None = None
    ) -> None:
        import numpy as np

        self._raw = np.asarray(values, dtype=np.float64)
        self._count = len(values)
        # Noise of a time is proportional to it; a count may be 0.
        self._log = bool((self._raw > 0).all())
        y = np.log(self._raw) if self._log else self._raw
        sigma = _noise(y, self._floor(y))
        self._y = _clipped(y, _OUTLIER * sigma)
        outliers = int((np.abs(_clipped(y, _SURELY * sigma) - y) > 0).sum())
        self._outliers = (outliers + 0.5) / self._count
        variance = sigma**2
        if samples is not None:
            variance = variance + self._distrust(samples)
        weight = 1.0 / variance
        self._weights = np.concatenate([[0.0], np.cumsum(weight)])
        self._sums = np.concatenate([[0.0], np.cumsum(weight * self._y)])
        self._freedom = max(2.0, 0.5 * (self._count - 1))

    def found(self, level: float) -> tuple[ChangePoint, ...]:
        """The change points whose p-value is at most ``level``."""
        if not self._y.max() > self._y.min():
            return ()  # the same value throughout, however much its repetitions differ
        points: list[int] = []
        pending = [(0, self._count)]
        while pending:
            start, end = pending.pop()
            if end - start < 2 * SHORTEST:
                continue
            place, _ = self._strongest(start, end, level)
            if place:
                points.append(place)
                pending += [(start, place), (place, end)]
        return self._settled(sorted(points), level)

    def _floor(self, y: Floats) -> float:
        import numpy as np

        size = 1.0 if self._log else float(np.median(np.abs(y)))
        return max(_LEAST_NOISE * size, _LEAST_OF_RANGE * float(np.ptp(y)), 1e-150)

    def _distrust(self, samples: Sequence[Sequence[float]]) -> Floats:
        """What a revision whose repetitions differ more than usual has in extra variance."""
        import numpy as np

        counts = np.array([len(s) for s in samples], dtype=np.float64)
        if counts.max(initial=0) < 2:
            return np.zeros(self._count)
        spread = np.array([_variance(s, log=self._log) for s in samples])
        usual = float(np.median(spread[counts > 1]))
        shrunk = (_PRIOR * usual + (counts - 1) * spread) / (_PRIOR + counts - 1)
        extra: Floats = np.maximum(0.0, shrunk - usual) / np.maximum(counts, 1)
        return extra

    def _strongest(self, start: int, end: int, level: float) -> tuple[int, float]:
        """The best place for a step between ``start`` and ``end`` and its p-value; 0 for none."""
        import numpy as np

        places = np.arange(start + SHORTEST, end - SHORTEST + 1)
        left = np.maximum(places[:, None] - np.array(_WINDOWS), start)
        right = np.minimum(places[:, None] + np.array(_WINDOWS), end)
        at_w, at_s = self._weights[places][:, None], self._sums[places][:, None]
        w_left, w_right = at_w - self._weights[left], self._weights[right] - at_w
        m_left = (at_s - self._sums[left]) / w_left
        m_right = (self._sums[right] - at_s) / w_right
        z = np.abs(m_right[:, None, :] - m_left[:, :, None]) / np.sqrt(
            1 / w_right[:, None, :] + 1 / w_left[:, :, None]
        )
        z = z.reshape(len(places), -1)
        best = z.argmax(axis=1)
        sizes = z[np.arange(len(places)), best]
        for number in np.argsort(-sizes):
            p = self._p(float(sizes[number]), int(places[number]))
            if p > level:
                break
            i, j = divmod(int(best[number]), len(_WINDOWS))
            place = int(places[number])
            if self._steeper(int(left[number, i]), place, int(right[number, j])):
                return place, p
        return 0, 1.0

    def _steeper(self, start: int, place: int, end: int) -> bool:
        """Whether a step fits clearly better than a straight line: a drift is no step."""
        import numpy as np

        y = self._y[start:end]
        w = np.diff(self._weights[start : end + 1])
        total = w.sum()
        middle = (w * y).sum() / total
        t = np.arange(start, end) - (w * np.arange(start, end)).sum() / total
        line = (w * t * (y - middle)).sum() ** 2 / (w * t**2).sum()
        return self._difference(start, place, end) ** 2 > float(line) + _BETTER

    def _difference(self, start: int, place: int, end: int) -> float:
        """Difference of the means on both sides of a place, in standard errors."""
        w_left = self._weights[place] - self._weights[start]
        w_right = self._weights[end] - self._weights[place]
        m_left = (self._sums[place] - self._sums[start]) / w_left
        m_right = (self._sums[end] - self._sums[place]) / w_right
        return float(abs(m_right - m_left) / math.sqrt(1 / w_left + 1 / w_right))

    def _p(self, z: float, place: int) -> float:
        """The corrected p-value of a difference of ``z`` standard errors at a place.

        Near an end most of the few revisions beyond could be outliers, at either end.
        """
        tail = student_tail(self._freedom, z)
        beyond = min(place, self._count - place)
        most = (beyond + 2) // 2
        by_chance = 2 * math.comb(beyond, most) * self._outliers**most
        return float(min(1.0, max(tail * _COMPARISONS * self._count, by_chance)))

    def _settled(self, points: list[int], level: float) -> tuple[ChangePoint, ...]:
        """Move each change point to where it fits best, and drop what does not hold."""
        import numpy as np

        while True:
            points = self._moved(points)
            edges = [0, *points, self._count]
            ps = [
                self._p(
                    self._difference(
                        max(edges[i], place - _WINDOWS[-1]),
                        place,
                        min(edges[i + 2], place + _WINDOWS[-1]),
                    ),
                    place,
                )
                for i, place in enumerate(points)
            ]
            if not ps or max(ps) <= level:
                break
            del points[int(np.argmax(ps))]
        levels = [float(np.median(self._raw[a:b])) for a, b in pairwise(edges)]
        return tuple(
            ChangePoint(place, p, levels[i], levels[i + 1])
            for i, (place, p) in enumerate(zip(points, ps, strict=True))
        )

    def _moved(self, points: list[int]) -> list[int]:
        edges = [0, *points, self._count]
        for i in range(1, len(edges) - 1):
            start = max(edges[i - 1], edges[i] - _WINDOWS[-1])
            end = min(edges[i + 1], edges[i] + _WINDOWS[-1])
            edges[i] = max(
                range(start + SHORTEST, end - SHORTEST + 1),
                key=lambda place: self._difference(start, place, end),
            )
        return edges[1:-1]


def _noise(y: Floats, floor: float) -> Floats:
    """Standard deviation at every place, from how much neighbours differ.

    Differences do not see the levels, and the largest fifth, where the steps and outliers are, is
    left out. Means of blocks differ more than they should where neighbours resemble each other
    (a machine that is slow for a while); then that is what counts. The noise around a place counts
    where it is larger than that of the whole.
    """
    import numpy as np

    steps = np.abs(np.diff(y)) / math.sqrt(2)
    whole = max(floor, _scale(steps))
    if len(y) >= 10 * _BLOCK:
        sums = np.concatenate([[0.0], np.cumsum(y)])
        means = (sums[_BLOCK:] - sums[:-_BLOCK]) / _BLOCK
        blocks = np.abs(means[_BLOCK:] - means[:-_BLOCK]) * math.sqrt(_BLOCK / 2)
        whole = max(whole, _scale(blocks))
    length = _NEARBY
    if len(steps) <= length:
        return np.full(len(y), whole)
    around = np.sort(np.lib.stride_tricks.sliding_window_view(steps, length), axis=1)
    kept = math.ceil(_KEPT * length)
    local = around[:, :kept].mean(axis=1) / (_KEPT_MEAN * _CLEARLY)
    first = (len(y) - len(local)) // 2
    padded = np.pad(local, (first, len(y) - len(local) - first), mode="edge")
    found: Floats = np.maximum(padded, whole)
    return found


def _scale(sizes: Floats) -> float:
    import numpy as np

    kept = np.sort(sizes)[: math.ceil(_KEPT * len(sizes))]
    return float(kept.mean()) / _KEPT_MEAN


def _clipped(y: Floats, limit: Floats) -> Floats:
    """The series with single outliers brought back to the edge of what is usual around them."""
    import numpy as np

    middle = np.median(_around(y, 2), axis=1)
    if len(y) > 7:
        # At the ends two revisions may be a new level; elsewhere up to three are outliers.
        middle[3:-3] = np.median(np.lib.stride_tricks.sliding_window_view(y, 7), axis=1)
    clipped: Floats = np.clip(y, middle - limit, middle + limit)
    return clipped


def _around(y: Floats, reach: int) -> Floats:
    import numpy as np

    padded = np.pad(y, reach, mode="reflect")
    found: Floats = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return found


def _variance(samples: Sequence[float], *, log: bool) -> float:
    if len(samples) < 2:
        return 0.0
    if log and min(samples) <= 0:
        return 0.0
    numbers = [math.log(s) for s in samples] if log else list(samples)
    mean = sum(numbers) / len(numbers)
    return sum((x - mean) ** 2 for x in numbers) / (len(numbers) - 1)
