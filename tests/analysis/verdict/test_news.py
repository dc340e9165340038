"""What is new since the last report, however the history comes to be known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.analysis.history.history import History
from harness.analysis.verdict.news import EnvironmentNews, News, NightlyReport, gap_to_fill, news
from harness.model import ALLOCS, PackageOutcome, Record
from harness.model.nightly import Reported
from tests.builders import make_benchmark, make_hash, make_package, make_record


def history(values: Sequence[int | None], measured: Iterable[int] | None = None) -> History:
    """A straight history; ``None`` is a revision that does not build."""
    places = range(len(values)) if measured is None else measured
    records = [record(place, values[place]) for place in places]
    return History.build(records, [make_hash(i) for i in range(len(values))])


def record(place: int, value: int | None) -> Record:
    if value is None:
        return make_record(place, [make_package(outcome=PackageOutcome.BUILD_FAILED)])
    return make_record(place, [make_package(benchmarks=[make_benchmark("BenchmarkX", value)])])


def at(found: Iterable[object]) -> list[str]:
    return [getattr(step, "revision", "") for step in found]


def test_a_step_is_new_once() -> None:
    first = news(history([0, 0]), (), 5.0)
    assert first.new == ()
    second = news(history([0, 0, 1]), first.known, 6.0)
    assert at(second.new) == [make_hash(2)]
    third = news(history([0, 0, 1, 1]), second.known, 7.0)
    assert (third.new, third.narrowed) == ((), ())
    assert [r.at for r in third.known] == [6.0]


def test_what_was_told_to_a_range_is_not_new_when_it_is_told_to_a_commit() -> None:
    values = [0, 0, 0, 1, 1, 1]
    wide = news(history(values, [0, 5]), (), 5.0)
    assert [s.between for s in wide.new] == [tuple(make_hash(i) for i in range(1, 5))]
    nearer = news(history(values, [0, 2, 5]), wide.known, 6.0)
    assert nearer.new == ()
    assert at(nearer.narrowed) == [make_hash(5)]
    exact = news(history(values, [0, 2, 3, 5]), nearer.known, 7.0)
    assert (exact.new, at(exact.narrowed)) == ((), [make_hash(3)])
    assert [r.at for r in exact.known] == [5.0], "reported when it was first told"


def test_of_a_wide_and_a_narrow_report_the_narrow_one_counts() -> None:
    values = [0, 0, 0, 1, 1, 1]
    wide = news(history(values, [0, 5]), (), 5.0)
    exact = news(history(values, [0, 2, 3, 5]), wide.known, 6.0)
    # A branch that other machines write still has the wide one.
    for both in ((*wide.known, *exact.known), (*exact.known, *wide.known)):
        again = news(history(values, [0, 2, 3, 5]), both, 7.0)
        assert (again.new, again.narrowed) == ((), ())


def test_a_step_that_falls_apart_is_known_and_one_the_other_way_is_new() -> None:
    wide = news(history([0, 9, 5], [0, 2]), (), 5.0)
    apart = news(history([0, 9, 5]), wide.known, 6.0)
    assert at(apart.narrowed) == [make_hash(1)]
    assert [(s.revision, str(s.direction)) for s in apart.new] == [(make_hash(2), "improvement")]


def test_what_is_old_is_no_news_and_never_becomes_any() -> None:
    first = news(history([0, 1]), (), 5.0, {make_hash(0), make_hash(1)})
    assert first.new == ()
    assert [r.at for r in first.known] == [0.0]
    assert news(history([0, 1, 1]), first.known, 6.0).new == ()


def test_a_record_that_is_missing_for_a_night_is_not_told_again() -> None:
    first = news(history([0, 1]), (), 5.0)
    away = news(history([0, 1], [0]), first.known, 6.0)
    assert news(history([0, 1]), away.known, 7.0).new == ()


@settings(max_examples=40)  # the first loads pandas
@given(
    st.lists(st.integers(0, 3), min_size=2, max_size=9),
    st.data(),
)
def test_in_whatever_order_it_is_measured_every_rise_is_told_and_none_twice(
    values: list[int], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(1, len(values))))
    known: tuple[Reported, ...] = ()
    told: list[tuple[int, int, str]] = []
    there = [0]
    for place in order:
        there = sorted([*there, place])
        now = history(values, there)
        found = news(now, known, 5.0)
        for step in found.new:
            place = now.position(step.revision)
            told.append((now.position(step.previous), place, str(step.direction)))
            assert not any(
                now.position(r.previous) < place <= now.position(r.revision)
                and r.direction == step.direction
                for r in known
            )
        known = found.known
    for place in range(1, len(values)):
        way = "regression" if values[place] > values[place - 1] else "improvement"
        if values[place] != values[place - 1]:
            assert any(a < place <= b and way == w for a, b, w in told)


def test_bisecting_finds_the_commit_and_leaves_level_gaps_alone() -> None:
    values: list[int | None] = [0] * 8 + [None] + [1] * 23
    there = {0, 20, 31}
    looked = 0
    while True:
        known = history(values, sorted(there))
        missing = {make_hash(i) for i in range(32) if i not in there}
        hash_ = gap_to_fill(known, missing)
        if hash_ is None:
            break
        there.add(known.position(hash_))
        looked += 1
    assert looked <= 6
    assert {7, 9} <= there
    assert not any(20 < i < 31 for i in there), "nothing changed there"


def report(**keys: object) -> NightlyReport:
    base: dict[str, object] = {
        "project": "p", "started": 0.0, "finished": 1.0, "measured": (), "failed": (),
        "remaining": 0, "environments": (),
    }  # fmt: skip
    return NightlyReport(**{**base, **keys})  # type: ignore[arg-type]


def told(before: int, after: int, unit: str = ALLOCS) -> EnvironmentNews:
    found = history([before, after])
    new = tuple(s for s in news(found, (), 1.0).new if s.unit == unit)
    return EnvironmentNews(found, News(new, (), ()), {})


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({}, 0),
        ({"environments": (told(0, 1),)}, 1),
        ({"environments": (told(1, 0),)}, 0),
        ({"measured": (record(0, 1),)}, 0),
        ({"measured": (record(0, None),)}, 2),
        ({"measured": (record(0, None), record(1, 1))}, 0),
        ({"failed": (("a" * 40, "why"),)}, 2),
        ({"problems": ("git fetch failed",)}, 2),
        ({"problems": ("git fetch failed",), "environments": (told(0, 1),)}, 1),
    ],
)
def test_the_exit_code_is_by_what_is_new(keys: dict[str, object], code: int) -> None:
    assert report(**keys).exit_code == code
