"""The annotations of a gate's report, from which all formats are made.

Fingerprints depend on no line and on no order, so that a finding keeps its own in the next run.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from harness.analysis.causes.attribution import Attribution, Cause
from harness.analysis.compare.comparison import Change
from harness.analysis.compare.timing import TimeReport
from harness.analysis.verdict.gate import GateError, GateReport
from harness.analysis.verdict.policy import Rule, Violation
from harness.diagnostics.normal import normal_function, normal_message
from harness.model import ALLOCS, EscapeSite, FlowStep, Position, Record
from harness.outputs.gate.annotation import (
    MACHINE_UNFIT,
    NOT_MEASURED,
    RULE_IDLE,
    RULES,
    WAIVER_EXPIRED,
    WAIVER_UNUSED,
    Annotation,
    Level,
    fingerprint,
)
from harness.outputs.gate.words import unfit_lines
from harness.outputs.text.explanation import describe_cause, describe_cost, waived_by
from harness.outputs.text.reproduce import reproduce
from harness.policy.model import Waiver


def annotate(report: GateReport) -> tuple[Annotation, ...]:
    """All annotations, the most important first."""
    judgement = report.judgement
    found = [_of_error(report, e) for e in report.errors]
    if report.time is not None and report.time.unfit:
        found.append(_of_machine(report, report.time))
    found += [_of_violation(report, v, Level.ERROR) for v in judgement.violations]
    # No rule is broken by what is only listed.
    found += [
        replace(_of_violation(report, v, Level.WARNING), violation=None) for v in judgement.listed
    ]
    found += [_of_waiver(report, w, WAIVER_EXPIRED, Level.WARNING) for w in judgement.expired]
    found += [_of_idle(report, text) for text in judgement.idle]
    found += [_of_violation(report, v, Level.NOTE) for v in judgement.waived]
    found += [_of_waiver(report, w, WAIVER_UNUSED, Level.NOTE) for w in judgement.unused]
    decided = [*judgement.violations, *judgement.waived]
    known = {id(v.site) for v in decided if v.site is not None}
    known |= {id(s) for s in judgement.undecided}
    found += [
        _of_site(report, site)
        for site in report.escapes.new
        # A site that allocates nothing needs no action.
        if id(site) not in known and report.escapes.cost(site).allocates is not False
    ]
    return tuple(_told_apart(found))


def shown_place(report: GateReport, annotation: Annotation) -> tuple[str, int]:
    """File and line for a format that needs a place.

    Without a place of its own it is the policy's rule, else the package's directory.
    """
    if annotation.file:
        return annotation.file, max(annotation.line, 1)
    violation = annotation.violation
    source = _own_file(report.policy.source)
    if violation is not None and violation.line and source:
        return source, violation.line
    for package in (*report.head.packages, *report.base.packages):
        if package.path == annotation.package and package.directory != ".":
            return package.directory, 1
    return source or "go.mod", 1


def attribution_of(report: GateReport, change: Change) -> Attribution | None:
    """The account of a change; where a unit has none, that of allocs/op."""
    units = (change.unit, ALLOCS)
    found = (report.attributions.get((change.package, change.benchmark, u)) for u in units)
    return next(filter(None, found), None)


def describe(cause: Cause) -> str:
    """A cause in one line without its place."""
    return describe_cause(cause) + (f" ({cause.note})" if cause.note else "")


def _of_violation(report: GateReport, violation: Violation, level: Level) -> Annotation:
    waiver, attribution, command = violation.waiver, None, ""
    lines = [violation.text]
    if waiver is not None:
        lines.append(waived_by(waiver))
    if violation.change is not None:
        attribution = attribution_of(report, violation.change)
        command = reproduce(report.head, violation.package, violation.change.benchmark)
    if attribution is not None:
        lines += _cause_lines(attribution)
    policy = _at_policy(report, violation.line)
    if policy:
        lines.append(f"rule: {policy}")
    if command:
        lines.append(f"reproduce: {command}")
    causes = attribution.causes if attribution is not None else ()
    place, function, flow = _place(report, violation, causes)
    side = report.head
    if violation.rule is Rule.GONE and not place.file:
        side, place = report.base, _declared(report.base, violation.package, violation.subject)
        if place.file:
            lines.append(f"it was at {place.file}:{place.line} of the base")
    unit = f" in {violation.unit}" if violation.rule is Rule.THRESHOLD else ""
    return _annotation(
        side,
        level,
        violation.rule,
        "\n".join(lines),
        _content(violation),
        title=f"{'waived: ' if waiver is not None else ''}{RULES[violation.rule][0]}{unit}",
        package=violation.package,
        subject=violation.subject,
        file=place.file,
        line=place.line,
        column=place.column,
        function=function,
        flow=flow,
        attribution=attribution,
        policy=policy,
        waiver=waiver,
        reproduce=command,
        violation=violation,
    )


def _cause_lines(attribution: Attribution) -> list[str]:
    lines = []
    for cause in attribution.causes[:_MOST_CAUSES]:
        place = f"at {cause.file}:{cause.line}" + (" of the base" if cause.at_base else "")
        lines.append(
            f"{cause.delta:+,.10g} {attribution.unit} {place if cause.file else 'on no known line'}"
            f" in {cause.function}: {describe(cause)}"
        )
    hidden = len(attribution.causes) - _MOST_CAUSES
    return [*lines, f"and {hidden} more causes"] if hidden > 0 else lines


_MOST_CAUSES = 3
_MOST_UNFIT = 5
_NOWHERE = Position("", 0, 0)


def _place(
    report: GateReport, violation: Violation, causes: Sequence[Cause]
) -> tuple[Position, str, tuple[FlowStep, ...]]:
    """The place of a violation at head, which is under review."""
    site, call = violation.site, violation.call
    if site is not None:
        return _real(site.position), site.function, site.flow
    if call is not None:
        return Position(call.outer_file, call.outer_line, 0), call.function, ()
    for cause in causes:
        if not cause.at_base and cause.file and not cause.file.startswith("<"):
            at = cause.site.position if cause.site is not None else _NOWHERE
            if cause.site is not None and (at.file, at.line) == (cause.file, cause.line):
                return at, cause.function, cause.site.flow
            return Position(cause.file, cause.line, 0), cause.function, ()
    return _declared(report.head, violation.package, violation.subject), "", ()


def _declared(record: Record, package: str, subject: str) -> Position:
    """The declaration of a benchmark or a function, as far as the compiled code tells."""
    function = subject.split("/", 1)[0] if subject.startswith("Benchmark") else subject
    function = function.removeprefix(f"{package}.")
    named = (f for f in record.functions if (f.package, f.function) == (package, function))
    code = next(named, None)
    return _NOWHERE if code is None else Position(code.file, code.line, 0)


def _real(position: Position) -> Position:
    return _NOWHERE if position.generated else position


def _content(violation: Violation) -> Iterable[str]:
    """The texts that identify a violation in the next run: no line and no number."""
    site, call = violation.site, violation.call
    if site is not None:
        return (normal_function(site.function), normal_message(site.message))
    if call is not None:
        return (normal_function(call.function), call.callee)
    return (violation.subject, violation.unit)


def _of_error(report: GateReport, error: GateError) -> Annotation:
    at_head = error.revision != report.base.revision.hash
    side = "head" if at_head else "base"
    errors = report.head.errors if at_head else ()
    told = (error.package, error.message)
    places = ((e.file, e.line) for e in errors if (e.package, e.message) == told)
    file, line = next(places, ("", 0))
    what = f"{side} {error.stage}" + (f" {error.package}" if error.package else "")
    return _annotation(
        report.head if at_head else report.base,
        Level.ERROR,
        NOT_MEASURED,
        f"{what}: {error.message}",
        (error.stage, _without_numbers(error.message)),
        title=f"{RULES[NOT_MEASURED][0]}: {side} {error.stage}",
        package=error.package,
        subject=error.package,
        file=file,
        line=line,
        error=error,
    )


def _of_machine(report: GateReport, time: TimeReport) -> Annotation:
    """The time lane without a result; a verdict is then that of the counts alone."""
    lines = unfit_lines(time, _MOST_UNFIT)
    if len(time.unfit) > _MOST_UNFIT:
        lines.append(f"and {len(time.unfit) - _MOST_UNFIT} more")
    level = Level.ERROR if report.unfit else Level.WARNING
    return _annotation(report.head, level, MACHINE_UNFIT, "\n".join(lines), ())


def _of_waiver(report: GateReport, waiver: Waiver, rule: str, level: Level) -> Annotation:
    what = waiver.benchmark or waiver.escape
    words = "has expired" if rule == WAIVER_EXPIRED else "lets nothing pass; take it out"
    return _annotation(
        report.head,
        level,
        rule,
        f"the waiver of {waiver.owner} for {what} until {waiver.expires} {words}",
        (what, waiver.unit, waiver.file, waiver.function, waiver.owner),
        subject=what,
        waiver=waiver,
        **_in_policy(report, waiver.line),
    )


def _of_idle(report: GateReport, text: str) -> Annotation:
    found = re.match(r"line (\d+): (.*)", text, re.DOTALL)
    line, words = (int(found[1]), found[2]) if found else (0, text)
    return _annotation(
        report.head,
        Level.WARNING,
        RULE_IDLE,
        words,
        (words,),
        subject=words,
        **_in_policy(report, line),
    )


def _of_site(report: GateReport, site: EscapeSite) -> Annotation:
    where = _real(site.position)
    function = f" in {site.function}" if site.function else ""
    cost = describe_cost(report.escapes.cost(site))
    return _annotation(
        report.head,
        Level.NOTE,
        Rule.NEW_ESCAPE,
        f"{site.message}{function}" + (f"; {cost}" if cost else ""),
        (normal_function(site.function), normal_message(site.message)),
        package=site.package,
        subject=site.function,
        file=where.file,
        line=where.line,
        column=where.column,
        function=site.function,
        flow=site.flow,
    )


def _annotation(
    side: Record, level: Level, rule: str, message: str, content: Iterable[str], **more: Any
) -> Annotation:
    """An annotation of one side; ``content`` makes its fingerprint, with the rule and the package.

    Args:
        more: other fields than their defaults here.
    """
    fields = {"title": RULES[rule][0], "package": "", "subject": "", **more}
    own = fingerprint(rule, fields["package"], *content)
    return Annotation(level, str(rule), message=message, revision=side.revision.hash,
                      fingerprint=own, **fields)  # fmt: skip


def _in_policy(report: GateReport, line: int) -> dict[str, Any]:
    file = _own_file(report.policy.source)
    return {"file": file, "line": line, "policy": _at_policy(report, line)}


def _at_policy(report: GateReport, line: int) -> str:
    """The place of a rule, empty for a built-in one."""
    source = report.policy.source
    return f"{source}:{line}" if source and line else ""


def _own_file(source: str) -> str:
    """The policy's file if it is one of the repository's."""
    return "" if source.startswith(("/", "..")) else source


def _without_numbers(message: str) -> str:
    """The first line of a message without addresses, times and line numbers."""
    first = next((x for x in message.splitlines() if x.strip()), "")
    return re.sub(r"0x[0-9a-fA-F]+|\d+", "#", first.strip())


def _told_apart(found: Iterable[Annotation]) -> Iterable[Annotation]:
    """Give annotations of equal content fingerprints of their own, in the order of the source."""
    seen: Counter[str] = Counter()
    for annotation in found:
        own = annotation.fingerprint
        seen[own] += 1
        if seen[own] > 1:
            annotation = replace(annotation, fingerprint=fingerprint(own, str(seen[own])))
        yield annotation
