"""Views compared: the compiler's lines with other flags, or of another revision.

Lines move with every edit, temporaries are renamed and an inlined call is printed as one, so lines
are matched as escape sites are (:mod:`harness.diagnostics.identity`), each among those of its form.
"""

import bisect
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.diagnostics.identity import match_sites
from harness.diagnostics.messages import (
    ESCAPES,
    MOVED,
    generic_name,
    kind_of,
    parameter_form,
    staying_expression,
)
from harness.diagnostics.normal import normal_message
from harness.model import Diagnostic, EscapeSite, Record, SiteKind, TreeDiff, View


class Matter(StrEnum):
    """The subject of a line, in the order of interest."""

    HEAP = "heap"
    STACK = "stack"
    PARAMETER = "parameter"
    INLINING = "inlining"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ViewDiff:
    """The lines that only one of two views has, by subject, and the number that both have."""

    new: Mapping[Matter, tuple[Diagnostic, ...]]
    gone: Mapping[Matter, tuple[Diagnostic, ...]]
    kept: int


def diff_views(
    base: tuple[View, Record], head: tuple[View, Record], diffs: Sequence[TreeDiff] | None
) -> ViewDiff:
    """Compare two views, each with its record; a line counts once, however often it is printed.

    Explanations of ``-m=2`` (indented lines, and the lines above them that end in a colon) are not
    compared. Where ``diffs`` have no file, the trees are equal: views of one revision.
    """
    old, new = (_by_form(view, record) for view, record in (base, head))
    same_tree = diffs is not None and not any(d.files for d in diffs)
    before, after = (
        frozenset(f"{d.package}.{generic_name(d.function)}" for d in record.inlining)
        for _, record in (base, head)
    )
    gone: dict[Matter, list[EscapeSite]] = defaultdict(list)
    came: dict[Matter, list[EscapeSite]] = defaultdict(list)
    kept = 0
    for key in sorted({*old, *new}):
        own = (old.get(key, []), new.get(key, []))
        found = match_sites(*own, diffs, (before, after), stay=same_tree)
        came[key[0]] += found.new
        gone[key[0]] += found.gone
        kept += len(found.kept)
    return ViewDiff(_lines(came), _lines(gone), kept)


def _by_form(view: View, record: Record) -> dict[tuple[Matter, str], list[EscapeSite]]:
    # Functions by where they begin, as the compiler lists them with `-m=2`.
    starts: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for decision in record.inlining:
        name = generic_name(decision.function)
        bisect.insort(starts[decision.position.file], (decision.position.line, name))
    found: dict[tuple[Matter, str], dict[object, EscapeSite]] = {}
    for line in view.diagnostics:
        # `x escapes to heap in F:` and what is indented below it are an explanation.
        if line.position is None or line.text.startswith("  ") or line.text.endswith(":"):
            continue
        matter, form, kind = _form(line)
        above = starts.get(line.position.file, [])
        index = bisect.bisect_right(above, (line.position.line, "\U0010ffff"))
        site = EscapeSite(
            package=line.package,
            function=above[index - 1][1] if index else "",
            position=line.position,
            expression="",
            kind=kind,
            message=line.text,
        )
        once = (line.package, line.position, normal_message(line.text))
        found.setdefault((matter, form), {}).setdefault(once, site)
    return {key: list(sites.values()) for key, sites in found.items()}


def _form(line: Diagnostic) -> tuple[Matter, str, SiteKind]:
    """The subject of a line, and its form: lines of one form can match, whatever their names."""
    text = line.text
    if text.startswith(MOVED):
        return Matter.HEAP, "", SiteKind.MOVED
    if text.endswith(ESCAPES):
        return Matter.HEAP, "", kind_of(text.removesuffix(ESCAPES), frozenset())
    form = parameter_form(text)
    if form is not None:
        return (Matter.PARAMETER if form else Matter.STACK), form, SiteKind.MOVED
    staying = staying_expression(text)
    if staying is not None:
        return Matter.STACK, "expression", kind_of(staying, frozenset())
    # Another callee is another fact, however alike the places.
    inlining = text.startswith(("can inline ", "cannot inline ", "inlining call to "))
    matter = Matter.INLINING if inlining else Matter.OTHER
    return matter, normal_message(text), SiteKind.MOVED


def _lines(groups: Mapping[Matter, list[EscapeSite]]) -> dict[Matter, tuple[Diagnostic, ...]]:
    return {
        matter: tuple(
            Diagnostic(s.package, s.position, s.message)
            for s in sorted(groups[matter], key=lambda s: (s.position, s.message))
        )
        for matter in Matter
        if groups.get(matter)
    }
