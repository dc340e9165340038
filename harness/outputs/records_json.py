"""Records and comparisons as JSON. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from harness.analysis import Change, EscapeDiff
from harness.analysis.views import ViewDiff
from harness.model import Record, View


def record_json(record: Record) -> str:
    """The whole record, as it is stored."""
    return _text(msgspec.to_builtins(record))


def comparison_json(
    base: Record, head: Record, changes: Sequence[Change], escapes: EscapeDiff
) -> str:
    """Every unit of every benchmark of two records, and the escapes that came and went.

    A side that is missing is null, as are figures that cannot be told of it.
    """
    return _text(
        {
            "schema": "esv.compare/1",
            "base": {"revision": base.revision.hash, "environment": base.environment.name},
            "head": {"revision": head.revision.hash, "environment": head.environment.name},
            "changes": [_change(c) for c in changes],
            "escapes": msgspec.to_builtins(escapes),
        }
    )


def views_json(base: tuple[View, Record], head: tuple[View, Record], difference: ViewDiff) -> str:
    """What each of two views says that the other does not, by what the lines are about."""
    sides = {
        word: {
            "revision": record.revision.hash,
            "environment": record.environment.name,
            "gcflags": view.gcflags,
        }
        for word, (view, record) in (("base", base), ("head", head))
    }
    return _text({"schema": "esv.views/1", **sides, **msgspec.to_builtins(difference)})


def _change(change: Change) -> dict[str, Any]:
    both = change.base is not None and change.head is not None
    return {
        "package": change.package,
        "benchmark": change.benchmark,
        "unit": change.unit,
        "base": change.base.samples if change.base else None,
        "head": change.head.samples if change.head else None,
        "delta": change.delta if both else None,
        "direction": change.direction.value,
        "exact": change.exact,
        "p": change.p,
    }


def _text(data: object) -> str:
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode() + "\n"
