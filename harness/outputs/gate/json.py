"""``--format json``: the contract of :mod:`harness.outputs.gate.document`. Pure."""

from __future__ import annotations

from harness.analysis.verdict.gate import GateReport
from harness.outputs.gate.base import Failure, Surroundings
from harness.outputs.gate.document import error_json, gate_json


def report(report: GateReport, around: Surroundings) -> str:
    """The document ``esv.gate/1``."""
    return gate_json(report)


def failure(failure: Failure) -> str:
    """The same document with the one error."""
    return error_json(failure.message, failure.exit_code)
