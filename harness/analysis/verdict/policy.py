"""A comparison judged by a policy: the rules that are broken, and the waivers that hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from harness.analysis.compare.comparison import Change, Direction
from harness.analysis.compare.costs import UNKNOWN, site_costs
from harness.analysis.compare.renames import GoneBenchmark
from harness.analysis.series.steps import Step
from harness.model import (
    ALLOCS,
    ESCAPES,
    FRAME_BYTES,
    HEAP_CALLS,
    AllocationCall,
    EscapeSite,
    Lane,
    Measurement,
    Record,
    better,
)
from harness.policy.model import (
    Budget,
    EscapeRule,
    GoneRule,
    NoEscape,
    Policy,
    Scope,
    Waiver,
    is_within,
    matches_benchmark,
    matches_file,
    matches_path,
    matches_text,
)


class Rule(StrEnum):
    """The kind of a rule."""

    THRESHOLD = "threshold"
    BUDGET = "budget"
    NEW_ESCAPE = "new-escape"
    NO_ESCAPE = "no-escape"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that the head breaks.

    Attributes:
        text: one sentence with the value and the limit.
        subject: the benchmark, function or package that it is about.
        unit: of ``value`` and ``limit``; empty where there is none.
        base: value to compare with; ``None`` for an absolute rule, and where the base has none.
        value: at head, ``None`` where there is none.
        limit: the largest value that is allowed, likewise.
        site: the escape site, where there is one.
        call: the allocation call, where there is no site.
        line: of the rule in the policy file; 0 for a built-in rule.
    """

    rule: Rule
    text: str
    package: str
    subject: str
    unit: str = ""
    base: float | None = None
    value: float | None = None
    limit: float | None = None
    change: Change | None = None
    site: EscapeSite | None = None
    call: AllocationCall | None = None
    line: int = 0
    waiver: Waiver | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A comparison judged by a policy.

    Attributes:
        waived: violations that a waiver lets pass; ``violations`` are the others.
        listed: benchmarks that are gone, where the policy only reports them.
        expired: waivers whose day has passed.
        unused: waivers in force that let nothing pass.
        idle: rules that concern nothing at head, in words with their line.
        undecided: new sites that may or may not be reached by a benchmark, where the policy asks.
    """

    violations: tuple[Violation, ...] = ()
    waived: tuple[Violation, ...] = ()
    listed: tuple[Violation, ...] = ()
    expired: tuple[Waiver, ...] = ()
    unused: tuple[Waiver, ...] = ()
    idle: tuple[str, ...] = ()
    undecided: tuple[EscapeSite, ...] = ()


def judge_policy(
    policy: Policy,
    changes: Sequence[Change],
    head: Record,
    new_sites: Sequence[EscapeSite],
    today: date,
    *,
    marks: Sequence[NoEscape] = (),
    gone: Sequence[GoneBenchmark] = (),
) -> Judgement:
    """Judge a comparison; comments in the source declare the code of ``marks`` free of escapes."""
    broken = [*_thresholds(policy, changes), *_budgets(policy, head)]
    # A mark is in no line of the policy.
    broken += _no_escape([*policy.no_escape, *(replace(m, line=0) for m in marks)], head)
    undecided: list[EscapeSite] = []
    if policy.new_escapes is not EscapeRule.REPORT:
        only_covered = policy.new_escapes is EscapeRule.FORBID_IF_COVERED
        known = {id(v.site) for v in broken if v.site is not None}
        costs = site_costs(head, new_sites)
        for site in new_sites:
            cost = costs.get(site, UNKNOWN)
            if cost.allocates is False or id(site) in known:
                continue
            reached = cost.covered if only_covered else True
            if reached is None:
                undecided.append(site)
            elif reached:
                what = "new escape in code that a benchmark runs" if only_covered else "new escape"
                text = f"{what}: {site.message}"
                broken.append(
                    Violation(Rule.NEW_ESCAPE, text, site.package, site.function, site=site)
                )
    missing = [
        Violation(
            Rule.GONE,
            f"{b.benchmark}: {b.reason}",
            b.package,
            b.benchmark,
            ALLOCS if b.allocs is not None else "",
            b.allocs,
        )
        for b in gone
    ]
    if policy.gone is GoneRule.FAIL:
        broken += missing
    judged = _with_waivers(policy, broken, today)
    used = {id(v.waiver) for v in judged}
    return Judgement(
        violations=tuple(v for v in judged if v.waiver is None),
        waived=tuple(v for v in judged if v.waiver is not None),
        listed=tuple(missing) if policy.gone is GoneRule.REPORT else (),
        expired=tuple(w for w in policy.waivers if w.expires < today),
        unused=tuple(w for w in policy.waivers if w.expires >= today and id(w) not in used),
        idle=tuple(_idle(policy, head)),
        undecided=tuple(undecided),
    )


def _with_waivers(policy: Policy, broken: Iterable[Violation], today: date) -> list[Violation]:
    """Violations, each with the first waiver in force that lets it pass, if any."""
    in_force = [w for w in policy.waivers if w.expires >= today]
    return [replace(v, waiver=next((w for w in in_force if _waives(w, v)), None)) for v in broken]


def judge_steps(policy: Policy, steps: Iterable[Step], today: date) -> dict[Step, Violation]:
    """The steps of a history that break a threshold, with the waiver that lets one pass, if any."""
    found = {}
    for step in steps:
        before, after = (
            Measurement(step.unit, Lane.ALLOCATION, (value,), step.exact)
            for value in (step.before, step.after)
        )
        change = Change(
            step.package, step.benchmark, step.unit, before, after, step.direction, step.p
        )
        for violation in _with_waivers(policy, _thresholds(policy, [change]), today):
            found[step] = violation
    return found


def _thresholds(policy: Policy, changes: Sequence[Change]) -> list[Violation]:
    found = []
    for change in changes:
        if change.charged is not Direction.REGRESSION or change.base is None:
            continue
        # The parts of the benchmark itself and of the compiler are nobody's regression.
        worse_by = -better(change.unit) * change.by_code
        threshold, line = policy.threshold(change.benchmark, change.unit)
        base = change.base.value + change.by_compiler
        if worse_by <= 0 or threshold.allows(base, worse_by):
            continue
        assert change.head is not None
        room = max(threshold.absolute, threshold.relative * abs(base))
        allowed = f"; at most {threshold} more is allowed" if room else ""
        found.append(
            Violation(
                Rule.THRESHOLD,
                f"{change.benchmark}: {base:,.10g} → {change.head.value:,.10g} {change.unit}"
                f"{allowed}",
                change.package,
                change.benchmark,
                change.unit,
                base,
                change.head.value,
                base - better(change.unit) * room,
                change=change,
                line=line,
            )
        )
    return found


def _budgets(policy: Policy, head: Record) -> list[Violation]:
    return [
        Violation(
            Rule.BUDGET,
            f"{subject}: {value:,.10g} {unit}; its budget is {limit:,.10g}",
            package,
            subject,
            unit,
            value=value,
            limit=limit,
            line=budget.line,
        )
        for budget in policy.budgets
        for package, subject, unit, value in _budgeted(budget, head)
        if value > (limit := budget.limits[unit])
    ]


def _budgeted(budget: Budget, head: Record) -> Iterable[tuple[str, str, str, float]]:
    """The values at head that a budget limits: package, subject, unit, value."""
    if budget.scope is Scope.BENCHMARK:
        for package, result in head.benchmarks():
            if matches_benchmark(budget.pattern, result.name):
                for unit in budget.limits:
                    measurement = result.measurement(unit)
                    if measurement is not None:
                        yield package, result.name, unit, measurement.printed
        return
    if budget.scope is Scope.PACKAGE:
        counts = {
            ESCAPES: [site.package for site in head.code_escapes()],
            HEAP_CALLS: [call.package for call in head.calls if not call.test],
        }
        for path in (p.path for p in head.packages):
            if matches_path(budget.pattern, path):
                for unit in budget.limits:
                    yield path, path, unit, counts[unit].count(path)
        return
    for function in head.functions:
        full = f"{function.package}.{function.function}"
        if matches_path(budget.pattern, full):
            for unit in budget.limits:
                if unit == FRAME_BYTES:
                    yield function.package, full, unit, function.frame_bytes
                else:
                    own = (function.package, function.function)
                    number = sum((c.package, c.function) == own for c in head.calls)
                    yield function.package, full, unit, number


def _no_escape(rules: Sequence[NoEscape], head: Record) -> list[Violation]:
    """Allocations in code that must have none: by the compiled code, else by the messages."""
    if not rules:
        return []
    sites = [
        s
        for s in head.escapes
        if not s.position.generated
        and any(_concerns(rule, s.position.file, s.function) for rule in rules)
    ]
    costs = site_costs(head, sites)
    places: list[tuple[str, int, str, EscapeSite | AllocationCall]] = [
        (s.position.file, s.position.line, s.message, s)
        for s in sites
        if costs[s].allocates is not False
    ]
    places += [(c.outer_file, c.outer_line, f"calls {c.callee}", c) for c in head.calls]
    found: dict[tuple[str, str, int], Violation] = {}
    for rule in rules:
        for file, line, what, entry in places:
            if _concerns(rule, file, entry.function):
                violation = Violation(
                    Rule.NO_ESCAPE,
                    f"{entry.function}: {what}; nothing may be allocated there",
                    entry.package,
                    entry.function,
                    site=entry if isinstance(entry, EscapeSite) else None,
                    call=entry if isinstance(entry, AllocationCall) else None,
                    line=rule.line,
                )
                found.setdefault((entry.function, file, line), violation)
    return list(found.values())


def _concerns(rule: NoEscape, file: str, function: str) -> bool:
    """Return whether a rule forbids allocations there; literals belong to their function."""
    return rule.covers(file) and (not rule.function or is_within(function, rule.function))


def _waives(waiver: Waiver, violation: Violation) -> bool:
    if waiver.benchmark:
        if violation.rule is Rule.GONE:
            # A waiver of one unit, or of an amount, is about a benchmark that is still there.
            whole = not waiver.unit and waiver.allow is None
            return whole and matches_benchmark(waiver.benchmark, violation.subject)
        if not violation.unit or not matches_benchmark(waiver.benchmark, violation.subject):
            return False
        if waiver.unit and waiver.unit != violation.unit:
            return False
        if waiver.allow is None:
            return True
        assert violation.value is not None
        assert violation.limit is not None
        base = violation.limit if violation.base is None else violation.base
        return waiver.allow.allows(base, -better(violation.unit) * (violation.value - base))
    site, call = violation.site, violation.call
    if site is None and call is None:
        return False
    file = site.position.file if site is not None else call.outer_file if call else ""
    message = site.message if site is not None else call.callee if call else ""
    return (
        matches_text(waiver.escape, message)
        and (not waiver.file or matches_file(waiver.file, file))
        and waiver.function in ("", violation.subject)
    )


def _idle(policy: Policy, head: Record) -> Iterable[str]:
    """Rules that concern nothing: a name that was changed, or a slip of the pen."""
    names = [result.name for _, result in head.benchmarks()]
    for rule in policy.benchmarks:
        if not any(matches_benchmark(rule.pattern, name) for name in names):
            yield f"line {rule.line}: no benchmark matches {rule.pattern!r}"
    for budget in policy.budgets:
        if not any(True for _ in _budgeted(budget, head)):
            units = " or ".join(budget.limits)
            yield f"line {budget.line}: no {budget.scope} with {units} is {budget.pattern!r}"
    places = {(s.position.file, s.function) for s in head.escapes}
    places |= {(f.file, f.function) for f in head.functions}
    places |= {(d.position.file, d.function) for d in head.inlining}
    for ban in policy.no_escape:
        if not any(_concerns(ban, file, function) for file, function in places):
            what = f"{ban.file}:{ban.function}" if ban.function else ban.file
            yield f"line {ban.line}: no code matches {what!r}"
