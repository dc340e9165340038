"""Effect, interval and p-value of events on changes."""

from __future__ import annotations

import math
import random

import pytest

from harness.analysis.frames.correlation import FEWEST
from harness.analysis.frames.effects import effect_of

QUIET = [0.0] * 20


def test_too_few_of_either_kind_say_nothing() -> None:
    for changes, events in (
        ([1.0] * (FEWEST - 1) + QUIET, [1] * (FEWEST - 1) + [0] * 20),
        ([1.0] * 20 + [0.0] * (FEWEST - 1), [1] * 20 + [0] * (FEWEST - 1)),
    ):
        found = effect_of(changes, events)
        assert found.verdict == "too few"
        assert all(math.isnan(x) for x in (found.effect, found.low, found.high, found.p))


def test_changes_that_go_with_events() -> None:
    found = effect_of([0.5, 0.4, 0.5, 0.4, 0.5, *QUIET], [1, 2, 1, 1, 3, *([0] * 20)])
    assert (found.events, found.changed, found.changed_without) == (5, 5, 0)
    assert found.effect == pytest.approx(0.46)
    assert found.low <= found.effect <= found.high
    assert (found.verdict, found.p < 0.001) == ("rises", True)
    less = effect_of([-x for x in (0.5, 0.4, 0.5, 0.4, 0.5)] + QUIET, [1] * 5 + [0] * 20)
    assert less.verdict == "falls"


def test_the_smaller_group_decides_as_the_larger_would() -> None:
    """The permutation draws the smaller group; which of the two it is makes no difference."""
    values = [1.0] * 20 + [0.0] * 6
    few = effect_of(values, [0] * 20 + [1] * 6)
    many = effect_of(values, [1] * 20 + [0] * 6)
    assert (few.p, few.effect) == (many.p, -many.effect)


def test_noise_has_the_p_value_of_noise() -> None:
    source = random.Random(4)
    rejected = 0
    for _ in range(40):
        values = [source.gauss(0, 1) for _ in range(40)]
        rejected += effect_of(values, [1] * 12 + [0] * 28).p < 0.05
    assert rejected <= 5


def test_equal_data_give_equal_figures() -> None:
    values = [0.1 * n for n in range(30)]
    assert effect_of(values, [n % 2 for n in range(30)]) == effect_of(
        values, [n % 2 for n in range(30)]
    )
