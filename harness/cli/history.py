"""``esv steps`` and ``esv find``."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence

import msgspec

from harness.analysis.causes.attribution import Attribution
from harness.analysis.causes.explain import explain_steps
from harness.analysis.compare.comparison import Direction
from harness.analysis.frames.correlation import associations
from harness.analysis.history.history import History
from harness.analysis.series.intervals import SiteIntervals
from harness.analysis.series.steps import Step, recorded_units, steps
from harness.cli.context import configuration, emit, reporter
from harness.cli.publishing import load_histories
from harness.config import check_bench
from harness.engine.jobs.bisect import find_step
from harness.engine.session import Session
from harness.errors import EXIT_CLEAN, UsageError
from harness.model import ALLOCS
from harness.outputs.text.correlation import correlation_text
from harness.outputs.text.explanation import describe_cause
from harness.outputs.text.format import NOISY, confidence, day, one_line, plural, value, visible
from harness.outputs.text.terminal import table


def show_steps(arguments: argparse.Namespace) -> int:
    """Every step of the recorded history, newest first, those that were repaired too."""
    history = load_histories(configuration(arguments))[0]
    units = _units(history, arguments.unit or [ALLOCS])
    if arguments.correlation:
        return _correlation(arguments, history, units)
    found = [s for unit in units for s in steps(history, unit)]
    found.sort(key=lambda s: (-history.position(s.revision), s.package, s.benchmark, s.unit))
    attributions: dict[Step, Attribution] = {}
    for revision in dict.fromkeys(s.revision for s in found):
        own = [s for s in found if s.revision == revision]
        attributions.update(explain_steps(history, revision, own))
    if arguments.format == "json":
        emit(arguments, _steps_json(history, found, attributions))
        return EXIT_CLEAN
    rows = [_row(history, step, attributions.get(step)) for step in found]
    text = table(rows, ["commit", "date", "benchmark", "unit", "before", "after", "", "cause"])
    text += f"\n\n{plural(len(found), 'step')}\n"
    if any(s.p is not None for s in found):
        text += f"{NOISY}\n"
    emit(arguments, text)
    return EXIT_CLEAN


def _units(history: History, wanted: Sequence[str]) -> list[str]:
    """The units that are meant, each once.

    Raises:
        UsageError: one that no record has.
    """
    recorded = recorded_units(history)
    if "all" in wanted:
        return list(recorded)
    for unit in wanted:
        if unit not in recorded:
            there = ", ".join(visible(u) for u in recorded) or "none"
            raise UsageError(f"--unit {visible(unit)}: not recorded; there are {there}")
    return list(dict.fromkeys(wanted))


def _correlation(arguments: argparse.Namespace, history: History, units: Sequence[str]) -> int:
    """How changes of the units go with escapes; packages first, then their benchmarks."""
    intervals = SiteIntervals(history)
    counts = {record.revision.hash: intervals.count(record) for record in history.records}
    found = associations(history, counts, units)
    if arguments.format == "json":
        rows = []
        for a in found:
            row = msgspec.to_builtins(a)
            # JSON has no NaN.
            rows.append(
                {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}
            )
        document = {
            "schema": "esv.correlation/1",
            "machine": history.machine,
            "environment": history.environment,
            "associations": rows,
        }
        text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
        emit(arguments, f"{text}\n")
        return EXIT_CLEAN
    emit(arguments, correlation_text(found))
    return EXIT_CLEAN


def _row(history: History, step: Step, attribution: Attribution | None) -> list[str]:
    revision = history.by_hash[step.revision].revision
    word = "▲ stands" if step.direction is Direction.REGRESSION else "▼ better"
    if step.repaired:
        word = f"▲ repaired {step.repaired[:8]}"
    if step.p is not None:
        word += f" ({confidence(step.p)})"
    cause = ""
    if attribution is not None:
        cause = attribution.outcome
        if attribution.causes:
            first = attribution.causes[0]
            cause += f": {visible(first.file)}:{first.line} {describe_cause(first)}"
    return [
        revision.short + (f" (or {len(step.between)} before)" if step.between else ""),
        day(revision.date),
        visible(step.benchmark),
        step.unit,
        value(step.before, step.unit),
        value(step.after, step.unit),
        word,
        cause,
    ]


def _steps_json(history: History, found: list[Step], attributions: dict[Step, Attribution]) -> str:
    entries = []
    for step in found:
        attribution = attributions.get(step)
        entries.append(
            {
                **msgspec.to_builtins(step),
                "outcome": attribution.outcome if attribution else None,
                "explained": attribution.explained if attribution else None,
                "causes": msgspec.to_builtins(attribution.causes) if attribution else [],
            }
        )
    document = {"schema": "esv.steps/1", "environment": history.environment, "steps": entries}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def find(arguments: argparse.Namespace) -> int:
    """Bisect a step between two revisions to its commit."""
    check_bench(arguments.bench, "--bench")
    base, separator, head = arguments.range.partition("..")
    if not separator:
        raise UsageError(f"{arguments.range!r} is not a range A..B")
    with (
        reporter(arguments) as report,
        Session(configuration(arguments), progress=report, bench=arguments.bench) as session,
    ):
        first, last = session.resolve(base or "HEAD"), session.resolve(head or "HEAD")
        inside = list(reversed(session.repository.range(f"{first}..{last}")))
        if not inside:
            raise UsageError(f"the range {arguments.range!r} has no revisions")
        spec = session.environments([arguments.go] if arguments.go else ())[0]
        found = find_step(session, spec, [first, *inside], arguments.unit)
    bad = found.bad.revision
    if arguments.format == "json":
        document = {
            "schema": "esv.find/1",
            "revision": bad.hash,
            "previous": found.good.revision.hash,
            "between": found.between,
            "package": found.package,
            "benchmark": found.benchmark,
            "unit": found.unit,
            "before": found.before,
            "after": found.after,
            "looked_at": found.looked_at,
        }
        emit(arguments, msgspec.json.format(msgspec.json.encode(document)).decode() + "\n")
        return EXIT_CLEAN
    lines = [
        f"{visible(found.package)} {visible(found.benchmark)}:"
        f" {value(found.before, found.unit)} → {value(found.after, found.unit)} {found.unit}",
        f"at {bad.hash} {visible(one_line(bad.subject, 80))}",
    ]
    if found.between:
        lines.append(
            f"or in one of {plural(len(found.between), 'commit')} before it without a value:"
            f" {', '.join(h[:8] for h in found.between)}"
        )
    lines.append(f"{found.looked_at} of {plural(len(inside) + 1, 'revision')} looked at")
    lines.append(f"why: esv explain {bad.short} --bench '^{found.benchmark.split('/')[0]}'")
    emit(arguments, "\n".join(lines) + "\n")
    return EXIT_CLEAN
