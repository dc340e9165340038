"""What asv needs of a record, read without the rest of it.

A record of a large module holds megabytes of flows and inlining decisions; rebuilding asv's files
reads every record, so only the numbers are decoded here, what neighbouring records have in common
once, and each file once per process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec

from harness.errors import StoreError
from harness.model import (
    BenchmarkFailure,
    BenchmarkResult,
    Environment,
    Machine,
    Outcome,
    PackageError,
    PackageOutcome,
    Record,
    Revision,
)
from harness.store.codec import Packed, Shared, unpack
from harness.store.records import RecordStore


@dataclass(frozen=True, slots=True)
class PackageNumbers:
    """The fields of :class:`harness.model.PackageResult` that asv is told; same names."""

    path: str
    outcome: PackageOutcome
    benchmarks: tuple[BenchmarkResult, ...] = ()
    failures: tuple[BenchmarkFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteOwner:
    """The fields of :class:`harness.model.EscapeSite` that a count needs; same names."""

    package: str
    function: str
    test: bool = False


@dataclass(frozen=True, slots=True)
class Extract:
    """The fields of :class:`harness.model.Record` that asv is told; same names and meaning."""

    schema: int
    revision: Revision
    environment: Environment
    machine: Machine
    outcome: Outcome
    started: float
    packages: tuple[PackageNumbers, ...] = ()
    errors: tuple[PackageError, ...] = ()
    escapes: tuple[SiteOwner, ...] = ()


class _Owners(msgspec.Struct):
    """What is wanted of :class:`harness.store.codec.CodePart`."""

    escapes: tuple[SiteOwner, ...]


_OWNERS = msgspec.json.Decoder(_Owners)
_shared = Shared()
Stamp = tuple[int, int, int]
_read: dict[Path, tuple[Stamp, Extract]] = {}


def stamp(path: Path) -> Stamp:
    """What tells one content of a file from the next without reading it.

    Files are replaced by renaming, so another inode is another content even within the resolution
    of the file system's clock.

    Raises:
        OSError: it is not there.
    """
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def extract(record: Record) -> Extract:
    """The extract of a record at hand."""
    return Extract(
        schema=record.schema,
        revision=record.revision,
        environment=record.environment,
        machine=record.machine,
        outcome=record.outcome,
        started=record.started,
        packages=tuple(
            PackageNumbers(p.path, p.outcome, p.benchmarks, p.failures) for p in record.packages
        ),
        errors=record.errors,
        escapes=tuple(SiteOwner(s.package, s.function, s.test) for s in record.escapes),
    )


def read_extract(path: Path) -> Extract:
    """The extract of a record file; a file that has not changed is read once per process.

    Raises:
        StoreError: it cannot be read, is damaged, or was written by a newer harness.
    """
    try:
        now = stamp(path)
        known = _read.get(path)
        if known is not None and known[0] == now:
            return known[1]
        data = path.read_bytes()
    except OSError as err:
        raise StoreError(f"cannot read {path}: {err.strerror or err}") from None
    result = _decode(data, str(path))
    _read[path] = (now, result)
    return result


def extracts(store: RecordStore) -> Iterator[Extract]:
    """The extracts of all records, in the order of their files; see :meth:`RecordStore.each`."""
    for _, found in store.each(read_extract):
        yield found


def _decode(data: bytes, name: str) -> Extract:
    _shared.begin()
    packed = unpack(data, name)
    packed.verify(_shared)
    light = extract(packed.numbers(_shared))
    return replace(light, escapes=tuple(_owners(packed)))


def _owners(packed: Packed) -> Iterator[SiteOwner]:
    for number in packed.core.layout.escapes:
        id_ = "owners of " + packed.core.members[number].id
        owners = _shared.get(id_, partial(packed.decode, number, _OWNERS))
        assert isinstance(owners, _Owners)
        yield from owners.escapes
