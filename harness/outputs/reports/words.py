"""The verdict in one line, for every format. Pure."""

from __future__ import annotations

from harness.analysis import GateReport, Verdict
from harness.errors import EXIT_UNFIT
from harness.outputs.format import plural
from harness.outputs.reports.annotations import compared
from harness.outputs.reports.base import Failure


def verdict_line(report: GateReport) -> str:
    """``FAIL: 2 violations``."""
    judgement = report.judgement
    if report.unfit:
        return Failure("", EXIT_UNFIT).headline
    if report.verdict is Verdict.ERROR:
        return f"{Failure('').headline} ({plural(len(report.errors), 'error')})"
    waived = f", {len(judgement.waived)} waived" if judgement.waived else ""
    if report.verdict is Verdict.FAIL:
        return f"FAIL: {plural(len(judgement.violations), 'violation')}{waived}"
    if not report.head.benchmarks():
        new = plural(len(report.escapes.new), "new escape site")
        packages = plural(report.packages, "package")
        return f"PASS: compiled only, {packages} compared, {new}, no violation{waived}"
    return f"PASS: {plural(len(compared(report)), 'benchmark')} compared, no violation{waived}"
