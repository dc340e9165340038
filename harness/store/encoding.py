"""A record as the bytes of its file: the same bytes for the same record."""

import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import groupby
from typing import Any

from harness.model import CodePart, Lane, Record
from harness.model.record import CODE_LISTS
from harness.store.files import to_json
from harness.store.format import Core, Layout, Member, MemberKind, PackageNumbers

# Characters of the output of one lane that a record holds at most: a benchmark that prints without
# end leaves a record that can be read.
_MOST_OUTPUT = 16 << 20


def encode(record: Record) -> bytes:
    """The bytes of a record file. No time stamp goes into the gzip headers."""
    return pack(record, _compressed)


def pack(record: Record, compress: Callable[[object], tuple[str, bytes]]) -> bytes:
    """The bytes of a record file; ``compress`` turns the content of a member into id and bytes."""
    members: list[Member] = []
    data: list[bytes] = []

    def add(kind: MemberKind, content: object) -> int:
        id_, packed = compress(content)
        members.append(Member(kind, len(packed), id_))
        data.append(packed)
        return len(members) - 1

    numbers, raw = [], []
    for p in record.packages:
        has = p.benchmarks or p.failures or p.declared
        content = PackageNumbers(p.benchmarks, p.failures, p.declared)
        numbers.append(add(MemberKind.NUMBERS, content) if has else -1)
        raw.append(-1 if p.raw is None else add(MemberKind.RAW, _clipped(p.raw)))
    runs = {name: _runs(getattr(record, name)) for name in CODE_LISTS}
    order = dict.fromkeys(key for name in CODE_LISTS for key in runs[name])
    place = {
        key: add(
            MemberKind.CODE, CodePart(**{name: runs[name].get(key, ()) for name in CODE_LISTS})
        )
        for key in order
    }
    lists = {name: tuple(place[key] for key in runs[name]) for name in CODE_LISTS}
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


def _runs(items: Sequence[Any]) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Runs of items of one package, by package and how many runs of it came before."""
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
