"""Record to bytes and back: JSON in gzip, the same bytes for the same record.

A file is a series of gzip members, so that ``zcat`` shows all of it: first the record without what
is large, then one member for each package and kind of content. Neighbouring revisions have most
packages in common and such members are equal byte for byte, so a reader of many records decodes a
member once (:class:`Shared`) and keeps one copy of it. Every file is complete on its own all the
same.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from hashlib import blake2b
from itertools import groupby
from typing import Any, TypeVar, cast

import msgspec

from harness.errors import NewerRecordError, StoreError
from harness.inflate import Budget, CutOffError
from harness.model import (
    RECORD_SCHEMA,
    BenchmarkFailure,
    BenchmarkResult,
    CodePart,
    Lane,
    PackageResult,
    Record,
)
from harness.store.storable import to_json

T = TypeVar("T")
# So many bytes of a file, from a place on.
Read = Callable[[int, int], bytes]

# The fields of a record that are kept package by package.
_LISTS = ("escapes", "inlining", "inlining_calls", "calls", "functions")
# The last version that was one JSON document.
_WHOLE = 1
# Most first members are smaller.
_PIECE = 65_536
# So many bytes a record has at most, unpacked, and of them so many characters of the output of one
# lane: a benchmark that prints without end leaves a record that can be read.
_MOST_BYTES = 512 << 20
_MOST_OUTPUT = 16 << 20
# What a decoder says of bytes that are no record.
_MALFORMED = (OSError, ValueError, RecursionError, msgspec.DecodeError)


class Part(StrEnum):
    """What a member of the file holds of a package."""

    CODE = "code"  # what the compiler says of it, and made of it
    NUMBERS = "numbers"  # its benchmarks
    RAW = "raw"  # their output, verbatim


@dataclass(frozen=True, slots=True)
class NumbersPart:
    """The fields of :class:`harness.model.PackageResult` that hold its benchmarks; same names."""

    benchmarks: tuple[BenchmarkResult, ...] = ()
    failures: tuple[BenchmarkFailure, ...] = ()
    declared: tuple[str, ...] = ()


class Member(msgspec.Struct, frozen=True):
    """Where a member is, and what is in it.

    Attributes:
        part: see :class:`Part`.
        size: bytes in the file; members follow each other in the order of the list.
        id: BLAKE2b of its JSON, in hexadecimal; equal ids are equal contents.
    """

    part: Part
    size: int
    id: str


class Layout(msgspec.Struct, frozen=True):
    """Which members make up what; members are counted from 0.

    Attributes:
        numbers: one for each package of the record, -1 for none.
        raw: likewise.
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
    """The first member.

    Attributes:
        schema: version of the form.
        record: the record without what the members hold.
        members: in the order of the file.
        layout: which of them make up what.
    """

    schema: int
    record: Record
    members: tuple[Member, ...]
    layout: Layout


class _Header(msgspec.Struct):
    """The one field that every version of the record has."""

    schema: int


_HEADER = msgspec.json.Decoder(_Header)
_CORE = msgspec.json.Decoder(Core)
_RECORD = msgspec.json.Decoder(Record)
_PARTS: Mapping[Part, msgspec.json.Decoder[Any]] = {
    Part.CODE: msgspec.json.Decoder(CodePart),
    Part.NUMBERS: msgspec.json.Decoder(NumbersPart),
    Part.RAW: msgspec.json.Decoder(dict[Lane, str]),
}


@dataclass(slots=True)
class Shared:
    """Decoded members, so that what neighbouring records have in common is one object.

    Keeps what the last two records had: of records in the order of their history that is nearly
    all there is in common.

    Args:
        keep: whether to keep everything, for records in any order.
    """

    keep: bool = False
    _now: dict[str, object] = field(default_factory=dict)
    _before: dict[str, object] = field(default_factory=dict)
    _packages: dict[tuple[object, ...], PackageResult] = field(default_factory=dict)
    _last: dict[type[object], Any] = field(default_factory=dict)

    def begin(self) -> None:
        """The next record follows."""
        if not self.keep:
            self._now, self._before = {}, self._now
            self._packages.clear()

    def get(self, id_: str, decode: Callable[[], Any]) -> Any:
        """The content with an id, decoded only where neither of the last two records had it."""
        found = self._now.get(id_)
        if found is None:
            found = self._before.get(id_)
            if found is None:
                found = decode()
            self._now[id_] = found
        return found

    def same(self, value: T) -> T:
        """The last value of its type, if it is equal: most records were made on one machine."""
        last = self._last.get(type(value))
        if last == value:
            return cast("T", last)
        self._last[type(value)] = value
        return value

    def package(self, light: PackageResult, part: NumbersPart, id_: str) -> PackageResult:
        """The result of a package without its output, one object for equal ones.

        Args:
            light: without benchmarks.
            part: them, as :meth:`get` gives it.
            id_: of the part.
        """
        key = (light.path, light.key, light.carried_from, light.outcome, light.directory, id_)
        found = self._packages.get(key)
        if found is None:
            found = self._packages[key] = _filled(light, part, None)
        return found


# Encoding


def encode(record: Record) -> bytes:
    """The bytes of a record file. No time stamp goes into the gzip headers."""
    return pack(record, _compressed)


def pack(record: Record, compress: Callable[[object], tuple[str, bytes]]) -> bytes:
    """Likewise, with the content of a member turned into its id and bytes by the caller."""
    members: list[Member] = []
    data: list[bytes] = []

    def add(part: Part, content: object) -> int:
        id_, packed = compress(content)
        members.append(Member(part, len(packed), id_))
        data.append(packed)
        return len(members) - 1

    numbers, raw = [], []
    for p in record.packages:
        has = p.benchmarks or p.failures or p.declared
        part = NumbersPart(p.benchmarks, p.failures, p.declared)
        numbers.append(add(Part.NUMBERS, part) if has else -1)
        raw.append(-1 if p.raw is None else add(Part.RAW, _clipped(p.raw)))
    runs = {name: _runs(getattr(record, name)) for name in _LISTS}
    order = dict.fromkeys(key for name in _LISTS for key in runs[name])
    place = {
        key: add(Part.CODE, CodePart(**{name: runs[name].get(key, ()) for name in _LISTS}))
        for key in order
    }
    lists = {name: tuple(place[key] for key in runs[name]) for name in _LISTS}
    light = tuple(
        replace(p, benchmarks=(), failures=(), declared=(), raw=None) for p in record.packages
    )
    layout = Layout(numbers=tuple(numbers), raw=tuple(raw), **lists)
    core = Core(
        record.schema, replace(record.with_parts(()), packages=light), tuple(members), layout
    )
    return b"".join([gzipped(to_json(core)), *data])


def _clipped(raw: Mapping[Lane, str]) -> dict[Lane, str]:
    return {
        lane: text
        if len(text) <= _MOST_OUTPUT
        else f"{text[:_MOST_OUTPUT]}\n# {len(text) - _MOST_OUTPUT:,} characters are left out\n"
        for lane, text in raw.items()
    }


def _joined(one: CodePart, two: CodePart) -> CodePart:
    return CodePart(**{name: (*getattr(one, name), *getattr(two, name)) for name in _LISTS})


def _runs(items: Sequence[Any]) -> dict[tuple[str, int], tuple[Any, ...]]:
    """What follows each other of one package, by package and how often it came before."""
    found: dict[tuple[str, int], tuple[Any, ...]] = {}
    seen: dict[str, int] = {}
    for package, group in groupby(items, key=lambda item: item.package):
        number = seen[package] = seen.get(package, -1) + 1
        found[package, number] = tuple(group)
    return found


def _compressed(content: object) -> tuple[str, bytes]:
    text = to_json(content)
    return identified(text), gzipped(text)


def identified(text: bytes) -> str:
    """The id of a member with this JSON."""
    return blake2b(text, digest_size=16).hexdigest()


def gzipped(text: bytes) -> bytes:
    """A gzip member."""
    return gzip.compress(text, compresslevel=6, mtime=0)


# Decoding


@dataclass(frozen=True, slots=True)
class Packed:
    """A record file, of which only the first member was decoded.

    Attributes:
        core: see :class:`Core`.
        id: of its JSON, which has the ids of all members in it, so that of the whole content.
        name: of the file, for messages.
    """

    core: Core
    id: str
    name: str
    _read: Read
    _offsets: tuple[int, ...]
    _budget: Budget

    def verify(self, shared: Shared) -> None:
        """Make sure that every member is whole, also one that is known by its id from elsewhere.

        Args:
            shared: what it has met before, byte for byte, is not unpacked again.

        Raises:
            StoreError: one is damaged.
        """
        for number, member in enumerate(self.core.members):
            packed = self._read(self._offsets[number], member.size)
            digest = blake2b(packed, digest_size=16).hexdigest()
            shared.get(f"{member.id} is {digest}", partial(self._whole, number))

    def _whole(self, number: int) -> bool:
        if identified(self._text(number, Budget(_MOST_BYTES))) != self.core.members[number].id:
            raise _damaged(self.name, f"member {number + 2} is another one than the first names")
        return True

    def content(self, number: int, shared: Shared | None = None) -> Any:
        """A member: :class:`harness.model.CodePart`, :class:`NumbersPart`, or output by lane.

        Raises:
            StoreError: it is damaged.
        """
        member = self.core.members[number]
        if shared is None:
            return self.decode(number, _PARTS[member.part])
        return shared.get(member.id, lambda: self.decode(number, _PARTS[member.part]))

    def numbers(self, shared: Shared | None = None) -> Record:
        """The record without what the compiler says, and without verbatim output.

        Raises:
            StoreError: a member is damaged.
        """
        record = self.core.record
        packages = tuple(self._packages(shared, raw=False))
        if shared is None:
            return replace(record, packages=packages)
        return replace(
            record,
            packages=packages,
            machine=shared.same(record.machine),
            environment=shared.same(record.environment),
            settings=shared.same(record.settings),
        )

    def record(self, shared: Shared | None = None) -> Record:
        """The whole record.

        Raises:
            StoreError: a member is damaged.
        """
        code = CodePart(
            **{
                name: tuple(
                    item
                    for number in getattr(self.core.layout, name)
                    for item in getattr(self.content(number, shared), name)
                )
                for name in _LISTS
            }
        )
        packages = tuple(self._packages(shared, raw=True))
        return replace(self.core.record, packages=packages).with_parts([code])

    def parts(self, shared: Shared) -> dict[str, CodePart]:
        """What :meth:`harness.model.Record.parts` gives, without the rest of the record.

        Raises:
            StoreError: a member is damaged.
        """
        found: dict[str, CodePart] = {}
        ids: dict[str, str] = {}
        for number, member in enumerate(self.core.members):
            if member.part is Part.CODE:
                part: CodePart = self.content(number, shared)
                id_, package = member.id, part.package
                if package in found:
                    id_ = f"{ids[package]} {id_}"
                    part = shared.get(id_, partial(_joined, found[package], part))
                found[package], ids[package] = part, id_
        return found

    def _packages(self, shared: Shared | None, *, raw: bool) -> Iterator[PackageResult]:
        core = self.core
        for package, own, text in zip(
            core.record.packages, core.layout.numbers, core.layout.raw, strict=True
        ):
            part = _NO_NUMBERS if own < 0 else self.content(own, shared)
            if raw or shared is None:
                output = self.content(text) if raw and text >= 0 else None
                yield _filled(package, part, output)
            else:
                yield shared.package(package, part, "" if own < 0 else core.members[own].id)

    def decode(self, number: int, decoder: msgspec.json.Decoder[T]) -> T:
        """A member, read with a decoder that may want less of it than there is.

        Raises:
            StoreError: it is damaged.
        """
        try:
            return decoder.decode(self._text(number, self._budget))
        except _MALFORMED as err:
            raise _damaged(self.name, err) from None

    def _text(self, number: int, budget: Budget) -> bytes:
        """The JSON of a member."""
        member, start = self.core.members[number], self._offsets[number]
        try:
            text, size = budget.member(self._read(start, member.size))
            if size != member.size:
                raise ValueError(f"{member.size - size:,} bytes behind a member")
            return text
        except _MALFORMED as err:
            raise _damaged(self.name, err) from None


_NO_NUMBERS = NumbersPart()


def _filled(light: PackageResult, part: NumbersPart, raw: dict[Lane, str] | None) -> PackageResult:
    return PackageResult(
        path=light.path,
        directory=light.directory,
        outcome=light.outcome,
        key=light.key,
        carried_from=light.carried_from,
        benchmarks=part.benchmarks,
        failures=part.failures,
        raw=raw,
        declared=part.declared,
    )


def decode(data: bytes, name: str, shared: Shared | None = None) -> Record:
    """Read the bytes of a record file; ``name`` is for the message.

    Raises:
        StoreError: damaged, not a record, or written by a newer harness.
    """
    return unpack(data, name).record(shared)


def unpack(data: bytes, name: str) -> Packed:
    """As :func:`unpack_from`, of bytes."""
    return unpack_from(lambda start, size: data[start : start + size], len(data), name)


def unpack_from(read: Read, length: int, name: str) -> Packed:
    """Read the first member of a record file.

    Args:
        read: gives so many bytes from a place on.
        length: of the file.
        name: of the file, for messages.

    Raises:
        StoreError: damaged, not a record, or written by a newer harness.
    """
    budget = Budget(_MOST_BYTES)
    try:
        text, rest = _first_member(read, length, budget)
        schema = _HEADER.decode(text).schema
    except _MALFORMED as err:
        raise StoreError(
            f"{name}: not a readable record ({err}); delete it and measure the revision again"
        ) from None
    if schema > RECORD_SCHEMA:
        raise NewerRecordError(
            f"{name}: written by a newer harness (record version {schema}, this one reads"
            f" {RECORD_SCHEMA}); upgrade escape-velocity"
        )
    if schema <= _WHOLE:
        return _converted(text, name)
    try:
        core = _CORE.decode(text)
    except _MALFORMED as err:
        raise _damaged(name, err) from None
    if any(member.size < 0 for member in core.members):
        raise _damaged(name, "a member of a negative size")
    offsets = []
    at = rest
    for member in core.members:
        offsets.append(at)
        at += member.size
    if at != length:
        raise _damaged(name, f"{length - rest:,} bytes of members where {at - rest:,} belong")
    if not _fits(core):
        raise _damaged(name, "its layout does not fit its members")
    return Packed(core, identified(text), name, read, tuple(offsets), budget)


def _fits(core: Core) -> bool:
    """Whether the layout names members that are there and hold what it takes them for."""
    layout, packages = core.layout, len(core.record.packages)
    per_package = ((layout.numbers, Part.NUMBERS), (layout.raw, Part.RAW))
    wanted = [(n, part) for numbers, part in per_package for n in numbers if n != -1]
    wanted += [(n, Part.CODE) for name in _LISTS for n in getattr(layout, name)]
    return all(len(numbers) == packages for numbers, _ in per_package) and all(
        0 <= n < len(core.members) and core.members[n].part is part for n, part in wanted
    )


def _converted(text: bytes, name: str) -> Packed:
    """A record of the first version, as one of this."""
    try:
        record = replace(_RECORD.decode(text), schema=RECORD_SCHEMA)
    except _MALFORMED as err:
        raise _damaged(name, err) from None
    return unpack(encode(record), name)


def _first_member(read: Read, length: int, budget: Budget) -> tuple[bytes, int]:
    """The first gzip member's content, and where the next one begins.

    Raises:
        ValueError: it is damaged.
    """
    data, piece = b"", _PIECE
    while True:
        # Twice as much each time, until it is all there.
        data += read(len(data), piece)
        try:
            return budget.member(data)
        except CutOffError:
            if len(data) >= length or piece > 2 * length:
                raise
        piece *= 2


def _damaged(name: str, err: object) -> StoreError:
    return StoreError(f"{name}: damaged record ({err}); delete it and measure the revision again")
