"""``--format sarif``: SARIF 2.1.0, for code scanning.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0". The fingerprint
is made of content, so that a finding stays the same one where its line moves.
"""

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
from harness.outputs.gate.words import benchmark_lines, comparison_line
from harness.outputs.text.explanation import waiver_text
from harness.outputs.text.format import clip, json_number, json_text, visible

SCHEMA = (
    "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
)
# The host reads no more results of one run than this.
MOST_RESULTS = 5000
_ROOT = "%SRCROOT%"
_LONGEST = 4000


Object = dict[str, Any]


def report(report: GateReport, around: Surroundings) -> str:
    """A log with one run."""
    found = annotate(report)
    results = [_result(report, a, around) for a in found[:MOST_RESULTS]]
    notes = [_notification("error", a.message) for a in found if a.error]
    # Added and renamed benchmarks need no action, so they are notes and no results.
    unmatched = [comparison_line(report.benchmarks), *benchmark_lines(report.benchmarks)]
    notes += [_notification("note", text) for text in unmatched]
    if len(found) > len(results):
        text = f"{len(found) - len(results)} results are left out; the host reads {MOST_RESULTS}"
        notes.append(_notification("warning", text))
    invocation = _object(
        executionSuccessful=report.verdict is not Verdict.ERROR,
        exitCode=report.exit_code,
        toolExecutionNotifications=notes,
    )
    release = report.head.environment.toolchain.release
    return _text(invocation, results, [_object(name="go", version=release)])


def failure(failure: Failure) -> str:
    """A log of a run that has failed, with the one result."""
    text = f"{failure.headline}: {failure.message}"
    invocation = _object(
        executionSuccessful=False,
        exitCode=failure.exit_code,
        toolExecutionNotifications=[_notification("error", text)],
    )
    where = _object(artifactLocation=_artifact("asv.conf.json"))
    result = _object(
        ruleId=NOT_MEASURED,
        ruleIndex=list(RULES).index(NOT_MEASURED),
        level="error",
        message=_message(text),
        locations=[_object(physicalLocation=where)],
        partialFingerprints={_FINGERPRINT: fingerprint(NOT_MEASURED, "setup")},
    )
    return _text(invocation, [result], [])


_FINGERPRINT = "escapeVelocity/v1"


def _object(**fields: object) -> Object:
    """An object of the format, its properties in the standard's names; empty ones are left out."""
    return {name: value for name, value in fields.items() if value not in (None, [], {})}


def _text(invocation: Object, results: list[Object], extensions: list[Object]) -> str:
    driver = _object(
        name="Escape Velocity",
        version=__version__,
        semanticVersion=__version__,
        rules=[_rule(name) for name in RULES],
    )
    run = _object(
        tool=_object(driver=driver, extensions=extensions),
        automationDetails={"id": "esv-gate/"},
        invocations=[invocation],
        originalUriBaseIds={_ROOT: {"description": {"text": "The root of the repository."}}},
        columnKind="unicodeCodePoints",
    )
    # A run without the list, be it empty, would mean that nothing was looked at.
    run["results"] = results
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(name: str) -> Object:
    title, text = RULES[name]
    return _object(
        id=name,
        name="".join(word.capitalize() for word in name.split("-")),
        shortDescription={"text": title},
        fullDescription={"text": text},
        help={"text": f"{text} See `esv gate --explain-policy` for what applies to what."},
    )


def _result(report: GateReport, annotation: Annotation, around: Surroundings) -> Object:
    related = [
        _object(
            id=number,
            physicalLocation=_physical(cause.file, cause.line, 0),
            message=_message(describe_cause(cause)),
        )
        for number, cause in enumerate(annotation.causes)
        if not cause.at_base
    ]
    waiver = annotation.waiver
    suppressions = []
    if waiver is not None and annotation.violation is not None:
        words = visible(waiver_text(waiver))
        suppressions.append(_object(kind="external", status="accepted", justification=words))
    return _object(
        ruleId=annotation.rule,
        ruleIndex=list(RULES).index(annotation.rule),
        level=str(annotation.level),
        message=_message(annotation.message),
        locations=[_location(report, annotation, around)],
        codeFlows=_code_flows(annotation),
        relatedLocations=related[:20],
        partialFingerprints={_FINGERPRINT: annotation.fingerprint},
        suppressions=suppressions,
        properties=_properties(annotation),
    )


def _location(report: GateReport, annotation: Annotation, around: Surroundings) -> Object:
    file, line = shown_place(report, annotation)
    source = around.source(annotation.revision, file, line) if annotation.file else ""
    column = snippet = None
    if annotation.file and annotation.line and annotation.column:
        column = _code_points(source, annotation.column)
    if source.strip():
        snippet = {"text": visible(clip(source, 400))}
    region = _object(startLine=line, startColumn=column, snippet=snippet)
    logical = []
    if annotation.package:
        name = ".".join(x for x in (annotation.package, annotation.function) if x)
        kind = "function" if annotation.function else "module"
        logical.append(_object(fullyQualifiedName=visible(name), kind=kind))
    return _object(
        physicalLocation=_object(artifactLocation=_artifact(file), region=region),
        logicalLocations=logical,
    )


def _code_points(source: str, column: int) -> int:
    """A column in bytes, as Go counts, as one in characters, as far as the line is known."""
    raw = source.encode("utf-8", "surrogatepass")
    if not raw:
        return column
    return len(raw[: column - 1].decode("utf-8", "ignore")) + 1


def _physical(file: str, line: int, column: int) -> Object | None:
    if not file or file.startswith("<"):
        return None
    region = _object(startLine=line, startColumn=column or None) if line > 0 else None
    return _object(artifactLocation=_artifact(file), region=region)


def _code_flows(annotation: Annotation) -> list[Object]:
    """The compiler's explanation: where the value is, then each step by which it escapes.

    A ``flow:`` line has no position; it is the heading of the steps that follow it.
    """
    if not annotation.flow or not annotation.file:
        return []
    start = _object(
        physicalLocation=_physical(annotation.file, annotation.line, annotation.column),
        message=_message(annotation.message.split("\n", 1)[0]),
    )
    locations = [_object(location=start), *_steps(annotation.flow)]
    return [_object(threadFlows=[_object(locations=locations)])]


def _steps(flow: Sequence[FlowStep]) -> list[Object]:
    found = []
    heading = ""
    for step in flow:
        text = f"{heading} {step.text.strip()}".strip()
        heading = "" if step.position else step.text.strip()
        if step.position is not None:
            where = step.position
            place = _physical(where.file, where.line, where.column)
            location = _object(physicalLocation=place, message=_message(text))
            found.append(_object(location=location, nestingLevel=1))
    return found


def _artifact(file: str) -> Object:
    return _object(uri=quote(file, safe="/", errors="replace"), uriBaseId=_ROOT)


def _notification(level: str, text: str) -> Object:
    return _object(level=level, message=_message(text))


def _message(text: str) -> Object:
    return {"text": visible(clip(text, _LONGEST)) or "(nothing said)"}


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
