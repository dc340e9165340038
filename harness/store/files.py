"""Writing a file so that a reader sees the old one or the new one, never half of either."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from harness.errors import StoreError


def write_atomic(path: Path, data: bytes) -> None:
    """Write ``data`` to a temporary file in the same directory, flush it to disk, rename it.

    Raises:
        StoreError: the directory cannot be written; nothing is left behind.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    except OSError as err:
        raise StoreError(f"cannot write {path}: {err.strerror or err}") from None
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as err:
        temporary.unlink(missing_ok=True)
        raise StoreError(f"cannot write {path}: {err.strerror or err}") from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
