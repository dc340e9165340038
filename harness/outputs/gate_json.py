"""``esv gate --format json``: the contract ``esv.gate/1``.

The types are the contract; the JSON Schema that is shipped (``harness/schemas/gate.schema.json``)
is made from them, see :func:`gate_schema`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from harness.analysis import Change, GateReport
from harness.model import EscapeSite, Record

Outcome = Literal[
    "escape",
    "reached",
    "library",
    "growth",
    "size",
    "inlining",
    "compiler",
    "benchmark",
    "mixed",
    "unexplained",
]


class Side(msgspec.Struct):
    """One of the two revisions."""

    revision: str
    toolchain: str


class Cause(msgspec.Struct):
    """A source line that explains a part of a change."""

    file: str
    line: int
    function: str
    delta: float
    escape: Literal["new", "gone", "kept", "none"]
    message: str
    flow: list[str]
    via: str | None


class ChangeEntry(msgspec.Struct):
    """One changed unit of one benchmark."""

    package: str
    benchmark: str
    unit: str
    base: float | int | None
    head: float | int | None
    delta: float | int | None
    direction: Literal["regression", "improvement"]
    exact: bool
    p: float | None
    outcome: Outcome
    explained: float
    causes: list[Cause]
    waived: str | None


class EscapeEntry(msgspec.Struct):
    """An escape site; ``covered`` is null where it is not known whether a benchmark reaches it."""

    package: str
    file: str
    line: int
    function: str
    kind: str
    message: str
    reason: str
    flow: list[str]
    covered: bool | None


class Escapes(msgspec.Struct):
    """The escape sites that came and went."""

    new: list[EscapeEntry]
    gone: list[EscapeEntry]


class ErrorEntry(msgspec.Struct):
    """Something that could not be measured."""

    stage: str
    revision: str
    package: str
    message: str


class GateJson(msgspec.Struct):
    """The whole document."""

    schema: Literal["esv.gate/1"]
    verdict: Literal["pass", "fail", "error"]
    exit_code: int
    base: Side
    head: Side
    changes: list[ChangeEntry]
    escapes: Escapes
    errors: list[ErrorEntry]


def gate_json(report: GateReport) -> str:
    """The report as JSON text, indented, with a final newline."""
    document = GateJson(
        schema="esv.gate/1",
        verdict=report.verdict.value,
        exit_code=report.exit_code,
        base=_side(report.base),
        head=_side(report.head),
        changes=[_change(c) for c in report.changes],
        escapes=Escapes(
            new=[_escape(s) for s in report.escapes.new],
            gone=[_escape(s) for s in report.escapes.gone],
        ),
        errors=[ErrorEntry(e.stage, e.revision, e.package, e.message) for e in report.errors],
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def error_json(base: str, head: str, message: str, exit_code: int) -> str:
    """The document for a gate that could not begin; unknown hashes are empty."""
    document = GateJson(
        schema="esv.gate/1",
        verdict="error",
        exit_code=exit_code,
        base=Side(base, ""),
        head=Side(head, ""),
        changes=[],
        escapes=Escapes([], []),
        errors=[ErrorEntry("setup", "", "", message)],
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def gate_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the document."""
    schema = msgspec.json.schema(GateJson)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _side(record: Record) -> Side:
    return Side(record.revision.hash, record.environment.toolchain.release)


def _change(change: Change) -> ChangeEntry:
    assert change.base is not None
    assert change.head is not None
    return ChangeEntry(
        package=change.package,
        benchmark=change.benchmark,
        unit=change.unit,
        base=_number(change.base.value),
        head=_number(change.head.value),
        delta=_number(change.delta),
        direction="regression" if change.direction == "regression" else "improvement",
        exact=change.exact,
        p=change.p,
        # Attribution is not measured yet, so nothing is claimed of any cause.
        outcome="unexplained",
        explained=0.0,
        causes=[],
        waived=None,
    )


def _escape(site: EscapeSite) -> EscapeEntry:
    return EscapeEntry(
        package=site.package,
        file=site.position.file,
        line=site.position.line,
        function=site.function,
        kind=str(site.kind),
        message=site.message,
        reason=site.reason,
        flow=[s.text + (f" at {s.position}" if s.position else "") for s in site.flow],
        covered=None,
    )


def _number(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value
