"""What a policy makes of a comparison."""

from dataclasses import replace
from datetime import date

import pytest

from harness.analysis.compare.comparison import compare
from harness.analysis.verdict.policy import Judgement, Rule, judge_policy
from harness.model import (
    AllocationCall,
    AllocationKind,
    EscapeSite,
    Execution,
    FunctionCode,
    Record,
    SiteExecution,
    SiteKind,
)
from harness.policy.file import parse_policy
from harness.policy.model import NoEscape, Policy
from tests.builders import MODULE, make_benchmark, make_package, make_record, make_site

TODAY = date(2026, 11, 23)
P = f"{MODULE}/p"


def record(allocs: float, size: float = 64, escapes: tuple[EscapeSite, ...] = ()) -> Record:
    benchmarks = [make_benchmark("BenchmarkX/a", allocs, size), make_benchmark("BenchmarkY", 3, 9)]
    return make_record(1, [make_package(P, benchmarks)], escapes=escapes)


def judged(
    text: str,
    base: Record,
    head: Record,
    new: tuple[EscapeSite, ...] = (),
    marks: tuple[NoEscape, ...] = (),
) -> Judgement:
    policy = parse_policy(text, "policy.toml") if text else Policy()
    return judge_policy(policy, compare(base, head), head, new, TODAY, marks=marks)


@pytest.mark.parametrize(("before", "after", "fails"), [(0, 1, 1), (100, 101, 1), (10, 0, 0)])
def test_without_a_policy_every_rise_of_allocs_fails(
    before: float, after: float, fails: int
) -> None:
    result = judged("", record(before, 64), record(after, 999))
    assert [v.unit for v in result.violations] == ["allocs/op"] * fails


def test_a_threshold_is_room_and_says_so() -> None:
    text = '[thresholds.benchmarks."BenchmarkX"]\n"allocs/op" = 2\n"B/op" = "10%"\n'
    assert judged(text, record(5), record(7, 70)).violations == ()
    by_unit = {v.unit: v for v in judged(text, record(5), record(8, 71)).violations}
    assert by_unit["allocs/op"].text == "BenchmarkX/a: 5 → 8 allocs/op; at most 2 more is allowed"
    assert by_unit["allocs/op"].limit == 7
    assert by_unit["allocs/op"].line == 1
    assert by_unit["B/op"].limit == pytest.approx(70.4)


def test_a_budget_holds_whatever_the_base_has() -> None:
    text = '[budgets]\n"BenchmarkX.*" = { "allocs/op" = 0 }\n'
    result = judged(text, record(4), record(4))
    assert [(v.rule, v.text) for v in result.violations] == [
        (Rule.BUDGET, "BenchmarkX/a: 4 allocs/op; its budget is 0")
    ]
    assert judged(text, record(4), record(0)).violations == ()


def test_budgets_of_packages_and_functions() -> None:
    head = replace(
        record(1, escapes=(make_site(), make_site(line=13), make_site(line=14, test=True))),
        functions=(FunctionCode(P, "(*T).M", 4216, "p/p.go", 3),),
    )
    text = (
        f'[budgets.packages]\n"{MODULE}/..." = {{ escapes = 1 }}\n'
        f'[budgets.functions]\n"{P}.(*T).M" = {{ "frame-B" = 4096 }}\n'
        f'"{P}.G" = {{ "frame-B" = 1 }}\n'
    )
    result = judged(text, head, head)
    assert [v.text for v in result.violations] == [
        f"{P}: 2 escapes; its budget is 1",
        f"{P}.(*T).M: 4,216 frame-B; its budget is 4,096",
    ]
    assert result.idle == (f"line 5: no function with frame-B is '{P}.G'",)


def call(function: str, line: int, callee: str = "runtime.newobject") -> AllocationCall:
    return AllocationCall(
        P, function, callee, AllocationKind.OBJECT, "p/p.go", line, "p/p.go", line
    )


def test_code_that_must_not_allocate() -> None:
    constant = replace(
        make_site('"text" escapes to heap', line=20), expression='"text"', kind=SiteKind.BOXED
    )
    head = replace(
        record(1, escapes=(make_site(line=12), constant)),
        calls=(call("F", 12), call("F.func1", 15, "runtime.makechan"), call("G", 30)),
        functions=(FunctionCode(P, "F", 8, "p/p.go", 10), FunctionCode(P, "G", 8, "p/p.go", 29)),
    )
    result = judged('[escapes]\nno-escape = ["p/*.go:F"]\n', head, head)
    assert [(v.rule, v.text, v.line) for v in result.violations] == [
        (Rule.NO_ESCAPE, "F: moved to heap: x; nothing may be allocated there", 2),
        (Rule.NO_ESCAPE, "F.func1: calls runtime.makechan; nothing may be allocated there", 2),
    ]
    by_comment = judged("", head, head, marks=(NoEscape("p/p.go", "G", 28),))
    assert [v.subject for v in by_comment.violations] == ["G"]


@pytest.mark.parametrize(
    ("rule", "execution", "fails", "undecided"),
    [
        ("report", Execution.EXECUTED, 0, 0),
        ("forbid", Execution.UNCOVERED, 1, 0),
        ("forbid-if-covered", Execution.EXECUTED, 1, 0),
        ("forbid-if-covered", Execution.UNEXECUTED, 0, 0),
        ("forbid-if-covered", None, 0, 1),
    ],
)
def test_new_escapes(rule: str, execution: Execution | None, fails: int, undecided: int) -> None:
    site = make_site()
    head = record(1, escapes=(site,))
    if execution is not None:
        head = replace(head, executions=(SiteExecution(P, site.position, execution),))
    result = judged(f'[escapes]\nnew = "{rule}"\n', head, head, (site,))
    assert len(result.violations) == fails
    assert len(result.undecided) == undecided


def waiver(kind: str, expires: str) -> str:
    return f'[[waivers]]\n{kind}\nowner = "o"\nreason = "r"\nexpires = {expires}\n'


def test_a_waiver_lets_pass_what_it_names_until_its_day() -> None:
    kind = 'benchmark = "BenchmarkX"\nunit = "allocs/op"\nallow = 2'
    passed = judged(waiver(kind, "2026-11-23"), record(1), record(3))
    assert passed.violations == ()
    assert [v.text for v in passed.waived] == ["BenchmarkX/a: 1 → 3 allocs/op"]
    too_much = judged(waiver(kind, "2026-11-23"), record(1), record(4))
    assert len(too_much.violations) == 1
    assert len(too_much.unused) == 1
    late = judged(waiver(kind, "2026-11-22"), record(1), record(3))
    assert len(late.violations) == 1
    assert [w.line for w in late.expired] == [1]
    assert late.unused == ()


def test_a_waiver_for_an_escape() -> None:
    site = make_site("moved to heap: buffer", file="q/r/s.go")
    head = record(1, escapes=(site,))
    text = '[escapes]\nnew = "forbid"\n'
    right = waiver('escape = "moved to heap: *"\nfile = "q/**"', "2027-01-01")
    wrong = waiver('escape = "moved to heap: *"\nfile = "q/*"', "2027-01-01")
    assert judged(text + right, head, head, (site,)).violations == ()
    assert len(judged(text + wrong, head, head, (site,)).violations) == 1
