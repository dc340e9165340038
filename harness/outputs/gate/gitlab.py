"""``--format gitlab``: GitLab's code quality report, a subset of Code Climate's.

Source: the fields that GitLab reads are in its documentation, "Code Quality report format".
"""

from harness.analysis.verdict.gate import GateReport
from harness.outputs.gate.annotation import NOT_MEASURED, Annotation, Level, fingerprint
from harness.outputs.gate.annotations import annotate, shown_place
from harness.outputs.gate.base import Failure, Surroundings
from harness.outputs.text.format import clip, json_text, visible

_SEVERITY = {Level.ERROR: "major", Level.WARNING: "minor", Level.NOTE: "info"}
_LONGEST = 2000


def report(report: GateReport, around: Surroundings) -> str:
    """An array of issues, the most important first; empty where there is nothing to say."""

    def issue(annotation: Annotation) -> object:
        severity = "blocker" if annotation.error is not None else _SEVERITY[annotation.level]
        place = shown_place(report, annotation)
        own = annotation.fingerprint
        return _issue(annotation.whole, annotation.rule, own, severity, *place)

    return json_text([issue(a) for a in annotate(report)])


def failure(failure: Failure) -> str:
    """One issue at the harness's configuration, since it has to stand somewhere."""
    text = f"esv gate: {failure.headline}: {failure.message}"
    own = fingerprint(NOT_MEASURED, "setup")
    return json_text([_issue(text, NOT_MEASURED, own, "blocker", "asv.conf.json", 1)])


def _issue(text: str, rule: str, own: str, severity: str, file: str, line: int) -> object:
    return {
        "description": visible(clip(text, _LONGEST)),
        "check_name": rule,
        "fingerprint": own,
        "severity": severity,
        "location": {"path": visible(file), "lines": {"begin": line}},
    }
