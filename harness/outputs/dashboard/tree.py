"""Putting a tree of files in the place of another in one step."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import StoreError
from harness.store.published import is_published_site

MARKER = ".esv-site"
_MARKER_TEXT = b"This directory is written by `esv publish`; everything in it is replaced.\n"
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@dataclass(frozen=True, slots=True)
class TreeChange:
    """How the files of a tree differ from those that were there."""

    added: int
    changed: int
    removed: int
    unchanged: int


def replace_tree(output: Path, files: Mapping[str, bytes]) -> TreeChange:
    """Make ``output`` hold exactly ``files``; a reader sees the old tree or the new one.

    Where it holds them already nothing is written, not even the marker, by whose place and time
    ``esv preview`` knows that there is something new.

    The files go to a new directory beside ``output``, which is then swapped in. Where the system
    cannot exchange two directories, the old one is renamed first and put back if that fails.

    Args:
        output: missing, empty, or a directory that this function or ``asv publish`` wrote.
        files: content by path, relative and with ``/``.

    Raises:
        StoreError: ``output`` holds something else, or cannot be written.
    """
    output = output.resolve()
    _check(output)
    change = _difference(output, files)
    if change.unchanged == len(files) and not change.removed and (output / MARKER).is_file():
        return change
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{output.name[:40]}.new.", dir=output.parent))
    except OSError as err:
        raise StoreError(f"cannot write {output}: {err.strerror or err}") from None
    try:
        _write(fresh, files)
        _swap(fresh, output)
    except OSError as err:
        raise StoreError(f"cannot write {output}: {err.strerror or err}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return change


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


def _difference(output: Path, files: Mapping[str, bytes]) -> TreeChange:
    there: set[str] = set()
    if output.is_dir():
        there = {
            p.relative_to(output).as_posix()
            for p in output.rglob("*")
            if p.is_file() and p.name != MARKER
        }
    common = there & files.keys()
    try:
        same = sum((output / name).read_bytes() == files[name] for name in common)
    except OSError:
        same = 0
    return TreeChange(
        added=len(files) - len(common),
        changed=len(common) - same,
        removed=len(there) - len(common),
        unchanged=same,
    )


def _write(root: Path, files: Mapping[str, bytes]) -> None:
    for name in sorted({p.rsplit("/", 1)[0] for p in files if "/" in p}):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (root / name).write_bytes(data)
    (root / MARKER).write_bytes(_MARKER_TEXT)
    root.chmod(0o755)


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
