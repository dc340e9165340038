"""Escape sites of two records, compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.analysis.comparison import Direction, compare
from harness.analysis.costs import UNKNOWN, Reach, SiteCost, site_costs
from harness.analysis.history import History
from harness.diagnostics.identity import SiteMatch, match_sites
from harness.model import ALLOCS, BYTES, EscapeSite, PackageOutcome, Record, TreeDiff


@dataclass(frozen=True, slots=True)
class EscapeDiff:
    """Which escape sites a revision brings and which it takes away; test files left out.

    Attributes:
        new: sites of the head that the base does not have.
        gone: sites of the base that the head does not have.
        kept: how many sites both have.
        unknown: packages that one of the two could not compile, so nothing is said of them.
        costs: what is known of the cost of the new sites at head and of the gone ones at base.
    """

    new: tuple[EscapeSite, ...]
    gone: tuple[EscapeSite, ...]
    kept: int
    unknown: tuple[str, ...]
    costs: Mapping[EscapeSite, SiteCost] = field(default_factory=dict)

    def cost(self, site: EscapeSite) -> SiteCost:
        """What is known of the cost of one of the sites."""
        return self.costs.get(site, UNKNOWN)


def diff_escapes(base: Record, head: Record, diffs: Sequence[TreeDiff] | None) -> EscapeDiff:
    """Compare the escape sites of two records.

    A new site is *free* where benchmarks execute it and the compiled code allocates nothing there,
    or where no benchmark allocates more than before.

    Args:
        base: the older record.
        head: the newer one.
        diffs: the steps from base to head, ``None`` if not known; see
            :func:`harness.diagnostics.identity.match_sites`.
    """
    unknown = _uncompiled(base) | _uncompiled(head)
    matched = match_records(base, head, diffs)
    costs = site_costs(head, matched.new)
    executed = [s for s in matched.new if costs[s].reach is Reach.EXECUTED]
    if executed and _nothing_rose(base, head):
        # In the set-up of a benchmark, or not often enough to be counted. But where a site went
        # from the package too, the new one may allocate in its place.
        left = {s.package for s in matched.gone}
        costs |= {s: replace(costs[s], reach=Reach.FREE) for s in executed if s.package not in left}
    return EscapeDiff(
        matched.new,
        matched.gone,
        len(matched.kept),
        tuple(sorted(unknown)),
        # A site that is new here and gone there, as after a move that was not seen, is the head's.
        {**site_costs(base, matched.gone), **costs},
    )


def _nothing_rose(base: Record, head: Record) -> bool:
    """Whether there are benchmarks to compare, and none allocates more often or more."""
    changes = compare(base, head, frozenset({ALLOCS, BYTES}))
    both = [c for c in changes if c.base is not None and c.head is not None]
    return bool(both) and not any(c.direction is Direction.REGRESSION for c in both)


def match_records(base: Record, head: Record, diffs: Sequence[TreeDiff] | None) -> SiteMatch:
    """The escape sites of two records, told apart; of packages that both could compile."""
    unknown = _uncompiled(base) | _uncompiled(head)
    return match_sites(
        [s for s in base.code_escapes() if s.package not in unknown],
        [s for s in head.code_escapes() if s.package not in unknown],
        diffs,
        (_functions(base), _functions(head)),
    )


class EscapeTracker:
    """Matches the escape sites of each record of a history with those of the one before it.

    A package that a record could not compile is compared with the last record that could, so that
    its sites neither go nor come back. Holds one record, and older ones only while a package of
    theirs does not compile: a long history need not be in memory.

    Args:
        history: order and diffs; its records need no escape sites.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._base: Record | None = None
        self._older: dict[str, Record] = {}
        self._never: set[str] = set()
        self.first: frozenset[str] = frozenset()  # packages that compiled for the first time

    def follow(self, record: Record) -> SiteMatch | None:
        """The sites of the next record, matched; oldest first.

        Returns:
            ``None`` for a record that says nothing (nothing of it compiles); of the first record
            that does, every site is new.
        """
        failed = _uncompiled(record)
        paths = {p.path for p in self._base.packages} if self._base is not None else set()
        self._never |= failed - paths - self._older.keys()
        if record.packages and len(failed) == len(record.packages):
            return None
        self.first = frozenset(self._never - failed)
        self._never &= failed
        base, older = self._base, self._older
        matches = [self._match(base, record, lambda p: p not in failed and p not in older)]
        for package, last in older.items():
            if package not in failed:
                matches.append(self._match(last, record, package.__eq__))
        if base is not None:
            self._older = {p: older.get(p, base) for p in failed}
        self._base = record
        return SiteMatch(
            new=tuple(s for m in matches for s in m.new),
            gone=tuple(s for m in matches for s in m.gone),
            kept=tuple(k for m in matches for k in m.kept),
        )

    def _match(self, base: Record | None, head: Record, chosen: Callable[[str], bool]) -> SiteMatch:
        sites = [s for s in head.code_escapes() if chosen(s.package)]
        if base is None:
            return SiteMatch(new=tuple(sites), gone=(), kept=())
        before = [s for s in base.code_escapes() if chosen(s.package)]
        diffs = self._history.diffs(base.revision.hash, head.revision.hash)
        same = _untouched(before, sites, diffs)
        matched = match_sites(
            [s for s in before if s.package not in same],
            [s for s in sites if s.package not in same],
            diffs,
            (_functions(base), _functions(head)),
        )
        kept = [pair for pairs in same.values() for pair in pairs]
        return replace(matched, kept=(*matched.kept, *kept))


def _untouched(
    base: Sequence[EscapeSite], head: Sequence[EscapeSite], diffs: Sequence[TreeDiff] | None
) -> dict[str, list[tuple[EscapeSite, EscapeSite]]]:
    """The pairs of packages of which no file with a site changed, and no site did.

    Most packages of most commits are such; to match their sites one by one would take the time of
    the whole history.
    """
    if diffs is None:
        return {}
    touched = {f for d in diffs for c in d.files for f in (c.old, c.new) if f is not None}
    old, new = _by_package(base), _by_package(head)
    return {
        package: list(zip(sites, new[package], strict=True))
        for package, sites in old.items()
        if new.get(package) == sites and not any(s.position.file in touched for s in sites)
    }


def _by_package(sites: Iterable[EscapeSite]) -> dict[str, list[EscapeSite]]:
    found: dict[str, list[EscapeSite]] = {}
    for site in sites:
        found.setdefault(site.package, []).append(site)
    return found


def _uncompiled(record: Record) -> set[str]:
    return {p.path for p in record.packages if p.outcome is PackageOutcome.BUILD_FAILED}


def _functions(record: Record) -> frozenset[str]:
    return frozenset(f"{d.package}.{d.function}" for d in record.inlining)
