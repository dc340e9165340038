"""``--format github``: workflow commands, which the host shows as annotations.

The host shows at most ten of each kind a step and silently drops the rest, so the last of ten has
the number of the others. Escaping as in the runner's own toolkit (``@actions/core``, command.ts).
"""

from harness.analysis.verdict.gate import GateReport
from harness.outputs.gate.annotation import Annotation, Level
from harness.outputs.gate.annotations import annotate
from harness.outputs.gate.base import Failure, Surroundings
from harness.outputs.gate.words import benchmark_lines, verdict_line
from harness.outputs.text.format import clip, visible

MOST = 10
_COMMAND = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
_NOUN = {Level.ERROR: "errors", Level.WARNING: "warnings", Level.NOTE: "notes"}
_LONGEST_TITLE = 200
_LONGEST_MESSAGE = 4000


def report(report: GateReport, around: Surroundings) -> str:
    """The verdict and unmatched benchmarks as plain lines, then the commands."""
    found = annotate(report)
    lines = [f"esv gate: {verdict_line(report)}"]
    lines += [f"esv gate: {line}" for line in benchmark_lines(report.benchmarks)]
    for level in Level:
        lines += _commands([a for a in found if a.level is level], level)
    return "\n".join(lines) + "\n"


def failure(failure: Failure) -> str:
    """The verdict as a plain line, then one error."""
    properties = {"title": f"esv gate: {failure.headline}"}
    return (
        f"esv gate: {failure.headline}\n{command('error', properties, _message(failure.message))}\n"
    )


def command(name: str, properties: dict[str, str], message: str) -> str:
    """One workflow command, escaped so that it stays one."""
    listed = ",".join(f"{k}={_property(v)}" for k, v in properties.items() if v)
    return f"::{name} {listed}::{_data(message)}"


def _commands(found: list[Annotation], level: Level) -> list[str]:
    shown = found if len(found) <= MOST else found[: MOST - 1]
    lines = [command(_COMMAND[level], _properties(a), _message(a.message)) for a in shown]
    hidden = len(found) - len(shown)
    if hidden:
        text = f"{hidden} more {_NOUN[level]} are not shown here, since the host shows {MOST}"
        title = f"{hidden} more {_NOUN[level]}"
        lines.append(command(_COMMAND[level], {"title": title}, f"{text}; see the job's summary"))
    return lines


def _properties(annotation: Annotation) -> dict[str, str]:
    subject = annotation.subject or annotation.package
    title = f"{annotation.title}: {subject}" if subject else annotation.title
    properties = {}
    if annotation.file:
        place = (visible(annotation.file), annotation.line, annotation.column)
        properties = {n: str(p) for n, p in zip(("file", "line", "col"), place, strict=True) if p}
    return {**properties, "title": visible(clip(title, _LONGEST_TITLE))}


def _message(text: str) -> str:
    return visible(clip(text, _LONGEST_MESSAGE))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
