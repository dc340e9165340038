"""Policy and time lane in the document of the gate (:mod:`harness.outputs.gate.document`). Pure."""

from __future__ import annotations

from typing import Literal

import msgspec

from harness.analysis.compare.timing import TimeReport
from harness.analysis.verdict.gate import GateReport
from harness.analysis.verdict.policy import Violation
from harness.outputs.gate.annotation import Annotation
from harness.outputs.gate.annotations import annotate
from harness.policy.model import Waiver


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
    """What the policy makes of the comparison; ``source`` is empty for the built-in policy.

    ``idle`` are rules that concern nothing at the head, in words.
    """

    source: str
    violations: list[ViolationEntry]
    waived: list[ViolationEntry]
    expired: list[WaiverEntry]
    unused: list[WaiverEntry]
    idle: list[str]


class NoiseEntry(msgspec.Struct):
    """What the base differs from itself by; ``shift``, ``spread``, ``relevant`` are shares."""

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


def waived(waiver: Waiver) -> str:
    """A waiver in one line: by whom, until when, why."""
    return f"{waiver.owner} until {waiver.expires}: {waiver.reason}"


def policy_entry(report: GateReport) -> PolicyEntry:
    """What the policy makes of the comparison."""
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


def time_entry(time: TimeReport) -> TimeEntry:
    """The time lane with its noise."""
    return TimeEntry(
        fit=not time.unfit,
        noise=[
            NoiseEntry(n.package, n.benchmark, n.shift, n.p, n.spread, n.relevant, n.unfit)
            for n in time.noise
        ],
    )


def _violation(annotation: Annotation, violation: Violation) -> ViolationEntry:
    return ViolationEntry(
        rule=violation.rule.value,
        text=violation.text,
        package=violation.package,
        subject=violation.subject,
        unit=violation.unit,
        base=_optional(violation.base),
        head=_optional(violation.value),
        limit=_optional(violation.limit),
        file=annotation.file,
        line=annotation.line,
        function=annotation.function,
        policy_line=violation.line,
        fingerprint=annotation.fingerprint,
        waiver=_waiver(violation.waiver) if violation.waiver is not None else None,
    )


def _waiver(waiver: Waiver) -> WaiverEntry:
    return WaiverEntry(
        owner=waiver.owner,
        reason=waiver.reason,
        expires=waiver.expires.isoformat(),
        benchmark=waiver.benchmark,
        unit=waiver.unit,
        escape=waiver.escape,
        file=waiver.file,
        function=waiver.function,
        line=waiver.line,
    )


def _optional(value: float | None) -> float | int | None:
    if value is None:
        return None
    return int(value) if float(value).is_integer() else value
