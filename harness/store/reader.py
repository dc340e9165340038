"""Many records at once: the numbers of all, and the compiler's output on demand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.model import CodePart, Record
from harness.store.codec import Shared
from harness.store.files import Stamp, stamp
from harness.store.records import RecordKey, RecordStore, key_of

# A revision is compared with its base, and now and then with an older one.
_KEPT = 3


@dataclass(frozen=True, slots=True)
class _Entry:
    """A record that was read, and what its file was then."""

    stamp: Stamp
    id: str
    record: Record


@dataclass(slots=True)
class RecordIndex:
    """The numbers of many records, to be kept for the next reader of the same files."""

    entries: dict[str, _Entry] = field(default_factory=dict)
    shared: Shared = field(default_factory=lambda: Shared(keep=True))


class RecordReader:
    """Reads the records of a store; equal parts of neighbouring revisions are one object.

    Args:
        index: what an earlier reader has left. A file with the same stamp is not read again, and
            one with the same content is not decoded again.
    """

    def __init__(self, store: RecordStore, index: RecordIndex | None = None) -> None:
        self._store = store
        self._before = index.entries if index else {}
        self.index = RecordIndex(shared=index.shared) if index else RecordIndex()
        self._files: dict[RecordKey, tuple[Path, str]] = {}
        self._code = Shared()
        self._recent: OrderedDict[RecordKey, dict[str, tuple[str, CodePart]]] = OrderedDict()

    def records(self) -> Iterator[Record]:
        """All records, in the order of their files, without what :meth:`parts` gives.

        Verbatim output is left out too. What cannot be read is set aside by the store.
        """
        for path, entry in self._store.each(self._entry):
            self.index.entries[str(path)] = entry
            self._files[key_of(entry.record)] = (path, entry.id)
            yield entry.record

    def _entry(self, path: Path) -> _Entry:
        known = self._before.get(str(path))
        now = _stamp(path)
        if known is not None and now is not None and known.stamp == now:
            return known
        packed = self._store.open(path)
        packed.verify(self.index.shared)
        if known is not None and known.id == packed.id:
            record = known.record
        else:
            record = packed.numbers(self.index.shared)
        return _Entry(now or (0, 0, 0), packed.id, record)

    def id(self, key: RecordKey) -> str:
        """The id of a record that was read before; equal ids are equal contents."""
        return self._files[key][1]

    def parts(self, key: RecordKey) -> dict[str, CodePart]:
        """What :meth:`harness.model.Record.parts` gives, of a record that was read before.

        Raises:
            StoreError: it cannot be read any more.
        """
        return {package: part for package, (_, part) in self._read(key).items()}

    def part_ids(self, key: RecordKey) -> Mapping[str, str]:
        """Ids of what :meth:`parts` gives, by package; equal ids are equal parts.

        Raises:
            StoreError: the record cannot be read any more.
        """
        return {package: id_ for package, (id_, _) in self._read(key).items()}

    def _read(self, key: RecordKey) -> dict[str, tuple[str, CodePart]]:
        if key not in self._recent:
            self._code.begin()
            self._recent[key] = self._store.open(self._files[key][0]).parts(self._code)
            if len(self._recent) > _KEPT:
                self._recent.popitem(last=False)
        self._recent.move_to_end(key)
        return self._recent[key]


def _stamp(path: Path) -> Stamp | None:
    try:
        return stamp(path)
    except OSError:
        return None
