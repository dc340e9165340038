"""What is said of a cause besides its escape site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.analysis.causes.pairing import Index, Sides
from harness.analysis.causes.remarks import changed_calls, replaced, several
from harness.analysis.compare.escapes import match_records
from harness.model import (
    AllocationCall,
    AllocationKind,
    AllocationSite,
    EscapeSite,
    FileChange,
    Hunk,
    SiteKind,
    TreeDiff,
)
from tests.account_builders import make_account, make_place
from tests.builders import MODULE, make_record, make_site

P = f"{MODULE}/p"
NEW_OBJECT, GROW = "runtime.newobject", "runtime.growslice"


def calling(**amounts: float) -> AllocationSite:
    calls = tuple((f"runtime.{name}", amount, 0.0) for name, amount in amounts.items())
    return replace(make_place(), calls=calls)


def index(
    base: Sequence[EscapeSite],
    head: Sequence[EscapeSite],
    calls: Sequence[AllocationCall] = (),
    accounted: Sequence[AllocationSite] = (),
) -> Index:
    """Of two records whose line 12 was edited."""
    first = make_record(0, escapes=base)
    second = replace(
        make_record(1, escapes=head),
        calls=tuple(calls),
        accounts=(make_account(P, "BenchmarkX", accounted),),
    )
    change = FileChange("p/p.go", "p/p.go", (Hunk(12, 1, 12, 1),))
    diffs = [TreeDiff(first.revision.hash, second.revision.hash, (change,))]
    return Sides(first, second, diffs, match_records(first, second, diffs)).index


def test_calls_that_moved_the_other_way_are_left_out() -> None:
    old, new = calling(newobject=1, growslice=3), calling(newobject=4, growslice=1)
    assert changed_calls(old, new, rising=True) == [(NEW_OBJECT, 3)]
    assert changed_calls(old, new, rising=False) == [(GROW, -2)]
    assert changed_calls(None, calling(growslice=1, newobject=2), rising=True) == [
        (NEW_OBJECT, 2),
        (GROW, 1),
    ]
    assert changed_calls(calling(newobject=1), calling(newobject=1.001), rising=True) == []


def test_several_causes_on_a_line_are_told_with_their_shares() -> None:
    named, other = make_site("moved to heap: a"), make_site("moved to heap: b")
    found = index([], [named, other])
    changed = [(NEW_OBJECT, 2.0)]
    place = make_place()
    assert several(found, place, named, changed, head=True) == (
        "runtime.newobject +2 allocs/op; also moved to heap: b"
    )
    both = [*changed, (GROW, 1.0)]
    assert several(index([], [named]), place, named, both, head=True) == (
        "runtime.newobject +2, runtime.growslice +1 allocs/op"
    )


def test_one_call_and_one_site_need_no_word() -> None:
    named = make_site()
    found = index([], [named])
    assert several(found, make_place(), named, [(NEW_OBJECT, 2.0)], head=True) == ""
    assert several(found, make_place(), None, [(NEW_OBJECT, 2.0), (GROW, 1.0)], head=True) == ""


def test_what_came_in_the_place_of_a_gone_escape_and_needs_no_memory() -> None:
    gone = make_site("moved to heap: a")
    boxed = replace(make_site("n escapes to heap"), kind=SiteKind.BOXED)
    call = AllocationCall(
        P, "F", "runtime.convT64", AllocationKind.BOXING, "p/p.go", 12, "p/p.go", 12
    )
    assert replaced(index([gone], [boxed], [call]), gone) == (
        "in its place: n escapes to heap, which allocates nothing here; runtime.convT64 needs no"
        " memory for values below 256"
    )
    allocates = index([gone], [boxed], [call], [make_place()])
    assert replaced(allocates, gone) == ""
