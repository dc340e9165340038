"""The verdict of the gate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import jsonschema
import pytest

from harness.analysis.compare.records import record_detail
from harness.analysis.verdict.gate import Verdict, judge_gate
from harness.model import (
    BenchmarkFailure,
    BenchmarkResult,
    Lane,
    PackageError,
    PackageOutcome,
    PackageResult,
    Record,
)
from harness.outputs.gate import json as gate_json
from harness.outputs.gate import text as gate_text
from harness.outputs.gate.base import Surroundings
from harness.outputs.gate.json import gate_schema
from harness.outputs.records.json import record_json
from harness.policy.file import parse_policy
from harness.policy.model import GoneRule, Policy
from tests.builders import (
    MODULE,
    make_benchmark,
    make_package,
    make_record,
    make_site,
    make_untruncated,
)

FAILED = PackageOutcome.BUILD_FAILED


def side(number: int, allocs: float | Sequence[float], *more: PackageResult) -> Record:
    return make_record(
        number, [make_package(benchmarks=[make_benchmark("BenchmarkX", allocs, 8)]), *more]
    )


def broken(record: Record, package: str, stage: str = "build", message: str = "no") -> Record:
    return replace(record, errors=(*record.errors, PackageError(package, stage, message)))


@pytest.mark.parametrize(
    ("base", "head", "verdict", "code"),
    [
        (0, 1, Verdict.FAIL, 1),
        (9, 10, Verdict.FAIL, 1),
        (100, 101, Verdict.FAIL, 1),
        (10, 0, Verdict.PASS, 0),
        (4, 4, Verdict.PASS, 0),
        ((9, 10, 9), (10, 10), Verdict.PASS, 0),
        ((9, 10, 9), (11, 12, 11), Verdict.FAIL, 1),
    ],
)
def test_counts(
    base: float | tuple[float, ...], head: float | tuple[float, ...], verdict: Verdict, code: int
) -> None:
    report = judge_gate(side(0, base), side(1, head), ())
    assert (report.verdict, report.exit_code, report.errors) == (verdict, code, ())
    assert len(report.benchmarks.compared) == 1
    assert bool(report.inexact) == (isinstance(base, tuple) or isinstance(head, tuple))


@pytest.mark.parametrize(
    ("base", "head", "verdict", "inexact"),
    [
        ((334.06, 334.90), (335.03, 335.76, 335.70), Verdict.PASS,
         "334.06 to 334.9 → 335.03 to 335.76"),
        ((334.98, 334.99), (335.01, 335.02), Verdict.PASS, ""),
        ((334.03, 334.03), (335.01, 335.02), Verdict.FAIL, ""),
        ((334.06, 334.90), (337.03, 337.7), Verdict.FAIL, "334.06 to 334.9 → 337.03 to 337.7"),
        ((4.03, 4.03), (4.4, 4.6), Verdict.PASS, "4 → 4.4 to 4.6"),
    ],
)  # fmt: skip
def test_counts_that_are_known_before_they_are_cut(
    base: tuple[float, ...], head: tuple[float, ...], verdict: Verdict, inexact: str
) -> None:
    old, new = (
        make_record(
            number,
            [make_package(benchmarks=[BenchmarkResult("BenchmarkX", (make_untruncated(*row),))])],
        )
        for number, row in enumerate((base, head))
    )
    report = judge_gate(old, new, ())
    assert report.verdict is verdict
    assert [c.exact for c in report.changes] == ([not inexact] if verdict is Verdict.FAIL else [])
    assert [name.partition(": ")[2] for name in report.inexact] == ([inexact] if inexact else [])


def test_bytes_alone_are_shown_and_do_not_fail() -> None:
    head = make_record(1, [make_package(benchmarks=[make_benchmark("BenchmarkX", 1, 99)])])
    report = judge_gate(side(0, 1), head, ())
    assert report.verdict is Verdict.PASS
    assert [(c.unit, c.delta) for c in report.changes] == [("B/op", 91)]


def test_regressions_come_first_and_the_largest_of_them() -> None:
    def record(number: int, **values: float) -> Record:
        benchmarks = [make_benchmark(f"Benchmark{n}", v) for n, v in values.items()]
        return make_record(number, [make_package(benchmarks=benchmarks)])

    report = judge_gate(
        record(0, Down=9, Small=100, Big=1, Zero=0), record(1, Down=1, Small=101, Big=3, Zero=9), ()
    )
    assert [c.benchmark.removeprefix("Benchmark") for c in report.changes] == [
        "Zero", "Big", "Small", "Down",
    ]  # fmt: skip


def test_what_could_not_be_measured_outranks_a_regression() -> None:
    package = make_package(f"{MODULE}/q", (), FAILED)
    package = replace(package, declared=("BenchmarkQ",))
    head = broken(side(1, 5, package), f"{MODULE}/q")
    report = judge_gate(side(0, 1), head, ())
    assert (report.verdict, report.exit_code) == (Verdict.ERROR, 2)
    assert [(e.stage, e.revision, e.package) for e in report.errors] == [
        ("build", head.revision.hash, f"{MODULE}/q")
    ]
    assert report.changes, "the regression is told all the same"


@pytest.mark.parametrize("which", ["base", "head", "both"])
def test_a_package_with_benchmarks_that_fails_on_either_side_is_an_error(which: str) -> None:
    package = replace(make_package(f"{MODULE}/q", (), FAILED), declared=("BenchmarkQ",))

    def record(number: int, *, bad: bool) -> Record:
        return broken(side(number, 1, package), f"{MODULE}/q") if bad else side(number, 1)

    report = judge_gate(record(0, bad=which != "head"), record(1, bad=which != "base"), ())
    assert report.verdict is Verdict.ERROR
    assert len(report.errors) == (2 if which == "both" else 1)


def test_a_package_without_benchmarks_may_fail_on_both_sides_for_the_same_reason() -> None:
    package = make_package(f"{MODULE}/q", (), FAILED)
    base = broken(side(0, 1, package), f"{MODULE}/q", message="x.go:3: no")
    head = broken(side(1, 1, package), f"{MODULE}/q", message="x.go:3: no")
    assert judge_gate(base, head, ()).verdict is Verdict.PASS
    assert judge_gate(side(0, 1), head, ()).verdict is Verdict.ERROR, "the change broke it"
    other = broken(side(1, 1, package), f"{MODULE}/q", message="x.go:9: worse")
    assert judge_gate(base, other, ()).verdict is Verdict.ERROR


def test_a_module_that_go_refuses_is_an_error_on_either_side() -> None:
    refused = broken(make_record(1), "", "module", "go.mod: no")
    assert judge_gate(side(0, 1), refused, ()).verdict is Verdict.ERROR
    same = broken(make_record(0), "", "module", "go.mod: no")
    assert judge_gate(same, refused, ()).verdict is Verdict.ERROR


@pytest.mark.parametrize("kind", ["panic", "fail", "exit", "timeout", "link"])
def test_a_benchmark_that_fails_in_the_allocation_lane_is_an_error(kind: str) -> None:
    failure = BenchmarkFailure("BenchmarkY", Lane.ALLOCATION, kind, "why")
    package = make_package(f"{MODULE}/q", [make_benchmark("BenchmarkZ", 1)], failures=[failure])
    report = judge_gate(side(0, 1), side(1, 1, package), ())
    (error,) = report.errors
    assert error.stage == ("link" if kind == "link" else "run")
    assert "why" in error.message
    assert report.verdict is Verdict.ERROR
    later = replace(failure, lane=Lane.TIME)
    package = replace(package, failures=(later,))
    assert judge_gate(side(0, 1), side(1, 1, package), ()).verdict is Verdict.PASS


def test_nothing_to_compare_is_no_pass() -> None:
    report = judge_gate(make_record(0), make_record(1, [make_package()]), ())
    assert (report.verdict, report.benchmarks.compared) == (Verdict.ERROR, ())
    assert "no benchmark ran" in report.errors[0].message


def test_escapes_of_packages_that_one_side_could_not_compile_are_not_told() -> None:
    q = f"{MODULE}/q"
    measured = make_package(benchmarks=[make_benchmark("BenchmarkX", 1)])
    base = make_record(
        0, [measured, make_package(q, (), FAILED)],
        escapes=[make_site(function="Kept"), make_site(function="Gone", line=30)],
    )  # fmt: skip
    head = make_record(
        1, [measured, make_package(q)],
        escapes=[
            make_site(function="Kept"),
            make_site("new(T) escapes to heap", function="New", line=40),
            make_site(package=q, file="q/q.go"), make_site(function="T", test=True, line=50),
        ],
    )  # fmt: skip
    escapes = judge_gate(base, head, ()).escapes
    assert [s.function for s in escapes.new] == ["New"]
    assert [s.function for s in escapes.gone] == ["Gone"]
    assert (escapes.kept, escapes.unknown) == (1, (q,))


def test_the_json_follows_its_schema_and_the_contract() -> None:
    head = broken(
        make_record(
            1,
            [make_package(benchmarks=[make_benchmark("BenchmarkX", 1, 64)])],
            escapes=[make_site()],
        ),
        f"{MODULE}/q",
    )
    report = judge_gate(side(0, 0), head, ())
    document = json.loads(gate_json.report(report, Surroundings()))
    jsonschema.validate(document, gate_schema())
    assert (document["schema"], document["verdict"], document["exit_code"]) == (
        "esv.gate/1", "error", 2,
    )  # fmt: skip
    allocs = next(c for c in document["changes"] if c["unit"] == "allocs/op")
    assert {k: allocs[k] for k in ("base", "head", "delta", "direction", "exact", "p")} == {
        "base": 0, "head": 1, "delta": 1, "direction": "regression", "exact": True, "p": None,
    }  # fmt: skip
    assert [e["function"] for e in document["escapes"]["new"]] == ["F"]
    assert json.loads(record_json(record_detail(head)))["revision"]["hash"] == head.revision.hash


X, Y = make_benchmark("BenchmarkX", 1, 8), make_benchmark("BenchmarkY", 2, 8)
BOTH, ONE = (make_record(n, [make_package(benchmarks=b)]) for n, b in ((0, [X, Y]), (1, [X])))
WAIVER = '[[waivers]]\nbenchmark = "{}"\n{}owner = "o"\nreason = "moved to bench/"\nexpires = {}\n'


@pytest.mark.parametrize(
    ("policy", "verdict", "waived", "expired", "unused"),
    [
        ("", "fail", 0, 0, 0),
        ('gone = "fail"\n', "fail", 0, 0, 0),
        ('gone = "report"\n', "pass", 0, 0, 0),
        (WAIVER.format("BenchmarkY", "", "2026-11-23"), "pass", 1, 0, 0),
        (WAIVER.format("BenchmarkY", "", "2026-11-22"), "fail", 0, 1, 0),
        (WAIVER.format("BenchmarkX", "", "2026-11-23"), "fail", 0, 0, 1),
        # These are about how much worse it may get.
        (WAIVER.format("BenchmarkY", 'unit = "allocs/op"\n', "2026-11-23"), "fail", 0, 0, 1),
        (WAIVER.format("BenchmarkY", "allow = 9\n", "2026-11-23"), "fail", 0, 0, 1),
    ],
)
def test_a_benchmark_that_is_gone_fails_unless_the_policy_lets_it(
    policy: str, verdict: str, waived: int, expired: int, unused: int
) -> None:
    parsed = parse_policy(policy, "escape-velocity.toml")
    report = judge_gate(BOTH, ONE, (), policy=parsed, today=date(2026, 11, 23))
    judgement = report.judgement
    assert (report.verdict, report.errors) == (verdict, ())
    assert [b.benchmark for b in report.benchmarks.gone] == ["BenchmarkY"]
    assert [len(x) for x in (judgement.waived, judgement.expired, judgement.unused)] == [
        waived, expired, unused,
    ]  # fmt: skip
    assert [(v.rule, v.subject, v.base) for v in judgement.violations] == (
        [("gone", "BenchmarkY", 2)] if verdict == "fail" else []
    )
    document = json.loads(gate_json.report(report, Surroundings()))
    jsonschema.validate(document, gate_schema())
    assert document["benchmarks"] == {
        "compared": 1,
        "gone": [
            {
                "package": f"{MODULE}/p",
                "benchmark": "BenchmarkY",
                "reason": "no test file that the head builds declares it",
                "allocs": 2,
            }
        ],
        "added": [],
        "renamed": [],
    }


def test_a_head_without_any_of_the_benchmarks_of_the_base() -> None:
    """That they are gone is known; where they may be, nothing is left to say of the head."""
    head = make_record(1, [make_package()])
    report = judge_gate(BOTH, head, ())
    assert (report.verdict, len(report.judgement.violations)) == (Verdict.FAIL, 2)
    listed = judge_gate(BOTH, head, (), policy=Policy(gone=GoneRule.REPORT))
    assert listed.verdict is Verdict.ERROR
    assert "no benchmark ran" in listed.errors[0].message


def test_what_could_not_be_measured_outranks_what_is_gone() -> None:
    q = replace(make_package(f"{MODULE}/q", (), FAILED), declared=("BenchmarkQ",))
    had = make_package(f"{MODULE}/q", [make_benchmark("BenchmarkQ", 1)])
    base = replace(BOTH, packages=(*BOTH.packages, had))
    head = broken(replace(ONE, packages=(*ONE.packages, q)), f"{MODULE}/q")
    report = judge_gate(base, head, ())
    assert report.verdict is Verdict.ERROR
    assert [b.benchmark for b in report.benchmarks.gone] == ["BenchmarkY"]


def test_a_pass_names_what_was_added() -> None:
    report = judge_gate(ONE, replace(BOTH, revision=make_record(2).revision), ())
    assert report.verdict is Verdict.PASS
    assert report.benchmarks.added == ((f"{MODULE}/p", "BenchmarkY"),)
    text = gate_text.report(report, Surroundings())
    assert "no change in allocs/op or B/op of 1 benchmark; 1 added\n" in text
    assert "  added: example.com/m/p.BenchmarkY\n" in text
    first = judge_gate(make_record(0, [make_package()]), ONE, ())
    text = gate_text.report(first, Surroundings())
    assert "\n1 benchmark added\n  added: example.com/m/p.BenchmarkX\n" in text
