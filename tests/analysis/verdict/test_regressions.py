"""What got worse by commit, the latest run, noise and silence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from harness.analysis.compare.comparison import Direction
from harness.analysis.history.history import History
from harness.analysis.verdict.findings import Finding, findings
from harness.analysis.verdict.health import noise, silent_benchmarks
from harness.analysis.verdict.policy import judge_steps
from harness.analysis.verdict.regressions import Standard, commit_changes, latest_run, to_look_at
from harness.analysis.verdict.summary import summarise
from harness.model import BenchmarkFailure, Lane, Outcome, PackageError, PackageOutcome
from harness.policy.file import parse_policy
from tests.builders import (
    MODULE,
    make_benchmark,
    make_hash,
    make_package,
    make_record,
    timeline_history,
)


def of(*values: float) -> History:
    return History.build(
        make_record(i, [make_package(benchmarks=[make_benchmark("BenchmarkA", v, v * 8)])])
        for i, v in enumerate(values)
    )


def test_a_commit_is_told_once_with_all_its_units() -> None:
    worse = commit_changes(summarise(of(1, 5, 5, 1, 2)), Direction.REGRESSION)
    assert [c.summary.slot.revision for c in worse] == [make_hash(4), make_hash(1)]
    assert [s.unit for s in worse[0].steps] == ["allocs/op", "B/op"]
    assert [c.repaired for c in worse] == [None, make_hash(3)]
    better = commit_changes(summarise(of(1, 5, 5, 1, 2)), Direction.IMPROVEMENT)
    assert [(c.summary.slot.revision, c.repaired) for c in better] == [(make_hash(3), None)]


def test_what_fails_no_gate_is_listed() -> None:
    """One byte more of the same allocations: the built-in policy lists B/op, another may not."""
    records = [
        make_record(i, [make_package(benchmarks=[make_benchmark("BenchmarkA", 1, size)])])
        for i, size in enumerate((174, 175))
    ]
    summary = summarise(History.build(records))
    (found,) = commit_changes(summary, Direction.REGRESSION)
    assert (found.listed, found.stands, found.waived) == (True, False, False)
    strict = Standard.on(
        parse_policy('[thresholds]\n"B/op" = 0\n', "escape-velocity.toml"), date(2026, 1, 1)
    )
    (found,) = commit_changes(summary, Direction.REGRESSION, strict)
    assert (found.listed, found.stands) == (False, True)


def test_what_is_waived_is_left_out_and_what_fails_no_gate_comes_last() -> None:
    values = {"Small": (1, 1, 1, 3), "Large": (1, 90, 90, 90), "Mild": (9, 9, 90, 90)}
    values |= {"Better": (5, 5, 5, 1)}
    records = [
        make_record(
            i,
            [
                make_package(f"{MODULE}/{name}", [make_benchmark(f"Benchmark{name}", v[i])])
                for name, v in values.items()
            ],
        )
        for i in range(4)
    ]
    found = findings(History.build(records))

    def names(chosen: Iterable[Finding]) -> list[str]:
        return [f.steps[0].benchmark.removeprefix("Benchmark") for f in chosen]

    assert names(found) == ["Large", "Mild", "Small", "Better"]
    # Without a policy, one that cannot be read included, the built-in one holds.
    assert to_look_at(found, Standard(problem="line 3")) == (found, ())
    policy = parse_policy(
        """\
[[waivers]]
benchmark = "BenchmarkLarge"
owner = "ann"
reason = "rewritten next week"
expires = 2026-12-24

[thresholds.benchmarks.BenchmarkMild]
"allocs/op" = 100
""",
        "escape-velocity.toml",
    )
    left, waived = to_look_at(found, Standard.on(policy, date(2026, 12, 24)))
    assert (names(left), names(waived)) == (["Small", "Better", "Mild"], ["Large"])
    left, waived = to_look_at(found, Standard.on(policy, date(2026, 12, 25)))
    assert (names(left), names(waived)) == (["Large", "Small", "Better", "Mild"], [])


def test_the_latest_run_ends_where_an_hour_passed() -> None:
    records = list(of(1, 1, 1, 1).records)
    for i, started in enumerate((90_000.0, 100.0, 90_900.0, 95_000.0)):
        records[i] = replace(records[i], started=started, duration=600.0)
    run = latest_run(summarise(History.build(records)))
    assert [r.slot.revision for r in run] == [make_hash(i) for i in (0, 2, 3)]
    assert latest_run(summarise(History("m", "e", (), ()))) == ()


def test_a_clock_that_was_ahead_makes_no_latest_run() -> None:
    records = list(of(1, 1, 1).records)
    for i, started in enumerate((90_000.0, 4e9, 90_900.0)):
        records[i] = replace(records[i], started=started, duration=600.0)
    history = replace(History.build(records), read_at=100_000.0)
    run = latest_run(summarise(history))
    assert [r.slot.revision for r in run] == [make_hash(0), make_hash(2)]


def test_noise_is_of_what_does_not_repeat() -> None:
    benches = [
        make_benchmark("BenchmarkA", 5, seconds=(1.0, 1.1, 0.9)),
        make_benchmark("BenchmarkB", (4, 5, 6), seconds=(1.0, 1.5, 0.5)),
    ]
    found = {
        n.unit: n
        for n in noise(
            summarise(History.build([make_record(0, [make_package(benchmarks=benches)])]))
        )
    }
    assert (found["allocs/op"].benchmarks, found["allocs/op"].exact) == (2, 1)
    assert found["allocs/op"].typical == 0.4
    assert [s.benchmark for s in found["sec/op"].widest] == ["BenchmarkB", "BenchmarkA"]
    assert found["sec/op"].exact == 0


def test_silence_has_its_beginning_and_its_reason() -> None:
    good = [make_package(benchmarks=[make_benchmark("BenchmarkA", 1)])]
    panic = BenchmarkFailure("BenchmarkA", Lane.ALLOCATION, "panic", "panic: oh no")
    bad = [make_package(failures=[panic], outcome=PackageOutcome.RUN_FAILED)]
    broken = make_record(
        3, outcome=Outcome.BROKEN, errors=[PackageError("", "module", "no go.mod")]
    )
    records = [
        make_record(0, bad),
        make_record(1, good),
        make_record(2, bad),
        broken,
        make_record(4, bad),
    ]
    (found,) = silent_benchmarks(summarise(History.build(records)))
    assert (found.package, found.benchmark) == (f"{MODULE}/p", "BenchmarkA")
    assert found.since == make_hash(2)
    assert found.point.reason == "panic: oh no"
    assert silent_benchmarks(summarise(timeline_history())) == ()


WAIVER = """\
[[waivers]]
benchmark = "BenchmarkA"
{more}
owner = "ann"
reason = "rewritten next week"
expires = 2026-12-24
"""


def standard(more: str = "", today: date = date(2026, 12, 24)) -> Standard:
    return Standard.on(parse_policy(WAIVER.format(more=more), "escape-velocity.toml"), today)


def test_what_is_waived_is_judged_as_nightly_judges_it() -> None:
    summary = summarise(of(1, 5, 5))
    (plain,) = commit_changes(summary, Direction.REGRESSION)
    assert plain.stands and not plain.waived
    (change,) = commit_changes(summary, Direction.REGRESSION, standard())
    assert (change.waived, change.stands) == (True, False)
    assert [(w.owner, w.reason) for w in change.waivers] == [("ann", "rewritten next week")]
    judged = judge_steps(standard().policy, change.steps, date(2026, 12, 24))
    assert {v.waiver for v in judged.values()} == set(change.waivers)


def test_a_waiver_that_ended_or_allows_less_leaves_the_regression_open() -> None:
    summary = summarise(of(1, 5, 5))
    late = standard(today=date(2026, 12, 25))
    assert [w.owner for w in late.expired] == ["ann"]
    for judged in (late, standard("allow = 2")):
        (change,) = commit_changes(summary, Direction.REGRESSION, judged)
        assert change.stands and not change.waivers


def test_one_step_that_nobody_waives_keeps_the_commit_open() -> None:
    history = History.build(
        make_record(
            i,
            [
                make_package(
                    benchmarks=[make_benchmark("BenchmarkA", v), make_benchmark("BenchmarkB", v)]
                )
            ],
        )
        for i, v in enumerate((1, 5))
    )
    (change,) = commit_changes(summarise(history), Direction.REGRESSION, standard())
    assert change.stands
    assert [w.owner for w in change.waivers] == ["ann"]


def test_what_is_repaired_needs_no_waiver() -> None:
    (change,) = commit_changes(summarise(of(1, 5, 5, 1)), Direction.REGRESSION, standard())
    assert (change.repaired, change.waived, change.waivers) == (make_hash(3), False, ())
