"""What the Go compiler says: escape sites, flows, inlining."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the source. ``file`` is relative to the repository's root where it lies in it.

    ``column`` is 0 where the compiler gives none (after a ``//line`` directive).
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f":{self.column}" if self.column else "")


class SiteKind(StrEnum):
    """What the compiler puts on the heap, told from the text of the diagnostic."""

    MOVED = "moved"  # a variable: "moved to heap: x"
    LITERAL = "literal"  # &T{...}, []T{...}, map[K]V{...}
    NEW = "new"
    MAKE = "make"
    CLOSURE = "closure"  # "func literal"
    APPEND = "append"
    CONCAT = "concat"  # string concatenation
    CONVERSION = "conversion"  # string(b), []byte(s)
    ARGUMENT = "argument"  # "... argument"
    BOXED = "boxed"  # a value converted to an interface
    METHOD_VALUE = "method-value"


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One line of the explanation that ``-m=2`` gives of an escape.

    Attributes:
        text: the compiler's words without the position, e.g. ``from &t (address-of)`` or
            ``flow: ~r0 ← &t:``.
        position: where the step is in the source; ``None`` for a ``flow:`` line.
    """

    text: str
    position: Position | None


@dataclass(frozen=True, slots=True)
class EscapeSite:
    """A place in the source where the compiler puts a value on the heap.

    Attributes:
        package: import path.
        function: enclosing function as ``-m=2`` names it (``(*T).M``, ``f.func1``); empty where
            the release does not say (before Go 1.25) or at package level.
        position: outermost position: where an inlined site lands in the caller.
        expression: what escapes, in the compiler's words (``t``, ``&node{...}``).
        kind: see :class:`SiteKind`.
        message: the diagnostic as plain ``-m`` prints it, without the position.
        flow: the compiler's explanation, outermost first.
        test: whether the file is a ``_test.go`` file.
    """

    package: str
    function: str
    position: Position
    expression: str
    kind: SiteKind
    message: str
    flow: tuple[FlowStep, ...] = ()
    test: bool = False

    @property
    def reason(self) -> str:
        """The last step of the flow in the compiler's words, what finally made it escape."""
        steps = [s.text for s in self.flow if s.text.startswith("from ")]
        return steps[-1].removeprefix("from ") if steps else ""


@dataclass(frozen=True, slots=True)
class InliningDecision:
    """Whether a function can be inlined: ``can inline F with cost 8 as: …``.

    ``cost`` is ``None`` where the compiler names none; ``reason`` is empty where it can.
    """

    package: str
    function: str
    position: Position
    can: bool
    cost: int | None
    reason: str
    test: bool = False


@dataclass(frozen=True, slots=True)
class InliningCall:
    """``inlining call to F`` at a position."""

    package: str
    callee: str
    position: Position
    test: bool = False


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One line of compiler output, verbatim, for views on demand and for what is not parsed."""

    package: str
    position: Position | None
    text: str
