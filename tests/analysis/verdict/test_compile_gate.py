"""The gate without running anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from harness.analysis.compare.renames import Renames
from harness.analysis.verdict.compile_gate import judge_compiled
from harness.analysis.verdict.gate import Verdict
from harness.model import (
    AllocationCall,
    AllocationKind,
    EscapeSite,
    FunctionCode,
    PackageError,
    PackageOutcome,
    Record,
    SiteKind,
)
from harness.policy.file import parse_policy
from harness.policy.model import NoEscape
from tests.builders import MODULE, make_package, make_record, make_site

TODAY = date(2026, 11, 23)
P = f"{MODULE}/p"
OLD = make_site("moved to heap: old", line=3)
NEW = make_site("moved to heap: x", line=12)
TEXT = replace(make_site('"text" escapes to heap', line=20), kind=SiteKind.BOXED)


def side(number: int, *sites: EscapeSite) -> Record:
    return make_record(number, [make_package(P)], escapes=sites)


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [("forbid", "fail"), ("report", "pass"), ("forbid-if-covered", "pass")],
)
def test_new_escapes_by_the_policy(rule: str, verdict: str) -> None:
    policy = parse_policy(f'[escapes]\nnew = "{rule}"\n', "p.toml")
    report = judge_compiled(side(0, OLD), side(1, OLD, NEW), (), policy=policy, today=TODAY)
    assert report.verdict == verdict
    assert report.escapes.new == (NEW,)


@pytest.mark.parametrize(
    ("text", "verdict", "waived"),
    [
        ("", "fail", 0),
        ('gone = "report"\n', "pass", 0),
        ('[[waivers]]\nbenchmark = "BenchmarkOld"\nowner = "o"\nreason = "r"\n'
         "expires = 2026-11-23\n", "pass", 1),
    ],
)  # fmt: skip
def test_a_benchmark_that_the_head_does_not_declare(text: str, verdict: str, waived: int) -> None:
    def declaring(number: int, *names: str) -> Record:
        package = replace(make_package(P, (), PackageOutcome.NOT_SELECTED), declared=names)
        return make_record(number, [package])

    report = judge_compiled(
        declaring(0, "BenchmarkKept", "BenchmarkOld", "BenchmarkWas"),
        declaring(1, "BenchmarkKept", "BenchmarkIs"),
        (),
        policy=parse_policy(text, "p.toml"),
        today=TODAY,
        renames=Renames(functions={(P, "BenchmarkWas"): "BenchmarkIs"}),
    )
    assert (report.verdict, len(report.judgement.waived)) == (verdict, waived)
    assert [b.benchmark for b in report.benchmarks.gone] == ["BenchmarkOld"]
    assert [b.old_benchmark for b in report.benchmarks.renamed] == ["BenchmarkWas"]


def test_a_constant_in_an_interface_fails_nothing() -> None:
    policy = parse_policy('[escapes]\nnew = "forbid"\n', "p.toml")
    report = judge_compiled(side(0), side(1, TEXT), (), policy=policy, today=TODAY)
    assert (report.verdict, report.escapes.new) == (Verdict.PASS, (TEXT,))


def test_marked_code_is_held_against_all_that_it_has() -> None:
    """A mark may be new, and what it forbids old."""
    marks = (NoEscape("p/p.go", "F", 11),)
    bare = judge_compiled(side(0, OLD), side(1, OLD), ())
    marked = judge_compiled(side(0, OLD), side(1, OLD), (), marks=marks)
    assert (bare.verdict, marked.verdict) == (Verdict.PASS, Verdict.FAIL)
    assert [v.site for v in marked.judgement.violations] == [OLD]


def test_marked_code_is_held_against_its_compiled_code() -> None:
    """A channel has no message; a constant has one and is compiled to nothing."""
    marks = (NoEscape("p/p.go", "F", 11),)
    function = FunctionCode(P, "F", 8, "p/p.go", 12)
    call = AllocationCall(
        P, "F", "runtime.makechan", AllocationKind.CHAN, "p/p.go", 14, "p/p.go", 14
    )
    clean = replace(side(1, TEXT), functions=(function,))
    report = judge_compiled(side(0, TEXT), clean, (), marks=marks)
    assert report.verdict is Verdict.PASS
    report = judge_compiled(side(0, TEXT), replace(clean, calls=(call,)), (), marks=marks)
    assert [v.call for v in report.judgement.violations] == [call]


def test_what_cannot_be_told_of_a_rule_is_no_pass() -> None:
    untold = PackageError(P, "code", "p/p.go:3: G in p/p.go is generic")
    report = judge_compiled(side(0), side(1), (), untold=(untold,))
    assert (report.exit_code, [e.message for e in report.errors]) == (2, [untold.message])


def test_budgets_of_code_hold_and_those_of_benchmarks_are_left_alone() -> None:
    policy = parse_policy(
        f'[budgets.packages]\n"{P}" = {{ escapes = 1, "heap-calls" = 0 }}\n'
        f'[budgets.functions]\n"{P}.F" = {{ "frame-B" = 1 }}\n'
        '[budgets]\nBenchmarkX = { "allocs/op" = 0 }\n',
        "p.toml",
    )
    report = judge_compiled(side(0, OLD), side(1, OLD, NEW), (), policy=policy, today=TODAY)
    assert [(v.unit, v.value, v.limit) for v in report.judgement.violations] == [("escapes", 2, 1)]
    code = replace(side(1, OLD), functions=(FunctionCode(P, "F", 8, "p/p.go", 3),))
    report = judge_compiled(side(0, OLD), code, (), policy=policy, today=TODAY)
    assert [(v.unit, v.value, v.limit) for v in report.judgement.violations] == [("frame-B", 8, 1)]
    # What was not looked at is not said to be idle.
    assert report.judgement.idle == ()


def test_waivers_of_escapes_hold_and_others_are_left_alone() -> None:
    def waiver(what: str, expires: str) -> str:
        return f'[[waivers]]\n{what}\nowner = "o"\nreason = "r"\nexpires = {expires}\n'

    policy = parse_policy(
        '[escapes]\nnew = "forbid"\n'
        + waiver('escape = "moved to heap: x"', "2027-01-01")
        + waiver('benchmark = "BenchmarkX"', "2027-01-01"),
        "p.toml",
    )
    report = judge_compiled(side(0), side(1, NEW), (), policy=policy, today=TODAY)
    assert report.verdict is Verdict.PASS
    assert (len(report.judgement.waived), report.judgement.unused) == (1, ())


def test_what_does_not_compile_is_no_pass() -> None:
    error = PackageError(P, "build", "p/p.go:1:1: no", "p/p.go", 1)
    broken = replace(side(1), errors=(error,))
    report = judge_compiled(side(0), broken, ())
    assert (report.verdict, report.exit_code) == (Verdict.ERROR, 2)
    # What was broken before is not the change's fault.
    failed = make_package(f"{MODULE}/q", outcome=PackageOutcome.BUILD_FAILED)
    error = replace(error, package=failed.path)
    base, head = (replace(side(i), errors=(error,)) for i in range(2))
    base, head = (replace(r, packages=(*r.packages, failed)) for r in (base, head))
    assert judge_compiled(base, head, ()).verdict is Verdict.PASS
    # But what fails through it on one side alone is not the same.
    more = make_package(f"{MODULE}/r", outcome=PackageOutcome.BUILD_FAILED)
    worse = replace(head, packages=(*head.packages, more))
    assert judge_compiled(base, worse, ()).verdict is Verdict.ERROR
    # Where nothing compiles there is nothing to compare.
    base, head = (replace(r, packages=(failed,)) for r in (base, head))
    report = judge_compiled(base, head, ())
    assert (report.verdict, {e.message for e in report.errors}) == (Verdict.ERROR, {error.message})
    empty = replace(side(1), packages=())
    assert judge_compiled(empty, empty, ()).verdict is Verdict.ERROR
