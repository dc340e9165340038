"""What sites cost, which calls have no message, and how compiled functions change."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from harness.analysis.causes.attribution import attribute
from harness.analysis.causes.pairing import Sides
from harness.analysis.compare.code import diff_code
from harness.analysis.compare.costs import Reach, silent_calls, site_costs
from harness.analysis.compare.escapes import diff_escapes, match_records
from harness.analysis.compare.records import diff_records, record_detail
from harness.analysis.history.history import History
from harness.analysis.series.code import PackageCounts
from harness.analysis.series.series import Series, slots
from harness.model import (
    ALLOCS,
    ESCAPES,
    FRAME_BYTES,
    HEAP_CALLS,
    AllocationCall,
    AllocationKind,
    Execution,
    FunctionCode,
    PackageOutcome,
    Record,
    SiteExecution,
)
from harness.outputs.text.terminal import code_lines, show_comparison, show_record
from tests.account_builders import make_account, make_place
from tests.builders import (
    MODULE,
    make_benchmark,
    make_hash,
    make_package,
    make_record,
    make_site,
)

P = f"{MODULE}/p"
F = FunctionCode(P, "F", 120, "p/p.go", 10)


def call(
    callee: str, kind: AllocationKind, line: int = 12, *, outer: int = 0, function: str = "F"
) -> AllocationCall:
    """A call in ``F``; with ``outer`` inlined from another line."""
    inlined = (f"{P}.G",) if outer else ()
    return AllocationCall(
        P, function, callee, kind, "p/p.go", line, "p/p.go", outer or line, inlined
    )


NEW = call("runtime.newobject", AllocationKind.OBJECT)
GROW = call("runtime.growslice", AllocationKind.APPEND, 20)


def coded(
    record: Record, *calls: AllocationCall, functions: tuple[FunctionCode, ...] = (F,)
) -> Record:
    return replace(record, calls=calls, functions=functions)


@pytest.mark.parametrize(
    ("execution", "calls", "accounted", "reach"),
    [
        (None, (NEW,), False, None),
        (None, (NEW,), True, Reach.ALLOCATES),
        (Execution.EXECUTED, (NEW,), False, Reach.EXECUTED),
        (Execution.EXECUTED, (), False, Reach.FREE),
        (Execution.UNEXECUTED, (NEW,), False, Reach.UNEXECUTED),
        (Execution.UNCOVERED, (NEW,), False, Reach.UNCOVERED),
        # What the line allocates is something else, if the site has no call.
        (Execution.EXECUTED, (), True, Reach.FREE),
    ],
)
def test_what_a_site_costs(
    execution: Execution | None,
    calls: tuple[AllocationCall, ...],
    accounted: bool,
    reach: Reach | None,
) -> None:
    site = make_site()
    record = coded(make_record(escapes=[site]), *calls)
    if execution is not None:
        found = SiteExecution(P, site.position, execution)
        record = replace(record, executions=(found,))
    if accounted:
        record = replace(record, accounts=(make_account(P, "BenchmarkF", [make_place()]),))
    cost = site_costs(record, [site])[site]
    assert cost.allocates is bool(calls)
    assert cost.reach is reach
    uncovered = reach in (Reach.UNEXECUTED, Reach.UNCOVERED)
    assert cost.covered is (None if reach is None else not uncovered)


def test_costs_of_new_sites_are_the_heads_and_of_gone_ones_the_bases() -> None:
    gone, new = make_site("moved to heap: old", line=12), make_site("moved to heap: x", line=30)
    base = coded(make_record(0, escapes=[gone]), NEW)
    head = coded(make_record(1, escapes=[new]))
    diff = diff_escapes(base, head, None)
    assert (diff.new, diff.gone) == ((new,), (gone,))
    assert (diff.cost(new).allocates, diff.cost(gone).allocates) == (False, True)
    text = show_comparison(diff_records(base, head, None, ()))
    assert "moved to heap: x in F (allocates nothing: a constant, or optimised away)" in text
    assert "moved to heap: old in F\n" in text


def test_an_uncovered_site_is_said_to_be() -> None:
    site = make_site(line=30)
    found = SiteExecution(P, site.position, Execution.UNCOVERED)
    head = replace(make_record(1, escapes=[site]), executions=(found,))
    base = make_record(0)
    text = show_comparison(diff_records(base, head, None, ()))
    assert "moved to heap: x in F (uncovered: no benchmark enters the function)" in text


def test_silent_calls_are_found_where_they_are_and_where_they_were_inlined_to() -> None:
    inlined = call("runtime.makechan", AllocationKind.CHAN, 50, outer=60)
    record = coded(make_record(escapes=[make_site()]), NEW, GROW, inlined)
    silent = silent_calls(record)
    assert ("p/p.go", 12) not in silent  # the message is that of the site
    assert [c.callee for c in silent["p/p.go", 20]] == ["runtime.growslice"]
    assert silent["p/p.go", 50] == silent["p/p.go", 60] == [inlined]


def test_growth_names_the_call_that_allocates() -> None:
    base, head = (coded(make_record(n), GROW, GROW) for n in (0, 1))
    old = make_account(P, "BenchmarkF", [make_place(line=20, allocs=1)])
    new = make_account(P, "BenchmarkF", [make_place(line=20, allocs=5)])
    sides = Sides(base, head, None, match_records(base, head, None))
    found = attribute(sides, ALLOCS, (1, 5), old, new)
    assert found.outcome == "growth"
    assert [c.callee for c in found.causes[0].calls] == ["runtime.growslice"]
    unknown = Sides(make_record(0), make_record(1), None, match_records(base, head, None))
    assert attribute(unknown, ALLOCS, (1, 5), old, new).causes[0].calls == ()


def test_functions_are_compared_by_name() -> None:
    deep = replace(F, function="Deep", frame_bytes=64, line=40)
    gone = replace(F, function="Gone")
    test = replace(F, function="BenchmarkF", file="p/p_test.go")
    base = coded(make_record(0), NEW, functions=(F, deep, gone, test))
    head = coded(
        make_record(1),
        NEW,
        GROW,
        functions=(
            replace(F, frame_bytes=4216, line=11),
            replace(deep, frame_bytes=8),
            replace(test, frame_bytes=9999),
            replace(F, function="Added", frame_bytes=1),
        ),
    )
    diff = diff_code(base, head)
    assert [(c.function, c.before, c.after, c.line) for c in diff.frames] == [
        ("F", 120, 4216, 11), ("Deep", 64, 8, 40),
    ]  # fmt: skip
    assert [(c.function, c.before, c.after) for c in diff.calls] == [("F", 1, 2)]
    assert code_lines(diff) == [
        "stack frames: 2 functions changed",
        "  p/p.go:11: F: 120 → 4,216 B",
        "  p/p.go:40: Deep: 64 → 8 B",
        "allocation calls: 1 function changed",
        "  p/p.go:11: F: 1 → 2",
    ]


def test_nothing_is_said_without_compiled_code() -> None:
    base = coded(make_record(0), NEW)
    assert not diff_code(base, make_record(1)).known
    assert code_lines(diff_code(base, make_record(1))) == []


def package_series(history: History) -> dict[str, tuple[Series, ...]]:
    counts = PackageCounts(history)
    for slot in slots(history):
        counts.add(slot)
    return counts.series()


def test_series_of_packages() -> None:
    package = make_package(P, [make_benchmark("BenchmarkF", 1)])
    broken = make_package(P, (), PackageOutcome.BUILD_FAILED)
    records = [
        coded(make_record(0, [package], escapes=[make_site()]), NEW),
        make_record(1, [broken]),
        coded(make_record(2, [package]), NEW, GROW, functions=(replace(F, frame_bytes=64),)),
    ]
    series = {s.unit: s for s in package_series(History.build(records))[P]}
    values = {
        unit: [p.measurement.value if p.measurement else None for p in s.points]
        for unit, s in series.items()
    }
    assert values == {
        ESCAPES: [1.0, None, 0.0],
        HEAP_CALLS: [1.0, None, 2.0],
        FRAME_BYTES: [120.0, None, 64.0],
    }


def test_series_go_on_from_what_was_collected_before() -> None:
    """Of packages that come, go and break, with revisions in between that were not measured."""
    package = make_package(P, [make_benchmark("BenchmarkF", 1)])
    other = make_package(f"{MODULE}/q", [make_benchmark("BenchmarkG", 1)])
    broken = make_package(P, (), PackageOutcome.BUILD_FAILED)
    records = [
        coded(make_record(1, [package]), NEW),
        coded(make_record(2, [package]), NEW),
        make_record(4, [broken, other]),
        coded(make_record(5, [package, other], escapes=[make_site()]), NEW, GROW),
        coded(make_record(6, [other])),
    ]
    history = History.build(records, [make_hash(n) for n in range(9)])
    expected = {p: [s.points for s in own] for p, own in package_series(history).items()}
    assert [p.state.value for p in expected[P][0]] == [
        "not measured", "measured", "measured", "not measured", "does not build", "measured",
        "not there", "not measured",
    ]  # fmt: skip
    assert [p.state.value for p in expected[f"{MODULE}/q"][0]][:4] == [
        "not measured", "not there", "not there", "not measured",
    ]  # fmt: skip
    counts = PackageCounts(history)
    for slot in slots(history):
        counts.add(slot)
        counts = pickle.loads(pickle.dumps(counts))
    assert {p: [s.points for s in own] for p, own in counts.series().items()} == expected
    assert {p: [len(s.runs) for s in own] for p, own in counts.series().items()} == {
        p: [len(s.runs) for s in own] for p, own in package_series(history).items()
    }


def test_calls_are_counted_where_they_are_written() -> None:
    """Once for a line inlined to three functions, one of them a benchmark; libraries' by caller."""
    package = make_package(P, [make_benchmark("BenchmarkF", 1)])
    benchmark = replace(
        call("runtime.newobject", NEW.kind, 12, outer=7, function="BenchmarkF"),
        outer_file="p/p_test.go",
    )
    own = replace(call("runtime.convT", NEW.kind, 8, function="BenchmarkF"), file="p/p_test.go")
    library = replace(call("runtime.makeslice", NEW.kind, 99, outer=13), file="strings/builder.go")
    calls = [
        NEW, NEW, replace(NEW, function="G"), benchmark, library,
        replace(own, outer_file="p/p_test.go"),
    ]  # fmt: skip
    test = replace(F, function="BenchmarkF", file="p/p_test.go")
    record = coded(make_record(0, [package]), *calls, functions=(test,))
    series = {s.unit: s.last for s in package_series(History.build([record]))[P]}
    found = series[HEAP_CALLS]
    assert found is not None
    assert found.value == 3  # two and one
    assert FRAME_BYTES not in series


def test_show_tells_what_was_compiled() -> None:
    free = make_site("func literal escapes to heap", line=30)
    record = coded(make_record(escapes=[make_site(), free]), NEW, GROW)
    text = show_record(record_detail(record))
    assert "2 escape sites outside test files, 1 of which allocate nothing" in text
    assert (
        "2 allocation calls in 1 linked function, 1 of which no message mentions;"
        " largest stack frame 120 B: F" in text
    )


@pytest.mark.parametrize(
    ("before", "gone", "reach"),
    [(1, False, Reach.FREE), (0, False, Reach.EXECUTED), (1, True, Reach.EXECUTED)],
)
def test_executed_at_no_cost(before: int, gone: bool, reach: Reach) -> None:
    """Unless a benchmark allocates more, or another site went that the new one may replace."""
    site, old = make_site(line=30), make_site("func literal escapes to heap", line=12)
    packages = [[make_package(P, [make_benchmark("BenchmarkF", n, 64)])] for n in (before, 1)]
    base = make_record(0, packages[0], escapes=[old] if gone else [])
    head = replace(
        coded(make_record(1, packages[1], escapes=[site]), call("runtime.newobject", NEW.kind, 30)),
        executions=(SiteExecution(P, site.position, Execution.EXECUTED),),
    )
    cost = diff_escapes(base, head, None).cost(site)
    assert (cost.allocates, cost.reach, cost.covered) == (True, reach, True)
