"""``--format json``: the contract of :mod:`harness.outputs.gate_json`. Pure."""

from __future__ import annotations

from harness.analysis import GateReport
from harness.outputs.gate_json import error_json, gate_json
from harness.outputs.reports.base import Failure, Surroundings


def report(report: GateReport, around: Surroundings) -> str:
    """The document ``esv.gate/1``."""
    return gate_json(report)


def failure(failure: Failure) -> str:
    """The same document with the one error."""
    return error_json(failure.message, failure.exit_code)
