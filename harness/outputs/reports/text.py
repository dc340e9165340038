"""``--format text``: for a terminal. Pure."""

from __future__ import annotations

from harness.analysis import GateReport
from harness.outputs.format import visible
from harness.outputs.gate_text import show_gate
from harness.outputs.reports.base import Failure, Surroundings


def report(report: GateReport, around: Surroundings) -> str:
    """As :func:`harness.outputs.gate_text.show_gate`."""
    return show_gate(report)


def failure(failure: Failure) -> str:
    """The verdict first, then why."""
    return f"esv gate: {failure.headline}\n{visible(failure.message)}\n"
