"""The lines of two revisions matched, with the escapes on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from harness.analysis.compare.costs import silent_calls
from harness.analysis.compare.erased import InlinedCopies
from harness.compiled.allocators import allocation_kind
from harness.compiled.join import fitness
from harness.diagnostics.identity import HunkIndex, LineMap, SiteMatch
from harness.model import (
    BYTES,
    Account,
    AllocationCall,
    AllocationKind,
    AllocationSite,
    EscapeSite,
    InliningDecision,
    Record,
    SiteKind,
    TreeDiff,
    reverse,
)

EscapeState = Literal["new", "gone", "kept", "none"]
_Found = tuple[EscapeSite, EscapeState]
_Place = tuple[str, int]  # file and line

# A difference of two accounts below this is noise, in allocations per operation.
NOISE_ALLOCS = 0.01


@dataclass(frozen=True)
class Sides:
    """Two revisions to be attributed."""

    base: Record
    head: Record
    diffs: Sequence[TreeDiff] | None
    match: SiteMatch  # their escape sites, with those of the test files that the accounts name

    @cached_property
    def index(self) -> Index:
        """Both sides by place; made once for all steps."""
        return Index(self)


class Index:
    """Escape sites, allocation calls and inlining decisions of both sides, by place."""

    def __init__(self, sides: Sides) -> None:
        # A copy, which does not have this index: a circle would keep the code of both in memory.
        self._sides = replace(sides)
        self._maps = None if sides.diffs is None else [LineMap(d) for d in sides.diffs]
        self._base: dict[_Place, list[_Found]] = defaultdict(list)
        self._head: dict[_Place, list[_Found]] = defaultdict(list)
        self.moved: dict[_Place, set[_Place]] = defaultdict(set)
        for site in sides.match.new:
            self._head[_at(site)].append((site, "new"))
        for site in sides.match.gone:
            self._base[_at(site)].append((site, "gone"))
        for old, new in sides.match.kept:
            self._base[_at(old)].append((old, "kept"))
            self._head[_at(new)].append((new, "kept"))
            self.moved[_at(old)].add(_at(new))
        self._inlining = tuple(
            {(d.position.file, d.function): d for d in record.inlining}
            for record in (sides.base, sides.head)
        )
        self._copies = tuple(
            InlinedCopies(record.code_escapes(), record.inlining_calls)
            for record in (sides.base, sides.head)
        )

    def across(self, place: _Place, *, head: bool) -> _Place | None:
        """The place of a line on the other side; ``None`` if it was edited, or in doubt."""
        maps = self._backwards if head else self._maps
        where: _Place | None = place
        for line_map in maps or ():
            where = line_map.new_line(*where) if where is not None else None
        return where if maps is not None else None

    def edited(self, place: _Place, *, head: bool) -> bool:
        """Return whether a line has no match on the other side; in doubt it has none."""
        return self.across(place, head=head) is None

    @cached_property
    def _backwards(self) -> list[LineMap] | None:
        if self._sides.diffs is None:
            return None
        return [LineMap(reverse(d)) for d in reversed(self._sides.diffs)]

    def site(
        self,
        place: AllocationSite,
        *,
        head: bool,
        rising: bool | None = None,
        kind: AllocationKind | None = None,
    ) -> tuple[EscapeSite | None, EscapeState]:
        """The escape site of an allocation: at its line, or where its code was inlined to.

        Of several on one line, the first is one that fits the call of the runtime, then a new or
        gone one before a kept one, and one that always allocates before an ``append``, which does
        so only now and then. Allocations of a library belong to no site of the line.

        Args:
            head: of which side it is.
            rising: whether it allocates more than on the other side: a new site takes nothing
                away, and a gone one adds nothing.
            kind: of most calls of the runtime in the change, ``None`` if not known.
        """
        found = [] if place.via else self.sites(place, head=head, rising=rising)
        if not found:
            return None, "none"

        def unlikely(entry: _Found) -> tuple[bool, ...]:
            site, state = entry
            fits = fitness(site, kind) if kind is not None else 2
            return (fits == 0, state == "kept", fits == 1, site.kind is SiteKind.APPEND)

        return min(found, key=unlikely)

    def sites(self, place: AllocationSite, *, head: bool, rising: bool | None) -> list[_Found]:
        """The sites that can be the cause of a change at a place; as for :meth:`site`."""
        table = self._head if head else self._base
        lines = dict.fromkeys(((place.file, place.line), (place.outer_file, place.outer_line)))
        impossible = {True: "gone", False: "new", None: ""}[rising]
        found = [e for line in lines for e in table.get(line, ()) if e[1] != impossible]
        # A site that a test inlines is a copy of the line's own site.
        tests = place.file.endswith("_test.go")
        return [e for e in found if tests or not e[0].test]

    def in_its_place(self, site: EscapeSite) -> list[EscapeSite]:
        """The new sites of the same function in the hunk from which a site is gone."""
        diffs = self._sides.diffs
        if diffs is None or len(diffs) != 1:
            return []
        hunks = HunkIndex(diffs[0].files)
        place = hunks.place(site, old=True)
        came = self._sides.match.new if place is not None else ()
        return [new for new in came if hunks.place(new, old=False) == place]

    def free_calls(self, site: EscapeSite) -> list[AllocationCall]:
        """The allocation calls of the head on the line of one of its sites.

        None where a benchmark that was accounted for allocates on that line.
        """
        where = _at(site)
        for account in self._sides.head.accounts:
            for s in account.sites:
                if not s.via and where in ((s.file, s.line), (s.outer_file, s.outer_line)):
                    return []
        return [c for c in self._sides.head.calls if (c.outer_file, c.outer_line) == where]

    @cached_property
    def _silent(self) -> list[Mapping[_Place, Sequence[AllocationCall]]]:
        return [silent_calls(record) for record in (self._sides.base, self._sides.head)]

    def calls(self, place: AllocationSite, *, head: bool) -> tuple[AllocationCall, ...]:
        """The allocation calls at a place that no message mentions, each function once."""
        places = (_at(place), (place.outer_file, place.outer_line))
        found = [call for where in places for call in self._silent[head].get(where, ())]
        return tuple({call.callee: call for call in found}.values())

    def inlining_changed(
        self, place: AllocationSite, site: EscapeSite | None, amount: float, inlined: float
    ) -> str:
        """The compiler's message about a function whose lost or won inlining explains a change.

        A lost inlining only adds allocations, a won one only takes some away, and only where the
        inlined copy had none: ``inlined`` is the amount on the side that can be inlined.
        """
        before, after = (self._decision(table, place) for table in self._inlining)
        if before is None or after is None or before.can == after.can:
            return ""
        # Without a site there is nothing that the inlining would have erased, unless the line was
        # there before and did not allocate.
        rising = amount > 0
        if before.can != rising or (site is None and self.edited(_at(place), head=rising)):
            return ""
        copies = self._copies[after.can]
        calls = copies.calls(site.package, place.function) if site is not None else ()
        erased = any(copies.lacks(call, site) for call in calls if site is not None)
        # Where no copy is known, the amount tells.
        if not (erased if calls else inlined < NOISE_ALLOCS):
            return ""
        lost, verb = (after, "lost") if before.can else (before, "won")
        return f"inlining {verb}: cannot inline {lost.function}: {lost.reason}"

    @staticmethod
    def _decision(
        table: dict[tuple[str, str], InliningDecision], place: AllocationSite
    ) -> InliningDecision | None:
        elsewhere = (d for (_, name), d in table.items() if name == place.function)
        return table.get((place.file, place.function)) or next(elsewhere, None)


def pair_lines(
    index: Index, base: Sequence[AllocationSite], head: Sequence[AllocationSite]
) -> list[tuple[AllocationSite | None, AllocationSite | None]]:
    """Match the lines of both sides.

    By the line map of the diff; then by an escape site that both have; then, for edited, moved and
    renamed code, by function, library call and kind of escape; then, for code that went to another
    function of the package, by library call or kind of escape where both allocate equally often. An
    unedited line of the base is still there at head, so that no other line replaces it, but for a
    library call that is now made elsewhere.
    """
    pairs: list[tuple[AllocationSite | None, AllocationSite | None]] = []
    old, new = _summed(base), _summed(head)

    def take(key_old: Sequence[Sequence[Hashable]], key_new: Sequence[Hashable]) -> None:
        waiting: dict[Hashable, list[int]] = defaultdict(list)
        for number, key in enumerate(key_new):
            waiting[key].append(number)
        used_old, used_new = set(), set()
        for number, keys in enumerate(key_old):
            for key in keys:
                free = [n for n in waiting.get(key, ()) if n not in used_new]
                if free:
                    used_old.add(number)
                    used_new.add(free[0])
                    pairs.append((old[number], new[free[0]]))
                    break
        old[:] = [o for n, o in enumerate(old) if n not in used_old]
        new[:] = [o for n, o in enumerate(new) if n not in used_new]

    unedited = [[(index.across(_at(s), head=False), s.via)] for s in old]
    take(unedited, [(_at(s), s.via) for s in new])
    take(
        [[(place, s.via) for place in sorted(index.moved[_at(s)])] for s in old],
        [(_at(s), s.via) for s in new],
    )

    def kind(place: AllocationSite, *, head: bool) -> SiteKind | None:
        site, _ = index.site(place, head=head, kind=most_called(place))
        return site.kind if site is not None else None

    def likeness(place: AllocationSite, *, head: bool) -> tuple[Hashable, ...]:
        return (place.function, place.via, kind(place, head=head))

    take(
        [[likeness(s, head=False)] if index.edited(_at(s), head=False) else [] for s in old],
        [likeness(s, head=True) for s in new],
    )

    def elsewhere(place: AllocationSite, *, head: bool) -> list[Hashable]:
        of = kind(place, head=head)
        if not place.via and (of is None or not index.edited(_at(place), head=head)):
            return []
        # Equally often, or a part of the step would hide behind the rest of it.
        return [(place.file.rpartition("/")[0], place.via, of, round(place.allocs, 1))]

    take(
        [elsewhere(s, head=False) for s in old],
        [next(iter(elsewhere(s, head=True)), None) for s in new],
    )
    pairs.extend((o, None) for o in old)
    pairs.extend((None, n) for n in new)
    return pairs


def most_called(place: AllocationSite) -> AllocationKind | None:
    """The kind of most calls of the runtime at a line, ``None`` if not known."""
    name = max(place.calls, key=lambda c: abs(c[1]), default=("",))[0]
    return allocation_kind(name)


def _summed(sites: Sequence[AllocationSite]) -> list[AllocationSite]:
    """One entry for each line and library call, wherever it was inlined to."""
    groups: dict[tuple[str, int, str, str], list[AllocationSite]] = defaultdict(list)
    for site in sites:
        groups[site.file, site.line, site.function, site.via].append(site)
    found = []
    for members in groups.values():
        largest = max(members, key=lambda s: abs(s.allocs))
        calls: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for name, each, once in (call for s in members for call in s.calls):
            calls[name][0] += each
            calls[name][1] += once
        found.append(
            replace(
                largest,
                allocs=sum(s.allocs for s in members),
                bytes=sum(s.bytes for s in members),
                calls=tuple((name, each, once) for name, (each, once) in sorted(calls.items())),
            )
        )
    return sorted(found, key=lambda s: (s.file, s.line, s.via))


def _at(entry: EscapeSite | AllocationSite) -> _Place:
    where = entry.position if isinstance(entry, EscapeSite) else entry
    return where.file, where.line


def amount_of(place: Account | AllocationSite | None, unit: str) -> float:
    """The allocations of a place per operation in a unit; 0 without a place."""
    if place is None:
        return 0.0
    return place.bytes if unit == BYTES else place.allocs
