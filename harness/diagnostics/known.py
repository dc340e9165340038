"""What the compiler said of a package, remembered by the words in which it said it.

Go's build cache replays the messages of packages that did not change, and most of a gate on a
change of one package would be spent on reading those of all the others once more. So what was read
is kept under a hash of everything that it is made from: the messages, the sources, and the code of
this package. Where the files of the messages lie is checked against the module at hand.
"""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Protocol

import msgspec

from harness import model
from harness.diagnostics.copies import settle
from harness.diagnostics.functions import Sources
from harness.diagnostics.messages import Block, Relative
from harness.diagnostics.parse import PackageDiagnostics, merge, parse_block

# Reading is a fifth of the work of level 6, and the file hardly larger.
_LEVEL = 1


class Memo(Protocol):
    """A place for bytes that can be made again: what is put there may be gone tomorrow."""

    def get(self, key: str) -> bytes | None:
        """What was put there under a key, ``None`` if it is not there."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Keep bytes under a key; nothing happens where that is not possible."""
        ...


class _Kept(msgspec.Struct):
    """What is remembered: how each file name was read, for which package, and the result."""

    files: list[tuple[str, str, str]]
    diagnostics: PackageDiagnostics


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Kept)


class Said:
    """What the compiler said of the packages of one build, read when it is asked for.

    Args:
        packages: what was printed, by import path; with that of a package is that of its tests.
        relative: turns a file as the compiler prints it into one relative to the repository.
        owners: import path to directory.
        sources: the source of a package; read at once, as the work tree goes on to other revisions.
        memo: where to remember what was read; ``None`` to read everything anew.
    """

    def __init__(
        self,
        packages: Mapping[str, Sequence[Block]],
        relative: Relative,
        owners: Mapping[str, str],
        sources: Sources,
        memo: Memo | None,
    ) -> None:
        self._packages = packages
        self._relative = relative
        self._directories = {d: path for path, d in owners.items() if path in packages}
        named = {b.path for printed in packages.values() for b in printed}
        self._contents = {path: list(sources(path)) for path in named}
        self._memo = memo
        self._lock = threading.Lock()
        self._read: tuple[PackageDiagnostics, ...] | None = None

    def diagnostics(self) -> tuple[PackageDiagnostics, ...]:
        """By import path; made once, by the thread that asks first."""
        with self._lock:
            if self._read is None:
                read = tuple(self._package(path) for path in sorted(self._packages))
                settle(read, self._directories)
                self._read = read
                self._packages, self._contents = {}, {}
            return self._read

    def _package(self, path: str) -> PackageDiagnostics:
        ordered = sorted(self._packages[path], key=lambda b: (b.variant or "", b.path))
        key = self._key(path, ordered) if self._memo is not None else ""
        known = self._known(key)
        if known is not None:
            return known
        files: dict[tuple[str, str], str] = {}

        def relative(file: str, package: str) -> str:
            found = files.get((file, package))
            if found is None:
                found = files[file, package] = self._relative(file, package)
            return found

        read = [parse_block(b, relative, self._sources) for b in ordered]
        made = _own_places(merge(path, read))
        if self._memo is not None:
            names = [(file, package, name) for (file, package), name in files.items()]
            kept = _ENCODER.encode(_Kept(names, made))
            self._memo.put(key, zlib.compress(kept, _LEVEL))
        return made

    def _known(self, key: str) -> PackageDiagnostics | None:
        data = self._memo.get(key) if self._memo is not None else None
        if data is None:
            return None
        try:
            kept = _DECODER.decode(zlib.decompress(data))
        except (zlib.error, msgspec.DecodeError):
            return None  # cut off by a crash of the machine; it is written anew
        same = all(self._relative(file, package) == name for file, package, name in kept.files)
        return kept.diagnostics if same else None

    def _key(self, path: str, blocks: Sequence[Block]) -> str:
        digest = hashlib.sha256(_code())
        for part in (path, *(p for b in blocks for p in (b.path, b.variant or "", b.text))):
            digest.update(f"{len(part)} {part}".encode())
        for package in sorted({b.path for b in blocks}):
            for name, content in self._sources(package):
                digest.update(f"{name} {len(content)} ".encode() + content)
        return digest.hexdigest()

    def _sources(self, package: str) -> list[tuple[str, bytes]]:
        return self._contents.get(package, [])


def _own_places(package: PackageDiagnostics) -> PackageDiagnostics:
    """Without what is said of generic functions of others, which come and go with their shapes.

    What is inlined of them prints at the line that calls.
    """
    return replace(
        package,
        sites=[x for x in package.sites if not x.position.foreign],
        stack_sites=[x for x in package.stack_sites if not x.position.foreign],
        parameters=[x for x in package.parameters if not x.position.foreign],
        decisions=[x for x in package.decisions if not x.position.foreign],
        calls=[x for x in package.calls if not x.position.foreign],
    )


@cache
def _code() -> bytes:
    """Identity of the code that reads messages, and of the classes that hold what was read."""
    digest = hashlib.sha256()
    for directory in (Path(__file__).parent, Path(model.__file__).parent):
        for file in sorted(directory.glob("*.py")):
            digest.update(file.read_bytes())
    return digest.digest()
