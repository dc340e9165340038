"""The effect of events on changes of numbers, with interval and p-value.

:mod:`harness.analysis.frames.correlation` has the methods and the reasons for them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from harness.analysis.frames.correlation import FEWEST, Tendency

Floats = NDArray[np.float64]

_CONFIDENCE = 0.95
_PERMUTATIONS = 9_999
_RESAMPLES = 1_999
_SEED = 20_260_105


@dataclass(frozen=True, slots=True)
class Effect:
    """The part of an association that follows from its numbers; ``p`` is not corrected."""

    events: int
    changed: int
    changed_without: int
    effect: float
    low: float
    high: float
    p: float
    verdict: Tendency


def effect_of(values: Sequence[float], events: Sequence[int]) -> Effect:
    """The effect of events on changes."""
    changes = np.asarray(values, dtype=np.float64)
    counts = np.asarray(events, dtype=np.int64)
    there = counts > 0
    inside, outside = changes[there], changes[~there]
    effect = low = high = p = math.nan
    verdict: Tendency = "too few"
    if min(len(inside), len(outside)) >= FEWEST:
        effect = float(inside.mean() - outside.mean())
        low, high = _interval(inside, outside)
        p = _permuted(changes, len(inside), effect)
        verdict = "none"
        if low > 0 or high < 0:
            verdict = "rises" if effect > 0 else "falls"
    changed, without = (int((side != 0).sum()) for side in (inside, outside))
    return Effect(len(inside), changed, without, effect, low, high, p, verdict)


def _interval(inside: Floats, outside: Floats) -> tuple[float, float]:
    """The percentile bootstrap of the difference of two means."""
    rng = np.random.default_rng(_SEED)
    differences = _means(rng, inside) - _means(rng, outside)
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(differences, [tail, 1 - tail])
    return float(low), float(high)


def _means(rng: np.random.Generator, values: Floats) -> Floats:
    """Means of resamples; of many values they are normal, and drawn as such."""
    count = len(values)
    found: Floats
    if count > 200:
        found = rng.normal(values.mean(), values.std() / math.sqrt(count), _RESAMPLES)
    else:
        found = values[rng.integers(0, count, (_RESAMPLES, count))].mean(axis=1)
    return found


def _permuted(changes: Floats, count: int, effect: float) -> float:
    """Two-sided p-value of a difference of means under every way to give out the labels."""
    if changes.min() == changes.max():
        return 1.0
    total = len(changes)
    # The sum of the smaller group says it all: the difference is linear in it.
    fewer = min(count, total - count)
    sums = changes[_draws(total, fewer)].sum(axis=1)
    means = sums / fewer - (changes.sum() - sums) / (total - fewer)
    extreme = int((np.abs(means) >= abs(effect) * (1 - 1e-9)).sum())
    return (extreme + 1) / (_PERMUTATIONS + 1)


@lru_cache(maxsize=8)
def _draws(total: int, count: int) -> NDArray[np.int32]:
    """``count`` of ``total`` places without replacement, many times; the same for every series."""
    rng = np.random.default_rng(_SEED)
    found = np.empty((_PERMUTATIONS, count), dtype=np.int32)
    for start in range(0, _PERMUTATIONS, 500):
        rows = min(500, _PERMUTATIONS - start)
        order = rng.random((rows, total), dtype=np.float32).argpartition(count - 1, axis=1)
        found[start : start + rows] = order[:, :count]
    return found
