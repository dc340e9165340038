"""The report of a nightly run as JSON, ``esv.nightly/1``, and its schema."""

from typing import Any, Literal

import msgspec

from harness.analysis.causes.attribution import Cause
from harness.analysis.series.steps import Step
from harness.analysis.verdict.news import EnvironmentNews, NightlyReport
from harness.analysis.verdict.policy import Violation
from harness.model import Record
from harness.outputs.nightly.report import headline, ordered, rfc3339
from harness.outputs.text.format import entry, json_schema, json_text, visible


class CommitEntry(msgspec.Struct):
    """A commit; ``date`` as in RFC 3339."""

    subject: str
    author: str
    date: str


class WaiverEntry(msgspec.Struct):
    """The waiver by which a step fails nothing; ``expires`` is its last day."""

    owner: str
    reason: str
    expires: str


class StepEntry(msgspec.Struct):
    """A step.

    The fields up to ``repaired`` are those of :class:`harness.analysis.series.steps.Step`.
    """

    package: str
    benchmark: str
    unit: str
    revision: str
    previous: str
    between: list[str]
    before: float
    after: float
    direction: Literal["regression", "improvement"]
    exact: bool
    p: float | None
    repaired: str | None
    machine: str
    environment: str
    delta: float
    commit: CommitEntry
    outcome: str | None
    explained: float | None
    causes: list[Cause]
    fails: bool
    waived: WaiverEntry | None


class MeasuredEntry(msgspec.Struct):
    """A revision that was measured."""

    revision: str
    environment: str
    machine: str
    outcome: str
    errors: list[str]


class FailedEntry(msgspec.Struct):
    """A revision of which no record could be made."""

    revision: str
    message: str


class StoppedEntry(msgspec.Struct):
    """Measuring that has stopped: ``newest`` is the newest revision with a number, or empty."""

    newest: str
    since: str
    newer: int


class EnvironmentEntry(msgspec.Struct):
    """The revisions that were compared in an environment, and the earlier ones."""

    machine: str
    environment: str
    branch: str
    compared: int
    baseline: int
    stopped: StoppedEntry | None


class NightlyJson(msgspec.Struct):
    """The document; times as in RFC 3339, ``narrowed`` are steps told before to more commits."""

    schema: Literal["esv.nightly/1"]
    project: str
    exit_code: Literal[0, 1, 2]
    headline: str
    started: str
    finished: str
    measured: list[MeasuredEntry]
    failed: list[FailedEntry]
    remaining: int
    problems: list[str]
    lost: list[str]
    unfetched_since: str | None
    notes: list[str]
    environments: list[EnvironmentEntry]
    new: list[StepEntry]
    narrowed: list[StepEntry]


def nightly_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the document."""
    return json_schema(NightlyJson)


def nightly_json(report: NightlyReport) -> str:
    """``esv.nightly/1``: what a hook gets on its standard input."""
    new, narrowed = [], []
    for found in report.environments:
        judged = report.judged(found)
        new += [_step(found, s, judged.get(s)) for s in ordered(found.news.new)]
        narrowed += [_step(found, s, None) for s in found.news.narrowed]
    document = entry(
        NightlyJson,
        report,
        schema="esv.nightly/1",
        exit_code=min(report.exit_code, 2),
        headline=headline(report),
        started=rfc3339(report.started),
        finished=rfc3339(report.finished),
        measured=[_measured(record) for record in report.measured],
        failed=[FailedEntry(h, visible(text)) for h, text in report.failed],
        problems=[visible(problem) for problem in report.problems],
        lost=[visible(line) for line in report.lost],
        unfetched_since=rfc3339(report.unfetched_since) if report.unfetched_since else None,
        notes=[visible(note) for note in report.notes],
        environments=[_environment(found) for found in report.environments],
        new=new,
        narrowed=narrowed,
    )
    return json_text(document)


def _environment(found: EnvironmentNews) -> EnvironmentEntry:
    history = found.history
    stop = history.stopped
    return entry(
        EnvironmentEntry,
        history,
        compared=found.compared,
        baseline=found.baseline,
        stopped=entry(StoppedEntry, stop, since=rfc3339(stop.since)) if stop else None,
    )


def _step(found: EnvironmentNews, step: Step, violation: Violation | None) -> StepEntry:
    attribution = found.attributions.get(step)
    waiver = violation.waiver if violation is not None else None
    commit = found.history.by_hash[step.revision].revision
    return entry(
        StepEntry,
        step,
        between=list(step.between),
        direction="regression" if step.direction == "regression" else "improvement",
        machine=found.history.machine,
        environment=found.history.environment,
        commit=entry(CommitEntry, commit, date=rfc3339(commit.date)),
        outcome=str(attribution.outcome) if attribution else None,
        explained=attribution.explained if attribution else None,
        causes=list(attribution.causes) if attribution else [],
        fails=violation is not None and waiver is None,
        waived=entry(WaiverEntry, waiver, expires=str(waiver.expires)) if waiver else None,
    )


def _measured(record: Record) -> MeasuredEntry:
    return MeasuredEntry(
        record.revision.hash,
        record.environment.name,
        record.machine.machine,
        str(record.outcome),
        [e.message for e in record.errors],
    )
