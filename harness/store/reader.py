"""Many records at once: the numbers of all, and the code of those that are asked for."""

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.model import CodePart, Record
from harness.store.codec import Shared
from harness.store.files import Stamp, stamp
from harness.store.records import RecordKey, RecordStore, key_of

# A revision is compared with its base, and now and then with an older one.
_RECENT = 3


class RecordReader:
    """Reads the records of a store; equal parts of neighbouring revisions are one object.

    Args:
        verified: of an earlier reader; files with the same stamp are not verified again.

    Attributes:
        verified: the stamp of every record file that is whole, by the bytes of its path.
    """

    def __init__(self, store: RecordStore, verified: Mapping[bytes, Stamp] | None = None) -> None:
        self._store = store
        self._before = verified or {}
        self.verified: dict[bytes, Stamp] = {}
        self._files: dict[RecordKey, tuple[Path, str]] = {}
        self._numbers = Shared(keep=True)
        self._code = Shared()
        self._recent: OrderedDict[RecordKey, dict[str, CodePart]] = OrderedDict()

    def records(self) -> Iterator[Record]:
        """All records, in the order of their files, without what :meth:`parts` gives.

        Verbatim output is left out too. What cannot be read is set aside by the store.
        """
        for path, (id_, record) in self._store.each(self._numbers_of):
            self._files[key_of(record)] = (path, id_)
            yield record

    def _numbers_of(self, path: Path) -> tuple[str, Record]:
        name, now = os.fsencode(path), _stamp(path)
        packed = self._store.open(path)
        if now is None or self._before.get(name) != now:
            packed.verify(self._numbers)
        record = packed.numbers(self._numbers)
        if now is not None:
            self.verified[name] = now
        return packed.id, record

    def id(self, key: RecordKey) -> str:
        """The id of a record that was read before; equal ids are equal contents."""
        return self._files[key][1]

    def parts(self, key: RecordKey) -> dict[str, CodePart]:
        """Code of a record that was read before, as :meth:`harness.model.Record.parts` gives it."""
        if key not in self._recent:
            self._code.begin()
            self._recent[key] = self._store.open(self._files[key][0]).parts(self._code)
            if len(self._recent) > _RECENT:
                self._recent.popitem(last=False)
        self._recent.move_to_end(key)
        return self._recent[key]


def _stamp(path: Path) -> Stamp | None:
    try:
        return stamp(path)
    except OSError:
        return None
