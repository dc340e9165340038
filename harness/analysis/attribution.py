"""The account of a step: which source lines changed by how much, and which escapes explain them.

Both sides' allocations per operation are known by line (:class:`harness.model.Account`). Lines are
matched through the diff, differences are taken line by line, and each line is joined to the escape
sites that the compiler reports there. Nothing is filtered by the changed hunks: in half of the real
cases the line that begins to allocate is one that nobody touched. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.analysis.erased import InlinedCopies
from harness.diagnostics.identity import LineMap, SiteMatch
from harness.model import (
    ALLOCS,
    BYTES,
    Account,
    AllocationSite,
    EscapeSite,
    InliningDecision,
    Record,
    SiteKind,
    TreeDiff,
)

Outcome = Literal[
    "escape", "reached", "library", "growth", "size", "inlining", "compiler", "benchmark",
    "mixed", "unexplained",
]  # fmt: skip
Standing = Literal["new", "gone", "kept", "none"]

# A difference of two accounts below this is noise: allocations, and bytes, per operation.
_NOISE_ALLOCS = 0.01
_NOISE_BYTES = 0.5
# From this share on one kind of cause stands for the whole step.
_DOMINANT = 0.95
_EXPLAINED_ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class Cause:
    """A source line that explains a part of a step.

    Attributes:
        file: relative to the repository's root.
        line: at head for what is new or kept, at base for what is gone.
        at_base: whether file and line are those of the base.
        function: in the compiler's words.
        delta: change per operation, in the unit of the step.
        outcome: what kind of cause the line is.
        escape: how the escape site on the line stands; ``none`` if there is none.
        site: that site.
        via: the library function that allocates, or empty.
        note: the lost or won inlining, in the compiler's words, or empty.
    """

    file: str
    line: int
    function: str
    delta: float
    outcome: Outcome
    escape: Standing
    site: EscapeSite | None
    via: str
    note: str
    at_base: bool = False


@dataclass(frozen=True, slots=True)
class Attribution:
    """The account of one step.

    Attributes:
        package: import path.
        benchmark: full name.
        unit: ``allocs/op`` or ``B/op``.
        delta: reported change.
        causes: the largest change first.
        unexplained: what of ``delta`` no line accounts for; causes and this add up to ``delta``.
        explained: share of ``delta`` that the causes account for, 0 to 1.
        outcome: see the words in the help.
        exact: whether both accounts were made without the tiny allocator.
    """

    package: str
    benchmark: str
    unit: str
    delta: float
    causes: tuple[Cause, ...]
    unexplained: float
    explained: float
    outcome: Outcome
    exact: bool


@dataclass(frozen=True, slots=True)
class Sides:
    """What attribution needs of the two revisions.

    Attributes:
        base: record of the older one.
        head: record of the newer one.
        diffs: the steps between their trees, ``None`` if not known.
        match: their escape sites, matched.
    """

    base: Record
    head: Record
    diffs: Sequence[TreeDiff] | None
    match: SiteMatch


def attribute(
    sides: Sides, unit: str, reported: tuple[float, float], base: Account, head: Account
) -> Attribution:
    """Account for one step.

    Args:
        sides: the two revisions.
        unit: ``allocs/op`` or ``B/op``.
        reported: values of the benchmark at base and at head.
        base: account of the benchmark at base.
        head: account of the benchmark at head.
    """
    delta = reported[1] - reported[0]
    same_code = sides.base.revision.hash == sides.head.revision.hash
    releases = {side.environment.toolchain.release for side in (sides.base, sides.head)}
    if len(releases) > 1 and not same_code:
        return _nothing(unit, delta, base, "compiler")
    index = _Index(sides)
    noise = _NOISE_BYTES if unit == BYTES else _NOISE_ALLOCS
    causes = []
    for old, new in _pair(sides, index, base.sites, head.sites):
        amount = _amount(new, unit) - _amount(old, unit)
        if abs(amount) >= noise:
            causes.append(_cause(index, unit, old, new, amount))
    causes.sort(key=lambda c: (-abs(c.delta), c.file, c.line, c.via))
    # First what moves the way the step goes.
    causes.sort(key=lambda c: (c.delta > 0) != (delta > 0))
    accounted = sum(c.delta for c in causes)
    # What `testing` reports is cut to whole numbers; where both accounts agree with it but for the
    # cut, the lines are held against the accounts, which have fractions.
    whole = delta
    if _agrees(base, unit, reported[0]) and _agrees(head, unit, reported[1]):
        whole = _total(head, unit) - _total(base, unit)
    explained = max(0.0, 1 - abs(whole - accounted) / abs(whole)) if whole else 0.0
    return Attribution(
        package=head.package,
        benchmark=head.benchmark,
        unit=unit,
        delta=delta,
        causes=tuple(causes),
        unexplained=delta - accounted,
        explained=explained,
        outcome=_outcome(causes, delta, explained),
        exact=base.exact and head.exact,
    )


def with_benchmark(
    attribution: Attribution, by_benchmark: float, place: tuple[str, int]
) -> Attribution:
    """The account of a step of which a part is the benchmark's own.

    Args:
        attribution: of the part that the code caused.
        by_benchmark: the rest, per operation.
        place: file and line where the tests changed.
    """
    cause = Cause(
        file=place[0],
        line=place[1],
        function=attribution.benchmark.split("/", 1)[0],
        delta=by_benchmark,
        outcome="benchmark",
        escape="none",
        site=None,
        via="",
        note="with the same tests on both sides this part of the difference is not there",
    )
    return with_part(attribution, cause)


def with_part(attribution: Attribution, cause: Cause) -> Attribution:
    """The account of a step with one more part, which was measured apart."""
    delta = attribution.delta + cause.delta
    causes = sorted(
        (*attribution.causes, cause), key=lambda c: ((c.delta > 0) != (delta > 0), -abs(c.delta))
    )
    whole = abs(attribution.delta) + abs(cause.delta)
    explained = (attribution.explained * abs(attribution.delta) + abs(cause.delta)) / whole
    return replace(
        attribution,
        delta=delta,
        causes=tuple(causes),
        explained=explained,
        outcome=_outcome(causes, delta, explained),
    )


def _total(account: Account, unit: str) -> float:
    return account.bytes if unit == BYTES else account.allocs


def _agrees(account: Account, unit: str, reported: float) -> bool:
    """Whether a reported value is the account's total, cut to a whole number."""
    return -0.05 <= _total(account, unit) - reported <= 1.05


def _nothing(unit: str, delta: float, account: Account, outcome: Outcome) -> Attribution:
    return Attribution(
        account.package, account.benchmark, unit, delta, (), delta, 0.0, outcome, account.exact
    )


def _outcome(causes: Sequence[Cause], delta: float, explained: float) -> Outcome:
    """The kind of cause that makes up the step; only lines that moved the same way count."""
    if not causes or explained < _EXPLAINED_ENOUGH:
        return "unexplained"
    weights: dict[Outcome, float] = defaultdict(float)
    for cause in causes:
        if not delta or (cause.delta > 0) == (delta > 0):
            weights[cause.outcome] += abs(cause.delta)
    if not weights:
        return "unexplained"
    best = max(weights, key=lambda k: weights[k])
    return best if weights[best] >= _DOMINANT * sum(weights.values()) else "mixed"


class _Index:
    """Escape sites and inlining decisions of both sides, by place."""

    def __init__(self, sides: Sides) -> None:
        self.maps = None if sides.diffs is None else [LineMap(d) for d in sides.diffs]
        self._base: dict[tuple[str, int], list[tuple[EscapeSite, Standing]]] = defaultdict(list)
        self._head: dict[tuple[str, int], list[tuple[EscapeSite, Standing]]] = defaultdict(list)
        self.moved: dict[tuple[str, int], set[tuple[str, int]]] = defaultdict(set)
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

    def site(self, place: AllocationSite, *, head: bool) -> tuple[EscapeSite | None, Standing]:
        """The escape site of an allocation: at its line, or where its code was inlined to.

        Of several on one line a new or gone one explains a change better than a kept one, and one
        that always allocates better than an ``append``, which does so only now and then. What a
        library allocates is none of the line's own sites.
        """
        if place.via:
            return None, "none"
        table = self._head if head else self._base
        found: list[tuple[EscapeSite, Standing]] = [
            *table.get((place.file, place.line), ()),
            *table.get((place.outer_file, place.outer_line), ()),
        ]
        if not found:
            return None, "none"
        return min(found, key=lambda e: (e[1] == "kept", e[0].kind is SiteKind.APPEND))

    def inlining_changed(
        self, place: AllocationSite, site: EscapeSite | None, amount: float, inlined: float
    ) -> str:
        """What the compiler says of a function whose lost or won inlining explains a change.

        A lost inlining only adds allocations, a won one only takes some away, and only where the
        inlined copy had none.

        Args:
            place: in the function.
            site: the escape site there.
            amount: of the change.
            inlined: what the place allocates on the side where the function can be inlined.
        """
        before, after = (self._decision(table, place) for table in self._inlining)
        if before is None or after is None or before.can == after.can:
            return ""
        if before.can != (amount > 0):
            return ""
        erased = self._erased(place.function, site, head=after.can)
        if not (inlined < _NOISE_ALLOCS if erased is None else erased):
            return ""
        lost = after if before.can else before
        verb = "lost" if before.can else "won"
        return f"inlining {verb}: cannot inline {lost.function}: {lost.reason}"

    def _erased(self, function: str, site: EscapeSite | None, *, head: bool) -> bool | None:
        """Whether a copy of a function lacks its escape; ``None`` if no copy is known.

        Calls in test files are not among the records.
        """
        if site is None:
            return None
        copies = self._copies[head]
        calls = copies.calls(site.package, function)
        return any(copies.lacks(call, site) for call in calls) if calls else None

    @staticmethod
    def _decision(
        table: dict[tuple[str, str], InliningDecision], place: AllocationSite
    ) -> InliningDecision | None:
        found = table.get((place.file, place.function))
        if found is not None:
            return found
        return next((d for (_, name), d in table.items() if name == place.function), None)


def _at(site: EscapeSite) -> tuple[str, int]:
    return (site.position.file, site.position.line)


def _amount(place: AllocationSite | None, unit: str) -> float:
    if place is None:
        return 0.0
    return place.bytes if unit == BYTES else place.allocs


def _pair(
    sides: Sides,
    index: _Index,
    base: Sequence[AllocationSite],
    head: Sequence[AllocationSite],
) -> list[tuple[AllocationSite | None, AllocationSite | None]]:
    """Lines of both sides that are the same line.

    By the line map of the diff; then by an escape site that both have; then, for edited, moved and
    renamed code, by function, library call and kind of escape. A line of the base that nobody
    edited is still there at head, and no other line takes its place.
    """
    pairs: list[tuple[AllocationSite | None, AllocationSite | None]] = []
    old, new = list(_summed(base)), list(_summed(head))

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

    take(
        [[(_map(index, s), s.via)] for s in old],
        [((s.file, s.line), s.via) for s in new],
    )
    take(
        [[(place, s.via) for place in sorted(index.moved[s.file, s.line])] for s in old],
        [((s.file, s.line), s.via) for s in new],
    )

    def likeness(place: AllocationSite, *, head: bool) -> tuple[Hashable, ...]:
        site, _ = index.site(place, head=head)
        return (place.function, place.via, site.kind if site is not None else None)

    take(
        [[likeness(s, head=False)] if _map(index, s) is None else [] for s in old],
        [likeness(s, head=True) for s in new],
    )
    pairs.extend((o, None) for o in old)
    pairs.extend((None, n) for n in new)
    return pairs


def _kind_there(index: _Index, place: AllocationSite, *, head: bool) -> SiteKind | None:
    """What escapes on a line: a ``make`` that went is not the ``append`` that came."""
    site, _ = index.site(place, head=head)
    return site.kind if site is not None else None


def _map(index: _Index, site: AllocationSite) -> tuple[str, int] | None:
    where: tuple[str, int] | None = (site.file, site.line)
    for line_map in index.maps or ():
        where = line_map.new_line(*where) if where is not None else None
    return where if index.maps is not None else None


def _summed(sites: Sequence[AllocationSite]) -> list[AllocationSite]:
    """One entry for each line and library call, wherever it was inlined to."""
    groups: dict[tuple[str, int, str, str], list[AllocationSite]] = defaultdict(list)
    for site in sites:
        groups[site.file, site.line, site.function, site.via].append(site)
    found = []
    for members in groups.values():
        largest = max(members, key=lambda s: abs(s.allocs))
        found.append(
            AllocationSite(
                largest.file,
                largest.line,
                largest.function,
                largest.outer_file,
                largest.outer_line,
                largest.via,
                sum(s.allocs for s in members),
                sum(s.bytes for s in members),
            )
        )
    return sorted(found, key=lambda s: (s.file, s.line, s.via))


def _cause(
    index: _Index,
    unit: str,
    old: AllocationSite | None,
    new: AllocationSite | None,
    amount: float,
) -> Cause:
    place = new or old
    assert place is not None
    site, standing = index.site(place, head=new is not None)
    if new is not None and old is not None and amount < 0 and standing != "gone":
        # The line is still there and allocates less: a site of the base may have gone from it.
        before, stood = index.site(old, head=False)
        if stood == "gone":
            site, standing, place = before, stood, old
    note = ""
    if not place.via and standing not in ("new", "gone"):
        inlined = _amount(old if amount > 0 else new, ALLOCS)
        note = index.inlining_changed(place, site, amount, inlined)
    same_count = (
        old is not None and new is not None and abs(new.allocs - old.allocs) < _NOISE_ALLOCS
    )
    file, line, at_base = place.file, place.line, place is old
    moved = sorted(index.moved.get((file, line), ()))
    if at_base and standing == "kept" and moved:
        # The line allocates no more, and its site is still there: show it where it is now.
        (file, line), at_base = moved[0], False
    return Cause(
        file=file,
        line=line,
        function=place.function,
        delta=amount,
        outcome=_kind(place, site, standing, note, size=unit == BYTES and same_count),
        escape=standing,
        site=site,
        via=place.via,
        note=note,
        at_base=at_base,
    )


def _kind(
    place: AllocationSite, site: EscapeSite | None, standing: Standing, note: str, *, size: bool
) -> Outcome:
    if place.file.endswith("_test.go"):
        return "benchmark"
    if size:
        return "size"
    if place.via:
        return "library"
    growing = site is None or site.kind is SiteKind.APPEND
    if standing in ("new", "gone") and not growing:
        return "escape"
    if note:
        return "inlining"
    return "growth" if growing else "reached"
