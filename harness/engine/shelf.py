"""Where a session's records are: the project's, and those of the cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from harness.model import Record
from harness.store import RecordKey, RecordStore, key_of


class Shelf:
    """The records of a project, and, in the cache, those of revisions outside of its history.

    The head of a pull request, or a revision that was only looked at, is not part of the history.

    Args:
        project: the project's records.
        cache: directory of the others.
        hash_length: digits of a hash in file names.
    """

    def __init__(self, project: RecordStore, cache: Path, hash_length: int) -> None:
        self._project = project
        self._cache = RecordStore(cache, hash_length)

    def find(self, key: RecordKey, serves: Callable[[Record], bool]) -> Record | None:
        """The first record of a key that serves, the project's before that of the cache.

        Raises:
            StoreError: one cannot be read.
        """
        for store in (self._project, self._cache):
            record = store.read(key)
            if record is not None and serves(record):
                return record
        return None

    def has(self, key: RecordKey) -> bool:
        """Whether there is a file of a record; it may be damaged."""
        return any(store.path(key).is_file() for store in (self._project, self._cache))

    def kept(self, key: RecordKey) -> Record | None:
        """The record of a key, wherever it is; a damaged one is none."""
        return self._project.readable(key) or self._cache.readable(key)

    def write(self, record: Record, *, in_cache: bool) -> Record:
        """Write a record that was measured anew, with the views of the one that it replaces.

        What the compiler said with other flags does not age.

        Raises:
            StoreError: it cannot be written.
        """
        store = self._cache if in_cache else self._project
        before = store.readable(key_of(record))
        if before is not None and before.harness == record.harness:
            record = replace(record, views=before.views)
        store.write(record)
        return record

    def rewrite(self, record: Record) -> None:
        """Write a record where one of its key is; nothing where there is none.

        Raises:
            StoreError: it cannot be written.
        """
        for store in (self._project, self._cache):
            if store.path(key_of(record)).is_file():
                store.write(record)
                break
