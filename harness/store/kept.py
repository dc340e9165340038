"""What one publishing leaves for the next, in the cache: objects that can be made again."""

from __future__ import annotations

import pickle
import sys
from functools import cache
from hashlib import blake2b
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from typing import Any

from harness.store.memo import FileMemo

_DIGEST = 16
# What pages are made with, besides the code of this package.
_LIBRARIES = ("Jinja2", "MarkupSafe", "msgspec", "numpy", "scipy")


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
        return pickle.loads(body)  # noqa: S301 (see above)

    def put(self, value: object) -> None:
        """Keep a value; nothing happens where that is not possible."""
        body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        self._memo.put(self._key, code_digest() + _digest(body) + body)


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
