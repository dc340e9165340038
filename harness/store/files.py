"""Files of the store: JSON of any values, atomic writes, and whether a file changed."""

import os
import re
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

import msgspec

from harness.errors import NewerRecordError, StoreError
from harness.scratch import scratch_file

# No file of the store is larger, packed or not.
MOST_BYTES = 512 << 20
# Not the name of the file: it is swept in any directory, so it must be like no other's.
_PREFIX = ".esv-new-"
_SURROGATE = re.compile("[\ud800-\udfff]")
_ENCODER = msgspec.json.Encoder(order="deterministic")
# Time of the last change in nanoseconds, size and inode of a file.
Stamp: TypeAlias = tuple[int, int, int]


class _Versioned(Protocol):
    @property
    def schema(self) -> str: ...


T = TypeVar("T", bound=_Versioned)


def stamp(path: str | Path, *, follow_symlinks: bool = True) -> Stamp:
    """A value that differs between two contents of a file, without reading it.

    Files are replaced by renaming, so another inode is another content even within the resolution
    of the file system's clock.

    Raises:
        OSError: the file does not exist.
    """
    stat = Path(path).stat(follow_symlinks=follow_symlinks)
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def read_bytes(path: Path) -> bytes:
    """The content of a file; a `StoreError` if it cannot be read, or is larger than any is made."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise StoreError(f"cannot read {path}: it has more than {MOST_BYTES >> 20} MiB")
        return path.read_bytes()
    except OSError as err:
        raise StoreError(f"cannot read {path}: {err.strerror or err}") from None


def decode_json(data: bytes, kind: type[T], schema: str, name: str, remedy: str) -> T:
    """Decode the JSON of a value that has a ``schema``.

    Args:
        schema: of this harness.
        remedy: what to do about a damaged file.
    """
    try:
        value = msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError) as err:
        raise StoreError(f"{name}: damaged ({err}); {remedy}") from None
    if value.schema != schema:
        raise NewerRecordError(f"{name}: written by a newer harness ({value.schema}); upgrade it")
    return value


def write_atomic(path: Path, data: bytes) -> None:
    """Write ``data`` to a temporary file in the same directory, flush it to disk, rename it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch_file(path.parent, _PREFIX) as (temporary, handle):
            with os.fdopen(handle, "wb", closefd=False) as stream:
                stream.write(data)
                stream.flush()
                os.fsync(handle)
            temporary.chmod(0o644)
            temporary.replace(path)
    except OSError as err:
        raise StoreError(f"cannot write {path}: {err.strerror or err}") from None


def to_json(value: object) -> bytes:
    """JSON with a newline at its end.

    Names of files that are no UTF-8 come from the system with surrogates, which JSON cannot hold;
    their bytes become replacement characters.
    """
    try:
        text = _ENCODER.encode(value)
    except UnicodeEncodeError:
        text = _ENCODER.encode(_readable(msgspec.to_builtins(value)))
    return text + b"\n"


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(item) for item in value]
    return value
