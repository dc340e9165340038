"""The form of a record file: a series of gzip members, so that ``zcat`` shows all of it.

The first member is the record without what is large (:class:`Core`). One member for each package
and kind of content follows. Neighbouring revisions have most packages in common, and such members
are equal byte for byte, so that a reader of many records decodes a member once. Every file is
complete on its own all the same.
"""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from harness.model import BenchmarkFailure, BenchmarkResult, Record


class MemberKind(StrEnum):
    """The kind of content of a member."""

    CODE = "code"  # what the compiler says of it, and made of it
    NUMBERS = "numbers"  # its benchmarks
    RAW = "raw"  # their output, verbatim


@dataclass(frozen=True, slots=True)
class PackageNumbers:
    """The fields of :class:`harness.model.PackageResult` that hold its benchmarks; same names."""

    benchmarks: tuple[BenchmarkResult, ...] = ()
    failures: tuple[BenchmarkFailure, ...] = ()
    declared: tuple[str, ...] = ()


class Member(msgspec.Struct, frozen=True):
    """The place and content of a member."""

    kind: MemberKind = msgspec.field(name="part")
    size: int  # bytes in the file, in which members are in the order of the list
    id: str  # BLAKE2b of its JSON, in hexadecimal; equal ids are equal contents


class Layout(msgspec.Struct, frozen=True):
    """The members of each field; they are counted from 0.

    Attributes:
        numbers, raw: one for each package of the record, -1 for none.
        escapes, inlining, inlining_calls, calls, functions: those whose list of that name, one
            after the other, is that of the record.
    """

    numbers: tuple[int, ...]
    raw: tuple[int, ...]
    escapes: tuple[int, ...]
    inlining: tuple[int, ...]
    inlining_calls: tuple[int, ...]
    calls: tuple[int, ...]
    functions: tuple[int, ...]


class Core(msgspec.Struct, frozen=True):
    """The first member; its record is without the content of the others."""

    schema: int
    record: Record
    members: tuple[Member, ...]
    layout: Layout
