"""``--format gitlab``: GitLab's code quality report, a subset of Code Climate's.

Source: the fields that GitLab reads are in its documentation, "Code Quality report format".
"""

from typing import Literal

import msgspec

from harness.analysis.verdict.gate import GateReport
from harness.outputs.gate.annotation import NOT_MEASURED, Annotation, Level, fingerprint
from harness.outputs.gate.annotations import annotate, shown_place
from harness.outputs.gate.base import Failure, Surroundings
from harness.outputs.text.format import clip, json_text, visible

_SEVERITY: dict[Level, Literal["info", "minor", "major"]] = {
    Level.ERROR: "major",
    Level.WARNING: "minor",
    Level.NOTE: "info",
}
_LONGEST = 2000


class Lines(msgspec.Struct):
    """The first line."""

    begin: int


class Location(msgspec.Struct):
    """``path`` is relative to the repository's root."""

    path: str
    lines: Lines


class Issue(msgspec.Struct):
    """One entry of the report."""

    description: str
    check_name: str
    fingerprint: str
    severity: Literal["info", "minor", "major", "critical", "blocker"]
    location: Location


def report(report: GateReport, around: Surroundings) -> str:
    """An array of issues, the most important first; empty where there is nothing to say."""
    return json_text([_issue(report, a) for a in annotate(report)])


def failure(failure: Failure) -> str:
    """One issue at the harness's configuration, since it has to stand somewhere."""
    where = Location("asv.conf.json", Lines(1))
    text = visible(clip(f"esv gate: {failure.headline}: {failure.message}", _LONGEST))
    return json_text(
        [Issue(text, NOT_MEASURED, fingerprint(NOT_MEASURED, "setup"), "blocker", where)]
    )


def _issue(report: GateReport, annotation: Annotation) -> Issue:
    file, line = shown_place(report, annotation)
    return Issue(
        description=visible(clip(annotation.whole, _LONGEST)),
        check_name=annotation.rule,
        fingerprint=annotation.fingerprint,
        severity="blocker" if annotation.error is not None else _SEVERITY[annotation.level],
        location=Location(visible(file), Lines(line)),
    )
