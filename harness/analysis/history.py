"""The measured history of one project in one environment on one machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.model import Record, Revision, TreeDiff


@dataclass(frozen=True)
class History:
    """Records in the order of the first-parent history, oldest first.

    Attributes:
        machine: name of the machine.
        environment: name of the environment.
        records: one per revision, oldest first.
        line: hashes of the first-parent history, oldest first, measured or not.
    """

    machine: str
    environment: str
    records: tuple[Record, ...]
    line: tuple[str, ...]

    @classmethod
    def build(cls, records: Iterable[Record], line: Sequence[str] = ()) -> History:
        """Order the records of one machine and environment.

        Args:
            records: of one machine and environment.
            line: the first-parent history, oldest first, as git tells it. Without it the order is
                that of the recorded first parents, and by date where that chain is broken.
        """
        by_hash = {r.revision.hash: r for r in records}
        if not by_hash:
            return cls("", "", (), tuple(line))
        order = list(line) if line else _chain(by_hash)
        chosen = tuple(by_hash[h] for h in order if h in by_hash)
        some = next(iter(by_hash.values()))
        return cls(some.machine.machine, some.environment.name, chosen, tuple(order))

    @cached_property
    def by_hash(self) -> dict[str, Record]:
        """Records by full hash."""
        return {r.revision.hash: r for r in self.records}

    @cached_property
    def _index(self) -> dict[str, int]:
        return {h: i for i, h in enumerate(self.line)}

    @property
    def revisions(self) -> list[Revision]:
        """The measured revisions, oldest first."""
        return [r.revision for r in self.records]

    def position(self, revision: str) -> int:
        """Place of a revision in the first-parent history, counted from the oldest."""
        return self._index[revision]

    def previous(self, revision: str) -> Record | None:
        """The nearest earlier record in the first-parent history, whatever its outcome."""
        for hash_ in reversed(self.line[: self._index[revision]]):
            record = self.by_hash.get(hash_)
            if record is not None:
                return record
        return None

    def between(self, base: str, head: str) -> tuple[str, ...]:
        """Hashes after ``base`` and before ``head`` in the first-parent history."""
        return self.line[self._index[base] + 1 : self._index[head]]

    def diffs(self, base: str, head: str) -> tuple[TreeDiff, ...] | None:
        """The recorded diffs that lead from ``base`` to ``head``; ``None`` if one is missing."""
        way: list[TreeDiff] = []
        for hash_ in (*self.between(base, head), head):
            record = self.by_hash.get(hash_)
            if record is None or record.diff is None:
                return None
            way.append(record.diff)
        return tuple(way)


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
