"""``--format sarif``: SARIF 2.1.0, for code scanning.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0". The fingerprint
is made of content, so that a finding stays the same one where its line moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from harness import __version__
from harness.analysis.verdict.gate import GateReport, Verdict
from harness.model import FlowStep
from harness.outputs.gate.annotation import NOT_MEASURED, RULES, Annotation, fingerprint
from harness.outputs.gate.annotations import annotate, shown_place
from harness.outputs.gate.annotations import describe as describe_cause
from harness.outputs.gate.base import Failure, Surroundings
from harness.outputs.gate.sarif_log import (
    ArtifactLocation,
    AutomationDetails,
    BaseLocation,
    CodeFlow,
    Invocation,
    Location,
    Log,
    LogicalLocation,
    Message,
    Notification,
    PhysicalLocation,
    Region,
    Result,
    Rule,
    Run,
    Snippet,
    Suppression,
    ThreadFlow,
    ThreadFlowLocation,
    Tool,
    ToolComponent,
)
from harness.outputs.gate.words import benchmark_lines, comparison_line
from harness.outputs.text.format import clip, json_number, json_text, visible

SCHEMA = (
    "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
)
# The host reads no more results of one run than this.
MOST_RESULTS = 5000
_ROOT = "%SRCROOT%"
_LONGEST = 4000


def report(report: GateReport, around: Surroundings) -> str:
    """A log with one run."""
    found = annotate(report)
    results = [_result(report, a, around) for a in found[:MOST_RESULTS]]
    notes = [Notification(level="error", message=_message(a.message)) for a in found if a.error]
    # What is added or renamed is nothing to act upon, so it is said and is no result.
    beside = [comparison_line(report.benchmarks), *benchmark_lines(report.benchmarks)]
    notes += [Notification(level="note", message=_message(text)) for text in beside]
    if len(found) > len(results):
        text = f"{len(found) - len(results)} results are left out; the host reads {MOST_RESULTS}"
        notes.append(Notification(level="warning", message=_message(text)))
    invocation = Invocation(
        execution_successful=report.verdict is not Verdict.ERROR,
        exit_code=report.exit_code,
        tool_execution_notifications=notes,
    )
    release = report.head.environment.toolchain.release
    return _text(invocation, results, [ToolComponent(name="go", version=release)])


def failure(failure: Failure) -> str:
    """A log of a run that has failed, with the one result."""
    text = f"{failure.headline}: {failure.message}"
    invocation = Invocation(
        execution_successful=False,
        exit_code=failure.exit_code,
        tool_execution_notifications=[Notification(level="error", message=_message(text))],
    )
    where = PhysicalLocation(artifact_location=_artifact("asv.conf.json"))
    result = Result(
        rule_id=NOT_MEASURED,
        rule_index=list(RULES).index(NOT_MEASURED),
        level="error",
        message=_message(text),
        locations=[Location(physical_location=where)],
        partial_fingerprints={_FINGERPRINT: fingerprint(NOT_MEASURED, "setup")},
    )
    return _text(invocation, [result], [])


_FINGERPRINT = "escapeVelocity/v1"


def _text(invocation: Invocation, results: list[Result], extensions: list[ToolComponent]) -> str:
    driver = ToolComponent(
        name="Escape Velocity",
        version=__version__,
        semantic_version=__version__,
        rules=[_rule(name) for name in RULES],
    )
    run = Run(
        tool=Tool(driver=driver, extensions=extensions),
        automation_details=AutomationDetails(id="esv-gate/"),
        invocations=[invocation],
        original_uri_base_ids={
            _ROOT: BaseLocation(description=Message(text="The root of the repository."))
        },
        column_kind="unicodeCodePoints",
        results=results,
    )
    log = Log(schema=SCHEMA, version="2.1.0", runs=[run])
    return json_text(log)


def _rule(name: str) -> Rule:
    title, text = RULES[name]
    return Rule(
        id=name,
        name="".join(word.capitalize() for word in name.split("-")),
        short_description=Message(text=title),
        full_description=Message(text=text),
        help=Message(text=f"{text} See `esv gate --explain-policy` for what applies to what."),
    )


def _result(report: GateReport, annotation: Annotation, around: Surroundings) -> Result:
    related = [
        _cause_location(number, cause.file, cause.line, describe_cause(cause))
        for number, cause in enumerate(annotation.causes)
        if not cause.at_base
    ]
    waiver = annotation.waiver
    suppressions = []
    if waiver is not None and annotation.violation is not None:
        words = f"{waiver.owner} until {waiver.expires}: {waiver.reason}"
        suppressions.append(
            Suppression(kind="external", status="accepted", justification=visible(words))
        )
    return Result(
        rule_id=annotation.rule,
        rule_index=list(RULES).index(annotation.rule),
        level=str(annotation.level),
        message=_message(annotation.message),
        locations=[_location(report, annotation, around)],
        code_flows=_code_flows(annotation),
        related_locations=related[:20],
        partial_fingerprints={_FINGERPRINT: annotation.fingerprint},
        suppressions=suppressions,
        properties=_properties(annotation),
    )


def _location(report: GateReport, annotation: Annotation, around: Surroundings) -> Location:
    file, line = shown_place(report, annotation)
    region = Region(start_line=line)
    source = around.source(annotation.revision, file, line) if annotation.file else ""
    if source.strip():
        region.snippet = Snippet(text=visible(clip(source, 400)))
    if annotation.file and annotation.line and annotation.column:
        region.start_column = _code_points(source, annotation.column)
    logical = []
    if annotation.package:
        name = ".".join(x for x in (annotation.package, annotation.function) if x)
        kind = "function" if annotation.function else "module"
        logical.append(LogicalLocation(fully_qualified_name=visible(name), kind=kind))
    return Location(
        physical_location=PhysicalLocation(artifact_location=_artifact(file), region=region),
        logical_locations=logical,
    )


def _code_points(source: str, column: int) -> int:
    """A column in bytes, as Go counts, as one in characters, as far as the line is known."""
    raw = source.encode("utf-8", "surrogatepass")
    if not raw:
        return column
    return len(raw[: column - 1].decode("utf-8", "ignore")) + 1


def _cause_location(number: int, file: str, line: int, text: str) -> Location:
    return Location(
        id=number,
        physical_location=_physical(file, line, 0),
        message=_message(text),
    )


def _physical(file: str, line: int, column: int) -> PhysicalLocation | None:
    if not file or file.startswith("<"):
        return None
    region = Region(start_line=line, start_column=column or None) if line > 0 else None
    return PhysicalLocation(artifact_location=_artifact(file), region=region)


def _code_flows(annotation: Annotation) -> list[CodeFlow]:
    """The compiler's explanation: where the value is, then each step by which it escapes.

    A ``flow:`` line has no position; it is the heading of the steps that follow it.
    """
    if not annotation.flow or not annotation.file:
        return []
    start = Location(
        physical_location=_physical(annotation.file, annotation.line, annotation.column),
        message=_message(_first_line(annotation.message)),
    )
    locations = [ThreadFlowLocation(location=start)]
    locations += _steps(annotation.flow)
    return [CodeFlow(thread_flows=[ThreadFlow(locations=locations)])]


def _steps(flow: Sequence[FlowStep]) -> list[ThreadFlowLocation]:
    found = []
    heading = ""
    for step in flow:
        if step.position is None:
            heading = step.text.strip()
            continue
        text = f"{heading} {step.text.strip()}".strip()
        heading = ""
        where = step.position
        location = Location(
            physical_location=_physical(where.file, where.line, where.column),
            message=_message(text),
        )
        found.append(ThreadFlowLocation(location=location, nesting_level=1))
    return found


def _artifact(file: str) -> ArtifactLocation:
    return ArtifactLocation(uri=quote(file, safe="/", errors="replace"), uri_base_id=_ROOT)


def _message(text: str) -> Message:
    return Message(text=visible(clip(text, _LONGEST)) or "(nothing said)")


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0]


def _properties(annotation: Annotation) -> dict[str, Any]:
    found: dict[str, Any] = {"package": annotation.package, "subject": annotation.subject}
    violation = annotation.violation
    if violation is not None:
        found.update(
            unit=violation.unit,
            base=json_number(violation.base),
            head=json_number(violation.value),
            limit=json_number(violation.limit),
        )
    found.update(policy=annotation.policy, reproduce=annotation.reproduce)
    return {
        k: visible(v) if isinstance(v, str) else v for k, v in found.items() if v not in ("", None)
    }
