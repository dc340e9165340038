"""Escapes that inlining erases, and those that come back when it is lost.

A function that is inlined is compiled once more at each call; what escapes in the function need not
escape there, where the compiler sees more. It is derived from one ``-m=2``: for each ``inlining
call to F`` the sites of F that have none of their kind at the place of the call. Calls in test
files are not in the record.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.diagnostics.messages import generic_name
from harness.model import EscapeSite, InliningCall, InliningDecision, Position, Record, SiteKind

_BUDGET = re.compile(r"cost (\d{1,9}) exceeds budget (\d{1,9})")
# Columns that stand for all places of a line, and for those whose column is not known.
_ANY, _NONE = -1, -2
_VERSION = re.compile(r"v\d+")


@dataclass(frozen=True, slots=True)
class Erased:
    """An escape ``site`` of a function that the copy inlined at ``call`` does not have."""

    site: EscapeSite
    call: InliningCall


@dataclass(frozen=True, slots=True)
class InliningChange:
    """A function whose inlining was lost or won, with the escapes that this brings or erases."""

    lost: bool  # whether it can be inlined at base and not at head; otherwise the reverse
    before: InliningDecision
    after: InliningDecision
    escapes: tuple[Erased, ...]  # those that are erased where the function is inlined

    @property
    def refusal(self) -> InliningDecision:
        """The decision of the side on which it cannot be inlined, with the reason."""
        return self.after if self.lost else self.before

    @property
    def cost(self) -> tuple[int | None, int | None]:
        """Cost at base and at head, as far as the compiler names it."""
        return self.before.cost, self.after.cost

    @property
    def budget(self) -> int | None:
        """The budget that the cost exceeds, ``None`` where that is not the reason."""
        found = _BUDGET.search(self.refusal.reason)
        return int(found[2]) if found else None


class InlinedCopies:
    """The calls that were inlined, and what escapes at their places."""

    def __init__(self, sites: Iterable[EscapeSite], calls: Sequence[InliningCall]) -> None:
        self._calls: dict[str, list[InliningCall]] = defaultdict(list)
        for call in calls:
            self._calls[generic_name(call.callee)].append(call)
        self._kinds: dict[tuple[str, int, int], set[SiteKind]] = defaultdict(set)
        for site in sites:
            where = site.position
            self._kinds[_place(where)].add(site.kind)
            # A site too far to the right, or under a //line directive, has no column.
            self._kinds[where.file, where.line, _ANY if where.column else _NONE].add(site.kind)

    def calls(self, package: str, function: str) -> list[InliningCall]:
        """The inlined calls of a function.

        Go names it without its package there, and elsewhere with the package's name, for which the
        last element of the import path is taken.
        """
        own = [c for c in self._calls.get(function, ()) if c.package == package]
        qualified = f"{_package_name(package)}.{function}"
        return own + [c for c in self._calls.get(qualified, ()) if c.package != package]

    def lacks(self, call: InliningCall, site: EscapeSite) -> bool:
        """Return whether nothing of the site's kind escapes at a call."""
        where = call.position
        places = [_place(where), (where.file, where.line, _NONE if where.column else _ANY)]
        return all(site.kind not in self._kinds.get(place, ()) for place in places)


def erased(record: Record) -> tuple[Erased, ...]:
    """Every escape of a function that is erased at a call, in the order of the sites."""
    sites = record.code_escapes()
    copies = InlinedCopies(sites, record.inlining_calls)
    # A copy of another function's site is counted with that function.
    inlined = {_place(call.position) for call in record.inlining_calls}
    return tuple(
        Erased(site, call)
        for site in sites
        if site.function and _place(site.position) not in inlined
        for call in copies.calls(site.package, site.function)
        if copies.lacks(call, site)
    )


def inlining_changes(base: Record, head: Record) -> tuple[InliningChange, ...]:
    """Inlinings that were lost or won, of functions with an escape that inlining erases.

    Only escapes that both sides have are named: one that is new is no inlining's.
    """
    decisions = [
        {(d.package, generic_name(d.function)): d for d in record.inlining}
        for record in (base, head)
    ]
    found = []
    for lost in (True, False):
        inlining, other = (base, head) if lost else (head, base)
        there = {(s.package, s.function, s.kind) for s in other.code_escapes()}
        escapes: dict[tuple[str, str], list[Erased]] = defaultdict(list)
        for entry in erased(inlining):
            site = entry.site
            if (site.package, site.function, site.kind) in there:
                escapes[site.package, site.function].append(entry)
        for key, entries in escapes.items():
            before, after = (table.get(key) for table in decisions)
            if before and after and (before.can, after.can) == (lost, not lost):
                found.append(InliningChange(lost, before, after, tuple(entries)))
    return tuple(found)


def _place(where: Position) -> tuple[str, int, int]:
    return where.file, where.line, where.column


def _package_name(path: str) -> str:
    element, _, last = path.rpartition("/")
    if element and _VERSION.fullmatch(last):
        last = element.rpartition("/")[2]
    return re.sub(r"\.v\d+$", "", last)
