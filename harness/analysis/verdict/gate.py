"""The verdict of the pre-merge gate.

The policy decides what is a regression; without one it is every rise of allocs/op, 0 → 1 too.
Anything that could not be measured is an error, which outranks every other verdict.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from harness.analysis.causes.attribution import Attribution
from harness.analysis.causes.crossing import COUNTED, Crossing, charged_changes
from harness.analysis.causes.explain import explain
from harness.analysis.compare.comparison import Change, Direction, compare
from harness.analysis.compare.escapes import EscapeDiff, diff_escapes
from harness.analysis.compare.renames import BenchmarkDiff, diff_benchmarks
from harness.analysis.compare.timing import TimeReport
from harness.analysis.verdict.policy import Judgement, Rule, judge_policy
from harness.errors import EXIT_CLEAN, EXIT_ERROR, EXIT_REGRESSION, EXIT_UNFIT
from harness.model import ALLOCS, Lane, Measurement, PackageError, PackageOutcome, Record, TreeDiff
from harness.policy.model import NoEscape, Policy


class Verdict(StrEnum):
    """The verdict of the gate."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class GateError:
    """Something that could not be measured."""

    stage: str  # ``module``, ``build``, ``code``, ``link`` or ``run``
    revision: str  # hash of the side it happened on
    package: str
    message: str


@dataclass(frozen=True, slots=True)
class GateReport:
    """The result of the gate, for its reports.

    Attributes:
        changes: regressions first, the largest first.
        older: the base with the release of Go that it was measured with, if that is another one.
        by_compiler: escapes that the release alone changes, with the base's code.
        inexact: benchmarks whose allocs/op did not repeat, with the ranges of both sides.
        attributions: by package, benchmark and unit, as far as there are accounts.
        time: ``None`` where the time lane was not asked for.
    """

    base: Record
    head: Record
    changes: tuple[Change, ...]
    escapes: EscapeDiff
    errors: tuple[GateError, ...]
    benchmarks: BenchmarkDiff
    inexact: tuple[str, ...]
    verdict: Verdict
    attributions: Mapping[tuple[str, str, str], Attribution] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    judgement: Judgement = field(default_factory=Judgement)
    time: TimeReport | None = None
    older: Record | None = None
    by_compiler: EscapeDiff | None = None

    @property
    def packages(self) -> int:
        """The number of packages that compile on both sides, so that their sites are compared."""
        return len(self.base.compiled & self.head.compiled)

    @property
    def unfit(self) -> bool:
        """True if there is no verdict only because the machine is unfit for timing."""
        return self.verdict is Verdict.ERROR and not self.errors

    @property
    def exit_code(self) -> int:
        """As the contract of the command line says."""
        if self.unfit:
            return EXIT_UNFIT
        return {
            Verdict.PASS: EXIT_CLEAN,
            Verdict.FAIL: EXIT_REGRESSION,
            Verdict.ERROR: EXIT_ERROR,
        }[self.verdict]


def judge_gate(
    base: Record,
    head: Record,
    diffs: Sequence[TreeDiff] | None,
    crossing: Crossing | None = None,
    *,
    policy: Policy | None = None,
    today: date | None = None,
    marks: Sequence[NoEscape] = (),
    untold: Sequence[PackageError] = (),
    time: TimeReport | None = None,
    time_errors: Sequence[GateError] = (),
) -> GateReport:
    """Compare two records of the allocation lane.

    Args:
        crossing: with the accounts, and with the tests exchanged where they changed.
        policy: the built-in one by default.
        today: by which waivers expire; without it none does.
        marks: code that comments in the source declare free of escapes.
        untold: rules that the compiled code cannot decide.
        time: where it shows the machine to be unfit its changes do not count; a regression of the
            allocation lane, which is exact, outranks that.
    """
    if crossing is None:
        crossing = Crossing(base, head, {(base.revision.hash, head.revision.hash): diffs})
    every = compare(base, head, COUNTED)
    changed = charged_changes(crossing)
    benchmarks = diff_benchmarks(crossing.base, head, crossing.renames)
    unfit = bool(time is not None and time.unfit)
    if time is not None and not unfit:
        changed += [c for c in time.changes if c.direction is not Direction.NONE]
    errors = [*unmeasured(base, head), *time_errors]

    def add(stage: str, message: str, package: str = "") -> None:
        errors.append(GateError(stage, head.revision.hash, package, message))

    if time is not None and time.fewest:
        few = f"too few samples to tell anything of {len(time.noise)} benchmarks"
        add("time", f"{few}; use --count {time.fewest} or more")
    escapes = diff_escapes(base, head, diffs)
    policy = policy or Policy()
    judgement = judge_policy(
        policy, changed, head, escapes.new, today or date.min, marks=marks, gone=benchmarks.gone
    )
    # Where the head removed all benchmarks, that is judged as such.
    taken_out = any(v.rule is Rule.GONE for v in judgement.violations)
    if not errors and not taken_out and not any(c.head is not None for c in every):
        add("run", "no benchmark ran: none matched, or none exist")
    for site in judgement.undecided:
        unknown = "not known whether a benchmark reaches it"
        add("coverage", f"{site.position}: {unknown}: {site.message}", site.package)
    errors += errors_of(head, untold)
    verdict = Verdict.FAIL if judgement.violations else Verdict.PASS
    older = crossing.older
    return GateReport(
        base=base,
        head=head,
        changes=tuple(changed),
        escapes=escapes,
        errors=tuple(errors),
        benchmarks=benchmarks,
        inexact=tuple(
            _with_ranges(c)
            for c in every
            if c.unit == ALLOCS and c.base is not None and c.head is not None and not c.exact
        ),
        verdict=Verdict.ERROR if errors or (unfit and not judgement.violations) else verdict,
        attributions=explain(crossing, changed),
        policy=policy,
        judgement=judgement,
        time=time,
        older=older,
        by_compiler=diff_escapes(older, base, ()) if older is not None else None,
    )


def errors_of(record: Record, errors: Iterable[PackageError]) -> list[GateError]:
    """Errors of one side, as errors of the gate."""
    return [GateError(e.stage, record.revision.hash, e.package, e.message) for e in errors]


def _with_ranges(change: Change) -> str:
    def told(m: Measurement | None) -> str:
        low, high = (m.low, m.high) if m is not None else (math.nan, math.nan)
        return f"{low:.10g}" if low == high else f"{low:.10g} to {high:.10g}"

    return f"{change.package}.{change.benchmark}: {told(change.base)} → {told(change.head)}"


def unmeasured(base: Record, head: Record) -> list[GateError]:
    """The errors of both sides.

    A package without benchmarks that does not compile on either side, for the same reason, is no
    error of the change.
    """
    sides = {record.revision.hash: _side_errors(record) for record in (base, head)}
    known = set(sides[base.revision.hash]) & set(sides[head.revision.hash])
    found = []
    for record, other in ((base, head), (head, base)):
        # A package may fail on one side alone through one that was broken before.
        alone = bool(record.uncompiled - other.uncompiled)
        for stage, package, message, matters in sides[record.revision.hash]:
            if matters or alone or (stage, package, message, matters) not in known:
                found.append(GateError(stage, record.revision.hash, package, message))
    return list(dict.fromkeys(found))


def _side_errors(record: Record) -> list[tuple[str, str, str, bool]]:
    """``(stage, package, message, whether benchmarks depend on it)`` of one record."""
    packages = {p.path: p for p in record.packages}
    blocked = any(p.outcome is PackageOutcome.BUILD_FAILED and p.declared for p in record.packages)
    found = []
    for error in record.errors:
        if error.stage == "run":
            continue
        own = packages.get(error.package)
        matters = own is None or bool(own.declared) or blocked
        found.append((error.stage, error.package, error.message, matters))
    for package in record.packages:
        for failure in package.failures:
            if failure.lane is Lane.ALLOCATION:
                stage = "link" if failure.kind == "link" else "run"
                found.append((stage, package.path, failure.described, True))
    return found
