"""Escapes that inlining erases: on the corpus, with real output of seven releases, and by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.analysis.compare.erased import InlinedCopies, erased, inlining_changes
from harness.analysis.compare.records import record_detail
from harness.model import InliningCall, InliningDecision, Position, Record
from harness.outputs.text.terminal import show_record
from tests.builders import MODULE, make_record, make_site
from tests.corpus.regenerate import RELEASES
from tests.corpus.stored import merged

P = f"{MODULE}/p"


def corpus(release: str) -> Record:
    packages = list(merged(release).values())
    return replace(
        make_record(0, escapes=[s for p in packages for s in p.sites]),
        inlining=tuple(d for p in packages for d in p.decisions if not d.test),
        inlining_calls=tuple(c for p in packages for c in p.calls if not c.test),
    )


@pytest.mark.parametrize("release", RELEASES)
def test_the_corpus(release: str) -> None:
    """The literal is kept where Outer inlines it over two levels, and not where Local does."""
    found = [
        (e.site.position.line, e.call.position.line)
        for e in erased(corpus(release))
        if e.site.function == "Literal" and e.site.position.file == "inlining/inlining.go"
    ]
    assert found == [(LITERAL, LOCAL)]
    assert "&square{...} escapes to heap in Literal: not at inlining/inlining.go:" in show_record(
        record_detail(corpus(release)), every=True
    )


# Lines of tests/corpus/src/inlining/inlining.go.
LITERAL, LOCAL = 27, 36


def decision(*, can: bool) -> InliningDecision:
    reason = "" if can else "function too complex: cost 92 exceeds budget 80"
    return InliningDecision(P, "F", Position("p/p.go", 3, 6), can, 71 if can else 92, reason)


def call(line: int, package: str = P, callee: str = "F") -> InliningCall:
    return InliningCall(package, callee, Position("q/q.go", line, 4))


def test_a_lost_inlining_brings_back_what_it_erased() -> None:
    site, other = make_site(line=5), make_site("new(T) escapes to heap", line=6)
    base = replace(
        make_record(0, escapes=[site, other]),
        inlining=(decision(can=True),),
        inlining_calls=(call(9), call(11)),
    )
    head = replace(make_record(1, escapes=[site]), inlining=(decision(can=False),))
    (change,) = inlining_changes(base, head)
    assert change.lost
    assert (change.cost, change.budget) == ((71, 92), 80)
    # What is gone from the function itself does not come back.
    assert {e.site for e in change.escapes} == {site}
    assert [e.call.position.line for e in change.escapes] == [9, 11]
    (won,) = inlining_changes(head, base)
    assert (won.lost, won.escapes, won.budget) == (False, change.escapes, 80)
    assert inlining_changes(base, base) == ()


def test_names_of_callees() -> None:
    sites = [make_site(line=5)]
    calls = [
        call(1), call(2, f"{MODULE}/q", "p.F"), call(3, f"{MODULE}/q"), call(4, callee="G"),
        call(5, f"{MODULE}/q", "other.F"),
    ]  # fmt: skip
    copies = InlinedCopies(sites, calls)
    assert [c.position.line for c in copies.calls(P, "F")] == [1, 2]
    assert [c.position.line for c in copies.calls("example.com/p/v2", "F")] == [2]


@pytest.mark.parametrize(("column", "lacks"), [(4, False), (7, True), (0, False)])
def test_the_place_of_a_copy(column: int, lacks: bool) -> None:
    """By line and column; by line where one of the two has no column."""
    site = make_site(line=5)
    copy = replace(make_site(), position=Position("q/q.go", 9, column))
    copies = InlinedCopies([site, copy], [call(9)])
    assert copies.lacks(call(9), site) is lacks
    assert not copies.lacks(InliningCall(P, "F", Position("q/q.go", 9, 0)), site)
