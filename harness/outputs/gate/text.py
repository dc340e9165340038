"""``--format text``: for a terminal."""

from harness.analysis.compare.comparison import Direction
from harness.analysis.compare.timing import TimeReport
from harness.analysis.verdict.gate import GateReport, Verdict
from harness.model import ALLOCS
from harness.outputs.gate.base import Failure, Surroundings
from harness.outputs.gate.words import benchmark_lines, comparison_line, unfit_lines, unmatched
from harness.outputs.text.explanation import explain_change
from harness.outputs.text.format import plural, visible
from harness.outputs.text.reproduce import reproduce
from harness.outputs.text.terminal import (
    MAX_ROWS,
    cell,
    compiler_lines,
    difference_lines,
    heading,
    judged,
    table,
)

_MAX_EXPLAINED = 10


def report(report: GateReport, around: Surroundings) -> str:
    """The verdict first, then why."""
    word = Failure("").headline if report.verdict is Verdict.ERROR else report.verdict.name
    if report.unfit:
        word = "UNFIT: the machine is too noisy for the time lane, so no verdict"
    lines = [f"esv gate: {word}", *heading(report.base, report.head, report.older), ""]
    lines += _judgement_lines(report)
    if report.time is not None:
        lines += _time_lines(report.time)
    for error in report.errors:
        side = "base" if error.revision == report.base.revision.hash else "head"
        where = f" {error.package}" if error.package else ""
        lines.append(f"{side} {error.stage}{visible(where)}: {visible(error.message)}")
    if report.errors:
        lines.append("")
    if report.changes:
        lines += _gate_rows(report)
        for change in report.changes[:_MAX_EXPLAINED]:
            attribution = report.attributions.get((change.package, change.benchmark, change.unit))
            if attribution is not None and change.unit == ALLOCS:
                lines += explain_change(change, attribution, lambda _cause: "", flow=False)
        lines.append("")
    lines += _benchmark_lines(report)
    if report.inexact:
        lines.append(
            f"{plural(len(report.inexact), 'benchmark')} did not repeat exactly and count only"
            " where the ranges are clearly apart:"
        )
        lines += [f"  {visible(name)}" for name in report.inexact[:MAX_ROWS]]
        lines.append("")
    lines += difference_lines(report.escapes)
    lines += compiler_lines(report.by_compiler)
    # A new escape or a budget can be all that fails; there is no benchmark to run then.
    broken = next((v.change for v in report.judgement.violations if v.change is not None), None)
    if broken is not None:
        lines += ["", f"reproduce: {reproduce(report.head, broken.package, broken.benchmark)}"]
    return "\n".join(lines).rstrip("\n") + "\n"


def failure(failure: Failure) -> str:
    """The verdict first, then why."""
    return f"esv gate: {failure.headline}\n{visible(failure.message)}\n"


def _benchmark_lines(report: GateReport) -> list[str]:
    """The compared benchmarks, since a verdict holds for no others, and those of one side only."""
    diff = report.benchmarks
    others = f"; {unmatched(diff)}" if unmatched(diff) else ""
    if not (report.base.benchmarks() or report.head.benchmarks() or report.errors):
        sites = len(report.escapes.new) + len(report.escapes.gone) + report.escapes.kept
        first = (
            f"compiled only: no benchmark was run{others}\n"
            f"compared: {plural(report.packages, 'package')}, {plural(sites, 'escape site')}"
        )
    elif diff.compared and not report.changes and not report.errors:
        number = plural(len(diff.compared), "benchmark")
        first = f"no change in allocs/op or B/op of {number}{others}"
    else:
        first = comparison_line(diff)
    return [first, *(f"  {line}" for line in benchmark_lines(diff)), ""]


def _time_lines(time: TimeReport) -> list[str]:
    lines = []
    if time.unfit:
        first, *rest = unfit_lines(time, _MAX_EXPLAINED)
        lines += [f"  {first}:", *(f"    {visible(line)}" for line in rest)]
        lines.append("  use a quiet machine, a longer --benchtime, or leave --time out")
    else:
        largest = max((abs(n.shift) for n in time.noise), default=0.0)
        lines.append(
            f"  time lane: {plural(len(time.noise), 'benchmark')} in turn; the base differs from"
            f" itself by at most {largest * 100:.1f} %"
        )
    return [*lines, ""]


def _judgement_lines(report: GateReport) -> list[str]:
    judgement, source = report.judgement, visible(report.policy.source)

    def at(line: int) -> str:
        return f" ({source}:{line})" if line else ""

    lines = [
        f"  {violation.rule}: {visible(violation.text)}{at(violation.line)}"
        for violation in judgement.violations[:MAX_ROWS]
    ]
    hidden = len(judgement.violations) - MAX_ROWS
    if hidden > 0:
        lines.append(f"  … and {hidden} more")
    for violation in judgement.waived:
        waiver = violation.waiver
        assert waiver is not None
        lines.append(
            f"  waived until {waiver.expires} by {visible(waiver.owner)}: "
            f"{visible(violation.text)}: {visible(waiver.reason)}{at(waiver.line)}"
        )
    for words, waivers in (
        ("expired", judgement.expired),
        ("not needed any more, take it out", judgement.unused),
    ):
        for waiver in waivers:
            what = visible(waiver.benchmark or waiver.escape)
            lines.append(
                f"  waiver of {visible(waiver.owner)} for {what} until {waiver.expires}:"
                f" {words}{at(waiver.line)}"
            )
    lines += [f"  policy {source} {visible(text)}" for text in judgement.idle]
    return [*lines, ""] if lines else []


def _gate_rows(report: GateReport) -> list[str]:
    changes = report.changes
    failing = {id(v.change) for v in report.judgement.violations}
    listed = {id(c) for c in changes if c.charged is Direction.REGRESSION} - failing
    rows = [
        [
            f"{visible(c.package.rsplit('/', 1)[-1])}.{visible(c.benchmark)}",
            c.unit,
            cell(c.base),
            cell(c.head),
            f"{c.delta:+,.10g}",
            judged(c) + (" (listed only)" if id(c) in listed else ""),
        ]
        for c in changes[:MAX_ROWS]
    ]
    lines = [table(rows, ["benchmark", "unit", "base", "head", "delta", ""]), ""]
    if len(changes) > MAX_ROWS:
        lines += [f"… and {len(changes) - MAX_ROWS} more changes", ""]
    return lines
