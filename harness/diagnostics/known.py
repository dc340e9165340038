"""The parsed messages of a package, cached.

Go's build cache replays the messages of packages that did not change, and most of a gate on a
change of one package would be spent on parsing those of all the others once more. So the result is
cached under a hash of everything that it is made from: the messages, the sources, and the code of
this package. The paths of its files are checked against the module at hand.
"""

import hashlib
import itertools
import threading
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import msgspec

from harness import model
from harness.diagnostics.functions import Sources
from harness.diagnostics.messages import Block, Relative
from harness.diagnostics.parse import PackageDiagnostics, merge, parse_block, settle

# A fifth of the work of level 6, and the file hardly larger.
_LEVEL = 1


class MessageCache(Protocol):
    """A store of bytes that can be made again: what is put there may be gone tomorrow."""

    def get(self, key: str) -> bytes | None:
        """Return the bytes under a key."""

    def put(self, key: str, data: bytes) -> None:
        """Store bytes under a key, where that is possible."""


class _Entry(msgspec.Struct):
    files: list[tuple[str, str, str]]  # printed name, package, path in the repository
    diagnostics: PackageDiagnostics


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Entry)


class CompilerMessages:
    """The compiler's messages about the packages of one build, parsed on demand.

    Args:
        packages: the output by import path; that of a package includes that of its tests.
        owners: import path to directory.
        sources: read at once, as the work tree goes on to other revisions.
    """

    def __init__(
        self,
        packages: Mapping[str, Sequence[Block]],
        relative: Relative,
        owners: Mapping[str, str],
        sources: Sources,
        cache: MessageCache | None,
    ) -> None:
        self._packages = packages
        self._relative = relative
        self._directories = {d: path for path, d in owners.items() if path in packages}
        named = {b.path for printed in packages.values() for b in printed}
        self._contents = {path: list(sources(path)) for path in named}
        self._cache = cache
        self._lock = threading.Lock()
        self._parsed: tuple[PackageDiagnostics, ...] | None = None

    def diagnostics(self) -> tuple[PackageDiagnostics, ...]:
        """Parse once, in the thread that asks first; sorted by import path."""
        with self._lock:
            if self._parsed is None:
                parsed = tuple(self._package(path) for path in sorted(self._packages))
                settle(parsed, self._directories)
                self._parsed = parsed
                self._packages, self._contents = {}, {}
            return self._parsed

    def _package(self, path: str) -> PackageDiagnostics:
        ordered = sorted(self._packages[path], key=lambda b: (b.variant or "", b.path))
        key = self._key(path, ordered) if self._cache is not None else ""
        if (known := self._known(key)) is not None:
            return known
        files: dict[tuple[str, str], str] = {}

        def relative(file: str, package: str) -> str:
            if (file, package) not in files:
                files[file, package] = self._relative(file, package)
            return files[file, package]

        parsed = merge(path, [parse_block(b, relative, self._sources) for b in ordered])
        made = _own_places(parsed)
        if self._cache is not None:
            names = [(*printed, name) for printed, name in files.items()]
            self._cache.put(key, zlib.compress(_ENCODER.encode(_Entry(names, made)), _LEVEL))
        return made

    def _known(self, key: str) -> PackageDiagnostics | None:
        data = self._cache.get(key) if self._cache is not None else None
        if data is None:
            return None
        try:
            entry = _DECODER.decode(zlib.decompress(data))
        except (zlib.error, msgspec.DecodeError):
            return None  # cut off by a crash of the machine; it is written anew
        same = all(self._relative(file, package) == name for file, package, name in entry.files)
        return entry.diagnostics if same else None

    def _key(self, path: str, blocks: Sequence[Block]) -> str:
        digest = hashlib.sha256(_code())
        parts = ((b.path, b.variant or "", "\n".join(b.messages)) for b in blocks)
        for part in (path, *itertools.chain.from_iterable(parts)):
            digest.update(f"{len(part)} {part}".encode())
        for package in sorted({b.path for b in blocks}):
            for name, content in self._sources(package):
                digest.update(f"{name} {len(content)} ".encode() + content)
        return digest.hexdigest()

    def _sources(self, package: str) -> list[tuple[str, bytes]]:
        return self._contents.get(package, [])


def _own_places(package: PackageDiagnostics) -> PackageDiagnostics:
    """Drop the sites of generic functions of others, which come and go with their shapes.

    Inlined code of them prints at the line that calls.
    """
    own: dict[str, Any] = {
        name: [x for x in getattr(package, name) if not x.position.foreign]
        for name in ("sites", "decisions", "calls")
    }
    return replace(package, **own)


@cache
def _code() -> bytes:
    """Return the identity of the code that parses messages, and of the classes of the result."""
    digest = hashlib.sha256()
    for directory in (Path(__file__).parent, Path(model.__file__).parent):
        for file in sorted(directory.glob("*.py")):
            digest.update(file.read_bytes())
    return digest.digest()
