"""What the gate's report as a page shows, apart from HTML. All text is still raw."""

from __future__ import annotations

from dataclasses import dataclass

from harness.outputs.site.shared.escapes import EscapeView, FlowView
from harness.outputs.site.shared.links import Link
from harness.outputs.site.shared.values import Fact


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
    flow: tuple[FlowView, ...]


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
