"""What one publishing leaves for the next, in the cache: objects that can be made again."""

from __future__ import annotations

import pickle
import sys
from functools import cache
from hashlib import blake2b
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from io import BytesIO
from typing import Any

import msgspec

from harness.model import BenchmarkResult, EscapeSite
from harness.store.memo import FileMemo

_DIGEST = 16
# What pages are made with, besides the code of this package.
_LIBRARIES = ("Jinja2", "MarkupSafe", "msgspec", "numpy")


class KeptValue:
    """One value in a memo. Another version of the harness does not see it.

    The value is pickled, so it is as much to be trusted as the program's own files: it lies in the
    user's cache, like compiled Python code.

    Args:
        memo: where it is.
        of: what it belongs to.
    """

    def __init__(self, memo: FileMemo, *of: str) -> None:
        self._memo = memo
        self._key = _digest(repr(of).encode("utf-8", "surrogatepass")).hex()

    def load(self) -> Any:
        """What was put there; ``None`` if nothing was, or another version did, or it is damaged."""
        data = self._memo.get(self._key) or b""
        head, digest, body = data[:_DIGEST], data[_DIGEST : 2 * _DIGEST], data[2 * _DIGEST :]
        if head != code_digest() or digest != _digest(body):
            return None
        return _loaded(body)

    def put(self, value: object) -> None:
        """Keep a value; nothing happens where that is not possible."""
        body = _dumped(value)
        self._memo.put(self._key, code_digest() + _digest(body) + body)


# Of these there are very many, and pickle makes the objects of dataclasses one by one in Python.
_TABLES: tuple[type[Any], ...] = (EscapeSite, BenchmarkResult)
_LENGTH = 8


class _Pickler(pickle.Pickler):
    """Leaves the objects of some types out, and collects them."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.tables: dict[type[Any], list[Any]] = {kind: [] for kind in _TABLES}
        self._places: dict[int, tuple[int, int]] = {}

    def persistent_id(self, value: Any) -> Any:
        """Which table an object is in, and where; ``None`` for those that are pickled."""
        table = self.tables.get(type(value))
        if table is None:
            return None
        place = self._places.get(id(value))
        if place is None:
            place = self._places[id(value)] = (_TABLES.index(type(value)), len(table))
            table.append(value)
        return place


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BytesIO, tables: list[list[Any]]) -> None:
        super().__init__(file)
        self._tables = tables

    def persistent_load(self, place: Any) -> Any:
        """An object that was left out."""
        return self._tables[place[0]][place[1]]


def _dumped(value: object) -> bytes:
    """A value as bytes: each table with its length before it, then the rest."""
    file = BytesIO()
    pickler = _Pickler(file)
    pickler.dump(value)
    tables = [msgspec.msgpack.encode(pickler.tables[kind]) for kind in _TABLES]
    parts = [piece for table in tables for piece in (len(table).to_bytes(_LENGTH, "big"), table)]
    return b"".join([*parts, file.getvalue()])


def _loaded(body: bytes) -> Any:
    tables = []
    at = 0
    for kind in _TABLES:
        size = int.from_bytes(body[at : at + _LENGTH], "big")
        at += _LENGTH
        tables.append(msgspec.msgpack.decode(body[at : at + size], type=list[kind]))  # type: ignore[valid-type]
        at += size
    return _Unpickler(BytesIO(body[at:]), tables).load()


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST).digest()


@cache
def code_digest() -> bytes:
    """What tells one version of the harness, of Python and of the libraries from another."""
    found = blake2b(sys.version.encode(), digest_size=_DIGEST)
    for name in _LIBRARIES:
        found.update(f"{name} {metadata.version(name)}\n".encode())
    _add(found, resources.files("harness"))
    return found.digest()


def _add(found: blake2b, directory: Traversable) -> None:
    for entry in sorted(directory.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            if entry.name != "__pycache__":
                found.update(f"{entry.name}/\n".encode())
                _add(found, entry)
        else:
            data = entry.read_bytes()
            found.update(f"{entry.name} {len(data)}\n".encode() + data)
