"""Records and comparisons as text for a terminal, in the manner of benchstat."""

import math
from collections.abc import Sequence

from tabulate import tabulate

from harness.analysis.compare.code import CodeDiff
from harness.analysis.compare.comparison import ALPHA, Change, Direction
from harness.analysis.compare.costs import UNKNOWN, SiteCost
from harness.analysis.compare.escapes import EscapeDiff
from harness.analysis.compare.records import RecordDetail, RecordDiff
from harness.analysis.compare.samples import spread
from harness.analysis.verdict.findings import Finding
from harness.model import HEAP_COSTS, EscapeSite, Lane, Measurement, Record
from harness.outputs.text.erased import erased_lines
from harness.outputs.text.explanation import describe_cause, describe_cost
from harness.outputs.text.format import day, one_line, percent, plural, value, visible, with_unit

_ARROW = {Direction.REGRESSION: "▲ worse", Direction.IMPROVEMENT: "▼ better", Direction.NONE: ""}
MAX_ROWS = 40
_MAX_FUNCTIONS = 8
_MAX_ERASED = 12


def show_record(detail: RecordDetail, *, every: bool = False) -> str:
    """One revision: what was measured, what could not be, and where values escape.

    With ``every`` all escapes that inlining erases are listed, however many.
    """
    record = detail.record
    lines = [*_heading(record), ""]
    lines += _problems(record)
    found = dict.fromkeys(m.unit for _, b in record.benchmarks() for m in b.measurements)
    units = [unit for unit in found if unit not in HEAP_COSTS]  # which have a table of their own
    rows = []
    for package in record.packages:
        carried = f" (from {package.carried_from[:8]})" if package.carried_from else ""
        name = visible(package.path) + carried
        rows += [
            [name, b.name, *(cell(b.measurement(u)) for u in units)] for b in package.benchmarks
        ]
    if rows:
        lines += [table(rows, ["package", "benchmark", *units]), ""]
        lines += _heap_costs(record)
    sites = record.code_escapes()
    nothing = sum(cost.allocates is False for cost in detail.costs.values())
    free = f", {nothing} of which allocate nothing" if nothing else ""
    lines.append(f"{plural(len(sites), 'escape site')} outside test files{free}")
    lines += [_site(site, detail.costs[site]) for site in sites]
    lines += ["", *erased_lines(detail.erased, None if every else _MAX_ERASED)]
    lines += _code(detail)
    if record.unparsed:
        lines += ["", f"{plural(len(record.unparsed), 'heap-related line')} not understood:"]
        lines += [f"  {visible(u.text)}" for u in record.unparsed]
    return "\n".join(lines) + "\n"


def show_comparison(diff: RecordDiff) -> str:
    """Two revisions: a table per unit, new and gone escapes, then compiled code."""
    base, head, changes = diff.base, diff.head, diff.changes
    lines = [*heading(base, head, diff.older), ""]
    if base.environment.name != head.environment.name:
        lines += [
            f"note: measured in different environments ({base.environment.name},"
            f" {head.environment.name}); differences may be the environment's",
            "",
        ]
    for record in (base, head):
        lines += _problems(record)
    for unit in dict.fromkeys(c.unit for c in changes):
        rows = [_comparison_row(c) for c in changes if c.unit == unit and _shown(c)]
        if rows:
            lines += [table(rows, [unit, "base", "head", "vs base", ""]), ""]
    lines += difference_lines(diff.escapes)
    lines += code_lines(diff.code)
    lines += compiler_lines(diff.by_compiler)
    return "\n".join(lines).rstrip("\n") + "\n"


def code_lines(code: CodeDiff) -> list[str]:
    """Changes of functions' stack frames and allocation calls; empty if not known."""
    if not code.known:
        return []
    lines = []
    kinds = (("stack frames", code.frames, " B"), ("allocation calls", code.calls, ""))
    for what, changes, unit in kinds:
        if not changes:
            continue
        lines.append(f"{what}: {plural(len(changes), 'function')} changed")
        lines += [
            f"  {visible(c.file)}:{c.line}: {visible(c.function)}: {c.before:,} → {c.after:,}{unit}"
            for c in changes[:_MAX_FUNCTIONS]
        ]
        if len(changes) > _MAX_FUNCTIONS:
            lines.append(f"  … and {len(changes) - _MAX_FUNCTIONS} more")
    return lines


def heading(base: Record, head: Record, older: Record | None = None) -> list[str]:
    """The two revisions that are compared; ``older`` is the base with another release of Go."""
    lines = ["base  " + _one(older or base), "head  " + _one(head)]
    if older is not None:
        releases = [r.environment.toolchain.release for r in (older, base)]
        lines.append(
            f"the base was measured with {releases[0]} and with {releases[1]}: what differs between"
            " these is the compiler's, the rest is the code's"
        )
        if older.errors:
            lines.append(f"with {releases[0]}, not all of the base could be measured:")
            lines += [line for line in _problems(older) if line]
    return lines


def finding_lines(finding: Finding, record: Record, number: int) -> list[str]:
    """One finding in a few lines: benchmark, commit, cause or escapes."""
    step = finding.steps[0]
    more = f" (and {len(finding.steps) - 1} more)" if len(finding.steps) > 1 else ""
    lines = [
        f"{number}. {visible(step.benchmark)}{more}: {value(step.before, step.unit)} → "
        f"{with_unit(step.after, step.unit)} at {record.revision.short} "
        f"{visible(one_line(record.revision.subject, 70))}"
    ]
    word = "new" if finding.direction is Direction.REGRESSION else "gone"
    where = "in the same commit"
    if step.between:
        where = f"since {step.previous[:8]}"
        lines.append(
            f"   or in one of the {plural(len(step.between), 'commit')} before it without a value"
        )
    attribution = finding.attributions.get(step)
    if attribution is not None and attribution.causes:
        cause = attribution.causes[0]
        lines.append(
            f"   {cause.delta:+,.10g} of {step.delta:+,.10g} at {visible(cause.file)}:{cause.line}"
            f" in {visible(cause.function)}: {describe_cause(cause)}"
        )
        if cause.note:
            lines.append(f"   {visible(cause.note)}")
        return lines
    for site in finding.escapes[:2]:
        lines.append(
            f"   {word} {where}: {visible(str(site.position))}: "
            f"{visible(site.message)} in {visible(site.function)}"
        )
    if not finding.escapes:
        lines.append(f"   no escape site came or went {where}")
    return lines


def _heading(record: Record) -> list[str]:
    revision = record.revision
    return [
        f"revision     {revision.hash}",
        f"subject      {visible(one_line(revision.subject, 100))}",
        f"author       {visible(one_line(revision.author, 60))}, {day(revision.date)}",
        f"environment  {record.environment.name} ({record.environment.toolchain.source}),"
        f" {record.environment.toolchain.goos}/{record.environment.toolchain.goarch}"
        f" on {visible(record.machine.machine)}",
        f"outcome      {record.outcome}",
    ]


def _problems(record: Record) -> list[str]:
    lines = [f"{o.directory}/go.mod replaced: {visible(o.reason)}" for o in record.overlays]
    lines += map(visible, record.notes)
    for error in record.errors:
        where = f" {error.package}" if error.package else ""
        lines.append(f"{error.stage}{visible(where)}: {visible(error.message)}")
    lines += [
        f"compiled code of {visible(e.package)} not read: {visible(e.message)}"
        for e in record.unread
    ]
    return [*(f"{record.revision.short}: {line}" for line in lines), ""] if lines else []


def _one(record: Record) -> str:
    revision = record.revision
    return (
        f"{revision.short}  {record.environment.toolchain.release}"
        f"  {visible(one_line(revision.subject, 70))}"
    )


def _heap_costs(record: Record) -> list[str]:
    """Garbage collection and heap size of benchmarks where any of it is not 0."""
    rows = []
    for package, benchmark in record.benchmarks():
        found = [benchmark.measurement(unit) for unit in HEAP_COSTS]
        if any(m is not None and m.high for m in found):
            name = f"{package.rsplit('/', 1)[-1]}.{benchmark.name.removeprefix('Benchmark')}"
            rows.append([visible(name), *map(cell, found)])
    return [table(rows, ["heap", *HEAP_COSTS]), ""] if rows else []


def cell(measurement: Measurement | None) -> str:
    """A value with its confidence interval, or with the range of an inexact count."""
    if measurement is None:
        return ""
    text = value(measurement.value, measurement.unit)
    if measurement.lane is Lane.TIME:
        return f"{text} ± {_share(spread(measurement.samples))}"
    if measurement.low == measurement.high or not measurement.value:
        return text
    if measurement.untruncated:
        # A share of so large a number would say ± 0 %.
        low, high = (value(x, measurement.unit) for x in (measurement.low, measurement.high))
        return f"{text} ({low} to {high})"
    away = max(measurement.high - measurement.value, measurement.value - measurement.low)
    return f"{text} ± {_share(away / abs(measurement.value))}"


def _share(part: float) -> str:
    """As benchstat prints it: ``∞`` where there are too few samples for an interval."""
    if math.isinf(part):
        return "∞"
    return "?" if math.isnan(part) else f"{part * 100:.0f} %"


def _shown(change: Change) -> bool:
    """Leave out costs of the heap whose repetitions overlap."""
    if change.unit not in HEAP_COSTS or change.base is None or change.head is None:
        return change.unit not in HEAP_COSTS
    return change.base.high < change.head.low or change.head.high < change.base.low


def _comparison_row(change: Change) -> list[str]:
    name = f"{change.package.rsplit('/', 1)[-1]}.{change.benchmark.removeprefix('Benchmark')}"
    if change.base is None or change.head is None:
        note = "new" if change.base is None else "gone"
        return [visible(name), cell(change.base), cell(change.head), note, ""]
    sizes = [len(change.base.samples), len(change.head.samples)]
    n = str(sizes[0]) if sizes[0] == sizes[1] else f"{sizes[0]}+{sizes[1]}"
    if change.direction is Direction.NONE and (change.p is None or change.p > ALPHA):
        difference = "~" if change.p is not None or change.delta else ""
    else:
        difference = percent(change.ratio)
    detail = f" (p={change.p:.3f} n={n})" if change.p is not None else ""
    cells = (cell(change.base), cell(change.head), difference + detail, judged(change))
    return [visible(name), *cells]


def judged(change: Change) -> str:
    """The meaning of a change, with the compiler's part, if it has one."""
    if not change.by_compiler:
        return _ARROW[change.direction]
    rest = change.delta - change.by_compiler
    if not rest:
        return "compiler, not code"
    return f"{_ARROW[change.charged]} (code {rest:+,.10g}, compiler {change.by_compiler:+,.10g})"


def difference_lines(escapes: EscapeDiff) -> list[str]:
    """The numbers of new and gone sites, then each of them with its cost."""
    unreached = sum(escapes.cost(s).covered is False for s in escapes.new)
    aside = f" ({unreached} that no benchmark executes)" if unreached else ""
    lines = [
        f"{plural(len(escapes.new), 'new escape site')}{aside},"
        f" {len(escapes.gone)} gone, {escapes.kept} kept"
    ]
    for sign, sites in (("+", escapes.new), ("-", escapes.gone)):
        lines += [f"  {sign} {_site(s, escapes.cost(s)).strip()}" for s in sites[:MAX_ROWS]]
    hidden = max(len(escapes.new) - MAX_ROWS, 0) + max(len(escapes.gone) - MAX_ROWS, 0)
    if hidden:
        lines.append(f"  … and {hidden} more")
    if escapes.unknown:
        lines.append(f"  not compared, does not compile: {', '.join(escapes.unknown)}")
    return lines


def _code(detail: RecordDetail) -> list[str]:
    """The number of compiled calls that allocate, and the largest stack frame."""
    functions = [f for f in detail.record.functions if not f.test]
    if not functions:
        return []
    calls = [c for c in detail.record.calls if not c.test]
    largest = max(functions, key=lambda f: f.frame_bytes)
    return [
        f"{plural(len(calls), 'allocation call')} in {plural(len(functions), 'linked function')},"
        f" {detail.silent} of which no message mentions; largest stack frame"
        f" {largest.frame_bytes:,} B: {visible(largest.function)}"
    ]


def compiler_lines(escapes: EscapeDiff | None) -> list[str]:
    """As :func:`difference_lines`, of one code with two releases of Go."""
    if escapes is None:
        return []
    first, *rest = difference_lines(escapes)
    return ["", f"by the compiler, with the code of the base: {first}", *rest]


def _site(site: EscapeSite, cost: SiteCost = UNKNOWN) -> str:
    where = f" in {site.function}" if site.function else ""
    said = describe_cost(cost)
    text = f"  {visible(str(site.position))}: {visible(site.message)}{visible(where)}"
    return f"{text} ({said})" if said else text


def table(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    """Aligned columns, as plain text."""
    return tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)
