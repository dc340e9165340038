"""Reports as text for a terminal, in the manner of benchstat. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tabulate import tabulate

from harness.analysis import (
    Change,
    Direction,
    EscapeDiff,
    Finding,
    GateReport,
    Verdict,
    diff_escapes,
)
from harness.analysis.code import CodeDiff, diff_code
from harness.analysis.comparison import ALPHA
from harness.analysis.costs import UNKNOWN, SiteCost, site_costs
from harness.analysis.erased import erased
from harness.analysis.samples import spread
from harness.analysis.timing import TimeReport
from harness.compiled.join import unmentioned
from harness.model import (
    ALLOCS,
    HEAP_COSTS,
    EscapeSite,
    Lane,
    Measurement,
    PackageResult,
    Record,
    TreeDiff,
)
from harness.outputs.erased import erased_lines
from harness.outputs.explanation import describe_cause, describe_cost, explain_change
from harness.outputs.format import day, one_line, percent, plural, value, visible
from harness.outputs.reproduce import reproduce

_ARROW = {Direction.REGRESSION: "▲ worse", Direction.IMPROVEMENT: "▼ better", Direction.NONE: ""}
_MAX_ROWS = 40
_MAX_EXPLAINED = 10
_MAX_FUNCTIONS = 8
_MAX_ERASED = 12


def show_record(record: Record, *, every: bool = False) -> str:
    """One revision: what was measured, what could not be, and where values escape.

    Args:
        record: of the revision.
        every: list every escape that inlining erases, however many.
    """
    lines = [*_heading(record), ""]
    lines += _problems(record)
    rows = [
        [
            _short_package(p),
            b.name,
            *(_cell(b.measurement(unit)) for unit in _units(record)),
        ]
        for p in record.packages
        for b in p.benchmarks
    ]
    if rows:
        lines += [table(rows, ["package", "benchmark", *_units(record)]), ""]
        lines += _heap_costs(record)
    sites = record.code_escapes()
    costs = site_costs(record, sites)
    nothing = sum(cost.allocates is False for cost in costs.values())
    free = f", {nothing} of which allocate nothing" if nothing else ""
    lines.append(f"{plural(len(sites), 'escape site')} outside test files{free}")
    lines += [_site(site, costs.get(site, UNKNOWN)) for site in sites]
    lines += ["", *erased_lines(erased(record), None if every else _MAX_ERASED)]
    lines += _code(record)
    if record.unparsed:
        lines += ["", f"{plural(len(record.unparsed), 'heap-related line')} not understood:"]
        lines += [f"  {visible(u.text)}" for u in record.unparsed]
    return "\n".join(lines) + "\n"


def show_comparison(
    base: Record,
    head: Record,
    changes: Sequence[Change],
    escapes: EscapeDiff,
    older: Record | None = None,
) -> str:
    """Two revisions: a table per unit, the escapes that came and went, then compiled code.

    ``older`` is the base as it was measured with another release of Go.
    """
    lines = [*heading(base, head, older), ""]
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
        if not rows:
            continue
        lines += [table(rows, [unit, "base", "head", "vs base", ""]), ""]
    lines += _escape_lines(escapes)
    lines += code_lines(diff_code(base, head))
    lines += _compiler_escapes(diff_escapes(older, base, ()) if older is not None else None)
    return "\n".join(lines).rstrip("\n") + "\n"


def code_lines(code: CodeDiff) -> list[str]:
    """How stack frames and allocation calls of functions changed; empty if that is not known."""
    if not code.known:
        return []
    lines = []
    for what, changes, unit in (
        ("stack frames", code.frames, " B"),
        ("allocation calls", code.calls, ""),
    ):
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


def show_gate(report: GateReport) -> str:
    """The verdict first, then why."""
    word = {
        Verdict.PASS: "PASS",
        Verdict.FAIL: "FAIL",
        Verdict.ERROR: "ERROR: could not measure, so no verdict",
    }[report.verdict]
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
    elif not report.head.benchmarks() and not report.errors:
        lines += ["compiled only: no benchmark was run", ""]
    elif not report.errors:
        lines.append(f"no change in allocs/op or B/op of {plural(report.compared, 'benchmark')}")
        lines.append("")
    if report.inexact:
        lines.append(
            f"{plural(len(report.inexact), 'benchmark')} did not repeat exactly and count only"
            " where the ranges do not meet:"
        )
        lines += [f"  {visible(name)}" for name in report.inexact[:_MAX_ROWS]]
        lines.append("")
    lines += _escape_lines(report.escapes)
    lines += _compiler_escapes(report.by_compiler)
    # A new escape or a budget can be all that fails; there is no benchmark to run then.
    broken = next((v.change for v in report.judgement.violations if v.change is not None), None)
    if broken is not None:
        lines += ["", f"reproduce: {reproduce(broken, report.head)}"]
    return "\n".join(lines).rstrip("\n") + "\n"


def _time_lines(time: TimeReport) -> list[str]:
    """Whether the time lane could tell anything, with its figures."""
    lines = []
    if time.unfit:
        lines.append(
            f"  the base run twice differs from itself, or spreads too far, in {len(time.unfit)} of"
            f" {plural(len(time.noise), 'benchmark')}:"
        )
        lines += [
            f"    {visible(n.benchmark)}: medians {percent(1 + n.shift)} apart (p={n.p:.3f}),"
            f" half of the samples within ±{n.spread * 100:.1f} %; looked for:"
            f" {n.relevant * 100:g} %"
            for n in time.unfit[:_MAX_EXPLAINED]
        ]
        lines.append("  use a quiet machine, a longer --benchtime, or leave --time out")
    else:
        largest = max((abs(n.shift) for n in time.noise), default=0.0)
        lines.append(
            f"  time lane: {plural(len(time.noise), 'benchmark')} in turn; the base differs from"
            f" itself by at most {largest * 100:.1f} %"
        )
    return [*lines, ""]


def _judgement_lines(report: GateReport) -> list[str]:
    """The broken rules, what is waived, and what of the policy does nothing."""
    judgement, source = report.judgement, visible(report.policy.source)

    def at(line: int) -> str:
        return f" ({source}:{line})" if line else ""

    lines = [
        f"  {violation.rule}: {visible(violation.text)}{at(violation.line)}"
        for violation in judgement.violations[:_MAX_ROWS]
    ]
    hidden = len(judgement.violations) - _MAX_ROWS
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


def escape_lines(
    base: Record, head: Record, diffs: Sequence[TreeDiff] | None, older: Record | None = None
) -> list[str]:
    """The escapes that came and went between two records, the compiler's apart."""
    compiler = None if older is None else diff_escapes(older, base, ())
    return [*_escape_lines(diff_escapes(base, head, diffs)), *_compiler_escapes(compiler)]


def finding_lines(finding: Finding, record: Record, number: int) -> list[str]:
    """One finding in a few lines: what moved, in which commit, what escaped there."""
    step = finding.steps[0]
    more = f" (and {len(finding.steps) - 1} more)" if len(finding.steps) > 1 else ""
    lines = [
        f"{number}. {visible(step.benchmark)}{more}: {value(step.before, step.unit)} → "
        f"{value(step.after, step.unit)} {step.unit} at {record.revision.short} "
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
    lines = [
        f"{record.revision.short}: {o.directory}/go.mod replaced: {visible(o.reason)}"
        for o in record.overlays
    ]
    lines += [f"{record.revision.short}: {visible(note)}" for note in record.notes]
    for error in record.errors:
        where = f" {error.package}" if error.package else ""
        lines.append(
            f"{record.revision.short}: {error.stage}{visible(where)}: {visible(error.message)}"
        )
    lines += [
        f"{record.revision.short}: compiled code of {visible(e.package)} not read:"
        f" {visible(e.message)}"
        for e in record.unread
    ]
    return [*lines, ""] if lines else []


def _one(record: Record) -> str:
    revision = record.revision
    return (
        f"{revision.short}  {record.environment.toolchain.release}"
        f"  {visible(one_line(revision.subject, 70))}"
    )


def _units(record: Record) -> list[str]:
    """The units of the first table; the others have one of their own."""
    found = dict.fromkeys(m.unit for _, b in record.benchmarks() for m in b.measurements)
    return [unit for unit in found if unit not in HEAP_COSTS]


def _heap_costs(record: Record) -> list[str]:
    """What the heap costs beside the allocation; of benchmarks where any of it is not 0."""
    rows = []
    for package, benchmark in record.benchmarks():
        found = [benchmark.measurement(unit) for unit in HEAP_COSTS]
        if any(m is not None and m.high for m in found):
            name = f"{package.rsplit('/', 1)[-1]}.{benchmark.name.removeprefix('Benchmark')}"
            rows.append([visible(name), *map(_cell, found)])
    return [table(rows, ["heap", *HEAP_COSTS]), ""] if rows else []


def _cell(measurement: Measurement | None) -> str:
    """A value and how far its confidence interval reaches, or the range of an inexact count."""
    if measurement is None:
        return ""
    text = value(measurement.value, measurement.unit)
    if measurement.lane is Lane.TIME:
        return f"{text} ± {_share(spread(measurement.samples))}"
    if measurement.low == measurement.high or not measurement.value:
        return text
    away = max(measurement.high - measurement.value, measurement.value - measurement.low)
    return f"{text} ± {_share(away / abs(measurement.value))}"


def _share(part: float) -> str:
    """As benchstat prints it: ``∞`` where there are too few samples for an interval."""
    if math.isinf(part):
        return "∞"
    return "?" if math.isnan(part) else f"{part * 100:.0f} %"


def _shown(change: Change) -> bool:
    """Of what the heap costs, only what differs by more than its own repetitions."""
    if change.unit not in HEAP_COSTS or change.base is None or change.head is None:
        return change.unit not in HEAP_COSTS
    return change.base.high < change.head.low or change.head.high < change.base.low


def _comparison_row(change: Change) -> list[str]:
    name = f"{change.package.rsplit('/', 1)[-1]}.{change.benchmark.removeprefix('Benchmark')}"
    if change.base is None or change.head is None:
        note = "new" if change.base is None else "gone"
        return [visible(name), _cell(change.base), _cell(change.head), note, ""]
    sizes = [len(change.base.samples), len(change.head.samples)]
    n = str(sizes[0]) if sizes[0] == sizes[1] else f"{sizes[0]}+{sizes[1]}"
    if change.direction is Direction.NONE and (change.p is None or change.p > ALPHA):
        difference = "~" if change.p is not None or change.delta else ""
    else:
        difference = percent(change.ratio)
    detail = f" (p={change.p:.3f} n={n})" if change.p is not None else ""
    return [
        visible(name),
        _cell(change.base),
        _cell(change.head),
        difference + detail,
        _judged(change),
    ]


def _judged(change: Change) -> str:
    """What a change means; with the compiler's part, if it has one."""
    if not change.by_compiler:
        return _ARROW[change.direction]
    rest = change.delta - change.by_compiler
    if not rest:
        return "compiler, not code"
    return f"{_ARROW[change.charged]} (code {rest:+,.10g}, compiler {change.by_compiler:+,.10g})"


def _gate_rows(report: GateReport) -> list[str]:
    changes = report.changes
    failing = {id(v.change) for v in report.judgement.violations}
    rows = [
        [
            f"{visible(c.package.rsplit('/', 1)[-1])}.{visible(c.benchmark)}",
            c.unit,
            _cell(c.base),
            _cell(c.head),
            f"{c.delta:+,.10g}",
            _judged(c)
            + (
                " (listed only)"
                if c.charged is Direction.REGRESSION and id(c) not in failing
                else ""
            ),
        ]
        for c in changes[:_MAX_ROWS]
    ]
    lines = [table(rows, ["benchmark", "unit", "base", "head", "delta", ""]), ""]
    if len(changes) > _MAX_ROWS:
        lines += [f"… and {len(changes) - _MAX_ROWS} more changes", ""]
    return lines


def _escape_lines(escapes: EscapeDiff) -> list[str]:
    unreached = sum(escapes.cost(s).covered is False for s in escapes.new)
    aside = f" ({unreached} that no benchmark executes)" if unreached else ""
    lines = [
        f"{plural(len(escapes.new), 'new escape site')}{aside},"
        f" {len(escapes.gone)} gone, {escapes.kept} kept"
    ]
    for sign, sites in (("+", escapes.new), ("-", escapes.gone)):
        lines += [f"  {sign} {_site(s, escapes.cost(s)).strip()}" for s in sites[:_MAX_ROWS]]
    hidden = max(len(escapes.new) - _MAX_ROWS, 0) + max(len(escapes.gone) - _MAX_ROWS, 0)
    if hidden:
        lines.append(f"  … and {hidden} more")
    if escapes.unknown:
        lines.append(f"  not compared, does not compile: {', '.join(escapes.unknown)}")
    return lines


def _code(record: Record) -> list[str]:
    """What was compiled: how many calls allocate, and the largest stack frame."""
    functions = [f for f in record.functions if not f.test]
    if not functions:
        return []
    calls = [c for c in record.calls if not c.test]
    silent = len(unmentioned(calls, record.code_escapes()))
    largest = max(functions, key=lambda f: f.frame_bytes)
    return [
        f"{plural(len(calls), 'allocation call')} in {plural(len(functions), 'linked function')},"
        f" {silent} of which no message mentions; largest stack frame"
        f" {largest.frame_bytes:,} B: {visible(largest.function)}"
    ]


def _compiler_escapes(escapes: EscapeDiff | None) -> list[str]:
    if escapes is None:
        return []
    first, *rest = _escape_lines(escapes)
    return ["", f"by the compiler, with the code of the base: {first}", *rest]


def _site(site: EscapeSite, cost: SiteCost = UNKNOWN) -> str:
    where = f" in {site.function}" if site.function else ""
    said = describe_cost(cost)
    text = f"  {visible(str(site.position))}: {visible(site.message)}{visible(where)}"
    return f"{text} ({said})" if said else text


def _short_package(package: PackageResult) -> str:
    carried = package.carried_from
    mark = f" (from {carried[:8]})" if carried else ""
    return visible(package.path) + mark


def table(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    """Aligned columns, as plain text."""
    return tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)
