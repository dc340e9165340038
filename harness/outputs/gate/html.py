"""``--format html``: one page with the style of the dashboard, complete in itself. Pure.

It has no script and loads nothing; its policy allows the one style sheet that is in it, by hash.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from harness import __version__
from harness.analysis.causes.attribution import Attribution, Cause
from harness.analysis.compare.comparison import Change, Direction
from harness.analysis.verdict.gate import GateReport, Verdict
from harness.analysis.verdict.policy import Rule
from harness.errors import EXIT_UNFIT
from harness.model import ALLOCS, EscapeSite, FlowStep, Record
from harness.outputs.gate.annotation import Annotation, Level
from harness.outputs.gate.annotations import annotate, attribution_of, describe
from harness.outputs.gate.base import Failure, Surroundings
from harness.outputs.gate.words import benchmark_rows, comparison_line, verdict_line
from harness.outputs.site.publish import template_environment
from harness.outputs.site.shared.escapes import EscapeView, short_function
from harness.outputs.site.shared.links import Link
from harness.outputs.site.shared.records import machine_detail, toolchain, variables
from harness.outputs.site.shared.values import Fact
from harness.outputs.text.explanation import OUTCOMES, describe_cost
from harness.outputs.text.format import clip, minute, percent, signed, value
from harness.outputs.text.reproduce import reproduce

_MOST_CAUSES = 5
_MOST_CHANGES = 300
_MOST_SITES = 300
_MOST_BENCHMARKS = 300
_TONES = {Verdict.PASS: "improvement", Verdict.FAIL: "regression", Verdict.ERROR: "broken"}
_SIGNS = {Verdict.PASS: "✓", Verdict.FAIL: "▲", Verdict.ERROR: "✕"}


@dataclass(frozen=True, slots=True)
class CauseLine:
    """A cause of a change: where, how much, and what is said of it."""

    amount: str
    tone: str
    place: Link
    at_base: bool
    function: str
    said: str
    source: str
    flow: tuple[FlowStep, ...]


@dataclass(frozen=True, slots=True)
class GateFinding:
    """Something that a rule is broken by, that could not be measured, or that changed.

    Attributes:
        tone: ``regression``, ``improvement``, ``broken``, ``warning`` or ``quiet``.
        title: what it is, in a few words.
        subject, package: what it is about.
        before, after, delta, percent: the numbers, empty where there are none.
        place, source: where it stands and the text of that line; may be empty.
        at_base: whether that is a place of the base.
        message: in the words of the rule or of the tool; may have several lines.
        explained: the share of the change that the causes account for, in words.
        causes, more: the first of them, and how many more there are.
        rule: its place in the policy, empty for a built-in one.
        reproduce: a command, or empty.
    """

    tone: str
    title: str
    subject: str
    package: str
    before: str = ""
    after: str = ""
    delta: str = ""
    percent: str = ""
    place: Link | None = None
    at_base: bool = False
    source: str = ""
    message: str = ""
    explained: str = ""
    causes: tuple[CauseLine, ...] = ()
    more: int = 0
    rule: str = ""
    reproduce: str = ""


@dataclass(frozen=True, slots=True)
class BenchmarkLine:
    """A benchmark that only one side has, or that has another name there."""

    word: str
    package: str
    name: str
    said: str


@dataclass(frozen=True, slots=True)
class GatePage:
    """The page of a gate.

    Attributes:
        headline: the verdict in one line.
        tone, sign: of the verdict.
        facts: what was compared with what, and how.
        findings: what decides the verdict.
        changes, more_changes: what breaks no rule; how many are left out.
        remarks: waivers, rules without effect.
        compared: how many benchmarks were, in words; empty of a gate that could not begin.
        benchmarks: what only one side has; ``more_benchmarks`` are left out.
        new, gone: escape sites; ``more_new`` and ``more_gone`` are left out.
        inexact: benchmarks whose allocs/op did not repeat.
        message: of a gate that could not begin, else empty.
    """

    headline: str
    tone: str
    sign: str
    facts: tuple[Fact, ...] = ()
    findings: tuple[GateFinding, ...] = ()
    changes: tuple[GateFinding, ...] = ()
    more_changes: int = 0
    remarks: tuple[GateFinding, ...] = ()
    compared: str = ""
    benchmarks: tuple[BenchmarkLine, ...] = ()
    more_benchmarks: int = 0
    new: tuple[EscapeView, ...] = ()
    gone: tuple[EscapeView, ...] = ()
    more_new: int = 0
    more_gone: int = 0
    inexact: tuple[str, ...] = ()
    message: str = ""


def report(report: GateReport, around: Surroundings) -> str:
    """The page: the verdict, what decides it with its causes, then everything else."""
    found = annotate(report)
    changes = _changes(report, around)
    new, gone = report.escapes.new, report.escapes.gone
    benchmarks = benchmark_rows(report.benchmarks)
    page = GatePage(
        headline=verdict_line(report),
        tone="warning" if report.unfit else _TONES[report.verdict],
        sign="!" if report.unfit else _SIGNS[report.verdict],
        facts=_facts(report),
        findings=tuple(_finding(report, a, around) for a in found if a.level is Level.ERROR),
        changes=changes[:_MOST_CHANGES],
        more_changes=len(changes[_MOST_CHANGES:]),
        remarks=tuple(
            _finding(report, a, around)
            for a in found
            if a.level is Level.WARNING or (a.level is Level.NOTE and a.waiver is not None)
        ),
        compared=comparison_line(report.benchmarks),
        benchmarks=tuple(
            BenchmarkLine(word, clip(package, 300), clip(name, 300), clip(said, 600))
            for word, package, name, said in benchmarks[:_MOST_BENCHMARKS]
        ),
        more_benchmarks=len(benchmarks[_MOST_BENCHMARKS:]),
        new=tuple(_escape(report, s, around, report.head) for s in new[:_MOST_SITES]),
        gone=tuple(_escape(report, s, around, report.base) for s in gone[:_MOST_SITES]),
        more_new=len(new[_MOST_SITES:]),
        more_gone=len(gone[_MOST_SITES:]),
        inexact=tuple(clip(name, 300) for name in report.inexact),
    )
    return _rendered(page)


def failure(failure: Failure) -> str:
    """The verdict, and the message."""
    unfit = failure.exit_code == EXIT_UNFIT
    page = GatePage(
        headline=failure.headline,
        tone="warning" if unfit else "broken",
        sign="!" if unfit else "✕",
        message=clip(failure.message, 8000),
    )
    return _rendered(page)


def _rendered(page: GatePage) -> str:
    style, policy = _style()
    template = template_environment().get_template("gate.html.j2")
    return template.render(view=page, style=style, policy=policy, version=__version__)


@cache
def _style() -> tuple[str, str]:
    """The style sheet, and the policy that allows it and nothing else."""
    static = resources.files("harness.outputs.site") / "static"
    style = (static / "style.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return style, (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def _facts(report: GateReport) -> tuple[Fact, ...]:
    head = report.head
    facts = [
        Fact("base", _commit(report.base)),
        Fact("head", _commit(head)),
        Fact("author", head.revision.author),
        Fact("date of the head", minute(head.revision.date)),
        Fact("Go release", toolchain(head)),
        Fact("variables", variables(head)),
        Fact("machine", f"{head.machine.machine}, {machine_detail(head)}"),
        Fact("policy", report.policy.source),
    ]
    if report.older is not None:
        facts.append(Fact("base measured with", toolchain(report.older)))
    return tuple(Fact(f.label, clip(f.text, 400)) for f in facts if f.text)


def _commit(record: Record) -> str:
    return f"{record.revision.hash} {record.revision.subject}"


def _finding(report: GateReport, annotation: Annotation, around: Surroundings) -> GateFinding:
    violation = annotation.violation
    change = None if violation is None else violation.change
    tone = {Level.ERROR: "regression", Level.WARNING: "warning", Level.NOTE: "quiet"}[
        annotation.level
    ]
    if annotation.level is Level.ERROR and violation is None:
        tone = "broken"
    before = after = delta = ratio = ""
    if change is not None:
        before, after, delta, ratio = _numbers(change)
    elif violation is not None and violation.rule is Rule.GONE and violation.base is not None:
        before, after = f"{value(violation.base, violation.unit)} {violation.unit}", "gone"
    elif violation is not None and violation.value is not None:
        after = f"{value(violation.value, violation.unit)} {violation.unit}"
        if violation.limit is not None:
            ratio = f"budget {value(violation.limit, violation.unit)}"
    place = _place(around, annotation.revision, annotation.file, annotation.line)
    source = ""
    if annotation.file and not annotation.causes:
        source = around.source(annotation.revision, annotation.file, annotation.line)
    unit = "" if violation is None else violation.unit
    return GateFinding(
        tone=tone,
        title=clip(annotation.title, 200),
        subject=clip(annotation.subject or annotation.package, 300),
        package=clip(annotation.package, 300) if annotation.package != annotation.subject else "",
        before=before,
        after=after,
        delta=delta,
        percent=ratio,
        place=place if not annotation.causes else None,
        at_base=annotation.revision != report.head.revision.hash,
        source=clip(source.strip(), 400),
        message=_message(annotation),
        explained=_explained(annotation.attribution),
        causes=_causes(report, annotation.attribution, unit, around),
        more=len(annotation.causes[_MOST_CAUSES:]),
        rule=clip(annotation.policy, 300),
        reproduce=clip(annotation.reproduce, 2000),
    )


def _message(annotation: Annotation) -> str:
    """The text beyond the numbers and the causes, which have places of their own."""
    if annotation.error is not None:
        return clip(annotation.error.message, 8000)
    lines = annotation.message.split("\n")
    waived = [line for line in lines[1:] if line.startswith("waived ")]
    if annotation.violation is not None and annotation.violation.change is not None:
        return clip("\n".join(waived), 2000)
    return clip("\n".join([lines[0], *waived]), 2000)


def _changes(report: GateReport, around: Surroundings) -> tuple[GateFinding, ...]:
    """The changes that break no rule; bytes after counts."""
    told = {id(v.change) for v in report.judgement.violations}
    waived = {id(v.change) for v in report.judgement.waived}
    rest = [c for c in report.changes if id(c) not in told and id(c) not in waived]
    found = []
    for change in sorted(rest, key=lambda c: c.unit != ALLOCS):
        before, after, delta, ratio = _numbers(change)
        attribution = attribution_of(report, change.package, change.benchmark, change.unit)
        better = change.direction is Direction.IMPROVEMENT
        found.append(
            GateFinding(
                tone="improvement" if better else "regression",
                title=_meaning(change),
                subject=clip(change.benchmark, 300),
                package=clip(change.package, 300),
                before=before,
                after=after,
                delta=delta,
                percent=ratio,
                explained=_explained(attribution),
                causes=_causes(report, attribution, change.unit, around)[:1],
                more=max(0, len(attribution.causes) - 1) if attribution else 0,
                reproduce=clip(reproduce(report.head, change.package, change.benchmark), 2000)
                if change.unit == ALLOCS
                else "",
            )
        )
    return tuple(found)


def _meaning(change: Change) -> str:
    if change.by_compiler and not change.by_code:
        return "compiler, not code"
    if change.by_benchmark and not change.by_code:
        return "the benchmark's own"
    return "better" if change.charged is Direction.IMPROVEMENT else "listed only"


def _numbers(change: Change) -> tuple[str, str, str, str]:
    if change.base is None or change.head is None:
        return "", "", "", ""
    p = "" if change.p is None else f", p={change.p:.3g}"
    return (
        value(change.base.value, change.unit),
        f"{value(change.head.value, change.unit)} {change.unit}",
        signed(change.delta, change.unit),
        percent(change.ratio) + p,
    )


def _explained(attribution: Attribution | None) -> str:
    if attribution is None:
        return ""
    share = f"{attribution.explained * 100:.0f} % explained"
    return f"{OUTCOMES[attribution.outcome]}; {share}"


def _causes(
    report: GateReport, attribution: Attribution | None, unit: str, around: Surroundings
) -> tuple[CauseLine, ...]:
    causes: Sequence[Cause] = () if attribution is None else attribution.causes[:_MOST_CAUSES]
    return tuple(_cause(report, c, attribution, unit, around) for c in causes)


def _cause(
    report: GateReport,
    cause: Cause,
    attribution: Attribution | None,
    unit: str,
    around: Surroundings,
) -> CauseLine:
    revision = (report.base if cause.at_base else report.head).revision.hash
    # The account may be of another unit; its places are the same.
    same = attribution is not None and attribution.unit == unit
    return CauseLine(
        amount=signed(cause.delta, unit) if same else "",
        tone="regression" if cause.delta > 0 else "improvement",
        place=_place(around, revision, cause.file, cause.line) or Link("no known line"),
        at_base=cause.at_base,
        function=short_function(cause.function),
        said=clip(describe(cause), 600),
        source=clip(around.source(revision, cause.file, cause.line).strip(), 400),
        flow=() if cause.site is None else cause.site.flow,
    )


def _place(around: Surroundings, revision: str, file: str, line: int) -> Link | None:
    if not file:
        return None
    link = around.link(revision, file, line)
    safe = link if link.startswith(("https://", "http://")) else ""
    return Link(clip(f"{file}:{line}" if line else file, 300), safe)


def _escape(report: GateReport, site: EscapeSite, around: Surroundings, side: Record) -> EscapeView:
    where = site.position
    place = _place(around, side.revision.hash, where.file, where.line)
    return EscapeView(
        package=clip(site.package, 200),
        where=clip(str(where), 300),
        function=short_function(site.function),
        message=clip(site.message, 400),
        kind=site.kind.value,
        flow=site.flow,
        cost=describe_cost(report.escapes.cost(site)),
        href="" if place is None else place.href,
    )
