"""The policy of a project: what fails its gate, is only listed, or is waived. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from harness.model.units import ALLOCS, SECONDS

# In the root directory of the measured project.
POLICY_NAME = "escape-velocity.toml"


class EscapeRule(StrEnum):
    """The consequence of a new escape site for the gate."""

    FORBID = "forbid"
    FORBID_IF_COVERED = "forbid-if-covered"  # only where a benchmark reaches it
    REPORT = "report"


class GoneRule(StrEnum):
    """The consequence for the gate of a benchmark of the base that the head does not have."""

    FAIL = "fail"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Threshold:
    """The amount by which a value may get worse: in its unit, or as a share of the base.

    0 → N is worse by any share. With ``listed`` every change is listed, and none fails.
    """

    absolute: float = 0.0
    relative: float = 0.0
    listed: bool = False

    def allows(self, base: float, worse_by: float) -> bool:
        """True if a value that was ``base`` may get worse by so much."""
        # Counts are whole numbers in floating point; a difference of two has no rounding error.
        return self.listed or worse_by <= max(self.absolute, self.relative * abs(base))

    def __str__(self) -> str:
        if self.listed:
            return "report"
        return f"{self.relative * 100:g}%" if self.relative else f"{self.absolute:g}"


# Every rise of allocs/op fails, since it is a count. B/op moves with map seeds and size classes.
# In time, benchstat's users look at a few per cent.
DEFAULT_THRESHOLDS: Mapping[str, Threshold] = {
    ALLOCS: Threshold(),
    SECONDS: Threshold(relative=0.03),
}
LISTED = Threshold(listed=True)


@dataclass(frozen=True, slots=True)
class BenchmarkRule:
    """Thresholds of some benchmarks, by unit; ``line`` is that of the policy file.

    ``pattern`` is a regular expression for the whole name with its sub-benchmark; one that matches
    the benchmark function alone covers all its sub-benchmarks.
    """

    pattern: str
    thresholds: Mapping[str, Threshold]
    line: int


class Scope(StrEnum):
    """The kind of thing that a budget limits."""

    BENCHMARK = "benchmark"
    PACKAGE = "package"
    FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class Budget:
    """Upper limits by unit, independent of the base; ``line`` is that of the policy file.

    ``pattern`` is that of a :class:`BenchmarkRule` for benchmarks; for packages an import path, in
    which ``...`` matches anything; for functions an import path and the compiler's name
    (``example.com/m/p.(*T).M``), with ``...`` likewise.
    """

    scope: Scope
    pattern: str
    limits: Mapping[str, float]
    line: int


@dataclass(frozen=True, slots=True)
class NoEscape:
    """Code in which nothing may be allocated on the heap."""

    file: str  # path relative to the repository's root, ``*`` within and ``**`` across directories
    function: str  # as the compiler names it; empty for the whole file
    line: int  # of the policy file, or of the comment in the source

    def covers(self, file: str) -> bool:
        """True if the rule is about a file; a test file only where a test file is named."""
        tests = self.file.endswith("_test.go")
        return matches_file(self.file, file) and tests == file.endswith("_test.go")


@dataclass(frozen=True, slots=True)
class Waiver:
    """Something that would fail and is allowed, for a reason and until a day.

    Attributes:
        expires: the last day on which it is in force.
        benchmark: pattern, as in :class:`BenchmarkRule`; empty if it is about an escape.
        unit: of the benchmark; empty for all, and for its being gone.
        allow: how much worse it may get, which a benchmark that is gone does not; ``None`` for
            any amount.
        escape: the compiler's message, with ``*`` for anything; empty if about a benchmark.
        file, function: pattern of the escape's file, and its function; empty for all.
    """

    owner: str
    reason: str
    expires: date
    line: int
    benchmark: str = ""
    unit: str = ""
    allow: Threshold | None = None
    escape: str = ""
    file: str = ""
    function: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that decides what the gate fails on.

    Attributes:
        source: the file as shown to people; empty for the built-in policy.
        thresholds: by unit, instead of :data:`DEFAULT_THRESHOLDS`.
        benchmarks: a later one outranks an earlier one.
    """

    source: str = ""
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    benchmarks: tuple[BenchmarkRule, ...] = ()
    budgets: tuple[Budget, ...] = ()
    no_escape: tuple[NoEscape, ...] = ()
    new_escapes: EscapeRule = EscapeRule.REPORT
    gone: GoneRule = GoneRule.FAIL
    waivers: tuple[Waiver, ...] = ()

    def threshold(self, benchmark: str, unit: str) -> tuple[Threshold, int]:
        """Return the threshold of a benchmark in a unit, and its line in the file (0: built in)."""
        for rule in reversed(self.benchmarks):
            if unit in rule.thresholds and matches_benchmark(rule.pattern, benchmark):
                return rule.thresholds[unit], rule.line
        if unit in self.thresholds:
            return self.thresholds[unit], 0
        return DEFAULT_THRESHOLDS.get(unit, LISTED), 0


def matches_benchmark(pattern: str, name: str) -> bool:
    """True if a benchmark pattern covers a benchmark or the function that it is a part of."""
    return any(re.fullmatch(pattern, part) for part in (name, name.split("/", 1)[0]))


def matches_path(pattern: str, path: str) -> bool:
    """True if a pattern of Go's kind, with ``...`` for anything, covers an import path.

    As in ``go list``, ``p/...`` covers ``p`` too.
    """
    expression = re.escape(pattern).replace(r"\.\.\.", ".*")
    if expression.endswith("/.*"):
        expression = expression[:-3] + "(?:/.*)?"
    return re.fullmatch(expression, path) is not None


def matches_file(pattern: str, file: str) -> bool:
    """True if a file pattern covers a path: ``*`` within a directory, ``**`` across them."""
    parts = re.split(r"(\*\*/?|\*)", pattern)
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    return re.fullmatch("".join(words.get(p, re.escape(p)) for p in parts), file) is not None


def is_within(function: str, outer: str) -> bool:
    """True if the compiler's name of a function is that of ``outer`` or of a part of it.

    Parts are its literals (``F.func1``) and the bodies of its loops over functions (``F-range1``).
    """
    return function == outer or function.startswith((f"{outer}.", f"{outer}-"))


def matches_text(pattern: str, text: str) -> bool:
    """True if a pattern, in which ``*`` matches anything, covers a text."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text, re.DOTALL) is not None
