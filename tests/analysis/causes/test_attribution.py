"""Which line and which escape a change is charged to, on records made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.analysis.causes.attribution import Attribution, attribute
from harness.analysis.causes.pairing import Sides
from harness.analysis.compare.escapes import match_records
from harness.model import (
    ALLOCS,
    AllocationSite,
    EscapeSite,
    FileChange,
    Hunk,
    InliningCall,
    InliningDecision,
    Position,
    Record,
    SiteKind,
    TreeDiff,
)
from tests.account_builders import make_account, make_place
from tests.builders import MODULE, make_record, make_site

P = f"{MODULE}/p"


def account(
    base: tuple[Record, Sequence[AllocationSite]],
    head: tuple[Record, Sequence[AllocationSite]],
    *hunks: Hunk,
) -> Attribution:
    """The account of a step in ``BenchmarkF``; the file ``p/p.go`` changed in these hunks."""
    old, new = (make_account(P, "BenchmarkF", places) for _, places in (base, head))
    change = FileChange("p/p.go", "p/p.go", hunks)
    diffs = [TreeDiff(base[0].revision.hash, head[0].revision.hash, (change,) if hunks else ())]
    match = match_records(base[0], head[0], diffs, {"p/p_test.go"})
    sides = Sides(base[0], head[0], diffs, match)
    return attribute(sides, ALLOCS, (old.allocs, new.allocs), old, new)


def records(
    base: Sequence[EscapeSite], head: Sequence[EscapeSite], can: tuple[bool, bool] = (True, True)
) -> tuple[Record, Record]:
    """Two records with these escapes, and with ``F`` that can be inlined or not."""
    first, second = (
        replace(
            make_record(number, escapes=sites),
            inlining=(
                InliningDecision(
                    P, "F", Position("p/p.go", 3, 6), here, None, "" if here else "too complex"
                ),
            ),
        )
        for number, (sites, here) in enumerate(zip((base, head), can, strict=True))
    )
    return first, second


def test_an_append_is_not_charged_with_what_its_line_always_allocates() -> None:
    line = [make_site("append escapes to heap"), make_site("&Note{...} escapes to heap")]
    base, head = records(line, line)
    found = account((base, [make_place(allocs=2)]), (head, [make_place(allocs=8)]))
    assert found.outcome == "reached"
    assert found.causes[0].site == line[1]


def test_growth_that_ends_and_a_new_make_are_two_causes() -> None:
    """An unedited line that allocates no more is still there; no other line takes its place."""
    base, head = records(
        [make_site("append escapes to heap", line=12)],
        [
            make_site("append escapes to heap", line=12),
            make_site("make([]T, 0, 9) escapes to heap", line=5),
        ],
    )
    found = account(
        (base, [make_place(line=12, allocs=5)]),
        (head, [make_place(line=5)]),
        Hunk(5, 1, 5, 1),
    )
    assert [(c.outcome, c.line, c.delta) for c in found.causes] == [
        ("growth", 12, -5.0),
        ("escape", 5, 1.0),
    ]
    assert (found.outcome, found.unexplained) == ("growth", 0)


def test_edited_lines_are_one_line_only_if_they_allocate_alike() -> None:
    base, head = records(
        [make_site("x escapes to heap", line=12), make_site("new(T) escapes to heap", line=13)],
        [make_site("make([]T, n) escapes to heap", line=12), make_site("new(U) escapes to heap")],
    )
    moved = make_site("new(U) escapes to heap", line=15)
    head = replace(head, escapes=(head.escapes[0], moved))
    found = account(
        (base, [make_place(line=12, allocs=2), make_place(line=13)]),
        (head, [make_place(line=12), make_place(line=15)]),
        Hunk(12, 2, 12, 4),
    )
    assert [(c.line, c.delta) for c in found.causes] == [(12, -2.0), (12, 1.0)]


def test_a_new_append_is_growth() -> None:
    base, head = records([], [make_site("append escapes to heap")])
    assert account((base, []), (head, [make_place(allocs=4)])).outcome == "growth"


@pytest.mark.parametrize(
    ("can", "before", "after", "outcome"),
    [
        ((True, False), 0, 3, "inlining"),
        ((False, True), 3, 0, "inlining"),
        ((True, False), 6, 2, "reached"),  # a lost inlining takes nothing away
        ((False, True), 2, 6, "reached"),
        ((True, False), 2, 6, "reached"),  # the inlined copy allocated too
    ],
)
def test_only_an_inlining_that_erased_the_escape_explains_it(
    can: tuple[bool, bool], before: int, after: int, outcome: str
) -> None:
    site = [make_site()]
    base, head = records(site, site, can)
    places = [[make_place(allocs=n)] if n else [] for n in (before, after)]
    found = account((base, places[0]), (head, places[1]))
    assert found.outcome == outcome
    assert bool(found.causes[0].note) == (outcome == "inlining")


@pytest.mark.parametrize(("copy", "outcome"), [(make_site(line=40), "reached"), (None, "inlining")])
def test_a_known_copy_decides(copy: EscapeSite | None, outcome: str) -> None:
    """``F`` is inlined at line 40; its escape is there too, or was erased."""
    site = [make_site(), *([copy] if copy else [])]
    base, head = records(site, site, (True, False))
    base = replace(base, inlining_calls=(InliningCall(P, "F", Position("p/p.go", 40, 9)),))
    found = account((base, [make_place(allocs=2)]), (head, [make_place(allocs=6)]))
    assert found.outcome == outcome


def test_what_the_code_makes_escape_in_a_test_is_not_the_benchmarks_own() -> None:
    """With the same tests on both sides, a value that a benchmark passes on began to escape."""
    argument = make_site("moved to heap: n", file="p/p_test.go", line=20, test=True)
    base, head = records([], [argument])
    place = make_place(file="p/p_test.go", line=20, function="BenchmarkF")
    found = account((base, []), (head, [place]), Hunk(5, 1, 5, 1))
    assert [(c.outcome, c.escape, c.site) for c in found.causes] == [("escape", "new", argument)]


@pytest.mark.parametrize(("edited", "outcome"), [(20, "benchmark"), (15, "escape")])
def test_only_an_edited_line_of_a_test_may_be_the_benchmarks_own(edited: int, outcome: str) -> None:
    """Where code and tests changed together and neither compiles with the other's."""
    argument = make_site("n escapes to heap", file="p/p_test.go", line=20, test=True)
    base, head = records([], [argument])
    place = make_place(file="p/p_test.go", line=20, function="BenchmarkF")
    changed = FileChange("p/p_test.go", "p/p_test.go", (Hunk(edited - 1, 0, edited, 1),))
    diffs = [TreeDiff(base.revision.hash, head.revision.hash, (changed,))]
    sides = Sides(base, head, diffs, match_records(base, head, diffs, {"p/p_test.go"}))
    accounts = (make_account(P, "BenchmarkF", []), make_account(P, "BenchmarkF", [place]))
    (cause,) = attribute(sides, ALLOCS, (0, 1), *accounts).causes
    assert (cause.outcome, cause.escape, cause.site) == (outcome, "new", argument)
    assert ("was edited together with the code" in cause.note) == (outcome == "benchmark")


def test_a_call_that_went_to_another_function_is_no_cause() -> None:
    """gorilla/mux e44017df: two contexts and two requests became two contexts and one request."""
    base, head = records([], [])
    found = account(
        (
            base,
            [
                make_place(line=20, function="withVars", via="context.WithValue"),
                make_place(line=21, function="withVars", via="(*http.Request).WithContext"),
            ],
        ),
        (head, [make_place(line=40, function="withBoth", via="context.WithValue")]),
        Hunk(38, 0, 38, 6),
    )
    assert [(c.line, c.via, c.delta) for c in found.causes] == [
        (21, "(*http.Request).WithContext", -1.0)
    ]
    assert found.explained == 1.0


def test_an_escape_that_went_to_another_function_is_no_cause_if_it_allocates_as_often() -> None:
    base, head = records(
        [make_site("make(map[string]string) escapes to heap", line=12)],
        [make_site("make(map[string]string, n) escapes to heap", line=30)],
    )
    places = [make_place(line=12, function="match")], [make_place(line=30, function="extract")]
    once = account((base, places[0]), (head, places[1]), Hunk(12, 1, 12, 0), Hunk(28, 0, 28, 4))
    assert once.causes == ()
    twice = [make_place(line=30, function="extract", allocs=2)]
    more = account((base, places[0]), (head, twice), Hunk(12, 1, 12, 0), Hunk(28, 0, 28, 4))
    assert [c.delta for c in more.causes] == [2.0, -1.0]


def boxed(message: str, kind: SiteKind = SiteKind.BOXED) -> EscapeSite:
    return replace(make_site(f"{message} escapes to heap"), kind=kind)


def called(*calls: tuple[str, float]) -> AllocationSite:
    """A line with these functions of the runtime."""
    place = make_place(allocs=sum(each for _, each in calls))
    return replace(place, calls=tuple((name, each, 0.0) for name, each in calls))


def test_of_several_escapes_on_a_line_that_of_the_kind_which_changed_is_named() -> None:
    sites = [boxed('"v" + s', SiteKind.CONCAT), boxed("s"), boxed("t"), boxed('"z"')]
    base, head = records(sites, [])
    strings = called(("runtime.convTstring", 5))
    found = account((base, [strings]), (head, []), Hunk(12, 1, 12, 1))
    assert found.causes[0].site == sites[1]
    assert found.causes[0].note == "runtime.convTstring -5 allocs/op; also t escapes to heap"
    # Where the concatenation made more of it, it comes first, and all have their shares.
    both = called(("runtime.concatstring2", 3), ("runtime.convTstring", 1))
    found = account((base, [both]), (head, []), Hunk(12, 1, 12, 1))
    assert found.causes[0].site == sites[0]
    assert found.causes[0].note == (
        "runtime.concatstring2 -3, runtime.convTstring -1 allocs/op;"
        " also s escapes to heap, t escapes to heap"
    )
    # An account of an older record does not have them.
    found = account((base, [make_place(allocs=5)]), (head, []), Hunk(12, 1, 12, 1))
    assert (found.causes[0].site, found.causes[0].note) == (sites[0], "")


def test_edited_lines_that_allocate_another_kind_are_two() -> None:
    """gorilla/mux de7178dc: boxed strings went, and a concatenation came."""
    old = [boxed('"v" + s', SiteKind.CONCAT), boxed("s")]
    new = make_site('"^" + s escapes to heap', line=30)
    base, head = records(old, [replace(new, kind=SiteKind.CONCAT)])
    concatenated = replace(called(("runtime.concatstring3", 3)), line=30, outer_line=30)
    sides = (base, [called(("runtime.convTstring", 8))]), (head, [concatenated])
    found = account(*sides, Hunk(12, 1, 12, 0), Hunk(28, 0, 28, 4))
    assert [(c.delta, c.escape) for c in found.causes] == [(-8, "gone"), (3, "new")]


def timed(
    reported: tuple[float, float],
    base: Sequence[AllocationSite],
    head: Sequence[AllocationSite],
    *,
    known: bool = True,
) -> Attribution:
    """The account of a step whose set-up is known."""
    first, second = records([], [])
    sides = Sides(first, second, [], match_records(first, second, []))
    accounts = [replace(make_account(P, "BenchmarkF", s), timed=known) for s in (base, head)]
    return attribute(sides, ALLOCS, reported, accounts[0], accounts[1])


def test_set_up_is_a_cause_where_the_operations_leave_a_difference() -> None:
    """gorilla/mux de7178dc: 7 and 141 / 100, and 7 and 97 / 100."""
    work = make_place(allocs=7)
    routes = replace(make_place(line=89, allocs=0, via="fmt.Fprintf"), setup_allocs=141)
    fewer = replace(routes, setup_allocs=97)
    found = timed((8, 7), [work, routes], [work, fewer])
    (cause,) = found.causes
    assert (cause.line, cause.via, cause.setup) == (89, "fmt.Fprintf", True)
    assert cause.delta == pytest.approx(-0.44)
    assert found.outcome == "library"
    assert found.explained == pytest.approx(1)
    assert found.unexplained == pytest.approx(-0.56)
    assert cause.note.startswith("once in a run, divided by its 100 iterations")
    # Without the timer's share nothing is claimed.
    assert timed((8, 7), [work, routes], [work, fewer], known=False).outcome == "unexplained"


def test_set_up_is_no_cause_where_the_operations_explain_all() -> None:
    two = replace(make_place(allocs=5), setup_allocs=30)
    one = replace(make_place(allocs=2), setup_allocs=31)
    found = timed((5, 2), [two], [one])
    assert [(c.delta, c.setup) for c in found.causes] == [(-3, False)]
    assert found.explained == pytest.approx(1, abs=0.01)
