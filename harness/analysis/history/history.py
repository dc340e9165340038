"""The measured history of one project in one environment on one machine."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from harness.analysis.history.runs import Run, Values, runs, values
from harness.model import CodePart, Record, TreeDiff

Parts = Mapping[str, CodePart]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records with the code of only those packages that differ.

    Attributes:
        same: number of escape sites outside of tests in the packages that were left out.
    """

    base: Record
    head: Record
    same: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """Measuring that has stopped: newer revisions have had no number for too long.

    Attributes:
        newest: hash of the newest revision with a number; empty if none has one.
        since: when it was measured, or when the first newer commit was made, if that is later.
        newer: how many revisions are newer.
    """

    newest: str
    since: float
    newer: int


@dataclass(frozen=True)
class History:
    """Records in the order of the first-parent history, oldest first.

    Attributes:
        records: one per revision, oldest first.
        line: hashes of the first-parent history, oldest first, measured or not.
        load: gives the code of a revision by package, where the records were read without it; code
            that two revisions have in common is one object.
        branch: whose first parents the line is, where the project has several branches.
        other_branch: whether it is not the first of the branches.
        ids: an id for the content of each record, by hash; equal ids are equal contents. Empty
            where that is not known.
        stopped: set where measuring has stopped.
        read_at: when the records were read, in seconds since the epoch.
    """

    machine: str
    environment: str
    records: tuple[Record, ...]
    line: tuple[str, ...]
    load: Callable[[str], Parts] | None = field(default=None, compare=False)
    branch: str = ""
    other_branch: bool = False
    ids: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    stopped: Stopped | None = field(default=None, compare=False)
    read_at: float = field(default=math.inf, compare=False, repr=False)
    _parts: dict[str, Parts] = field(default_factory=dict, init=False, compare=False, repr=False)
    _counts: dict[str, tuple[CodePart, tuple[int, int]]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    @classmethod
    def build(
        cls,
        records: Iterable[Record],
        line: Sequence[str] = (),
        load: Callable[[str], Parts] | None = None,
    ) -> History:
        """Order the records of one machine and environment.

        Args:
            line: the first-parent history, oldest first. Without it the order is that of the
                recorded first parents, and by date where that chain is broken.
        """
        by_hash = {r.revision.hash: r for r in records}
        if not by_hash:
            return cls("", "", (), tuple(line))
        order = list(line) if line else _chain(by_hash)
        chosen = tuple(by_hash[h] for h in order if h in by_hash)
        some = next(iter(by_hash.values()))
        return cls(some.machine.machine, some.environment.name, chosen, tuple(order), load)

    @cached_property
    def by_hash(self) -> dict[str, Record]:
        """Records by full hash."""
        return {r.revision.hash: r for r in self.records}

    @cached_property
    def runs(self) -> dict[str, list[Run]]:
        """The measurements of every package that ever gave a number, oldest first."""
        return runs(self.records)

    @cached_property
    def values(self) -> Values:
        """The values of every benchmark by unit, oldest first."""
        return values(self.runs)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {h: i for i, h in enumerate(self.line)}

    def began(self, record: Record) -> float:
        """The time at which a record's measurement began; the commit's date if the clock was ahead.

        A start in the future would stay the latest for years. The commit's date may be wrong too.
        """
        if record.started <= self.read_at:
            return record.started
        return record.revision.date if record.revision.date <= self.read_at else 0.0

    def parts(self, revision: str) -> Parts:
        """The code of a recorded revision by package."""
        if self.load is not None:
            return self.load(revision)
        if revision not in self._parts:
            self._parts[revision] = self.by_hash[revision].parts()
        return self._parts[revision]

    def pair(self, base: str, head: str, needed: Collection[str] = ()) -> Pair:
        """Two records with the code of packages that differ, or that are needed.

        Equal code has equal sites at equal places, so none of it is new or gone.
        """
        before, after = self.parts(base), self.parts(head)
        equal = {p for p in before.keys() & after.keys() if self.same(before[p], after[p])}
        out = equal - set(needed)
        return Pair(
            self.by_hash[base].with_parts(c for p, c in before.items() if p not in out),
            self.by_hash[head].with_parts(c for p, c in after.items() if p not in out),
            sum(self._counted(p, after[p])[0] for p in out),
        )

    def same(self, one: CodePart | None, other: CodePart | None) -> bool:
        """Return whether two revisions have the same code of a package."""
        return one is other or (self.load is None and one == other)

    def sites(self, revision: str) -> tuple[int, int]:
        """The numbers of a revision's escape sites in code, and in test and generated files."""
        counts = [self._counted(p, part) for p, part in self.parts(revision).items()]
        return sum(code for code, _ in counts), sum(other for _, other in counts)

    def _counted(self, package: str, part: CodePart) -> tuple[int, int]:
        known = self._counts.get(package)
        if known is None or known[0] is not part:
            code = len(part.in_code)
            known = self._counts[package] = (part, (code, len(part.escapes) - code))
        return known[1]

    def position(self, revision: str) -> int:
        """Place of a revision in the first-parent history, counted from the oldest."""
        return self._index[revision]

    def previous(self, revision: str) -> Record | None:
        """The nearest earlier record in the first-parent history, whatever its outcome."""
        earlier = reversed(self.line[: self._index[revision]])
        return next((self.by_hash[h] for h in earlier if h in self.by_hash), None)

    def between(self, base: str, head: str) -> tuple[str, ...]:
        """Hashes after ``base`` and before ``head`` in the first-parent history."""
        return self.line[self._index[base] + 1 : self._index[head]]

    def diffs(self, base: str, head: str) -> tuple[TreeDiff, ...] | None:
        """The recorded diffs that lead from ``base`` to ``head``; ``None`` if one is missing."""
        records = [self.by_hash.get(h) for h in (*self.between(base, head), head)]
        found = [r.diff for r in records if r is not None and r.diff is not None]
        return tuple(found) if len(found) == len(records) else None


def _chain(by_hash: dict[str, Record]) -> list[str]:
    """Revisions by date, each after its recorded parent."""
    ordered: list[str] = []
    placed: set[str] = set()
    for record in sorted(by_hash.values(), key=lambda r: (r.revision.date, r.revision.hash)):
        pending: list[str] = []
        at: str | None = record.revision.hash
        while at is not None and at in by_hash and at not in placed:
            pending.append(at)
            placed.add(at)
            at = by_hash[at].revision.parent
        ordered.extend(reversed(pending))
    return ordered
