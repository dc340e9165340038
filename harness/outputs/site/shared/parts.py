"""What the pages show in several places, apart from HTML: see :mod:`.views`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markupsafe import Markup

from harness.outputs.text.format import visible

# Characters of a name that may stand in a line unbroken; columns of phones have room for them.
_CHUNK = 16
_PART = re.compile(r"(?<=[/_=])")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Link:
    """A link with its text; an empty ``href`` is text only."""

    text: str
    href: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class CommitView:
    """A revision, named in passing."""

    short: str
    subject: str
    date: str
    href: str


@dataclass(frozen=True, slots=True)
class BenchmarkLink:
    """A benchmark, named in passing; ``package`` is empty where all are in one."""

    name: str
    package: str
    href: str

    @property
    def wrapped(self) -> str:
        """The name for a narrow column: a long one may be broken behind its parts.

        The text stays the same, that which is copied, too.
        """
        chunks = _chunks(self.name)
        if len(chunks) == 1:
            return self.name
        return Markup("<wbr>").join(visible(chunk) for chunk in chunks)


def _chunks(name: str) -> list[str]:
    """A name in as few chunks as fit in a narrow column, as far as it has places for that."""
    if len(name) <= _CHUNK:
        return [name]
    chunks = [""]
    for part in _PART.split(name):
        for piece in [part] if len(part) <= _CHUNK else _WORD.split(part):
            if chunks[-1] and len(chunks[-1]) + len(piece) > _CHUNK:
                chunks.append("")
            chunks[-1] += piece
    return chunks


@dataclass(frozen=True, slots=True)
class StepView:
    """A change of one value. ``tone`` is ``regression`` or ``improvement``.

    ``confidence`` is empty where the values are exact.
    """

    benchmark: BenchmarkLink
    unit: str
    before: str
    after: str
    delta: str
    percent: str
    tone: str
    note: str = ""
    confidence: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of one unit: how it reads, how its repetitions spread, how it changed."""

    text: str
    spread: str = ""
    delta: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A number with its name."""

    label: str
    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class FlowView:
    """One line of the compiler's explanation; a ``head`` says what flows where."""

    text: str
    why: str
    where: str
    head: bool


@dataclass(frozen=True, slots=True)
class UseView:
    """What an escape site explains: the account that has its line, and how much of it.

    An empty ``href`` stands for a site that no account has.
    """

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class EscapeView:
    """An escape site; ``use`` is ``None`` where there are no accounts, ``cost`` may be empty.

    ``href`` is its line on the page of its source, empty if there is none; ``idle`` says that the
    compiled code allocates nothing there.
    """

    package: str
    where: str
    function: str
    message: str
    kind: str
    flow: tuple[FlowView, ...]
    use: UseView | None = None
    cost: str = ""
    href: str = ""
    idle: bool = False


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """The kind of cause: its word and what it means; ``unit`` is empty if it holds for all."""

    unit: str
    word: str
    text: str


@dataclass(frozen=True, slots=True)
class ShareView:
    """How much of a change is explained; ``unit`` is empty if it holds for all."""

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
        standing: ``new``, ``gone``, ``kept`` or ``none``: how the escape site stands.
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
    flow: tuple[FlowView, ...]
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
        more: how many lines there are beside ``cause``.
        again: whether the account before it in the list has the same first line.
    """

    outcome: OutcomeView
    share: ShareView
    cause: CauseView | None
    total: AmountView
    rounded: bool
    more: int
    again: bool = False
