"""``--format json``: the contract ``esv.gate/1``.

The JSON Schema that is shipped (``gate.schema.json``) is made from the types.
"""

from typing import Any, Literal

import msgspec

from harness.analysis.compare.renames import BenchmarkDiff
from harness.analysis.compare.timing import TimeReport
from harness.analysis.verdict.gate import GateReport
from harness.analysis.verdict.policy import Violation
from harness.outputs.gate.annotation import Annotation
from harness.outputs.gate.annotations import annotate
from harness.outputs.gate.base import Failure, Surroundings
from harness.outputs.records.explain import (
    ChangeEntry,
    CompilerEntry,
    ErrorEntry,
    Escapes,
    Side,
    change_entry,
    compiler_entry,
    escape_entries,
    side_entry,
)
from harness.outputs.text.format import entry, json_number, json_schema, json_text
from harness.policy.model import Waiver


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
    """The number of benchmarks that were compared, and those that only one side has.

    What one side could not measure is among the errors, and neither gone nor added.
    """

    compared: int
    gone: list[GoneEntry]
    added: list[BenchmarkEntry]
    renamed: list[RenamedEntry]


class WaiverEntry(msgspec.Struct):
    """A waiver of the policy; ``line`` is its place in the file."""

    owner: str
    reason: str
    expires: str
    benchmark: str
    unit: str
    escape: str
    file: str
    function: str
    line: int


class ViolationEntry(msgspec.Struct):
    """A rule that the head breaks, or would without the waiver.

    ``file`` and ``line`` are of the head and empty and 0 where no place is known; those of a
    benchmark that is gone are of the base where the head has nothing of it. ``policy_line`` is 0
    for a built-in rule; ``fingerprint`` is made of content and not of the line.
    """

    rule: Literal["threshold", "budget", "new-escape", "no-escape", "gone"]
    text: str
    package: str
    subject: str
    unit: str
    base: float | int | None
    head: float | int | None
    limit: float | int | None
    file: str
    line: int
    function: str
    policy_line: int
    fingerprint: str
    waiver: WaiverEntry | None


class PolicyEntry(msgspec.Struct):
    """The policy's verdict on the comparison; ``source`` is empty for the built-in policy.

    ``idle`` are rules that concern nothing at the head, in words.
    """

    source: str
    violations: list[ViolationEntry]
    waived: list[ViolationEntry]
    expired: list[WaiverEntry]
    unused: list[WaiverEntry]
    idle: list[str]


class NoiseEntry(msgspec.Struct):
    """The base's difference from itself; ``shift``, ``spread``, ``relevant`` are shares."""

    package: str
    benchmark: str
    shift: float
    p: float
    spread: float
    relevant: float
    unfit: bool


class TimeEntry(msgspec.Struct):
    """The time lane; where it is not fit its changes do not count."""

    fit: bool
    noise: list[NoiseEntry]


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


def report(report: GateReport, around: Surroundings) -> str:
    """The document of a gate that has a verdict."""
    waivers = {
        (v.package, v.subject, v.unit): v.waiver
        for v in report.judgement.waived
        if v.change is not None
    }
    document = GateJson(
        schema="esv.gate/1",
        verdict=report.verdict.value,
        exit_code=report.exit_code,
        base=side_entry(report.older or report.base),
        head=side_entry(report.head),
        changes=[
            change_entry(c, report.attributions.get(key), waivers.get(key))
            for c in report.changes
            for key in [(c.package, c.benchmark, c.unit)]
        ],
        escapes=escape_entries(report.escapes),
        errors=[entry(ErrorEntry, e) for e in report.errors],
        policy=_policy(report),
        time=_time(report.time) if report.time is not None else None,
        compiler=compiler_entry(report.older, report.base, report.by_compiler),
        benchmarks=_benchmarks(report.benchmarks),
    )
    return json_text(document)


def failure(failure: Failure) -> str:
    """The document of a gate that could not begin; what is not known is empty."""
    document = GateJson(
        schema="esv.gate/1",
        verdict="error",
        exit_code=failure.exit_code,
        base=Side("", ""),
        head=Side("", ""),
        changes=[],
        escapes=Escapes([], []),
        errors=[ErrorEntry("setup", "", "", failure.message)],
        policy=PolicyEntry("", [], [], [], [], []),
        time=None,
    )
    return json_text(document)


def gate_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the document."""
    return json_schema(GateJson)


def _benchmarks(diff: BenchmarkDiff) -> Benchmarks:
    return Benchmarks(
        compared=len(diff.compared),
        gone=[entry(GoneEntry, b, allocs=json_number(b.allocs)) for b in diff.gone],
        added=[BenchmarkEntry(*key) for key in diff.added],
        renamed=[
            entry(RenamedEntry, b, was=BenchmarkEntry(b.old_package, b.old_benchmark))
            for b in diff.renamed
        ],
    )


def _policy(report: GateReport) -> PolicyEntry:
    judgement = report.judgement
    violations = [_violation(a, a.violation) for a in annotate(report) if a.violation]
    return PolicyEntry(
        source=report.policy.source,
        violations=[v for v in violations if v.waiver is None],
        waived=[v for v in violations if v.waiver is not None],
        expired=[_waiver(w) for w in judgement.expired],
        unused=[_waiver(w) for w in judgement.unused],
        idle=list(judgement.idle),
    )


def _time(time: TimeReport) -> TimeEntry:
    return TimeEntry(fit=not time.unfit, noise=[entry(NoiseEntry, n) for n in time.noise])


def _violation(annotation: Annotation, violation: Violation) -> ViolationEntry:
    return entry(
        ViolationEntry,
        violation,
        base=json_number(violation.base),
        head=json_number(violation.value),
        limit=json_number(violation.limit),
        file=annotation.file,
        line=annotation.line,
        function=annotation.function,
        policy_line=violation.line,
        fingerprint=annotation.fingerprint,
        waiver=_waiver(violation.waiver) if violation.waiver is not None else None,
    )


def _waiver(waiver: Waiver) -> WaiverEntry:
    return entry(WaiverEntry, waiver, expires=waiver.expires.isoformat())
