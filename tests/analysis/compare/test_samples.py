"""The U-test and the median's interval: against every arrangement, and against the binomial."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from harness.analysis.compare.samples import mann_whitney, median_interval, spread

SMALL = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=6)


def u_of(a: list[float], b: list[float]) -> float:
    return sum((x > y) + 0.5 * (x == y) for x in a for y in b)


@given(SMALL, SMALL)
def test_p_is_the_share_of_all_arrangements(a: list[float], b: list[float]) -> None:
    values = [*a, *b]
    p = mann_whitney(a, b)
    if len(set(values)) == 1:
        assert p == 1
        return
    smaller = min(u_of(a, b), len(a) * len(b) - u_of(a, b))
    if smaller == len(a) * len(b) / 2:
        assert p == 1
        return
    ways = low = 0
    for chosen in combinations(range(len(values)), len(a)):
        others = [values[i] for i in range(len(values)) if i not in chosen]
        ways += 1
        low += u_of([values[i] for i in chosen], others) <= smaller
    assert p == pytest.approx(min(1, 2 * low / ways))


@given(st.data(), st.integers(1, 14), st.integers(1, 14))
def test_without_ties_it_is_scipys_exact_test(data: st.DataObject, n1: int, n2: int) -> None:
    values = data.draw(st.permutations([float(i) for i in range(n1 + n2)]))
    a, b = values[:n1], values[n1:]
    expected = mannwhitneyu(a, b, alternative="two-sided", method="exact").pvalue
    assert mann_whitney(a, b) == pytest.approx(float(expected), abs=1e-12)


def test_many_samples_take_the_normal_approximation() -> None:
    for tied in (1, 3):
        a = [float(i // tied) for i in range(0, 120, 2)]
        b = [float(i // tied) + 4 for i in range(1, 121, 2)]
        expected = mannwhitneyu(a, b, alternative="two-sided", method="asymptotic").pvalue
        assert mann_whitney(a, b) == pytest.approx(float(expected), rel=1e-9)


def test_values_that_are_all_equal_tell_nothing() -> None:
    assert mann_whitney((1.0,) * 6, (1.0,) * 6) == 1.0
    assert mann_whitney((1.0,) * 60, (1.0,) * 60) == 1.0


@given(st.integers(1, 80))
def test_the_interval_holds_the_median_as_often_as_it_says(n: int) -> None:
    low, high = median_interval([float(i) for i in range(1, n + 1)])
    first = 0 if math.isinf(low) else int(low)
    last = n + 1 if math.isinf(high) else int(high)
    inside = sum(math.comb(n, k) for k in range(first, last)) / 2**n
    assert inside >= 0.95 or (n > 30 and inside > 0.945), (n, first, last, inside)
    narrower = sum(math.comb(n, k) for k in range(first + 1, last - 1)) / 2**n
    assert narrower < 0.95
    assert math.isinf(low) == (n < 6), "six samples are the least that have an interval"


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ((10.0, 11.0, 12.0, 13.0, 14.0, 15.0), 0.2),
        ((5.0, 5.0, 5.0, 5.0, 5.0, 5.0), 0.0),
        ((0.0,) * 6, 0.0),
        ((1.0, 2.0), math.inf),
        ((-1.0, 1.0, 1.0, 1.0, 1.0, 1.0), math.nan),
        ((0.0, 1.0, 1.0, 1.0, 1.0, 1.0), math.nan),
    ],
)
def test_spread(samples: tuple[float, ...], expected: float) -> None:
    assert spread(samples) == pytest.approx(expected, nan_ok=True)
