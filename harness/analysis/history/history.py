"""The measured histories of one project, each in one environment on one machine."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from harness.analysis.history.runs import Run, Values, runs, values
from harness.model import CodePart, Record, TreeDiff

Parts = Mapping[str, CodePart]


@dataclass(frozen=True, slots=True)
class Stopped:
    """Measuring that has stopped: newer revisions have had no number for too long."""

    newest: str  # hash of the newest revision with a number; empty if none has one
    since: float  # when it was measured, or when the first newer commit was made, if that is later
    newer: int  # how many revisions are newer


@dataclass(frozen=True)
class History:
    """Records in the order of the first-parent history, oldest first.

    Attributes:
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

    @classmethod
    def build(
        cls,
        records: Iterable[Record],
        line: Sequence[str] = (),
        load: Callable[[str], Parts] | None = None,
    ) -> History:
        """Order the records of one machine and environment by the first-parent history ``line``.

        Without it the order is that of the recorded first parents, and by date where that chain is
        broken.
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

    def pair(self, base: str, head: str, needed: Collection[str] = ()) -> tuple[Record, Record]:
        """Two records with the code of packages that differ, or that are needed.

        Equal code has equal sites at equal places, so none of it is new or gone.
        """
        before, after = self.parts(base), self.parts(head)
        equal = {p for p in before.keys() & after.keys() if self.same(before[p], after[p])}
        out = equal - set(needed)
        return (
            self.by_hash[base].with_parts(c for p, c in before.items() if p not in out),
            self.by_hash[head].with_parts(c for p, c in after.items() if p not in out),
        )

    def same(self, one: CodePart | None, other: CodePart | None) -> bool:
        """Return whether two revisions have the same code of a package."""
        return one is other or (self.load is None and one == other)

    def sites(self, revision: str) -> tuple[int, int]:
        """The numbers of a revision's escape sites in code, and in test and generated files."""
        parts = self.parts(revision).values()
        code = sum(len(part.in_code) for part in parts)
        return code, sum(len(part.escapes) for part in parts) - code

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


def project_histories(
    records: Iterable[Record],
    branches: Sequence[tuple[str, Sequence[str]]],
    read_at: float = math.inf,
) -> list[History]:
    """One history for each machine, environment and branch that has records.

    As in asv, a branch also has what it shares with others. The environment with the newest record
    comes first, its branches in the given order.

    Args:
        branches: name and first-parent history of each, oldest first. The name of a single branch
            is not shown.
        read_at: when the records were read, in seconds since the epoch.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.machine.machine, record.environment.name), []).append(record)
    found: list[tuple[float, History]] = []
    for group in groups.values():
        for number, (name, line) in enumerate(branches):
            history = replace(
                History.build(group, line),
                branch=name if len(branches) > 1 else "",
                other_branch=number > 0,
                read_at=read_at,
            )
            if history.records:
                found.append((max(map(history.began, group)), history))
    return [history for _, history in sorted(found, key=lambda f: f[0], reverse=True)]
