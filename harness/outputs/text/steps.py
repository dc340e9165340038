"""Steps of a history as text."""

from collections.abc import Mapping, Sequence

from harness.analysis.causes.attribution import Attribution
from harness.analysis.compare.comparison import Direction
from harness.analysis.history.history import History
from harness.analysis.series.steps import Step
from harness.outputs.text.explanation import describe_cause
from harness.outputs.text.format import NOISY, confidence, day, plural, value, visible
from harness.outputs.text.terminal import table


def steps_text(
    history: History, found: Sequence[Step], attributions: Mapping[Step, Attribution]
) -> str:
    """A row for each step, with its first cause."""
    rows = [_row(history, step, attributions.get(step)) for step in found]
    text = table(rows, ["commit", "date", "benchmark", "unit", "before", "after", "", "cause"])
    text += f"\n\n{plural(len(found), 'step')}\n"
    return text + (f"{NOISY}\n" if any(s.p is not None for s in found) else "")


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
