"""Files of the user's cache: bytes that can be made again."""

import contextlib
import os
import tempfile
import time
from pathlib import Path

_DAY = 86_400.0
_UNUSED = 30 * _DAY
_STAMP = ".swept"


class FileCache:
    """One file for each key; a file that was not read for 30 days is deleted, once a day.

    Nothing is raised: the caller can make the bytes again. Readers see all of a file or none of it,
    but for a crash of the machine, so the contents must say if they are cut off.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._swept = False

    def get(self, key: str) -> bytes | None:
        """Read the bytes under a key (of letters and digits), ``None`` if there are none."""
        path = self._path(key)
        try:
            data = path.read_bytes()
            if time.time() - path.stat().st_mtime > _DAY:
                os.utime(path)
        except OSError:
            return None
        return data

    def put(self, key: str, data: bytes) -> None:
        """Write bytes under a key; does nothing where that is not possible."""
        path = self._path(key)
        temporary: Path | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".", dir=path.parent)
            temporary = Path(name)
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            temporary.replace(path)
            self._sweep()
        except OSError:
            if temporary is not None:
                temporary.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._directory / key[:2] / key

    def _sweep(self) -> None:
        if self._swept:
            return
        self._swept = True
        stamp = self._directory / _STAMP
        now = time.time()
        if stamp.is_file() and now - stamp.stat().st_mtime < _DAY:
            return
        stamp.touch()
        for path in self._directory.glob("*/*"):
            with contextlib.suppress(OSError):
                if now - path.stat().st_mtime > _UNUSED:
                    path.unlink()
