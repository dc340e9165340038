"""``esv explain --format json``: ``esv.explain/1``.

`esv gate --format json` has the same changes, causes and escapes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from harness.analysis.causes.attribution import Attribution, Cause, CauseKind
from harness.analysis.compare.comparison import Change
from harness.analysis.compare.erased import InliningChange
from harness.analysis.compare.escapes import EscapeDiff
from harness.analysis.compare.records import RecordDiff
from harness.model import EscapeSite, Record
from harness.outputs.text.erased import erased_json
from harness.outputs.text.explanation import waiver_text
from harness.outputs.text.format import entry, json_number, json_text
from harness.policy.model import Waiver


class Side(msgspec.Struct):
    """One of the two revisions."""

    revision: str
    toolchain: str


class CauseEntry(msgspec.Struct):
    """A source line that explains a part of a change.

    ``calls`` are the functions of the runtime that allocate on a line without an escape. With
    ``setup`` the line allocates this once in a run, divided by its iterations, and not in each
    operation.
    """

    file: str
    line: int
    function: str
    delta: float
    escape: Literal["new", "gone", "kept", "none"]
    message: str
    flow: list[str]
    via: str | None
    outcome: CauseKind
    note: str
    side: Literal["base", "head"]
    calls: list[str]
    setup: bool = False


CauseEntry.__name__ = "Cause"  # in the published JSON Schema


class ChangeEntry(msgspec.Struct):
    """One changed unit of one benchmark; the causes' deltas and ``unexplained`` add up to delta."""

    package: str
    benchmark: str
    unit: str
    base: float | int | None
    head: float | int | None
    delta: float | int | None
    direction: Literal["regression", "improvement"]
    exact: bool
    p: float | None
    outcome: CauseKind
    explained: float
    causes: list[CauseEntry]
    unexplained: float | int
    waived: str | None
    by_compiler: float | int = 0


class EscapeEntry(msgspec.Struct):
    """An escape site.

    ``covered`` is whether a benchmark executes it, null where that is not known; ``reach`` says
    more: ``allocates`` (an account has its line), ``executed``, ``free`` (executed, and nothing is
    allocated there or no benchmark allocates more than before), ``unexecuted`` (in a branch not
    taken), ``uncovered`` (its function is not entered). ``allocates`` is whether the compiled code
    allocates there at all, null where it cannot be told.
    """

    package: str
    file: str
    line: int
    function: str
    kind: str
    message: str
    reason: str
    flow: list[str]
    covered: bool | None
    reach: Literal["allocates", "executed", "free", "unexecuted", "uncovered"] | None
    allocates: bool | None


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


class CompilerEntry(msgspec.Struct):
    """The base was measured with two releases: the escapes that the newer brings and takes."""

    base: str
    head: str
    escapes: Escapes


def explain_json(
    diff: RecordDiff,
    attributions: Mapping[tuple[str, str, str], Attribution],
    inlining: Sequence[InliningChange],
) -> str:
    """As the gate's document, without a verdict."""
    base, older = diff.base, diff.older
    changes = [
        change_entry(c, attributions.get((c.package, c.benchmark, c.unit))) for c in diff.changes
    ]
    return json_text(
        {
            "schema": "esv.explain/1",
            "base": side_entry(older or base),
            "head": side_entry(diff.head),
            "changes": changes,
            "escapes": escape_entries(diff.escapes),
            "errors": [],
            "compiler": compiler_entry(older, base, diff.by_compiler),
            "inlining": [_inlining(c) for c in inlining],
        }
    )


def side_entry(record: Record) -> Side:
    """A record's revision and release of Go."""
    return Side(record.revision.hash, record.environment.toolchain.release)


def change_entry(
    change: Change, attribution: Attribution | None, waiver: Waiver | None = None
) -> ChangeEntry:
    """A change with its causes, as far as they are known."""
    assert change.base is not None
    assert change.head is not None
    return entry(
        ChangeEntry,
        change,
        base=json_number(change.base.value),
        head=json_number(change.head.value),
        delta=json_number(change.delta),
        direction="regression" if change.direction == "regression" else "improvement",
        # Without an account nothing is claimed of any cause.
        outcome=attribution.outcome if attribution else "unexplained",
        explained=round(attribution.explained, 4) if attribution else 0.0,
        causes=[_cause(c) for c in attribution.causes] if attribution else [],
        unexplained=round(attribution.unexplained, 4) if attribution else json_number(change.delta),
        waived=waiver_text(waiver) if waiver is not None else None,
        by_compiler=json_number(change.by_compiler),
    )


def escape_entries(escapes: EscapeDiff) -> Escapes:
    """The sites that are new or gone."""
    return Escapes(
        new=[_escape(s, escapes) for s in escapes.new],
        gone=[_escape(s, escapes) for s in escapes.gone],
    )


def compiler_entry(
    older: Record | None, base: Record, escapes: EscapeDiff | None
) -> CompilerEntry | None:
    """The escapes that another release of Go changes in the base, if it was measured."""
    if older is None or escapes is None:
        return None
    return CompilerEntry(
        base=older.environment.toolchain.release,
        head=base.environment.toolchain.release,
        escapes=escape_entries(escapes),
    )


def _inlining(change: InliningChange) -> dict[str, Any]:
    """An inlining that was lost or won; cost and budget are of the side on which it is refused."""
    refusal = change.refusal
    return {
        "package": refusal.package,
        "function": refusal.function,
        "file": refusal.position.file,
        "line": refusal.position.line,
        "lost": change.lost,
        "cost": refusal.cost,
        "budget": change.budget,
        "reason": refusal.reason,
        "escapes": erased_json(change.escapes),
    }


def _cause(cause: Cause) -> CauseEntry:
    site = cause.site
    return entry(
        CauseEntry,
        cause,
        delta=round(cause.delta, 4),
        message=site.message if site else "",
        flow=_flow(site) if site else [],
        via=cause.via or None,
        side="base" if cause.at_base else "head",
        calls=[call.callee for call in cause.calls],
    )


def _flow(site: EscapeSite) -> list[str]:
    return [s.text + (f" at {s.position}" if s.position else "") for s in site.flow]


def _escape(site: EscapeSite, diff: EscapeDiff) -> EscapeEntry:
    cost = diff.cost(site)
    return entry(
        EscapeEntry,
        site,
        file=site.position.file,
        line=site.position.line,
        flow=_flow(site),
        covered=cost.covered,
        reach=cost.reach.value if cost.reach else None,
        allocates=cost.allocates,
    )
