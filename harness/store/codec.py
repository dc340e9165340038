"""Record files read: the first member at once, the others when they are asked for."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from itertools import accumulate
from typing import Any, TypeVar, cast

import msgspec

from harness.errors import NewerRecordError, StoreError
from harness.inflate import Budget
from harness.model import RECORD_SCHEMA, CodePart, EscapeSite, Lane, PackageResult, Record
from harness.model.record import CODE_LISTS
from harness.store.encoding import encode, identified
from harness.store.files import MOST_BYTES
from harness.store.format import Core, MemberKind, PackageNumbers

T = TypeVar("T")

# The last version that was one JSON document.
_WHOLE = 1
# What a decoder says of bytes that are no record.
_MALFORMED = (OSError, ValueError, RecursionError, msgspec.DecodeError)


class _Header(msgspec.Struct):
    """The one field that every version of the record has."""

    schema: int


class _Escapes(msgspec.Struct):
    """One field of :class:`harness.model.CodePart`."""

    escapes: tuple[EscapeSite, ...] = ()


_HEADER = msgspec.json.Decoder(_Header)
_CORE = msgspec.json.Decoder(Core)
_ESCAPES = msgspec.json.Decoder(_Escapes)
_RECORD = msgspec.json.Decoder(Record)
_DECODERS: Mapping[MemberKind, msgspec.json.Decoder[Any]] = {
    MemberKind.CODE: msgspec.json.Decoder(CodePart),
    MemberKind.NUMBERS: msgspec.json.Decoder(PackageNumbers),
    MemberKind.RAW: msgspec.json.Decoder(dict[Lane, str]),
}


@dataclass(slots=True)
class Shared:
    """Decoded members, so that what neighbouring records have in common is one object.

    Keeps what the last two records had, or all (``keep``): of records in the order of their history
    that is nearly all there is in common.
    """

    keep: bool = False
    _now: dict[str, object] = field(default_factory=dict)
    _before: dict[str, object] = field(default_factory=dict)
    _packages: dict[tuple[object, ...], PackageResult] = field(default_factory=dict)
    _last: dict[type[object], Any] = field(default_factory=dict)

    def begin(self) -> None:
        """Begin the next record."""
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

    def package(self, light: PackageResult, numbers: PackageNumbers, id_: str) -> PackageResult:
        """The result of a package without its output, one object for equal ones."""
        key = (light.path, light.key, light.carried_from, light.outcome, light.directory, id_)
        found = self._packages.get(key)
        if found is None:
            found = self._packages[key] = _filled(light, numbers, None)
        return found


@dataclass(frozen=True, slots=True)
class Packed:
    """A record file whose first member only was decoded.

    Whatever reads another member raises a :class:`harness.errors.StoreError` if it is damaged.
    """

    core: Core
    id: str  # of its JSON, which has the ids of all members in it, so that of the whole content
    name: str
    _data: bytes
    _offsets: tuple[int, ...]
    _budget: Budget

    def verify(self, shared: Shared) -> None:
        """Make sure that every member is whole, also one that is known by its id from elsewhere.

        What ``shared`` has met before, byte for byte, is not unpacked again.
        """
        for number, member in enumerate(self.core.members):
            digest = blake2b(self._packed(number), digest_size=16).hexdigest()
            shared.get(f"{member.id} is {digest}", partial(self._whole, number))

    def _whole(self, number: int) -> bool:
        if identified(self._text(number, Budget(MOST_BYTES))) != self.core.members[number].id:
            raise _damaged(self.name, f"member {number + 2} is another one than the first names")
        return True

    def _content(self, number: int, shared: Shared) -> Any:
        member = self.core.members[number]
        return shared.get(member.id, partial(self._decode, number, _DECODERS[member.kind]))

    def numbers(self, shared: Shared, *, escapes: bool = False) -> Record:
        """The record without verbatim output and what the compiler says but sites, if asked for."""
        record = self.core.record
        return replace(
            record,
            packages=tuple(self._packages(shared, raw=False)),
            escapes=tuple(self._escapes(shared)) if escapes else (),
            machine=shared.same(record.machine),
            environment=shared.same(record.environment),
            settings=shared.same(record.settings),
        )

    def _escapes(self, shared: Shared) -> Iterator[EscapeSite]:
        for number in self.core.layout.escapes:
            id_ = f"escapes of {self.core.members[number].id}"
            yield from shared.get(id_, partial(self._sites, number))

    def _sites(self, number: int) -> tuple[EscapeSite, ...]:
        # Flows are most of the memory that sites take.
        return tuple(replace(s, flow=()) for s in self._decode(number, _ESCAPES).escapes)

    def record(self, shared: Shared | None = None) -> Record:
        """The whole record."""
        shared = shared or Shared()
        code = CodePart(
            **{
                name: tuple(
                    item
                    for number in getattr(self.core.layout, name)
                    for item in getattr(self._content(number, shared), name)
                )
                for name in CODE_LISTS
            }
        )
        packages = tuple(self._packages(shared, raw=True))
        return replace(self.core.record, packages=packages).with_parts([code])

    def parts(self, shared: Shared) -> dict[str, CodePart]:
        """The value of :meth:`harness.model.Record.parts`, without the rest of the record."""
        found: dict[str, CodePart] = {}
        ids: dict[str, str] = {}
        for number, member in enumerate(self.core.members):
            if member.kind is MemberKind.CODE:
                part: CodePart = self._content(number, shared)
                id_, package = member.id, part.package
                if package in found:
                    id_ = f"{ids[package]} {id_}"
                    part = shared.get(id_, partial(_joined, found[package], part))
                found[package], ids[package] = part, id_
        return found

    def _packages(self, shared: Shared, *, raw: bool) -> Iterator[PackageResult]:
        core = self.core
        for package, own, text in zip(
            core.record.packages, core.layout.numbers, core.layout.raw, strict=True
        ):
            numbers = _NO_NUMBERS if own < 0 else self._content(own, shared)
            if raw:
                output = self._decode(text, _DECODERS[MemberKind.RAW]) if text >= 0 else None
                yield _filled(package, numbers, output)
            else:
                yield shared.package(package, numbers, "" if own < 0 else core.members[own].id)

    def _decode(self, number: int, decoder: msgspec.json.Decoder[T]) -> T:
        try:
            return decoder.decode(self._text(number, self._budget))
        except _MALFORMED as err:
            raise _damaged(self.name, err) from None

    def _packed(self, number: int) -> bytes:
        start = self._offsets[number]
        return self._data[start : start + self.core.members[number].size]

    def _text(self, number: int, budget: Budget) -> bytes:
        """The JSON of a member."""
        packed = self._packed(number)
        try:
            text, size = budget.member(packed)
            if size != len(packed):
                raise ValueError(f"{len(packed) - size:,} bytes behind a member")
            return text
        except _MALFORMED as err:
            raise _damaged(self.name, err) from None


_NO_NUMBERS = PackageNumbers()


def _joined(one: CodePart, two: CodePart) -> CodePart:
    return CodePart(**{name: (*getattr(one, name), *getattr(two, name)) for name in CODE_LISTS})


def _filled(
    light: PackageResult, numbers: PackageNumbers, raw: dict[Lane, str] | None
) -> PackageResult:
    return replace(
        light,
        benchmarks=numbers.benchmarks,
        failures=numbers.failures,
        declared=numbers.declared,
        raw=raw,
    )


def decode(data: bytes, name: str, shared: Shared | None = None) -> Record:
    """Read the bytes of a record file; ``name`` is for the message."""
    return unpack(data, name).record(shared)


def unpack(data: bytes, name: str) -> Packed:
    """Read the first member of a record file; see :func:`decode`."""
    budget = Budget(MOST_BYTES)
    try:
        text, rest = budget.member(data)
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
    *offsets, end = accumulate((member.size for member in core.members), initial=rest)
    if end != len(data):
        what = f"{len(data) - rest:,} bytes of members where {end - rest:,} belong"
        raise _damaged(name, what)
    if not _fits(core):
        raise _damaged(name, "its layout does not fit its members")
    return Packed(core, identified(text), name, data, tuple(offsets), budget)


def _fits(core: Core) -> bool:
    """Return whether the layout names existing members of the right kinds."""
    layout, packages = core.layout, len(core.record.packages)
    per_package = ((layout.numbers, MemberKind.NUMBERS), (layout.raw, MemberKind.RAW))
    wanted = [(n, kind) for numbers, kind in per_package for n in numbers if n != -1]
    wanted += [(n, MemberKind.CODE) for name in CODE_LISTS for n in getattr(layout, name)]
    return all(len(numbers) == packages for numbers, _ in per_package) and all(
        0 <= n < len(core.members) and core.members[n].kind is kind for n, kind in wanted
    )


def _converted(text: bytes, name: str) -> Packed:
    """A record of the first version, converted to this one."""
    try:
        record = replace(_RECORD.decode(text), schema=RECORD_SCHEMA)
    except _MALFORMED as err:
        raise _damaged(name, err) from None
    return unpack(encode(record), name)


def _damaged(name: str, err: object) -> StoreError:
    return StoreError(f"{name}: damaged record ({err}); delete it and measure the revision again")
