"""``--format text``: for a terminal. Pure."""

from __future__ import annotations

from harness.analysis.verdict.gate import GateReport
from harness.outputs.gate.base import Failure, Surroundings
from harness.outputs.gate.terminal import show_gate
from harness.outputs.text.format import visible


def report(report: GateReport, around: Surroundings) -> str:
    """As :func:`harness.outputs.gate.terminal.show_gate`."""
    return show_gate(report)


def failure(failure: Failure) -> str:
    """The verdict first, then why."""
    return f"esv gate: {failure.headline}\n{visible(failure.message)}\n"
