"""The verdict and the compared benchmarks in words, for every format."""

from harness.analysis.compare.comparison import Change, Direction
from harness.analysis.compare.renames import BenchmarkDiff
from harness.analysis.compare.timing import TimeReport
from harness.analysis.verdict.gate import GateReport, Verdict
from harness.errors import EXIT_UNFIT
from harness.model import ALLOCS
from harness.outputs.gate.base import Failure
from harness.outputs.text.format import one_line, percent, plural, value, visible

_LONGEST = 300
_MOST_LINES = 40


def verdict_line(report: GateReport) -> str:
    """``FAIL: 2 violations``."""
    judgement = report.judgement
    if report.unfit:
        return Failure("", EXIT_UNFIT).headline
    if report.verdict is Verdict.ERROR:
        return f"{Failure('').headline} ({plural(len(report.errors), 'error')})"
    waived = f", {len(judgement.waived)} waived" if judgement.waived else ""
    compared = comparison_line(report.benchmarks)
    if report.verdict is Verdict.FAIL:
        others = f"; {compared}" if unmatched(report.benchmarks) else ""
        return f"FAIL: {plural(len(judgement.violations), 'violation')}{waived}{others}"
    if not report.head.benchmarks():
        new = plural(len(report.escapes.new), "new escape site")
        packages = plural(report.packages, "package")
        others = f", {compared}" if unmatched(report.benchmarks) else ""
        return f"PASS: compiled only, {packages} compared, {new}{others}, no violation{waived}"
    return f"PASS: {compared}, no violation{waived}"


def meaning(change: Change) -> str:
    """The meaning of a change that breaks no rule."""
    if change.by_compiler and not change.by_code:
        return "compiler, not code"
    if change.by_benchmark and not change.by_code:
        return "the benchmark's own"
    return "better" if change.charged is Direction.IMPROVEMENT else "listed only"


def unfit_lines(time: TimeReport, most: int) -> list[str]:
    """The benchmarks that show the machine to be unfit, after a line with their number."""
    first = (
        f"the base run twice differs from itself, or spreads too far, in {len(time.unfit)} of"
        f" {plural(len(time.noise), 'benchmark')}"
    )
    return [
        first,
        *(
            f"{n.benchmark}: medians {percent(1 + n.shift)} apart (p={n.p:.3f}), half of the"
            f" samples within ±{n.spread * 100:.1f} %; looked for: {n.relevant * 100:g} %"
            for n in time.unfit[:most]
        ),
    ]


def comparison_line(diff: BenchmarkDiff) -> str:
    """``4 benchmarks compared, 1 gone, 2 added``; ``1 benchmark gone`` where none was compared."""
    (number, word), *others = _counts(diff) or [(0, "compared")]
    first = f"{plural(number, 'benchmark')} {word}"
    return ", ".join([first, *(f"{number} {word}" for number, word in others)])


def unmatched(diff: BenchmarkDiff) -> str:
    """``1 gone, 2 added``; empty where both sides have the same benchmarks."""
    counts = _counts(diff)
    return ", ".join(f"{number} {word}" for number, word in counts if word != "compared")


def _counts(diff: BenchmarkDiff) -> list[tuple[int, str]]:
    found = {
        "compared": diff.compared,
        "gone": diff.gone,
        "added": diff.added,
        "renamed": diff.renamed,
    }
    return [(len(benchmarks), word) for word, benchmarks in found.items() if benchmarks]


def benchmark_rows(diff: BenchmarkDiff) -> list[tuple[str, str, str, str]]:
    """The benchmarks of one side only: a word, import path, name, remark."""
    rows = []
    for gone in diff.gone:
        had = "" if gone.allocs is None else f"; {value(gone.allocs, ALLOCS)} allocs/op at the base"
        rows.append(("gone", gone.package, gone.benchmark, gone.reason + had))
    rows += [("added", package, name, "") for package, name in diff.added]
    for new in diff.renamed:
        path = "" if new.old_package == new.package else f"{new.old_package}."
        said = f"was {path}{new.old_benchmark}"
        rows.append(("renamed", new.package, new.benchmark, said))
    return rows


def benchmark_lines(diff: BenchmarkDiff) -> list[str]:
    """As :func:`benchmark_rows`, in lines of plain text."""
    rows = benchmark_rows(diff)
    lines = [
        visible(one_line(f"{word}: {package}.{name}" + (f": {said}" if said else ""), _LONGEST))
        for word, package, name, said in rows[:_MOST_LINES]
    ]
    hidden = len(rows) - len(lines)
    return [*lines, f"… and {hidden} more"] if hidden else lines
