"""Escape sites and allocation calls: which site allocates, which call no message mentions. Pure.

Both are joined by the outermost line: the compiler prints a site where the inlined code is placed,
and has no columns in the compiled code. Where a line has more sites than calls of a fitting kind,
those that certainly do not allocate (constants, empty literals) are removed first; if that does not
settle it, the answer is unknown.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set

from harness.model import EscapeSite, SiteKind
from harness.model.compiled import AllocationCall, AllocationKind, FunctionCode

_OBJECT, _SLICE, _MAP, _CHAN = (
    AllocationKind.OBJECT, AllocationKind.SLICE, AllocationKind.MAP, AllocationKind.CHAN,
)  # fmt: skip
_APPEND, _STRING, _BOXING = AllocationKind.APPEND, AllocationKind.STRING, AllocationKind.BOXING
# The usual and the other kinds of calls of a site: `make` of a constant size is an object, and so
# are the values that some releases box without convT.
_FITTING: dict[SiteKind, tuple[frozenset[AllocationKind], frozenset[AllocationKind]]] = {
    SiteKind.MOVED: (frozenset({_OBJECT}), frozenset()),
    SiteKind.LITERAL: (frozenset({_OBJECT, _SLICE, _MAP}), frozenset({_BOXING})),
    SiteKind.NEW: (frozenset({_OBJECT}), frozenset()),
    SiteKind.MAKE: (frozenset({_SLICE, _MAP, _CHAN}), frozenset({_OBJECT})),
    SiteKind.CLOSURE: (frozenset({_OBJECT}), frozenset()),
    SiteKind.APPEND: (frozenset({_APPEND}), frozenset({_OBJECT})),
    SiteKind.CONCAT: (frozenset({_STRING}), frozenset({_BOXING})),
    SiteKind.CONVERSION: (frozenset({_STRING}), frozenset({_SLICE, _OBJECT, _BOXING})),
    SiteKind.ARGUMENT: (frozenset({_OBJECT}), frozenset({_SLICE})),
    SiteKind.BOXED: (frozenset({_BOXING}), frozenset({_OBJECT})),
    SiteKind.METHOD_VALUE: (frozenset({_OBJECT}), frozenset()),
}
# Literal constants as the compiler prints them.
_CONSTANT = re.compile(
    r"""
    "(?:[^"\\]|\\.)*"            # a string; two of them with a + between are folded
    (?:\ \+\ "(?:[^"\\]|\\.)*")*
    | `[^`]*`
    | '(?:[^'\\]|\\.[^']*)'
    | [-+]?(?:0[xXbBoO])?[0-9][0-9a-fA-F_.]*(?:[ep][-+]?[0-9]+)?i?
    | true | false
    """,
    re.VERBOSE | re.DOTALL,
)
# A slice literal without elements: its array has no size.
_EMPTY_SLICE = re.compile(r"(?:go\.shape\.)?\[\].*\{\}", re.DOTALL)
# A value without fields set, which becomes an interface: it is read-only data. Its type may be the
# name of a map, which is made.
_EMPTY_VALUE = re.compile(r"[^\W\d][\w./]*\{\}")
_Line = tuple[str, str, int]


def verdicts(
    sites: Sequence[EscapeSite],
    calls: Iterable[AllocationCall],
    functions: Iterable[FunctionCode] = (),
) -> list[bool | None]:
    """Return for each site whether the compiled code allocates there.

    It is ``None`` where it is unknown: the line has fewer calls than sites and they are alike, or
    the function was not linked. One that is inlined wherever it is called is not linked, but
    ``True`` if the inlined code allocates in some caller.

    Args:
        sites: all sites of some lines: those of one line are told apart together.
        calls: all calls of the packages.
        functions: those that were linked, as far as they are known.
    """
    groups: dict[_Line, list[int]] = defaultdict(list)
    for index, site in enumerate(sites):
        groups[site.package, site.position.file, site.position.line].append(index)
    places = {(file, line) for _, file, line in groups}
    names = {site.function for site in sites}
    by_line: dict[_Line, list[AllocationCall]] = defaultdict(list)
    inlined: dict[tuple[str, int], set[AllocationKind]] = defaultdict(set)
    linked: set[tuple[str, str]] = set()
    files: dict[tuple[str, str], set[str]] = defaultdict(set)
    for function in functions:
        if function.function in names:
            linked.add((function.package, function.function))
            files[function.package, function.function].add(function.file)
    with_objects: set[tuple[str, str]] = set()
    for call in calls:
        if (call.outer_file, call.outer_line) in places:
            by_line[call.package, call.outer_file, call.outer_line].append(call)
        if call.function in names:
            linked.add((call.package, call.function))
            if call.kind is AllocationKind.OBJECT:
                with_objects.add((call.package, call.function))
        if call.inlined and (call.file, call.line) in places:
            inlined[call.file, call.line].add(call.kind)
    found: list[bool | None] = [None] * len(sites)
    for line, indices in groups.items():
        here = by_line.get(line, [])
        present = {call.kind for call in here}
        fitting = {i: _fitting(sites[i], present) for i in indices if not _free(sites[i], present)}
        for index in indices:
            site = sites[index]
            where = (site.package, site.function)
            if index not in fitting:
                found[index] = False
            elif kinds := fitting[index]:
                number = sum(call.kind in kinds for call in here)
                rivals = sum(bool(kinds & others) for others in fitting.values())
                found[index] = True if rivals <= number else None
            elif here or where in linked:
                # Code that a //line directive places elsewhere is not found on its line.
                known = here or site.position.file in files.get(where, {site.position.file})
                found[index] = _absent(site, where in with_objects) if known else None
            elif _fitting(site, inlined.get((site.position.file, site.position.line), set())):
                found[index] = True
    return found


def fitness(site: EscapeSite, kind: AllocationKind) -> int:
    """Return 2 for the usual kind of allocation of a site, 1 for another possible one, else 0.

    A site that certainly allocates nothing has none.
    """
    usual, other = _FITTING[site.kind]
    if _free(site, {kind}):
        return 0
    return 2 if kind in usual else 1 if kind in other else 0


def unmentioned(
    calls: Iterable[AllocationCall], sites: Iterable[EscapeSite]
) -> list[AllocationCall]:
    """Return the calls that no escape site on the same outermost line explains.

    Channels, maps that grow, goroutines, slices that grow.
    """
    by_line: dict[_Line, list[EscapeSite]] = defaultdict(list)
    for site in sites:
        by_line[site.package, site.position.file, site.position.line].append(site)
    groups: dict[_Line, list[AllocationCall]] = defaultdict(list)
    for call in calls:
        groups[call.package, call.outer_file, call.outer_line].append(call)
    found: list[AllocationCall] = []
    for line, here in groups.items():
        kinds = {call.kind for call in here}
        explained: set[AllocationKind] = set()
        for site in by_line.get(line, ()):
            if not _free(site, kinds):
                explained |= _fitting(site, kinds)
        found.extend(call for call in here if call.kind not in explained)
    return found


def _free(site: EscapeSite, present: Set[AllocationKind]) -> bool:
    """True if a site certainly allocates nothing: read-only data, or nothing that has a size.

    ``present`` are the kinds of call on its line.
    """
    if site.kind in (SiteKind.BOXED, SiteKind.CONCAT):
        return _CONSTANT.fullmatch(site.expression) is not None
    if site.kind is SiteKind.LITERAL:
        if _EMPTY_SLICE.fullmatch(site.expression):
            return True
        return _MAP not in present and _EMPTY_VALUE.fullmatch(site.expression) is not None
    return False


def _fitting(site: EscapeSite, present: Set[AllocationKind]) -> Set[AllocationKind]:
    """Return the kinds of call on its line that a site can be: the usual ones if there are any."""
    usual, other = _FITTING[site.kind]
    return usual & present or other & present


def _absent(site: EscapeSite, objects: bool) -> bool | None:
    """Return the verdict for a site of linked code without a fitting call on its line.

    Go 1.25 and newer allocate several small variables at once, on the line of one of them.
    """
    together = site.kind in (SiteKind.MOVED, SiteKind.NEW, SiteKind.LITERAL)
    return None if together and objects else False
