"""Pure analysis: records in, comparisons, steps and findings out. No input or output."""

from harness.analysis.comparison import Change, Direction, compare
from harness.analysis.escapes import EscapeDiff, diff_escapes
from harness.analysis.findings import Finding, findings
from harness.analysis.gate import GateError, GateReport, Verdict, judge_gate
from harness.analysis.history import History
from harness.analysis.steps import Step, steps

__all__ = [
    "Change",
    "Direction",
    "EscapeDiff",
    "Finding",
    "GateError",
    "GateReport",
    "History",
    "Step",
    "Verdict",
    "compare",
    "diff_escapes",
    "findings",
    "judge_gate",
    "steps",
]
