"""Annotations of the source, and their rules."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from harness.analysis.causes.attribution import Attribution, Cause
from harness.analysis.verdict.gate import GateError
from harness.analysis.verdict.policy import Rule, Violation
from harness.model import FlowStep
from harness.policy.model import Waiver

NOT_MEASURED = "not-measured"
MACHINE_UNFIT = "machine-unfit"
WAIVER_EXPIRED = "waiver-expired"
WAIVER_UNUSED = "waiver-unused"
RULE_IDLE = "rule-idle"

# Title and one sentence of every rule that an annotation can be of.
RULES = {
    str(Rule.THRESHOLD): (
        "regression",
        "A benchmark got worse by more than its threshold; the place is the first cause.",
    ),
    str(Rule.BUDGET): ("budget broken", "A value is above its absolute limit."),
    str(Rule.NEW_ESCAPE): ("new escape", "A value is put on the heap that was not before."),
    str(Rule.NO_ESCAPE): (
        "allocation where none is allowed",
        "Code that is declared free of allocations allocates.",
    ),
    str(Rule.GONE): (
        "benchmark gone",
        "The head does not have a benchmark of the base, so nothing is known of what it measured.",
    ),
    NOT_MEASURED: (
        "could not measure",
        "Something could not be compiled or run, so there is no verdict.",
    ),
    MACHINE_UNFIT: (
        "machine unfit for timing",
        "The base run twice differs from itself too much to tell what is slower.",
    ),
    WAIVER_EXPIRED: ("waiver expired", "A waiver whose last day has passed lets nothing pass."),
    WAIVER_UNUSED: ("waiver not needed", "A waiver in force lets nothing pass: take it out."),
    RULE_IDLE: ("rule without effect", "A rule of the policy concerns nothing at the head."),
}


class Level(StrEnum):
    """The weight of an annotation; only errors decide the verdict."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark at a place of the source.

    Attributes:
        rule: one of :data:`RULES`.
        message: one or more lines.
        package: empty for the policy.
        subject: the benchmark, function or package that it is about.
        revision: hash of the side whose file and line these are.
        fingerprint: 32 hexadecimal digits, the same wherever the line has moved.
        line: from 1; 0 if not known, as the column, which is in bytes.
        function: around that line.
        policy: the rule's place, ``escape-velocity.toml:12``; empty for a built-in rule.
        reproduce: a command.
        violation, error: the source of the annotation, if it is one of these.
    """

    level: Level
    rule: str
    title: str
    message: str
    package: str
    subject: str
    revision: str
    fingerprint: str
    file: str = ""
    line: int = 0
    column: int = 0
    function: str = ""
    flow: tuple[FlowStep, ...] = ()
    attribution: Attribution | None = None
    policy: str = ""
    waiver: Waiver | None = None
    reproduce: str = ""
    violation: Violation | None = None
    error: GateError | None = None

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The causes of a change, the first one first."""
        return self.attribution.causes if self.attribution is not None else ()

    @property
    def whole(self) -> str:
        """Title and message, for a format that has one field for both."""
        if self.message.startswith(self.title):
            return self.message
        return f"{self.title}: {self.message}"


def fingerprint(*parts: str) -> str:
    """32 hexadecimal digits that stand for a sequence of texts."""
    framed = "".join(f"{len(p)}:{p}" for p in parts)
    return hashlib.sha256(framed.encode("utf-8", "surrogatepass")).hexdigest()[:32]
