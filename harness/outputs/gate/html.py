"""``--format html``: one page with the style of the dashboard, complete in itself. Pure.

It has no script and loads nothing; its policy allows the one style sheet that is in it, by hash.
"""

import base64
import hashlib
from dataclasses import dataclass
from importlib import resources

from harness import __version__
from harness.analysis.causes.attribution import Attribution
from harness.analysis.compare.comparison import Change, Direction
from harness.analysis.verdict.gate import GateReport, Verdict
from harness.analysis.verdict.policy import Rule, Violation
from harness.errors import EXIT_UNFIT
from harness.model import ALLOCS, EscapeSite, FlowStep, Record
from harness.outputs.gate.annotation import Annotation, Level
from harness.outputs.gate.annotations import annotate, attribution_of, describe
from harness.outputs.gate.base import Failure, Surroundings
from harness.outputs.gate.words import benchmark_rows, comparison_line, meaning, verdict_line
from harness.outputs.site.publish import template_environment
from harness.outputs.site.shared.escapes import EscapeView, short_function
from harness.outputs.site.shared.links import Link
from harness.outputs.site.shared.records import machine_detail, toolchain, variables
from harness.outputs.site.shared.values import Fact
from harness.outputs.text.explanation import OUTCOMES, describe_cost
from harness.outputs.text.format import clip, minute, percent, signed, value, with_unit
from harness.outputs.text.reproduce import reproduce

_MOST_CAUSES = 5
# Of changes, of benchmarks, and of new and of gone escape sites.
_MOST = 300
_TONES = {Verdict.PASS: "improvement", Verdict.FAIL: "regression", Verdict.ERROR: "broken"}
_NOTHING = ("", "", "", "")
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
        numbers: before, after, difference, and its share; empty where there are none.
        place, source: where it stands and the text of that line.
        message: in the words of the rule or of the tool; may have several lines.
        explained: the share of the change that the causes account for, in words.
        causes, more: the first of them, and how many more there are.
        rule: its place in the policy, empty for a built-in one.
        reproduce: a command.
    """

    tone: str
    title: str
    subject: str
    package: str
    numbers: tuple[str, str, str, str]
    reproduce: str
    explained: str
    causes: tuple[CauseLine, ...]
    more: int
    place: Link | None = None
    at_base: bool = False
    source: str = ""
    message: str = ""
    rule: str = ""


def report(report: GateReport, around: Surroundings) -> str:
    """The page: the verdict, what decides it with its causes, then everything else."""
    found = annotate(report)
    changes = _changes(report, around)
    escapes = ((report.escapes.new, report.head), (report.escapes.gone, report.base))
    new, gone = (
        (tuple(_escape(report, s, around, side) for s in sites[:_MOST]), len(sites[_MOST:]))
        for sites, side in escapes
    )
    rows = benchmark_rows(report.benchmarks)
    return _rendered(
        headline=verdict_line(report),
        tone="warning" if report.unfit else _TONES[report.verdict],
        sign="!" if report.unfit else _SIGNS[report.verdict],
        facts=_facts(report),
        findings=[_finding(report, a, around) for a in found if a.level is Level.ERROR],
        changes=(changes[:_MOST], len(changes[_MOST:])),
        remarks=[
            _finding(report, a, around)
            for a in found
            if a.level is Level.WARNING or (a.level is Level.NOTE and a.waiver is not None)
        ],
        compared=comparison_line(report.benchmarks),
        benchmarks=(
            [
                (word, *(clip(t, 300) for t in key), clip(said, 600))
                for word, *key, said in rows[:_MOST]
            ],
            len(rows[_MOST:]),
        ),
        new=new,
        gone=gone,
        inexact=[clip(name, 300) for name in report.inexact],
    )


def failure(failure: Failure) -> str:
    """The verdict, and the message."""
    unfit = failure.exit_code == EXIT_UNFIT
    return _rendered(
        headline=failure.headline,
        tone="warning" if unfit else "broken",
        sign="!" if unfit else "✕",
        message=clip(failure.message, 8000),
    )


def _rendered(**parts: object) -> str:
    """The page; that of a gate that could not begin has a message and no other parts."""
    file = resources.files("harness.outputs.site") / "static" / "style.css"
    style = file.read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # The style sheet in it is allowed, and nothing else.
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    template = template_environment().get_template("gate.html.j2")
    return template.render(parts, style=style, policy=policy, version=__version__)


def _facts(report: GateReport) -> tuple[Fact, ...]:
    head = report.head
    facts = [
        *(
            Fact(word, f"{r.revision.hash} {r.revision.subject}")
            for word, r in (("base", report.base), ("head", head))
        ),
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


def _finding(report: GateReport, annotation: Annotation, around: Surroundings) -> GateFinding:
    violation, attribution = annotation.violation, annotation.attribution
    tone = {Level.ERROR: "regression", Level.WARNING: "warning", Level.NOTE: "quiet"}[
        annotation.level
    ]
    if annotation.level is Level.ERROR and violation is None:
        tone = "broken"
    place, source = None, ""
    if not annotation.causes:
        at = (annotation.revision, annotation.file, annotation.line)
        place = _place(around, *at)
        source = around.source(*at) if annotation.file else ""
    unit = "" if violation is None else violation.unit
    return GateFinding(
        tone=tone,
        title=clip(annotation.title, 200),
        subject=clip(annotation.subject or annotation.package, 300),
        package=clip(annotation.package, 300) if annotation.package != annotation.subject else "",
        numbers=_NOTHING if violation is None else _violation_numbers(violation),
        place=place,
        at_base=annotation.revision != report.head.revision.hash,
        source=clip(source.strip(), 400),
        message=_message(annotation),
        explained=_explained(attribution),
        causes=_causes(report, attribution, unit, around),
        more=len(annotation.causes[_MOST_CAUSES:]),
        rule=clip(annotation.policy, 300),
        reproduce=clip(annotation.reproduce, 2000),
    )


def _violation_numbers(violation: Violation) -> tuple[str, str, str, str]:
    base, head, unit = violation.base, violation.value, violation.unit
    if violation.change is not None:
        return _numbers(violation.change)
    if violation.rule is Rule.GONE and base is not None:
        return with_unit(base, unit), "gone", "", ""
    if head is None:
        return _NOTHING
    limit = "" if violation.limit is None else f"budget {value(violation.limit, unit)}"
    return "", with_unit(head, unit), "", limit


def _message(annotation: Annotation) -> str:
    """The text beyond the numbers and the causes, which have places of their own."""
    if annotation.error is not None:
        return clip(annotation.error.message, 8000)
    lines = annotation.message.split("\n")
    waived = [line for line in lines[1:] if line.startswith("waived ")]
    if annotation.violation is not None and annotation.violation.change is not None:
        return clip("\n".join(waived), 2000)
    return clip("\n".join([lines[0], *waived]), 2000)


def _changes(report: GateReport, around: Surroundings) -> list[GateFinding]:
    """The changes that break no rule; bytes after counts."""
    judged = {id(v.change) for v in (*report.judgement.violations, *report.judgement.waived)}
    found = []
    for change in sorted(report.changes, key=lambda c: c.unit != ALLOCS):
        if id(change) in judged:
            continue
        attribution = attribution_of(report, change)
        command = reproduce(report.head, change.package, change.benchmark)
        better = change.direction is Direction.IMPROVEMENT
        found.append(
            GateFinding(
                tone="improvement" if better else "regression",
                title=meaning(change),
                subject=clip(change.benchmark, 300),
                package=clip(change.package, 300),
                numbers=_numbers(change),
                explained=_explained(attribution),
                causes=_causes(report, attribution, change.unit, around)[:1],
                more=max(0, len(attribution.causes) - 1) if attribution else 0,
                reproduce=clip(command, 2000) if change.unit == ALLOCS else "",
            )
        )
    return found


def _numbers(change: Change) -> tuple[str, str, str, str]:
    if change.base is None or change.head is None:
        return _NOTHING
    p = "" if change.p is None else f", p={change.p:.3g}"
    return (
        value(change.base.value, change.unit),
        with_unit(change.head.value, change.unit),
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
    if attribution is None:
        return ()
    # The account may be of another unit; its places are the same.
    same = attribution.unit == unit
    found = []
    for cause in attribution.causes[:_MOST_CAUSES]:
        at = ((report.base if cause.at_base else report.head).revision.hash, cause.file, cause.line)
        found.append(
            CauseLine(
                amount=signed(cause.delta, unit) if same else "",
                tone="regression" if cause.delta > 0 else "improvement",
                place=_place(around, *at) or Link("no known line"),
                at_base=cause.at_base,
                function=short_function(cause.function),
                said=clip(describe(cause), 600),
                source=clip(around.source(*at).strip(), 400),
                flow=() if cause.site is None else cause.site.flow,
            )
        )
    return tuple(found)


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
