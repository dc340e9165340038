"""Files and directories that last as long as a command.

The maker holds a lock (``flock``) on each, which ends with the process, however that ends. One that
can be locked has no living owner, and the next command removes it. Where a file system has no such
locks nothing is removed.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_swept: set[tuple[Path, str]] = set()


@contextlib.contextmanager
def scratch_directory(parent: Path, prefix: str) -> Iterator[Path]:
    """Make a directory, removed afterwards unless it was renamed; remove those of dead owners.

    No other file in ``parent`` may have a name that begins with ``prefix``.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _sweep(parent, prefix)
    with contextlib.ExitStack() as owned:
        with _alone(parent):
            path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
            owned.callback(shutil.rmtree, path, ignore_errors=True)
            _lock(path, owned)
        yield path


@contextlib.contextmanager
def scratch_file(parent: Path, prefix: str) -> Iterator[tuple[Path, int]]:
    """Make a file that is removed afterwards; this module closes its descriptor."""
    _sweep(parent, prefix)
    with contextlib.ExitStack() as owned:
        with _alone(parent):
            handle, name = tempfile.mkstemp(prefix=prefix, dir=parent)
            owned.callback(Path(name).unlink, missing_ok=True)
            owned.callback(os.close, handle)
            with contextlib.suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield Path(name), handle


def _sweep(parent: Path, prefix: str) -> None:
    """Remove what no living process owns, once per process."""
    if (parent, prefix) in _swept:
        return
    _swept.add((parent, prefix))
    with contextlib.ExitStack() as owned:
        with _alone(parent):
            left = [
                path
                for path in parent.iterdir()
                if path.name.startswith(prefix) and _lock(path, owned)
            ]
        for path in left:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    path.unlink()


def _lock(path: Path, owned: contextlib.ExitStack) -> bool:
    """Lock a file or directory until the stack is left; return False if another process has it."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        owned.callback(os.close, handle)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Keep others from sweeping something that is made and not yet locked."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            handle = os.open(directory, os.O_RDONLY)
            stack.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
