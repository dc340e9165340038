"""Putting a tree of files in the place of another in one step."""

import contextlib
import ctypes
import errno
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import StoreError
from harness.scratch import scratch_directory
from harness.store.asv.published import is_published_site

MARKER = ".esv-site"
_MARKER_TEXT = b"This directory is written by `esv publish`; everything in it is replaced.\n"
# Size in bytes, and time of the last change in nanoseconds.
Stamp = tuple[int, int]
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@dataclass(frozen=True, slots=True)
class TreeChange:
    """The difference between the files of a tree and those that were there.

    Attributes:
        added, changed, removed, unchanged: how many files.
        stamps: of the files as they are now.
    """

    added: int
    changed: int
    removed: int
    unchanged: int
    stamps: Mapping[str, Stamp]


def replace_tree(output: Path, files: Iterable[tuple[str, bytes | Stamp | None]]) -> TreeChange:
    """Make ``output`` hold exactly ``files``; a reader sees the old tree or the new one.

    Where it holds them already nothing is replaced, not even the marker, by whose place and time
    ``esv preview`` knows that there is something new.

    The files go to a new directory next to ``output``, which is then swapped in: one that has not
    changed is linked there and not written. Where the system cannot exchange two directories, the
    old one is renamed first and put back if that fails.

    Args:
        output: missing, empty, or a directory that this function or ``asv publish`` wrote.
        files: path, relative and with ``/``, and content. For a file that is there and stays as it
            is its stamp, or ``None`` for whichever is there. Taken one by one, so that not all need
            be in memory.

    Raises:
        StoreError: ``output`` holds something else, cannot be written, or was changed meanwhile.
    """
    output = output.resolve()
    _check(output)
    try:
        with scratch_directory(output.parent, f".{output.name[:40]}.new.") as fresh:
            change = _write(fresh, output, files)
            if change.added or change.changed or change.removed or not (output / MARKER).is_file():
                _swap(fresh, output)
    except OSError as err:
        raise StoreError(f"cannot write {output}: {err.strerror or err}") from None
    return change


def stamps(output: Path) -> dict[str, Stamp]:
    """The stamps of every file of a tree, by its path."""
    found: dict[str, Stamp] = {}

    def look(directory: str, prefix: str) -> None:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    look(entry.path, f"{prefix}{entry.name}/")
                elif entry.is_file() and (prefix or entry.name != MARKER):
                    stat = entry.stat()
                    found[prefix + entry.name] = (stat.st_size, stat.st_mtime_ns)

    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        look(str(output), "")
    return found


def _check(output: Path) -> None:
    """Refuse to replace what is not a site.

    Raises:
        StoreError: it is a file, or a directory with files of somebody else.
    """
    if not output.exists():
        return
    if not output.is_dir():
        raise StoreError(f"cannot write {output}: it is not a directory")
    # `asv publish` has the same html_dir; the one that runs last has it.
    ours = (output / MARKER).is_file() or is_published_site(output)
    if not ours and any(output.iterdir()):
        raise StoreError(
            f"{output} holds files that esv publish did not write and would delete;"
            " empty it, or name another directory"
        )


def _write(
    fresh: Path, output: Path, files: Iterable[tuple[str, bytes | Stamp | None]]
) -> TreeChange:
    there = stamps(output).keys()
    written: set[str] = set()
    folders: set[str] = set()
    same = 0
    for name, data in files:
        written.add(name)
        folder = name.rpartition("/")[0]
        if folder not in folders:
            (fresh / folder).mkdir(parents=True, exist_ok=True)
            folders.add(folder)
        if name in there and _linked(f"{output}/{name}", f"{fresh}/{name}", data):
            same += 1
        elif isinstance(data, bytes):
            (fresh / name).write_bytes(data)
        else:
            raise FileNotFoundError(errno.ENOENT, "another publishing changed it meanwhile", name)
    (fresh / MARKER).write_bytes(_MARKER_TEXT)
    fresh.chmod(0o755)
    common = len(written & there)
    return TreeChange(
        added=len(written) - common,
        changed=common - same,
        removed=len(there - written),
        unchanged=same,
        stamps=stamps(fresh),
    )


def _linked(old: str, new: str, data: bytes | Stamp | None) -> bool:
    """Link a file that stays as it is to its new place; ``False`` if it is another one."""
    if isinstance(data, bytes):
        there = Path(old)
        if there.stat().st_size != len(data) or there.read_bytes() != data:
            return False
    try:
        os.link(old, new)
    except OSError:  # a file system without links
        shutil.copy2(old, new)
    if isinstance(data, tuple):
        found = Path(new).stat()
        return data == (found.st_size, found.st_mtime_ns)
    return True


def _swap(fresh: Path, output: Path) -> None:
    """Put ``fresh`` in the place of ``output``; afterwards ``fresh`` is the old tree or gone."""
    if not output.exists():
        fresh.rename(output)
        return
    if _exchange(fresh, output):
        return
    old = fresh.with_name(fresh.name + ".old")
    output.rename(old)
    try:
        fresh.rename(output)
    except BaseException:
        old.rename(output)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchange(a: Path, b: Path) -> bool:
    """Exchange two directories in one step, where the system can (Linux: ``renameat2``)."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    status: int = renameat2(
        _AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), ctypes.c_uint(_RENAME_EXCHANGE)
    )
    return status == 0
