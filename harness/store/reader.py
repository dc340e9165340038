"""Many records at once: the numbers of all, and what the compiler says when it is asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from harness.model import CodePart, Record
from harness.store.codec import Shared
from harness.store.records import RecordKey, RecordStore, key_of

# A revision is compared with its base, and now and then with an older one.
_KEPT = 3


class RecordReader:
    """Reads the records of a store; equal parts of neighbouring revisions are one object.

    Args:
        store: where they are.
    """

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._paths: dict[RecordKey, Path] = {}
        self._numbers, self._code = Shared(keep=True), Shared()
        self._recent: OrderedDict[RecordKey, dict[str, CodePart]] = OrderedDict()

    def records(self) -> Iterator[Record]:
        """All records, in the order of their files, without what :meth:`parts` gives.

        Verbatim output is left out too.

        Raises:
            StoreError: at the first that cannot be read.
        """
        for path in self._store.paths():
            record = self._store.open(path).numbers(self._numbers)
            self._paths[key_of(record)] = path
            yield record

    def parts(self, key: RecordKey) -> dict[str, CodePart]:
        """What :meth:`harness.model.Record.parts` gives, of a record that was read before.

        Raises:
            StoreError: it cannot be read any more.
        """
        if key not in self._recent:
            self._code.begin()
            self._recent[key] = self._store.open(self._paths[key]).parts(self._code)
            if len(self._recent) > _KEPT:
                self._recent.popitem(last=False)
        self._recent.move_to_end(key)
        return self._recent[key]
