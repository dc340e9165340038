"""The parts of an account: outcomes, shares, lines, benchmarks."""

from dataclasses import dataclass

from markupsafe import Markup

from harness.model import FlowStep
from harness.outputs.site.shared.links import BenchmarkLink


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
class BriefView:
    """An account in passing: its first line, and how many more there are.

    Attributes:
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
