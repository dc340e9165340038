"""``--format markdown``: a comment on a pull request, and the summary of a job."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness import __version__
from harness.analysis.causes.attribution import Attribution
from harness.analysis.compare.comparison import Change, Direction
from harness.analysis.verdict.gate import GateReport, Verdict
from harness.model import ALLOCS, BYTES, SECONDS, EscapeSite
from harness.outputs.gate.annotation import Annotation, Level
from harness.outputs.gate.annotations import annotate, attribution_of, describe
from harness.outputs.gate.base import Failure, Surroundings
from harness.outputs.gate.words import benchmark_rows, comparison_line, meaning, verdict_line
from harness.outputs.text.explanation import OUTCOMES
from harness.outputs.text.format import clip, plural, signed, value
from harness.outputs.text.markdown import Page, attribute, code, fenced, plain
from harness.outputs.text.reproduce import reproduce

# One comment is kept up to date instead of many: this is how it is found.
MARKER = "<!-- escape-velocity:gate -->"
# Of a comment at GitHub, in characters; counted here in bytes, which are never fewer.
COMMENT_LIMIT = 65_536
# Of a step's summary at GitHub, in bytes.
SUMMARY_LIMIT = 1024 * 1024
MOST_ROWS = 10
_HEADS = ("", "what", "base → head", "why")
_SIGN = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.ERROR: "⚠️"}


def report(report: GateReport, around: Surroundings) -> str:
    """The comment: the verdict, the most important rows, and the rest folded."""
    return render(report, around, COMMENT_LIMIT)


def failure(failure: Failure) -> str:
    """The verdict, and the message."""
    return (
        f"{MARKER}\n### ⚠️ Escape Velocity: {failure.headline}\n\n"
        f"{fenced([clip(failure.message, 4000)])}\n"
    )


def render(report: GateReport, around: Surroundings, limit: int) -> str:
    """The whole document.

    Args:
        limit: bytes that it may have; what does not fit is left out and counted.
    """
    found = annotate(report)
    page = Page(limit - 200)  # room for the last line
    page.add(MARKER, f"### {_SIGN[report.verdict]} Escape Velocity: {verdict_line(report)}", "")
    page.add(_sides(report), "")
    rows = [*_error_rows(report, found, around), *_change_rows(report, around)]
    first = [row for row in rows if not row.again][:MOST_ROWS]
    first = first[: page.table(_HEADS, first, lambda row: row.cells)]
    commands = [row.command for row in first if row.command]
    page.commands("Reproduce", commands)
    rest = [row for row in rows if not any(row is shown for shown in first)]
    page.folded_table(plural(len(rest), "more finding"), _HEADS, rest, lambda row: row.cells)
    for level, noun in ((Level.WARNING, "warning"), (Level.NOTE, "note")):
        # Notes without a waiver are new escapes, which have a table of their own.
        chosen = [
            a
            for a in found
            if a.level is level and (level is Level.WARNING or a.waiver is not None)
        ]
        page.folded_table(f"Policy: {plural(len(chosen), noun)}", ("", ""), chosen, _remark)
    page.folded_table(
        comparison_line(report.benchmarks),
        ("", "benchmark", "in", ""),
        benchmark_rows(report.benchmarks),
        lambda row: [row[0], *(code(text) for text in (row[2], row[1], row[3]))],
    )
    escapes = report.escapes
    page.folded_table(
        f"Escape sites: {len(escapes.new)} new, {len(escapes.gone)} gone, {escapes.kept} kept",
        ("", "message", "in", "at"),
        [*(("new", s) for s in escapes.new), *(("gone", s) for s in escapes.gone)],
        lambda item: _site(report, around, *item),
    )
    page.folded_table(
        f"{plural(len(report.inexact), 'benchmark')} did not repeat exactly, and"
        " count only where the ranges of both sides are clearly apart",
        ("benchmark",),
        report.inexact,
        lambda name: [code(name)],
    )
    return page.text(f"\n<sub>esv {__version__}, Go {_release(report)}</sub>\n")


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the first table, in Markdown, and the command that shows the change.

    ``again`` is a change of a benchmark that has a row in another unit.
    """

    cells: list[str]
    command: str
    again: bool = False


def _sides(report: GateReport) -> str:
    base, head = report.base.revision, report.head.revision
    parts = [f"{code(base.short)} → {code(head.short)} {code(head.subject, 70)}"]
    if report.older is not None:
        older, newer = (r.environment.toolchain.release for r in (report.older, report.base))
        parts.append(f"base was measured with {plain(older)} and is compared with {plain(newer)}")
    if report.policy.source:
        parts.append(f"policy {code(report.policy.source)}")
    return ", ".join(parts)


def _release(report: GateReport) -> str:
    return plain(report.head.environment.toolchain.release.removeprefix("go"))


def _error_rows(
    report: GateReport, found: Sequence[Annotation], around: Surroundings
) -> Iterable[_Row]:
    for annotation in found:
        if annotation.level is not Level.ERROR:
            continue
        violation = annotation.violation
        numbers = ""
        if violation is not None and violation.value is not None:
            numbers = _numbers(violation.base, violation.value, violation.unit)
            if violation.change is not None:
                numbers = _change_numbers(violation.change)
            if violation.base is None and violation.limit is not None:
                numbers += f"<br>budget {plain(value(violation.limit, violation.unit))}"
        elif violation is not None and violation.base is not None:
            before = plain(value(violation.base, violation.unit))
            numbers = f"{before} {plain(violation.unit)} → gone"
        if annotation.attribution is not None and annotation.causes:
            unit = violation.unit if violation is not None else ""
            why = _causes(report, annotation.attribution, unit, around)
        else:
            why = _at(report, annotation, around)
        name = annotation.subject or annotation.package
        package = annotation.package if annotation.package != annotation.subject else ""
        inside = f"in {code(package)}" if package else ""
        what = _joined(code(name), plain(annotation.title), inside)
        sign = "❌" if violation is not None else "⚠️"
        yield _Row([sign, what, numbers, why], annotation.reproduce)


def _change_rows(report: GateReport, around: Surroundings) -> Iterable[_Row]:
    """The changes that break no rule; bytes after counts."""
    judgement = report.judgement
    told = {id(v.change) for v in judgement.violations}
    waived = {id(v.change) for v in judgement.waived}
    seen = {(v.package, v.subject) for v in judgement.violations}
    rest = [c for c in report.changes if id(c) not in told]
    for change in sorted(rest, key=lambda c: c.unit != ALLOCS):
        word = "waived" if id(change) in waived else meaning(change)
        key = (change.package, change.benchmark)
        sign = "▼" if change.direction is Direction.IMPROVEMENT else "▲"
        what = _joined(code(change.benchmark), word, f"in {code(change.package)}")
        why = _change_causes(report, change, around)
        command = reproduce(report.head, *key) if change.unit == ALLOCS else ""
        yield _Row([sign, what, _change_numbers(change), why], command, key in seen)
        seen.add(key)


def _change_numbers(change: Change) -> str:
    if change.base is None or change.head is None:
        return ""
    p = f"<br>p={change.p:.3g}" if change.p is not None else ""
    return _numbers(change.base.value, change.head.value, change.unit) + p


def _change_causes(report: GateReport, change: Change, around: Surroundings) -> str:
    attribution = attribution_of(report, change)
    if attribution is None:
        return ""
    if not attribution.causes:
        return plain(OUTCOMES[attribution.outcome])
    return _causes(report, attribution, change.unit, around)


def _numbers(base: float | None, head: float, unit: str) -> str:
    # These show their unit with the value.
    name = "per op" if unit in (BYTES, SECONDS) else plain(unit)
    after = plain(value(head, unit))
    if base is None:
        return f"{after} {name}"
    moved = signed(head - base, unit)
    return f"{plain(value(base, unit))} → {after} {name} ({plain(moved)})"


def _causes(report: GateReport, attribution: Attribution, unit: str, around: Surroundings) -> str:
    """The first cause with its source line, and how many more there are."""
    causes = attribution.causes
    cause = next((c for c in causes if not c.at_base), causes[0])
    # The account may be of another unit; its places are the same.
    amount = f"{cause.delta:+,.4g} at " if attribution.unit == unit else ""
    side = report.base if cause.at_base else report.head
    revision = side.revision.hash
    note = plural(len(causes) - 1, "more cause") if len(causes) > 1 else ""
    return _joined(
        plain(amount)
        + _place(around, revision, cause.file, cause.line)
        + (" (base)" if cause.at_base else ""),
        f"{code(describe(cause))} in {code(cause.function)}",
        code(around.source(revision, cause.file, cause.line)),
        note,
    )


def _at(report: GateReport, annotation: Annotation, around: Surroundings) -> str:
    """The place of an annotation that is no change, with its message."""
    where = source = ""
    if annotation.file:
        where = _place(around, annotation.revision, annotation.file, annotation.line)
        where += " (base)" if annotation.revision != report.head.revision.hash else ""
        source = around.source(annotation.revision, annotation.file, annotation.line)
    error = annotation.error
    message = error.message if error is not None else annotation.message.split("\n", 1)[0]
    rule = f"rule {code(annotation.policy)}" if annotation.policy else ""
    return _joined(where, code(message, 400), code(source), rule)


def _place(around: Surroundings, revision: str, file: str, line: int) -> str:
    if not file:
        return "no known line"
    text = code(f"{file}:{line}" if line else file)
    link = around.link(revision, file, line)
    return f'<a href="{attribute(link)}">{text}</a>' if link else text


def _remark(annotation: Annotation) -> list[str]:
    first = annotation.message.split("\n")
    waived = first[1] if annotation.violation is not None and len(first) > 1 else ""
    return [
        plain(annotation.title),
        _joined(code(first[0], 300), code(waived, 300), code(annotation.policy)),
    ]


def _site(report: GateReport, around: Surroundings, word: str, site: EscapeSite) -> list[str]:
    revision = (report.head if word == "new" else report.base).revision.hash
    where = site.position
    place = _place(around, revision, where.file, where.line)
    return [word, code(site.message), code(site.function), place]


def _joined(*parts: str) -> str:
    return "<br>".join(part for part in parts if part)
