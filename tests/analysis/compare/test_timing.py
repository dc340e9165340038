"""The time lane of the gate, on samples of known distributions."""

import random

import pytest

from harness.analysis.compare.comparison import Direction
from harness.analysis.compare.timing import FALSE_ALARM, Timed, holm, judge_time
from harness.policy.model import Policy

POLICY = Policy()


def timed(
    rng: random.Random,
    name: str = "BenchmarkX",
    factor: float = 1.0,
    noise: float = 0.01,
    count: int = 10,
    drift: float = 0.0,
) -> Timed:
    def samples(centre: float) -> tuple[float, ...]:
        return tuple(centre * rng.gauss(1, noise) for _ in range(count))

    return Timed("p", name, samples(1e-6), samples(1e-6 * (1 + drift)), samples(factor * 1e-6))


def test_a_change_is_seen_and_identical_code_is_not() -> None:
    rng = random.Random(1)
    many = [timed(rng, f"BenchmarkX{i}") for i in range(40)]
    report = judge_time([*many, timed(rng, "BenchmarkSlow", 1.1)], POLICY)
    found = {c.benchmark: c.direction for c in report.changes if c.direction is not Direction.NONE}
    assert found == {"BenchmarkSlow": Direction.REGRESSION}
    assert report.unfit == ()
    assert report.fewest == 0


def test_false_alarms_are_held_for_the_gate_as_a_whole() -> None:
    """Of 100 gates of 10 identical benchmarks each hardly one says anything."""
    rng = random.Random(2)
    alarms = 0
    for _ in range(100):
        report = judge_time([timed(rng, str(i), count=6) for i in range(10)], POLICY)
        alarms += any(c.direction is not Direction.NONE for c in report.changes)
    # Binomial: 100 gates at 1 % give more than 5 once in 2,000 times.
    assert alarms <= 5


def test_a_base_that_differs_from_itself_is_an_unfit_machine() -> None:
    rng = random.Random(3)
    report = judge_time([timed(rng, drift=0.2), *(timed(rng, str(i)) for i in range(9))], POLICY)
    assert [n.benchmark for n in report.unfit] == ["BenchmarkX"]
    assert report.unfit[0].shift == pytest.approx(0.2, abs=0.02)
    assert report.unfit[0].p < FALSE_ALARM


def test_noise_that_would_hide_the_change_is_an_unfit_machine() -> None:
    rng = random.Random(4)
    report = judge_time([timed(rng, str(i), noise=0.2) for i in range(5)], POLICY)
    assert len(report.unfit) == 5
    # One restless benchmark among many is not the machine's fault.
    mixed = [timed(rng, noise=0.2), *(timed(rng, str(i)) for i in range(9))]
    assert judge_time(mixed, POLICY).unfit == ()


def test_too_few_samples_are_told() -> None:
    rng = random.Random(5)
    report = judge_time([timed(rng, str(i), count=2) for i in range(20)], POLICY)
    assert report.fewest == 6
    assert judge_time([timed(rng, str(i), count=6) for i in range(20)], POLICY).fewest == 0


def test_holm() -> None:
    """The example of three p-values: the smallest times three, the next times two, the last."""
    assert holm([0.03, 0.01, 0.04]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([]) == []
