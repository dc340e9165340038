"""Records of a results directory: ``<machine>/<hash8>-<env>.esv.gz``, next to asv's files."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from harness.errors import NewerRecordError, RecordWarning, StoreError
from harness.model import Record
from harness.store.codec import Packed, Shared, unpack
from harness.store.encoding import encode
from harness.store.files import read_bytes, write_atomic
from harness.store.merging import lost

# Not ``.json``: asv warns of every JSON file under its results directory that is not its own.
RECORD_SUFFIX = ".esv.gz"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RecordKey:
    """The key of a record: machine, revision, environment."""

    machine: str
    revision: str
    environment: str


def key_of(record: Record) -> RecordKey:
    """The key of a record."""
    return RecordKey(record.machine.machine, record.revision.hash, record.environment.name)


class RecordStore:
    """Reads and writes the records under a results directory.

    A record that cannot be read, or that a newer harness has written, does not stop who reads many:
    it is set aside, with a :class:`harness.errors.RecordWarning` that says which and why. Who reads
    a single record gets a :class:`harness.errors.StoreError`; ``set_aside`` has them by path.
    """

    def __init__(self, directory: Path, hash_length: int = 8) -> None:
        self.directory = directory
        self.set_aside: dict[Path, StoreError] = {}
        self._hash_length = hash_length

    def path(self, key: RecordKey) -> Path:
        """Path of the record of ``key``, whether it exists or not."""
        name = f"{key.revision[: self._hash_length]}-{key.environment}{RECORD_SUFFIX}"
        return self.directory / key.machine / name

    def write(self, record: Record, *, replace: bool = False) -> Path:
        """Write a record in one step, in place of the one with the same key.

        Raises:
            StoreError: it cannot be written, or would take numbers away without ``replace``.
        """
        path = self.path(key_of(record))
        if path.is_file():
            self._refuse_loss(path, record, replace)
        write_atomic(path, encode(record))
        return path

    def _refuse_loss(self, path: Path, record: Record, replace: bool) -> None:
        try:
            packed = self.open(path)
            less = "" if replace else lost(packed.record(), record)
        except NewerRecordError:
            raise
        except StoreError:
            return  # what cannot be read has nothing to lose
        other = packed.core.record.revision
        if other.hash != record.revision.hash:
            raise StoreError(
                f"{path} holds the record of {other.hash}, whose hash begins like that of"
                f" {record.revision.hash}; raise hash_length in the configuration"
            )
        if less:
            raise StoreError(f"{path} is not written: the record there has {less}, the new one not")

    def read(self, key: RecordKey) -> Record | None:
        """The record of ``key``, ``None`` if there is none."""
        path = self.path(key)
        if not path.is_file():
            return None
        record = self.read_path(path)
        return record if record.revision.hash == key.revision else None

    def readable(self, key: RecordKey) -> Record | None:
        """The record of ``key``, ``None`` if there is none or it is set aside."""
        found = self.each(lambda _: self.read(key), [self.path(key)])
        return next((record for _, record in found), None)

    def each(
        self, read: Callable[[Path], T], paths: Iterable[Path] | None = None
    ) -> Iterator[tuple[Path, T]]:
        """Read these files, or all in a fixed order; set aside where ``read`` has a StoreError."""
        for path in self.paths() if paths is None else paths:
            try:
                found = read(path)
            except StoreError as err:
                self._set_aside(path, err)
            else:
                self.set_aside.pop(path, None)
                yield path, found

    def _set_aside(self, path: Path, err: StoreError) -> None:
        if path not in self.set_aside:
            warnings.warn(f"record set aside: {err}", RecordWarning, stacklevel=3)
        self.set_aside[path] = err

    def require_replaceable(self, key: RecordKey) -> None:
        """Raise a `NewerRecordError` if a newer harness has written what is there."""
        path = self.path(key)
        try:
            if path.is_file():
                self.open(path)
        except NewerRecordError:
            raise
        except StoreError:
            pass  # a damaged file may be replaced

    def read_path(self, path: Path) -> Record:
        """The record in one file."""
        return self.open(path).record()

    def open(self, path: Path) -> Packed:
        """Read a record file and decode its first member only."""
        return unpack(read_bytes(path), str(path))

    def environments(self, machine: str, revision: str) -> set[str]:
        """Names of the environments in which a revision has a record; none of them is read."""
        start = f"{revision[: self._hash_length]}-"
        folder = self.directory / machine
        return {
            path.name.removeprefix(start).removesuffix(RECORD_SUFFIX)
            for path in folder.glob(f"{start}*{RECORD_SUFFIX}")
        }

    def paths(self) -> list[Path]:
        """All record files, in a fixed order."""
        return sorted(self.directory.glob(f"*/*{RECORD_SUFFIX}"))

    def records(self) -> Iterator[Record]:
        """All readable records, in the order of their files; see :meth:`each`."""
        return (record for _, record in self._verified(Packed.record, Shared()))

    def numbers_and_sites(
        self, paths: Iterable[Path] | None = None
    ) -> Iterator[tuple[Path, Record]]:
        """All readable records with numbers and escape sites (no flows) only; see :meth:`each`.

        A record of a large module holds megabytes of flows and inlining decisions. Equal parts are
        decoded once for all records: files are in the order of their hashes, so that few parts are
        those of the file before.
        """
        return self._verified(partial(Packed.numbers, escapes=True), Shared(keep=True), paths)

    def _verified(
        self,
        content: Callable[[Packed, Shared], Record],
        shared: Shared,
        paths: Iterable[Path] | None = None,
    ) -> Iterator[tuple[Path, Record]]:
        def read(path: Path) -> Record:
            shared.begin()
            packed = self.open(path)
            packed.verify(shared)
            return content(packed, shared)

        return self.each(read, paths)

    def of_revision(self, revision: str) -> list[Record]:
        """The records of a revision, of every machine and environment, in a fixed order.

        Raises:
            StoreError: there are some, and none can be read.
        """
        name = f"{revision[: self._hash_length]}-*{RECORD_SUFFIX}"
        found: list[Record] = []
        unread: dict[Path, StoreError] = {}
        for path in sorted(self.directory.glob(f"*/{name}")):
            try:
                record = self.read_path(path)
            except StoreError as err:
                unread[path] = err
            else:
                found += [record] if record.revision.hash == revision else []
        if unread and not found:
            raise next(iter(unread.values()))
        for path, error in unread.items():
            self._set_aside(path, error)
        return found

    def remove(self, record: Record) -> None:
        """Delete a record; no error if it is gone already."""
        self.path(key_of(record)).unlink(missing_ok=True)
