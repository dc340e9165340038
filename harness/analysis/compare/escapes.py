"""Escape sites of two records, compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.analysis.compare.comparison import Direction, compare
from harness.analysis.compare.costs import UNKNOWN, Reach, SiteCost, site_costs
from harness.analysis.history.history import History, Parts
from harness.diagnostics.identity import SiteMatch, match_sites
from harness.model import ALLOCS, BYTES, CodePart, EscapeSite, Record, TreeDiff


@dataclass(frozen=True, slots=True)
class EscapeCounts:
    """The numbers of a package's new and gone escape sites in one revision."""

    new: int
    gone: int


@dataclass(frozen=True, slots=True)
class EscapeDiff:
    """The escape sites, outside of test files, that a revision brings and takes away.

    Attributes:
        unknown: packages that one of the two could not compile.
        costs: of the new sites at head and of the gone ones at base.
    """

    new: tuple[EscapeSite, ...]
    gone: tuple[EscapeSite, ...]
    kept: int
    unknown: tuple[str, ...]
    costs: Mapping[EscapeSite, SiteCost] = field(default_factory=dict)

    def cost(self, site: EscapeSite) -> SiteCost:
        """The cost of one of the sites."""
        return self.costs.get(site, UNKNOWN)


def diff_escapes(base: Record, head: Record, diffs: Sequence[TreeDiff] | None) -> EscapeDiff:
    """Compare the escape sites of two records.

    A new site is *free* where benchmarks execute it and the compiled code allocates nothing there,
    or where no benchmark allocates more than before.
    """
    unknown = base.uncompiled | head.uncompiled
    matched = match_records(base, head, diffs)
    costs = _costs(base, head, matched.new, matched.gone, site_costs(base, matched.gone))
    return EscapeDiff(matched.new, matched.gone, len(matched.kept), tuple(sorted(unknown)), costs)


def followed_escapes(history: History, followed: Followed, base: str, head: str) -> EscapeDiff:
    """As :func:`diff_escapes`, of neighbours whose sites were followed from one to the other."""
    match = followed.match
    new = tuple(s for s in match.new if s.package not in followed.first)
    before: dict[str, set[str]] = {}
    for site in match.gone:
        before.setdefault(followed.older.get(site.package, base), set()).add(site.package)
    gone = {
        site: cost
        for revision, packages in before.items()
        for site, cost in site_costs(
            _with_code(history, revision, packages),
            [s for s in match.gone if s.package in packages],
        ).items()
    }
    record = _with_code(history, head, {s.package for s in new})
    return EscapeDiff(
        new,
        match.gone,
        history.sites(head)[0] - len(match.new),
        tuple(sorted(followed.failed | followed.first)),
        _costs(history.by_hash[base], record, new, match.gone, gone),
    )


def _with_code(history: History, revision: str, packages: Collection[str]) -> Record:
    parts = history.parts(revision) if packages else {}
    return history.by_hash[revision].with_parts(parts[p] for p in sorted(packages))


def _costs(
    base: Record,
    head: Record,
    new: Sequence[EscapeSite],
    gone: Sequence[EscapeSite],
    before: Mapping[EscapeSite, SiteCost],
) -> dict[EscapeSite, SiteCost]:
    """The costs of new sites at head, and of gone ones at base (``before``)."""
    costs = site_costs(head, new)
    executed = [s for s in new if costs[s].reach is Reach.EXECUTED]
    if executed and _nothing_rose(base, head):
        # In the set-up of a benchmark, or too rarely to be counted. But where a site went from the
        # package too, the new one may allocate in its place.
        left = {s.package for s in gone}
        costs |= {s: replace(costs[s], reach=Reach.FREE) for s in executed if s.package not in left}
    # A site that is new here and gone there, as after a move that was not seen, is the head's.
    return {**before, **costs}


def _nothing_rose(base: Record, head: Record) -> bool:
    """Return whether there are benchmarks to compare, and none allocates more often or more."""
    changes = compare(base, head, frozenset({ALLOCS, BYTES}))
    both = [c for c in changes if c.base is not None and c.head is not None]
    return bool(both) and not any(c.direction is Direction.REGRESSION for c in both)


def match_records(
    base: Record,
    head: Record,
    diffs: Sequence[TreeDiff] | None,
    tests: Collection[str] = frozenset(),
) -> SiteMatch:
    """Match the sites of two records, of packages that both compile, and those of ``tests``."""
    unknown = base.uncompiled | head.uncompiled

    def sites(record: Record) -> list[EscapeSite]:
        own = [s for s in record.escapes if s.test and s.position.file in tests]
        return [s for s in (*record.code_escapes(), *own) if s.package not in unknown]

    return match_sites(sites(base), sites(head), diffs, (_functions(base), _functions(head)))


@dataclass(frozen=True, slots=True)
class Followed:
    """The sites of a record, matched with those of the record before.

    Attributes:
        match: the sites. Packages whose code is the same objects as before are left out of
            ``kept``; of the first record every site is new.
        failed: packages that do not compile.
        first: packages that compile for the first time after they did not; all their sites are
            new, and none came with the revision.
        older: packages that did not compile in the record before, and the hash of the one they are
            compared with instead.
    """

    match: SiteMatch
    failed: frozenset[str]
    first: frozenset[str]
    older: Mapping[str, str]


class EscapeTracker:
    """Matches the escape sites of each record of a history with those of the one before it.

    A package that a record could not compile is compared with the last record that could, so that
    its sites neither go nor come back. Holds what the compiler says of one revision, and older
    packages only while they do not compile: a long history need not be in memory. Where the history
    does not say how code is loaded, the records that :meth:`follow` takes have it.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._revision = ""
        self._older: dict[str, tuple[str, CodePart]] = {}
        self._never: set[str] = set()
        self._known: set[str] = set()
        self.parts: Parts = {}  # of the record that was followed last

    def follow(self, record: Record) -> Followed | None:
        """The sites of the next record, matched, oldest first; ``None`` if nothing compiles."""
        failed = record.uncompiled
        self._never |= failed - self._known - self._older.keys()
        if record.packages and len(failed) == len(record.packages):
            return None
        first = frozenset(self._never - failed)
        self._never &= failed
        revision, history = record.revision.hash, self._history
        parts = record.parts() if history.load is None else history.parts(revision)
        before, older = self.parts, self._older
        silent = failed | older.keys()
        differ = [
            p
            for p in sorted(before.keys() | parts.keys())
            if p not in silent and before.get(p) is not parts.get(p)
        ]
        same = [p for p in differ if history.same(before.get(p), parts.get(p))]
        changed = [p for p in differ if p not in same]
        matches = [
            _match(
                [before.get(p, _NOTHING) for p in changed],
                [parts.get(p, _NOTHING) for p in changed],
                history.diffs(self._revision, revision) if self._revision and changed else (),
            )
        ]
        back = {p: last for p, (last, _) in older.items() if p not in failed}
        matches += [
            _match([older[p][1]], [parts.get(p, _NOTHING)], history.diffs(last, revision))
            for p, last in back.items()
        ]
        self._older = {
            p: older.get(p) or (self._revision, before.get(p, _NOTHING))
            for p in failed
            if p in older or self._revision
        }
        self._revision, self.parts = revision, parts
        self._known = {p.path for p in record.packages}
        equal = [
            pair for p in same for pair in zip(before[p].in_code, parts[p].in_code, strict=True)
        ]
        match = SiteMatch(
            new=tuple(s for m in matches for s in m.new),
            gone=tuple(s for m in matches for s in m.gone),
            kept=(*(k for m in matches for k in m.kept), *equal),
        )
        return Followed(match, failed, first, back)


_NOTHING = CodePart()


def _match(
    base: Sequence[CodePart], head: Sequence[CodePart], diffs: Sequence[TreeDiff] | None
) -> SiteMatch:
    return match_sites(
        [s for part in base for s in part.in_code],
        [s for part in head for s in part.in_code],
        diffs,
        (_functions(*base), _functions(*head)),
    )


def _functions(*sources: Record | CodePart) -> frozenset[str]:
    return frozenset(f"{d.package}.{d.function}" for source in sources for d in source.inlining)
