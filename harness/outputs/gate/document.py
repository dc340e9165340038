"""``esv gate --format json``: the contract ``esv.gate/1``.

The types are the contract; the JSON Schema that is shipped (``harness/schemas/gate.schema.json``)
is made from them, see :func:`gate_schema`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from harness.analysis.causes.attribution import Attribution, Outcome
from harness.analysis.causes.attribution import Cause as AttributedCause
from harness.analysis.causes.crossing import Crossing
from harness.analysis.compare.comparison import Change
from harness.analysis.compare.erased import InliningChange, inlining_changes
from harness.analysis.compare.escapes import EscapeDiff, diff_escapes
from harness.analysis.compare.renames import BenchmarkDiff, GoneBenchmark
from harness.analysis.verdict.gate import GateReport
from harness.errors import EXIT_ERROR
from harness.model import EscapeSite, Record, TreeDiff
from harness.outputs.gate.policy_document import (
    PolicyEntry,
    TimeEntry,
    policy_entry,
    time_entry,
    waived,
)
from harness.outputs.text.erased import erased_json
from harness.outputs.text.format import json_schema, json_text
from harness.policy.model import Waiver


class Side(msgspec.Struct):
    """One of the two revisions."""

    revision: str
    toolchain: str


class Cause(msgspec.Struct):
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
    outcome: Outcome
    note: str
    side: Literal["base", "head"]
    calls: list[str]
    setup: bool = False


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
    outcome: Outcome
    explained: float
    causes: list[Cause]
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


class InliningEntry(msgspec.Struct):
    """An inlining that was lost or won; the escapes that it brings back, or erases."""

    package: str
    function: str
    file: str
    line: int
    lost: bool
    cost: int | None
    budget: int | None
    reason: str
    escapes: list[dict[str, Any]]


class BenchmarkEntry(msgspec.Struct):
    """A benchmark by its full name; of one that was renamed, the function."""

    package: str
    benchmark: str


class GoneEntry(msgspec.Struct):
    """A benchmark of the base that the head does not have; ``allocs`` is allocs/op at the base."""

    package: str
    benchmark: str
    reason: str
    allocs: float | int | None


class RenamedEntry(msgspec.Struct):
    """A benchmark function of the head that ``was`` another one at the base; compared."""

    package: str
    benchmark: str
    was: BenchmarkEntry


class Benchmarks(msgspec.Struct):
    """What was compared, a number, and what only one side has.

    What one side could not measure is among the errors, and neither gone nor added.
    """

    compared: int
    gone: list[GoneEntry]
    added: list[BenchmarkEntry]
    renamed: list[RenamedEntry]


class GateJson(msgspec.Struct):
    """The document; ``policy``, ``time`` and ``benchmarks`` are additions to the contract."""

    schema: Literal["esv.gate/1"]
    verdict: Literal["pass", "fail", "error"]
    exit_code: int
    base: Side
    head: Side
    changes: list[ChangeEntry]
    escapes: Escapes
    errors: list[ErrorEntry]
    policy: PolicyEntry
    time: TimeEntry | None
    compiler: CompilerEntry | None = None
    benchmarks: Benchmarks = msgspec.field(default_factory=lambda: Benchmarks(0, [], [], []))


class ExplainJson(msgspec.Struct):
    """What ``esv explain`` tells.

    ``cost`` and ``budget`` of an inlining are those of the side on which it is refused.
    """

    schema: Literal["esv.explain/1"]
    base: Side
    head: Side
    changes: list[ChangeEntry]
    escapes: Escapes
    errors: list[ErrorEntry]
    compiler: CompilerEntry | None = None
    inlining: list[InliningEntry] = []


def gate_json(report: GateReport) -> str:
    """The report as JSON text, indented, with a final newline."""
    waivers = {
        (v.package, v.subject, v.unit): v.waiver
        for v in report.judgement.waived
        if v.change is not None
    }
    document = GateJson(
        schema="esv.gate/1",
        verdict=report.verdict.value,
        exit_code=report.exit_code,
        base=_side(report.older or report.base),
        head=_side(report.head),
        changes=[
            _change(c, report.attributions.get(key), waivers.get(key))
            for c in report.changes
            for key in [(c.package, c.benchmark, c.unit)]
        ],
        escapes=_escapes(report.escapes),
        errors=[ErrorEntry(e.stage, e.revision, e.package, e.message) for e in report.errors],
        policy=policy_entry(report),
        time=time_entry(report.time) if report.time is not None else None,
        compiler=_compiler(report.older, report.base),
        benchmarks=_benchmarks(report.benchmarks),
    )
    return json_text(document)


def explain_json(
    crossing: Crossing,
    diffs: Sequence[TreeDiff] | None,
    changes: Sequence[Change],
    attributions: Mapping[tuple[str, str, str], Attribution],
) -> str:
    """``esv explain --format json``: as the gate's document, without a verdict."""
    base, head = crossing.base, crossing.head
    document = ExplainJson(
        schema="esv.explain/1",
        base=_side(crossing.older or base),
        head=_side(head),
        changes=[_change(c, attributions.get((c.package, c.benchmark, c.unit))) for c in changes],
        escapes=_escapes(diff_escapes(base, head, diffs)),
        errors=[],
        compiler=_compiler(crossing.older, base),
        inlining=[_inlining(c) for c in inlining_changes(base, head)],
    )
    return json_text(document)


def error_json(message: str, exit_code: int = EXIT_ERROR) -> str:
    """The document of a gate that could not begin; what is not known is empty."""
    document = GateJson(
        schema="esv.gate/1",
        verdict="error",
        exit_code=exit_code,
        base=Side("", ""),
        head=Side("", ""),
        changes=[],
        escapes=Escapes([], []),
        errors=[ErrorEntry("setup", "", "", message)],
        policy=PolicyEntry("", [], [], [], [], []),
        time=None,
    )
    return json_text(document)


def gate_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the document."""
    return json_schema(GateJson)


def _side(record: Record) -> Side:
    return Side(record.revision.hash, record.environment.toolchain.release)


def _change(
    change: Change, attribution: Attribution | None, waiver: Waiver | None = None
) -> ChangeEntry:
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
        # Without an account nothing is claimed of any cause.
        outcome=attribution.outcome if attribution else "unexplained",
        explained=round(attribution.explained, 4) if attribution else 0.0,
        causes=[_cause(c) for c in attribution.causes] if attribution else [],
        unexplained=round(attribution.unexplained, 4) if attribution else _number(change.delta),
        waived=waived(waiver) if waiver is not None else None,
        by_compiler=_number(change.by_compiler),
    )


def _escapes(escapes: EscapeDiff) -> Escapes:
    return Escapes(
        new=[_escape(s, escapes) for s in escapes.new],
        gone=[_escape(s, escapes) for s in escapes.gone],
    )


def _compiler(older: Record | None, base: Record) -> CompilerEntry | None:
    if older is None:
        return None
    return CompilerEntry(
        base=older.environment.toolchain.release,
        head=base.environment.toolchain.release,
        escapes=_escapes(diff_escapes(older, base, ())),
    )


def _benchmarks(diff: BenchmarkDiff) -> Benchmarks:
    def gone(b: GoneBenchmark) -> GoneEntry:
        allocs = None if b.allocs is None else _number(b.allocs)
        return GoneEntry(b.package, b.benchmark, b.reason, allocs)

    return Benchmarks(
        compared=len(diff.compared),
        gone=[gone(b) for b in diff.gone],
        added=[BenchmarkEntry(*key) for key in diff.added],
        renamed=[
            RenamedEntry(b.package, b.benchmark, BenchmarkEntry(b.old_package, b.old_benchmark))
            for b in diff.renamed
        ],
    )


def _inlining(change: InliningChange) -> InliningEntry:
    refusal = change.refusal
    return InliningEntry(
        package=refusal.package,
        function=refusal.function,
        file=refusal.position.file,
        line=refusal.position.line,
        lost=change.lost,
        cost=refusal.cost,
        budget=change.budget,
        reason=refusal.reason,
        escapes=erased_json(change.escapes),
    )


def _cause(cause: AttributedCause) -> Cause:
    site = cause.site
    return Cause(
        file=cause.file,
        line=cause.line,
        function=cause.function,
        delta=round(cause.delta, 4),
        escape=cause.escape,
        message=site.message if site else "",
        flow=_flow(site) if site else [],
        via=cause.via or None,
        outcome=cause.outcome,
        note=cause.note,
        side="base" if cause.at_base else "head",
        calls=[call.callee for call in cause.calls],
        setup=cause.setup,
    )


def _flow(site: EscapeSite) -> list[str]:
    return [s.text + (f" at {s.position}" if s.position else "") for s in site.flow]


def _escape(site: EscapeSite, diff: EscapeDiff) -> EscapeEntry:
    cost = diff.cost(site)
    return EscapeEntry(
        package=site.package,
        file=site.position.file,
        line=site.position.line,
        function=site.function,
        kind=str(site.kind),
        message=site.message,
        reason=site.reason,
        flow=_flow(site),
        covered=cost.covered,
        reach=cost.reach.value if cost.reach else None,
        allocates=cost.allocates,
    )


def _number(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value
