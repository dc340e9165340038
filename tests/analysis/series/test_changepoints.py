"""Change points of noisy series: found where they are, and not where there are none."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.analysis.series.changepoints import FEWEST, change_points, change_points_of_all

Series = tuple[list[float], list[list[float]]]


def series(seed: int, *levels: tuple[int, float], sigma: float = 0.02, count: int = 6) -> Series:
    """``(revisions, level)`` one after the other; four fifths of the noise are a revision's own."""
    rng = np.random.default_rng(seed)
    samples = []
    for revisions, level in levels:
        for _ in range(revisions):
            common = rng.normal(0, 0.8 * sigma)
            own = rng.normal(0, 0.6 * sigma * count**0.5 / 1.25, count)
            samples.append([float(x) for x in level * np.exp(common + own)])
    return [statistics.median(s) for s in samples], samples


def test_a_step_is_found_at_its_place() -> None:
    found = [change_points(*series(seed, (40, 1e-6), (20, 1.2e-6))) for seed in range(20)]
    assert [[c.index for c in points] for points in found].count([40]) >= 18
    for points in found:
        (point,) = points
        assert abs(point.index - 40) <= 1
        assert point.p < 1e-6
        assert point.before == pytest.approx(1e-6, rel=0.02)
        assert point.after == pytest.approx(1.2e-6, rel=0.02)


def test_a_step_and_its_repair_are_both_found() -> None:
    for seed in range(10):
        points = change_points(*series(seed, (40, 1), (8, 1.3), (40, 1)))
        assert [round(c.index, -1) for c in points] == [40, 50]
        assert [c.after > c.before for c in points] == [True, False]


def test_two_revisions_are_enough_for_a_large_step() -> None:
    for seed in range(10):
        assert [c.index for c in change_points(*series(seed, (60, 1), (2, 1.25)))] == [60]


def test_a_single_outlier_is_no_step() -> None:
    for place in (0, 1, 30, 58, 59):
        values, samples = series(place, (60, 1))
        values[place] *= 3
        samples[place] = [3 * s for s in samples[place]]
        assert change_points(values, samples) == ()


@pytest.mark.filterwarnings("error")
def test_the_same_value_with_now_and_then_another_repetition_has_no_step() -> None:
    # Collections of a benchmark that is seldom collected: the medians are 0, some samples are not.
    samples = [[0.0, 0.0, 0.01] if i in (4, 5, 6, 7, 12, 13) else [0.0] * 3 for i in range(20)]
    assert change_points([0.0] * 20, samples) == ()


def test_flat_series_have_few_steps() -> None:
    """At 0.05 of 200 series about 10 may have one; the bound is conservative."""
    found = sum(bool(change_points(*series(seed, (60, 1)))) for seed in range(200))
    assert found <= 10


def alone(seed: int, *levels: tuple[int, float, float]) -> list[float]:
    """Medians without repetitions: ``(revisions, level, sigma)`` one after the other."""
    rng = np.random.default_rng(seed)
    return [float(x) for n, level, s in levels for x in level * np.exp(rng.normal(0, s, n))]


@pytest.mark.parametrize("length", [100, 300])
@pytest.mark.parametrize(
    "noise",
    [
        ((0.5, 0.02), (0.5, 0.10)),
        ((0.5, 0.10), (0.5, 0.02)),
        ((0.45, 0.02), (0.1, 0.10), (0.45, 0.02)),
        ((0.2, 0.02), (0.2, 0.08), (0.2, 0.03), (0.2, 0.10), (0.2, 0.02)),
    ],
    ids=["louder", "quieter", "a burst", "several times"],
)
def test_noise_that_changes_its_level_is_no_step(
    noise: tuple[tuple[float, float], ...], length: int
) -> None:
    stretches = [(round(share * length), 1.0, sigma) for share, sigma in noise]
    found = sum(bool(change_points(alone(seed, *stretches))) for seed in range(100))
    assert found <= 5


def test_a_step_that_comes_with_more_noise_is_found() -> None:
    for seed in range(20):
        points = change_points(alone(seed, (50, 1, 0.02), (20, 1.4, 0.1)))
        assert [round(c.index, -1) for c in points] == [50]


def test_a_step_as_small_as_the_noise_is_found_in_time() -> None:
    """One sigma is four standard errors of the difference between 34 revisions and 34."""

    def share(after: int) -> float:
        found = [change_points(alone(seed, (100, 1, 0.05), (after, 1.05, 0.05))) for seed in every]
        return sum(any(abs(c.index - 100) <= 8 for c in points) for points in found) / len(every)

    every = range(100)
    assert share(20) >= 0.2
    assert share(100) >= 0.3


def test_outliers_at_the_end_do_not_hide_an_earlier_step() -> None:
    for seed in range(10):
        values = alone(seed, (60, 1, 0.02), (58, 1.1, 0.02), (2, 1.5, 0.02))
        values[20] = values[35] = 2.0
        assert 60 in [c.index for c in change_points(values, level=1e-4)]


def test_a_step_in_the_middle_of_thousands_of_revisions() -> None:
    (point,) = change_points(alone(0, (1500, 1, 0.02), (1500, 1.1, 0.02)))
    assert point.index == 1500


def test_a_drift_is_no_step() -> None:
    for seed in range(10):
        values, _ = series(seed, (60, 1))
        drifting = [v * (1 + 0.003 * i) for i, v in enumerate(values)]
        assert change_points(drifting) == ()


def test_many_series_are_corrected_together() -> None:
    flat = [series(seed, (60, 1)) for seed in range(40)]
    assert not any(change_points_of_all(flat))
    stepped = series(99, (30, 1), (30, 1.2))
    alone = change_points_of_all([stepped])[0]
    together = change_points_of_all([*flat, stepped])
    assert [bool(points) for points in together] == [False] * 40 + [True]
    assert [c.index for c in together[-1]] == [c.index for c in alone]
    # One that passes among 41: its p-value is 41 times as large.
    assert together[-1][0].p == pytest.approx(41 * alone[0].p, rel=0.01)


def test_a_weak_step_is_lost_among_many_series() -> None:
    weak = next(
        s
        for s in (series(seed, (30, 1), (12, 1.035)) for seed in range(200))
        if any(1e-3 < c.p < 0.02 for c in change_points(*s)[:1])
    )
    assert change_points_of_all([weak])[0]
    assert not any(change_points_of_all([weak, *(series(s, (42, 1)) for s in range(100))]))


def test_too_few_and_equal_values_have_none() -> None:
    assert change_points([1.0] * (FEWEST - 1)) == ()
    assert change_points([1, 1, 1, 2, 2, 2, 2][: FEWEST - 1]) == ()
    assert change_points([5.0] * 50) == ()
    assert change_points([0.0] * 50) == ()
    assert change_points_of_all([]) == []
    assert change_points_of_all([([1.0], [[1.0]])]) == [()]


def test_a_step_from_nothing() -> None:
    (point,) = change_points([0.0] * 20 + [0.5, 0.52, 0.49, 0.5, 0.51, 0.5, 0.5, 0.48, 0.5, 0.5])
    assert (point.index, point.before, point.after) == (20, 0, 0.5)


_values = st.lists(st.floats(0, 1e9, allow_subnormal=False), max_size=80)


@settings(max_examples=60)
@given(_values)
def test_whatever_the_values_the_result_is_well_formed(values: list[float]) -> None:
    points = change_points(values, [[v] for v in values])
    places = [c.index for c in points]
    assert places == sorted(set(places))
    assert all(2 <= place <= len(values) - 2 for place in places)
    assert all(0 <= c.p <= 0.05 for c in points)
    assert all(min(values) <= c.before <= max(values) for c in points)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.floats(1e-9, 1e9))
def test_the_scale_does_not_matter(seed: int, scale: float) -> None:
    values, samples = series(seed, (20, 1), (20, 1.2))
    scaled = change_points([v * scale for v in values], [[x * scale for x in s] for s in samples])
    assert [c.index for c in scaled] == [c.index for c in change_points(values, samples)]
