"""Unfinished walks: one small file each, next to the records of their machine.

``results/<machine>/<time>.walk``, JSON, and not ``.json``, because asv warns of JSON files that
are not its own. The name is the time at which the walk began, so that directories of results can
be merged by copying files.
"""

from pathlib import Path

import msgspec

from harness.errors import StoreError
from harness.model.walk import WALK_SCHEMA, Walk
from harness.store.files import decode_json, read_bytes, write_atomic

WALK_SUFFIX = ".walk"
_REMEDY = "delete it, and name what is left to measure"


def walk_path(results_dir: Path, machine: str, walk: Walk) -> Path:
    """Path of the file of a walk."""
    return results_dir / machine / f"{round(walk.begun * 1000)}{WALK_SUFFIX}"


def read_walks(results_dir: Path, machine: str) -> tuple[list[Walk], list[str]]:
    """The unfinished walks of a machine, oldest first.

    Also returned is what is wrong with each file that cannot be read. Files of killed writers are
    deleted: one process at a time holds the lock.
    """
    for left in (results_dir / machine).glob(f".*{WALK_SUFFIX}.*"):
        left.unlink(missing_ok=True)
    walks, problems = [], []
    for path in sorted((results_dir / machine).glob(f"[0-9]*{WALK_SUFFIX}")):
        try:
            walk = decode_json(read_bytes(path), Walk, WALK_SCHEMA, str(path), _REMEDY)
        except StoreError as err:
            problems.append(str(err))
            continue
        if walk_path(results_dir, machine, walk) != path:
            problems.append(f"{path}: the name is not that of the walk in it; delete it")
        else:
            walks.append(walk)
    return walks, problems


def write_walk(results_dir: Path, machine: str, walk: Walk) -> None:
    """Write the file of a walk in one step."""
    data = msgspec.json.encode(walk, order="sorted") + b"\n"
    write_atomic(walk_path(results_dir, machine, walk), data)


def remove_walk(results_dir: Path, machine: str, walk: Walk) -> None:
    """Delete the file of a finished walk."""
    path = walk_path(results_dir, machine, walk)
    try:
        path.unlink(missing_ok=True)
    except OSError as err:
        raise StoreError(f"cannot delete {path}: {err.strerror or err}") from None
