"""``esv steps``: every step of the recorded history, newest first, those that were repaired too."""

from collections.abc import Sequence

import msgspec

from harness.analysis.causes.attribution import Attribution
from harness.analysis.causes.explain import explain_steps
from harness.analysis.compare.comparison import Direction
from harness.analysis.frames.correlation import associations
from harness.analysis.history.history import History
from harness.analysis.series.intervals import SiteIntervals
from harness.analysis.series.steps import Step, recorded_units, steps
from harness.cli.context import configuration, emit
from harness.cli.options import StepsOptions
from harness.cli.publishing import load_histories
from harness.errors import EXIT_CLEAN, UsageError
from harness.model import ALLOCS
from harness.outputs.text.correlation import correlation_text
from harness.outputs.text.explanation import describe_cause
from harness.outputs.text.format import NOISY, confidence, day, json_text, plural, value, visible
from harness.outputs.text.terminal import table


def run(options: StepsOptions) -> int:
    """List the steps of the newest history, or what its units correlate with."""
    history = load_histories(configuration(options))[0]
    units = _units(history, options.unit or (ALLOCS,))
    write = _correlation if options.correlation else _steps
    emit(options, write(history, units, as_json=options.format == "json"))
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


def _correlation(history: History, units: Sequence[str], *, as_json: bool) -> str:
    """The correlation of the units with escapes; packages first, then their benchmarks."""
    intervals = SiteIntervals(history)
    counts = {record.revision.hash: intervals.count(record) for record in history.records}
    found = associations(history, counts, units)
    if not as_json:
        return correlation_text(found)
    document = {
        "schema": "esv.correlation/1",
        "machine": history.machine,
        "environment": history.environment,
        "associations": found,
    }
    return json_text(document)


def _steps(history: History, units: Sequence[str], *, as_json: bool) -> str:
    found = [s for unit in units for s in steps(history, unit)]
    found.sort(key=lambda s: (-history.position(s.revision), s.package, s.benchmark, s.unit))
    attributions: dict[Step, Attribution] = {}
    for revision in dict.fromkeys(s.revision for s in found):
        own = [s for s in found if s.revision == revision]
        attributions.update(explain_steps(history, revision, own))
    if as_json:
        entries = []
        for step in found:
            attribution = attributions.get(step)
            entry = {
                **msgspec.to_builtins(step),
                "outcome": attribution.outcome if attribution else None,
                "explained": attribution.explained if attribution else None,
                "causes": attribution.causes if attribution else [],
            }
            entries.append(entry)
        document = {"schema": "esv.steps/1", "environment": history.environment, "steps": entries}
        return json_text(document)
    rows = [_row(history, step, attributions.get(step)) for step in found]
    text = table(rows, ["commit", "date", "benchmark", "unit", "before", "after", "", "cause"])
    text += f"\n\n{plural(len(found), 'step')}\n"
    if any(s.p is not None for s in found):
        text += f"{NOISY}\n"
    return text


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
