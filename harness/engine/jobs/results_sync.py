"""Records on a git branch and records on disk: both become the union.

Two writers rarely have a record of the same machine, revision and environment; where they do, both
come to hold what either has measured, the later of what both have. The state of a machine's nightly
runs travels with its records.
"""

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import NewerRecordError, RepositoryError, StoreError
from harness.git.results_branch import ResultsBranch, blob_id
from harness.store import RECORD_SUFFIX
from harness.store.codec import decode
from harness.store.encoding import encode
from harness.store.files import read_bytes, write_atomic
from harness.store.merging import union
from harness.store.nightly import STATE_NAME, decode_state, encode_state, merge_states

# What a branch may hold; anything else on it is left alone and never written to disk.
_FILE = re.compile(
    rf"[A-Za-z0-9_][^/\\\x00-\x1f]*/(?:[0-9a-f]{{4,40}}-go[\w.+-]+{re.escape(RECORD_SUFFIX)}"
    rf"|{re.escape(STATE_NAME)})"
)
_STATES = f"*/{STATE_NAME}"
_ATTEMPTS = 30


@dataclass(frozen=True, slots=True)
class Synced:
    """Result of a synchronisation."""

    fetched: int
    pushed: int
    warnings: tuple[str, ...]  # files that cannot be read, a line each


def synchronise(
    branch: ResultsBranch,
    results_dir: Path,
    *,
    push: bool,
    sleep: Callable[[float], None] = time.sleep,
) -> Synced:
    """Merge the files of the branch into those on disk and the other way round.

    Where somebody else pushes at the same moment it is done again, so that nothing of either is
    lost; what is on the branch is never deleted.
    """
    fetched: set[str] = set()
    warnings: dict[str, str] = {}
    for attempt in range(_ATTEMPTS):
        theirs = branch.fetch()
        mine = {path: blob_id(read_bytes(results_dir / path)) for path in _local(results_dir)}
        for path, oid in theirs.items():
            if not _FILE.fullmatch(path) or mine.get(path) == oid:
                continue
            own = read_bytes(results_dir / path) if path in mine else None
            try:
                merged = _merge(path, branch.read(oid), own)
            except StoreError as err:
                warnings[path] = f"{branch.name}: {err}"
                if isinstance(err, NewerRecordError):
                    mine.pop(path, None)  # what is there stays there
                continue
            if merged != own:
                write_atomic(results_dir / path, merged)
                fetched.add(path)
            mine[path] = blob_id(merged)
        files = {}
        for path, oid in mine.items():
            if push and theirs.get(path) != oid:
                try:
                    files[path] = _sound(path, read_bytes(results_dir / path))
                except StoreError as err:
                    warnings[path] = f"not put on {branch.name}: {err}"
        if not files:
            return Synced(len(fetched), 0, tuple(warnings.values()))
        records = sum(path.endswith(RECORD_SUFFIX) for path in files)
        machines = ", ".join(sorted({path.split("/")[0] for path in files}))
        if branch.add(files, f"esv nightly: {records} records of {machines}"):
            return Synced(len(fetched), len(files), tuple(warnings.values()))
        # Apart from each other, and longer each time.
        sleep(random.uniform(0, min(0.1 * 2**attempt, 5.0)))  # noqa: S311 - no secret
    raise RepositoryError(f"results branch {branch.name}: others were quicker {_ATTEMPTS} times")


def _local(results_dir: Path) -> list[str]:
    paths = sorted([*results_dir.glob(f"*/*{RECORD_SUFFIX}"), *results_dir.glob(_STATES)])
    names = [path.relative_to(results_dir).as_posix() for path in paths]
    return [name for name in names if _FILE.fullmatch(name)]


def _sound(path: str, data: bytes) -> bytes:
    """The bytes of a file, after a check that they can be read."""
    read = decode_state if path.endswith(STATE_NAME) else decode
    read(data, path)
    return data


def _merge(path: str, theirs: bytes, ours: bytes | None) -> bytes:
    """The union of two files of one name; ours where a newer harness has written it."""
    if path.endswith(STATE_NAME):
        state = decode_state(theirs, path)
        if ours is None:
            return theirs
        return encode_state(merge_states(decode_state(ours, path), state))
    record = decode(theirs, path)
    machine, name = path.split("/")
    digits = name.partition("-")[0]
    expected = f"{digits}-{record.environment.name}{RECORD_SUFFIX}"
    if (machine, name) != (record.machine.machine, expected) or not (
        record.revision.hash.startswith(digits)
    ):
        raise StoreError(f"{path}: holds the record of another machine, revision or environment")
    if ours is None:
        return theirs
    try:
        own = decode(ours, path)
    except NewerRecordError:
        return ours
    except StoreError:
        return theirs
    merged = union(own, record)
    return ours if merged == own else theirs if merged == record else encode(merged)
