"""The parts of an account: outcomes, shares, lines, benchmarks."""

from dataclasses import dataclass

from markupsafe import Markup

from harness.model import FlowStep
from harness.outputs.site.shared.links import BenchmarkLink
from harness.outputs.site.shared.section import StepView


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """The kind of cause: its word and what it means; ``unit`` is empty if it holds for all."""

    unit: str
    word: str
    text: str


@dataclass(frozen=True, slots=True)
class ShareView:
    """The explained share of a change; ``unit`` is empty if it holds for all."""

    unit: str
    text: str
    bar: Markup


@dataclass(frozen=True, slots=True)
class AmountView:
    """A difference; ``tone`` is ``regression``, ``improvement`` or, without a text, empty."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class CauseView:
    """A line of an account: how much changed there, and what is said of it.

    Attributes:
        amounts: one for each unit of the account.
        where, function: the place.
        at_base: whether the place is that of the revision compared with, not of this one.
        word: the kind of cause, where it is not that of the account.
        standing: ``new``, ``gone``, ``kept`` or ``none``: the state of the escape site.
        message, flow: the compiler's words on it.
        hint: what else is to be said where no escape is reported.
        via: the library function that allocates.
        note_word, note: ``inlining lost`` or ``won``, and the compiler's words; without the word
            a note of the harness.
        href: the line on the page of its source, empty if there is none.
    """

    amounts: tuple[AmountView, ...]
    where: str
    function: str
    at_base: bool
    word: str
    standing: str
    message: str
    flow: tuple[FlowStep, ...]
    hint: str
    via: str
    note_word: str
    note: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class SharerRow:
    """Another benchmark with the same lines: its amounts, by line and unit."""

    benchmark: BenchmarkLink
    amounts: tuple[tuple[AmountView, ...], ...]
    shares: tuple[ShareView, ...]


@dataclass(frozen=True, slots=True)
class AccountView:
    """Benchmarks that changed on the same lines, with the lines.

    Attributes:
        identity: of the element.
        tone: direction of the leading benchmark.
        outcomes, shares: of the leading benchmark; one if they are the same for all units.
        steps: by benchmark, the leading one first, each with those of its units.
        units: columns of the lines.
        benchmark: the leading one, whose amounts the lines give.
        causes, more_causes: the lines; those beyond the first few.
        rest: amounts of ``more_causes`` together.
        remainders: what no line gives, and why.
        total: the change as reported; empty where there is one line and nothing else.
        sharers: the other benchmarks.
        collected: benchmarks that are collected more or less often with it, and how often.
        exact: whether no small object can be missing.
    """

    identity: str
    tone: str
    outcomes: tuple[OutcomeView, ...]
    shares: tuple[ShareView, ...]
    steps: tuple[tuple[StepView, ...], ...]
    units: tuple[str, ...]
    benchmark: BenchmarkLink
    causes: tuple[CauseView, ...]
    more_causes: tuple[CauseView, ...]
    rest: tuple[AmountView, ...]
    remainders: tuple[tuple[tuple[AmountView, ...], str], ...]
    total: tuple[AmountView, ...]
    sharers: tuple[SharerRow, ...]
    collected: tuple[tuple[BenchmarkLink, str], ...]
    exact: bool


@dataclass(frozen=True, slots=True)
class BriefView:
    """An account in passing: its first line, and how many more there are.

    Attributes:
        outcome, share: of the account.
        cause: the first line, ``None`` if there is none.
        total: the change as reported.
        rounded: whether the lines differ from ``total`` because that is cut to whole numbers.
        more: how many lines there are besides ``cause``.
        again: whether the account before it in the list has the same first line.
    """

    outcome: OutcomeView
    share: ShareView
    cause: CauseView | None
    total: AmountView
    rounded: bool
    more: int
    again: bool = False
