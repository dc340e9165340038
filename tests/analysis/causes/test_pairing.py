"""Which line of one revision is which of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.analysis.causes.pairing import Index, Sides, amount_of, most_called, pair_lines
from harness.analysis.compare.escapes import match_records
from harness.model import (
    ALLOCS,
    BYTES,
    AllocationKind,
    AllocationSite,
    EscapeSite,
    FileChange,
    Hunk,
    TreeDiff,
)
from tests.account_builders import make_place
from tests.builders import make_record, make_site

NEW_OBJECT = "runtime.newobject"
# Two lines are put in after line 10, and line 20 of the base is edited.
INSERTED, EDITED = Hunk(10, 0, 11, 2), Hunk(20, 1, 22, 1)


def index(
    base: Sequence[EscapeSite], head: Sequence[EscapeSite], *hunks: Hunk, known: bool = True
) -> Index:
    first, second = make_record(0, escapes=base), make_record(1, escapes=head)
    change = FileChange("p/p.go", "p/p.go", hunks)
    diffs = [TreeDiff(first.revision.hash, second.revision.hash, (change,))] if known else None
    return Sides(first, second, diffs, match_records(first, second, diffs)).index


def lines(
    found: Index, base: Sequence[AllocationSite], head: Sequence[AllocationSite]
) -> set[tuple[int, int]]:
    """Pairs of line numbers, 0 where there is none."""
    return {(a.line if a else 0, b.line if b else 0) for a, b in pair_lines(found, base, head)}


def test_unedited_lines_are_paired_by_the_diff() -> None:
    found = index([], [], INSERTED, EDITED)
    base = [make_place(line=5), make_place(line=15)]
    assert lines(found, base, [make_place(line=5), make_place(line=17)]) == {(5, 5), (15, 17)}
    assert found.across(("p/p.go", 15), head=False) == ("p/p.go", 17)
    assert found.edited(("p/p.go", 20), head=False)
    assert not found.edited(("p/p.go", 21), head=False)


def test_the_same_line_with_another_library_call_is_another_place() -> None:
    base, head = [make_place(line=5, via="fmt.Sprint")], [make_place(line=5, via="strings.Join")]
    assert lines(index([], []), base, head) == {(5, 0), (0, 5)}


def test_edited_lines_are_paired_by_function_and_kind() -> None:
    found = index([make_site(line=20)], [make_site(line=22)], INSERTED, EDITED)
    assert lines(found, [make_place(line=20)], [make_place(line=22)]) == {(20, 22)}
    other = [make_place(line=22, function="G")]
    assert lines(index([], [], INSERTED, EDITED), [make_place(line=20)], other) == {
        (20, 0),
        (0, 22),
    }


def test_of_one_line_inlined_to_several_places_the_amounts_add_up() -> None:
    inlined = [
        replace(
            make_place(line=5, allocs=n), outer_line=30 + n, calls=(("runtime.newobject", n, 0),)
        )
        for n in (1, 2)
    ]
    ((old, new),) = pair_lines(index([], []), inlined, [make_place(line=5)])
    assert old is not None
    assert (old.allocs, old.outer_line, old.calls) == (3, 32, ((NEW_OBJECT, 3, 0),))
    assert (amount_of(old, ALLOCS), amount_of(old, BYTES), amount_of(None, ALLOCS)) == (3, 48, 0)
    assert amount_of(new, ALLOCS) == 1


def test_without_a_diff_every_line_is_in_doubt() -> None:
    found = index([], [], known=False)
    assert found.across(("p/p.go", 5), head=False) is None
    assert found.edited(("p/p.go", 5), head=True)


def test_a_new_site_explains_no_fall_and_a_gone_one_no_rise() -> None:
    gone, new = make_site("moved to heap: a", line=12), make_site("make([]T, n) escapes", line=12)
    found = index([gone], [new], Hunk(12, 1, 12, 1))
    place = make_place(line=12)
    assert found.site(place, head=True, rising=True) == (new, "new")
    assert found.site(place, head=True, rising=False) == (None, "none")
    assert found.site(place, head=False, rising=False) == (gone, "gone")
    assert found.site(replace(place, via="fmt.Sprint"), head=True) == (None, "none")


def test_what_the_runtime_is_called_for_most() -> None:
    calls = ((NEW_OBJECT, 1.0, 0.0), ("runtime.growslice", 2.0, 0.0))
    assert most_called(replace(make_place(), calls=calls)) is AllocationKind.APPEND
    assert most_called(make_place()) is None
