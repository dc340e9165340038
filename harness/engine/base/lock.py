"""One process at a time in the work tree of a repository."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from harness.engine.base.progress import Progress
from harness.errors import MeasurementError


def hold(path: Path, progress: Progress) -> FileLock:
    """The lock, held until it is let go of or the process ends; others wait, and are told so.

    Raises:
        MeasurementError: the cache, in which it lies, cannot be used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            progress.step("waiting for another esv that measures this repository")
            lock.acquire()
    except OSError as err:
        raise MeasurementError(
            f"cannot use the cache {path.parent}: {err.strerror or err};"
            ' set "cache_dir" in the "go" section of asv.conf.json'
        ) from None
    return lock
