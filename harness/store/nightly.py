"""The state of ``esv nightly``: one small file next to the records of its machine.

``results/<machine>/nightly.state``, JSON, and not ``.json``, because asv warns of JSON files that
are not its own.
"""

from dataclasses import astuple, replace
from pathlib import Path

import msgspec

from harness.model.nightly import NightlyState
from harness.store.files import decode_json, read_bytes, write_atomic

STATE_NAME = "nightly.state"


def state_path(results_dir: Path, machine: str) -> Path:
    """Path of the state of a machine."""
    return results_dir / machine / STATE_NAME


def read_state(path: Path) -> NightlyState:
    """The state in a file, an empty one if there is none."""
    try:
        path.stat()
    except FileNotFoundError:
        return NightlyState()
    except OSError:
        pass  # reading says why
    return decode_state(read_bytes(path), str(path))


def decode_state(data: bytes, name: str) -> NightlyState:
    """Read the bytes of a state file; see :func:`decode_json`."""
    remedy = "delete it: steps that are recorded by now become history"
    return decode_json(data, NightlyState, NightlyState().schema, name, remedy)


def encode_state(state: NightlyState) -> bytes:
    """The bytes of a state file, the same for the same state."""
    environments = {
        name: replace(entry, reported=tuple(sorted(entry.reported, key=astuple)))
        for name, entry in state.environments.items()
    }
    return msgspec.json.encode(replace(state, environments=environments), order="sorted") + b"\n"


def write_state(path: Path, state: NightlyState) -> None:
    """Write a state in one step."""
    write_atomic(path, encode_state(state))


def merge_states(ours: NightlyState, theirs: NightlyState) -> NightlyState:
    """The reports of two machines of one name; the other's beginning is retained."""
    merged = dict(theirs.environments)
    for name, own in ours.environments.items():
        other = merged.get(name)
        if other is None:
            merged[name] = own
            continue
        both = sorted((*own.reported, *other.reported), key=lambda r: r.at)
        latest = {(r.series, r.direction, r.previous, r.revision): r for r in both}
        newest = tuple(dict.fromkeys((*own.newest, *other.newest)))
        merged[name] = replace(
            other, reported=tuple(latest.values()), newest=newest, failures=own.failures
        )
    return replace(ours, environments=merged)
