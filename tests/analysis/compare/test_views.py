"""Views told apart: on the corpus with real output, and on lines made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.analysis.compare.views import Matter, ViewDiff, diff_views
from harness.diagnostics.parse import plain_lines
from harness.model import (
    Diagnostic,
    FileChange,
    Hunk,
    InliningDecision,
    Position,
    Record,
    TreeDiff,
    View,
)
from tests.builders import make_record
from tests.corpus.regenerate import RELEASES
from tests.corpus.stored import golden, merged, relative

SAME = [TreeDiff("a", "a")]


def view(release: str, form: str) -> tuple[View, Record]:
    decisions = [d for package in merged(release).values() for d in package.decisions]
    record = replace(make_record(0), inlining=tuple(decisions))
    return View(form, tuple(plain_lines(golden(release, form), relative))), record


def said(diff: ViewDiff, file: str, matter: Matter = Matter.HEAP) -> tuple[list[str], list[str]]:
    """Messages of a file that only the head, and only the base has, with their lines."""
    return tuple(  # type: ignore[return-value]
        [
            f"{d.position.line} {d.text}"
            for d in side.get(matter, ())
            if d.position is not None and d.position.file == file
        ]
        for side in (diff.new, diff.gone)
    )


@pytest.mark.parametrize("release", RELEASES)
def test_without_inlining(release: str) -> None:
    """The copies of inlined functions are the difference, and renamed temporaries are none."""
    diff = diff_views(view(release, "m"), view(release, "m-l"), SAME)
    new, gone = said(diff, "inlining/inlining.go")
    assert new == []
    # Outer inlines two levels, and the literal of Literal escapes there as well.
    assert any(text.startswith("33 ") and "&square{" in text for text in gone), gone
    # `len("abc" + ~r0)` is `len("abc" + point.Name(p))` where nothing is inlined.
    assert said(diff, "box/box.go") == ([], [])
    assert said(diff, "box/box.go", Matter.STACK) == ([], [])
    assert diff.gone[Matter.INLINING]
    assert Matter.INLINING not in diff.new


@pytest.mark.parametrize("release", RELEASES)
def test_a_view_is_like_itself(release: str) -> None:
    own = view(release, "m-l")
    diff = diff_views(own, own, SAME)
    assert (diff.new, diff.gone) == ({}, {})
    assert diff.kept > 300


def test_explanations_are_not_compared() -> None:
    """``-m=2`` says all that ``-m`` does, and why."""
    diff = diff_views(view("1.27.3", "m"), view("1.27.3", "m2"), SAME)
    assert set(diff.new) | set(diff.gone) <= {Matter.INLINING, Matter.OTHER}


def lines(*texts: str) -> tuple[Diagnostic, ...]:
    found = []
    for text in texts:
        line, _, message = text.partition(" ")
        found.append(Diagnostic("example.com/m/p", Position("p/p.go", int(line), 2), message))
    return tuple(found)


def hand(number: int, functions: Sequence[tuple[int, str]], *texts: str) -> tuple[View, Record]:
    decisions = [
        InliningDecision("example.com/m/p", name, Position("p/p.go", line, 6), True, 1, "")
        for line, name in functions
    ]
    record = replace(make_record(number), inlining=tuple(decisions))
    return View("-m", lines(*texts)), record


def test_two_revisions_by_line_map_function_and_message() -> None:
    functions = [(3, "F"), (10, "G")]
    base = hand(
        0, functions, "4 moved to heap: x", "5 p does not escape", "11 moved to heap: y",
        "12 leaking param: p", "12 inlining call to H",
    )  # fmt: skip
    head = hand(
        1, [(5, "F"), (12, "G")], "6 moved to heap: x", "6 moved to heap: x", "7 p does not escape",
        "14 leaking param content: p", "14 inlining call to I", "15 moved to heap: y",
        "15 moved to heap: z",
    )  # fmt: skip
    hunks = (Hunk(2, 0, 3, 2), Hunk(11, 2, 13, 3))
    diff = diff_views(base, head, [TreeDiff("a", "b", (FileChange("p/p.go", "p/p.go", hunks),))])
    assert said(diff, "p/p.go") == (["15 moved to heap: z"], [])
    assert said(diff, "p/p.go", Matter.PARAMETER) == (
        ["14 leaking param content: p"], ["12 leaking param: p"],
    )  # fmt: skip
    assert said(diff, "p/p.go", Matter.INLINING) == (
        ["14 inlining call to I"], ["12 inlining call to H"],
    )  # fmt: skip
    assert diff.kept == 3


def test_a_copy_elsewhere_is_no_moved_line() -> None:
    """On equal trees a line is where it is; the same words on another line are another site."""
    functions = [(3, "F"), (10, "G")]
    base = hand(0, functions, "4 moved to heap: x", "11 moved to heap: x")
    head = hand(0, functions, "4 moved to heap: x", "12 moved to heap: x")
    assert said(diff_views(base, head, SAME), "p/p.go") == (
        ["12 moved to heap: x"], ["11 moved to heap: x"],
    )  # fmt: skip
