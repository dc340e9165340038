"""The records of one results directory: ``<machine>/<hash8>-<env>.esv.gz`` beside asv's files."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import StoreError
from harness.model import Record
from harness.store.codec import Packed, Shared, encode, unpack_from
from harness.store.files import write_atomic
from harness.store.growth import lost

# Not ``.json``: asv warns of every JSON file under its results directory that is not its own.
RECORD_SUFFIX = ".esv.gz"


@dataclass(frozen=True, slots=True)
class RecordKey:
    """What tells one record from another: machine, revision, environment."""

    machine: str
    revision: str
    environment: str


def key_of(record: Record) -> RecordKey:
    """The key of a record."""
    return RecordKey(record.machine.machine, record.revision.hash, record.environment.name)


class RecordStore:
    """Reads and writes the records under a results directory.

    Args:
        directory: asv's ``results_dir``.
        hash_length: digits of the hash in file names, asv's ``hash_length``.
    """

    def __init__(self, directory: Path, hash_length: int = 8) -> None:
        self.directory = directory
        self._hash_length = hash_length

    def path(self, key: RecordKey) -> Path:
        """Where the record of ``key`` is or would be."""
        name = f"{key.revision[: self._hash_length]}-{key.environment}{RECORD_SUFFIX}"
        return self.directory / key.machine / name

    def write(self, record: Record, *, replace: bool = False) -> Path:
        """Write a record in one step, in place of the one with the same key.

        Args:
            record: everything that is to be known of its revision from now on.
            replace: whether it may have less than the record that is there.

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
            there = self.open(path)
        except StoreError:
            if replace:
                return  # what cannot be read has nothing to lose
            raise
        other = there.core.record.revision
        if other.hash != record.revision.hash:
            raise StoreError(
                f"{path} holds the record of {other.hash}, whose hash begins like that of"
                f" {record.revision.hash}; raise hash_length in the configuration"
            )
        if not replace and (less := lost(there.record(), record)):
            raise StoreError(f"{path} is not written: the record there has {less}, the new one not")

    def read(self, key: RecordKey) -> Record | None:
        """The record of ``key``, ``None`` if there is none.

        Raises:
            StoreError: it is there and cannot be read.
        """
        path = self.path(key)
        if not path.is_file():
            return None
        record = self.read_path(path)
        return record if record.revision.hash == key.revision else None

    def read_path(self, path: Path) -> Record:
        """The record in one file.

        Raises:
            StoreError: it cannot be read.
        """
        return self.open(path).record()

    def open(self, path: Path) -> Packed:
        """A record file, of which only the first member is decoded yet.

        Raises:
            StoreError: it cannot be read.
        """
        try:
            file = path.open("rb", buffering=0)
            length = os.fstat(file.fileno()).st_size
        except OSError as err:
            raise StoreError(f"cannot read {path}: {err.strerror or err}") from None
        # The file is closed with the last reference to what reads it.
        return unpack_from(
            lambda start, size: os.pread(file.fileno(), size, start), length, str(path)
        )

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
        """All records, in the order of their files; equal parts of neighbours are one object.

        Raises:
            StoreError: at the first that cannot be read.
        """
        shared = Shared()
        for path in self.paths():
            shared.begin()
            yield self.open(path).record(shared)

    def of_revision(self, revision: str) -> list[Record]:
        """The records of a revision, of every machine and environment, in a fixed order.

        Args:
            revision: full hash.

        Raises:
            StoreError: one cannot be read.
        """
        name = f"{revision[: self._hash_length]}-*{RECORD_SUFFIX}"
        found = [self.read_path(path) for path in sorted(self.directory.glob(f"*/{name}"))]
        return [record for record in found if record.revision.hash == revision]

    def sweep(self, age: float = 3600.0) -> None:
        """Delete what writers that were killed have begun, older than so many seconds."""
        for path in self.directory.glob(f"*/.*{RECORD_SUFFIX}.*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > age:
                    path.unlink()

    def remove(self, record: Record) -> None:
        """Delete a record; no error if it is gone already."""
        self.path(key_of(record)).unlink(missing_ok=True)
