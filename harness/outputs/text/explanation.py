"""Attributions, causes and costs in words."""

from collections.abc import Callable, Sequence

from harness.analysis.causes.attribution import Attribution, Cause
from harness.analysis.causes.garbage import Collections
from harness.analysis.compare.comparison import Change
from harness.analysis.compare.costs import Reach, SiteCost
from harness.model import GC_CYCLES, GC_PAUSE, AllocationCall, AllocationKind
from harness.outputs.text.format import plural, value, visible, with_unit
from harness.policy.model import Waiver

MOST_CAUSES = 8

# The words of the field `outcome`.
OUTCOMES = {
    "escape": "an escape site came or went",
    "reached": "an old escape site is reached more or less often",
    "library": "a library call allocates more or less",
    "growth": "a slice, map or channel grows more or less often; no new escape site",
    "size": "as many allocations, of another size",
    "inlining": "an inlining was lost or won, and with it the escapes that it erased",
    "compiler": "another Go release: the compiler, not the code",
    "benchmark": "the benchmark itself changed",
    "mixed": "several kinds of cause",
    "unexplained": "no line accounts for it",
}

# Allocation calls that no escape message mentions.
_CALLS = {
    AllocationKind.OBJECT: "an object is allocated",
    AllocationKind.SLICE: "a make that does not escape outgrows its buffer on the stack",
    AllocationKind.APPEND: "an append grows its slice",
    AllocationKind.MAP: "a map is made or grows",
    AllocationKind.CHAN: "a channel is made",
    AllocationKind.BOXING: "a value is converted to an interface",
    AllocationKind.STRING: "a string or []byte outgrows its buffer on the stack",
    AllocationKind.GOROUTINE: "a goroutine is started",
    AllocationKind.DEFER: "a deferred call is kept on the heap",
}
_REACHES = {
    Reach.ALLOCATES: "a benchmark allocates on its line",
    Reach.EXECUTED: "executed by a benchmark; no account has it",
    Reach.FREE: "executed by a benchmark, and none allocates more",
    Reach.UNEXECUTED: "never executed: benchmarks enter the function, not this branch",
    Reach.UNCOVERED: "uncovered: no benchmark enters the function",
}
TESTS_CHANGED = "the tests changed here"
ALLOCATES_NOTHING = "allocates nothing: a constant, or optimised away"


def waiver_text(waiver: Waiver) -> str:
    """A waiver in one line: by whom, until when, why."""
    return f"{waiver.owner} until {waiver.expires}: {waiver.reason}"


def waived_by(waiver: Waiver) -> str:
    """The reason why something passes: ``waived until 2026-12-31 by ann: …``."""
    return f"waived until {waiver.expires} by {waiver.owner}: {waiver.reason}"


def describe_calls(calls: Sequence[AllocationCall]) -> str:
    """The allocation calls of a line without an escape: ``runtime.growslice: an append grows …``.

    Empty where the compiled code is not known.
    """
    return ", ".join(f"{call.callee}: {_CALLS[call.kind]}" for call in calls)


def describe_cost(cost: SiteCost) -> str:
    """The cost of an escape site, if it is worth a word; else empty."""
    words = []
    if cost.allocates is False:
        words.append(ALLOCATES_NOTHING)
    if cost.allocates is False and cost.reach is Reach.FREE:
        words.append("executed by a benchmark")
    elif cost.reach is not None and cost.reach is not Reach.ALLOCATES:
        words.append(_REACHES[cost.reach])
    return "; ".join(words)


def explain_change(
    change: Change,
    attribution: Attribution | None,
    source: Callable[[Cause], str],
    *,
    flow: bool = True,
) -> list[str]:
    """A change, its causes, and the share of it that they explain.

    ``source`` gives the source line of a cause, empty if it cannot be had.
    """
    assert change.base is not None
    assert change.head is not None
    head = (
        f"{visible(change.package)} {visible(change.benchmark)}: "
        f"{value(change.base.value, change.unit)} → {with_unit(change.head.value, change.unit)}"
        f" ({change.delta:+,.10g})"
    )
    parts = []
    if change.by_compiler:
        rest = change.delta - change.by_compiler
        parts = [f"  the compiler's part {change.by_compiler:+,.10g}, all else {rest:+,.10g}"]
    if attribution is None:
        return [head, *parts, "  no account: the benchmark could not be profiled on both sides"]
    lines = [
        head,
        *parts,
        f"  {attribution.outcome}: {OUTCOMES[attribution.outcome]};"
        f" {attribution.explained * 100:.0f} % explained",
    ]
    for cause in attribution.causes[:MOST_CAUSES]:
        lines += _cause(cause, source(cause), flow=flow)
    hidden = attribution.causes[MOST_CAUSES:]
    if hidden:
        rest = sum(c.delta for c in hidden)
        lines.append(f"  {rest:+10,.4g}  in {plural(len(hidden), 'further line')}")
    if abs(attribution.unexplained) >= 0.5:
        lines.append(f"  {attribution.unexplained:+10,.4g}  unexplained or cut by rounding")
    if not attribution.exact:
        lines.append("  small objects without pointers may be missing from this account")
    return lines


def describe_cause(cause: Cause) -> str:
    """The compiler's or the profile's words about a cause."""
    if cause.via:
        return f"in {visible(cause.via)}"
    if cause.site is None and cause.outcome == "benchmark":
        return TESTS_CHANGED
    if cause.site is None and cause.outcome == "compiler":
        return "no escape is reported here"
    if cause.site is None:
        said = describe_calls(cause.calls) or "growth of a slice, map or channel"
        return f"no escape is reported here; {said}"
    state = {"new": "new", "gone": "gone", "kept": "as before", "none": ""}[cause.escape]
    return f"{state}: {visible(cause.site.message)}"


def _cause(cause: Cause, source: str, *, flow: bool) -> list[str]:
    where = f"{visible(cause.file)}:{cause.line}" + (" (base)" if cause.at_base else "")
    if not cause.file:
        where = "on no known line"
    lines = [
        f"  {cause.delta:+10,.4g}  {where} in {visible(cause.function)}",
        f"              {describe_cause(cause)}",
    ]
    if cause.note:
        lines.append(f"              {visible(cause.note)}")
    if source:
        lines.append(f"              | {visible(source.strip())}")
    if flow and cause.site is not None and cause.escape in ("new", "gone"):
        for step in cause.site.flow:
            at = f" at {step.position}" if step.position else ""
            lines.append(f"                {visible(step.text)}{visible(at)}")
    return lines


def change_of_collections(found: Collections) -> str:
    """``gc-cycles/op 0 → 0.57, gc-pause-sec/op 0 s → 131.6 µs``."""
    units = ((GC_CYCLES, found.cycles), (GC_PAUSE, found.pause))
    return ", ".join(f"{unit} {value(a, unit)} → {value(b, unit)}" for unit, (a, b) in units)


def collection_lines(found: Collections | None, attribution: Attribution | None) -> list[str]:
    """The collections, with the line that allocates the most; empty where they did not change.

    The attribution is that of the bytes, else of the allocations.
    """
    if found is None:
        return []
    lines = [f"  with it {change_of_collections(found)}"]
    if attribution is not None and attribution.causes:
        cause = attribution.causes[0]
        more = "more" if found.cycles[1] > found.cycles[0] else "fewer"
        lines.append(
            f"    {more} collections with what {visible(cause.file)}:{cause.line} allocates"
            f" in {visible(cause.function)} ({describe_cause(cause)})"
        )
    return lines
