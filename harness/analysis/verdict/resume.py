"""A pass over a history as bytes, to go on from when there are more records. Pure.

The records, and the code of the newest one, are not in the bytes: they are named, and taken from
the history that the pass goes on with. So its objects are those that the next record is compared
with, and the bytes have little more than what is no longer in any record.
"""

import pickle
from functools import cache
from io import BytesIO
from typing import Any

from harness.analysis.history.history import History
from harness.analysis.series.series import Slot, slots
from harness.analysis.verdict.summary import Pass
from harness.model import CodePart, EscapeSite, Record


def dump(done: Pass) -> bytes:
    """The bytes of a pass."""
    history, file = done.history, BytesIO()
    pickle.dump([_place(history, r.slot) for r in done.revisions], file)
    _Pickler(file, done).dump(done)
    return file.getvalue()


def resume(history: History, data: bytes) -> Pass:
    """The pass to go on with: that of the bytes, if the history begins with the same records.

    Args:
        history: with the ids of its records.
        data: of :func:`dump`, in the same version of this package; may be empty.
    """
    file = BytesIO(data)
    before = pickle.load(file) if data else []  # noqa: S301 - of the user's cache
    places = [_place(history, slot) for slot in slots(history)]
    if not before or before != places[: len(before)]:
        return Pass(history)
    resumed: Pass = _Unpickler(file, history).load()
    return resumed


def _place(history: History, slot: Slot) -> tuple[tuple[str, ...], str]:
    return slot.hashes, history.ids[slot.revision] if slot.record is not None else ""


class _Pickler(pickle.Pickler):
    def __init__(self, file: BytesIO, done: Pass) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        newest, code = done.newest, done.code
        self._code = {id(part): ("code", newest, package) for package, part in code.items()}
        self._sites = {
            id(site): ("site", newest, package, number)
            for package, part in code.items()
            for number, site in enumerate(part.escapes)
        }

    def persistent_id(self, value: Any) -> Any:
        """The name of what the history has; ``None`` for what is pickled."""
        kind = type(value)
        if kind is EscapeSite:
            return self._sites.get(id(value))
        if kind is CodePart:
            return self._code.get(id(value))
        if kind is Record:
            return ("record", value.revision.hash)
        return ("history",) if kind is History else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BytesIO, history: History) -> None:
        super().__init__(file)
        self._history, self._parts = history, cache(history.parts)

    def persistent_load(self, name: Any) -> Any:
        """The object of the history that a name stands for."""
        match name:
            case ("record", revision):
                return self._history.by_hash[revision]
            case ("code", revision, package):
                return self._parts(revision)[package]
            case ("site", revision, package, number):
                return self._parts(revision)[package].escapes[number]
        return self._history
