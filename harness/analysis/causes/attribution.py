"""The attribution of a step to source lines, and to the escapes on these.

The allocations per operation of both sides are known by line (:class:`harness.model.Account`).
Lines are matched through the diff, differences are taken line by line, and each line is joined to
the escape sites there. Nothing is filtered by the changed hunks: in half of the real cases the line
that begins to allocate was not edited.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.analysis.causes.pairing import (
    NOISE_ALLOCS,
    EscapeState,
    Index,
    Sides,
    amount_of,
    pair_lines,
)
from harness.analysis.causes.remarks import changed_calls, replaced, several
from harness.compiled.allocators import allocation_kind
from harness.model import (
    ALLOCS,
    BYTES,
    Account,
    AllocationCall,
    AllocationSite,
    EscapeSite,
    OwnPlace,
    SiteKind,
)

CauseKind = Literal[
    "escape", "reached", "library", "growth", "size", "inlining", "compiler", "benchmark",
    "mixed", "unexplained",
]  # fmt: skip

# A difference of two accounts below this is noise, in bytes per operation.
_NOISE_BYTES = 0.5
# From this share on one kind of cause stands for the whole step.
_DOMINANT = 0.95
_EXPLAINED_ENOUGH = 0.5
# More than this share of a difference left by the operations is looked for in the set-up.
_WHOLLY = 0.02
# A difference of two runs' set-up below this is noise, in allocations and bytes of one run.
_NOISE_RUN, _NOISE_RUN_BYTES = 0.5, 8
# Set-up, and what only the first operations do: the two cannot be told apart.
SET_UP = (
    "once in a run, divided by its {} iterations: set-up without ResetTimer, or what only the first"
    " operations do"
)


# The docstring is part of the JSON Schema of `esv.nightly/1`.
@dataclass(frozen=True, slots=True)
class Cause:
    """A source line that explains a part of a step.

    Attributes:
        file: relative to the repository's root.
        line: at head for what is new or kept, at base for what is gone.
        at_base: whether file and line are those of the base.
        function: in the compiler's words.
        delta: change per operation, in the unit of the step.
        outcome: what kind of cause the line is.
        escape: how the escape site on the line stands; ``none`` if there is none.
        site: that site.
        via: the library function that allocates, or empty.
        note: the lost or won inlining, in the compiler's words, or empty.
        calls: where a line grows and no escape is reported on it, the calls of the compiled code
            that allocate there; empty where the code is not known.
        setup: whether the line allocates this once in a run, which is divided by its iterations;
            otherwise in each operation.
    """

    file: str
    line: int
    function: str
    delta: float
    outcome: CauseKind
    escape: EscapeState
    site: EscapeSite | None
    via: str
    note: str
    at_base: bool = False
    calls: tuple[AllocationCall, ...] = ()
    setup: bool = False


@dataclass(frozen=True, slots=True)
class Attribution:
    """The account of one step."""

    package: str
    benchmark: str
    unit: str
    delta: float  # as reported; the causes and ``unexplained`` add up to it
    causes: tuple[Cause, ...]  # the largest change first
    unexplained: float
    explained: float  # share of ``delta`` that the causes account for, 0 to 1
    outcome: CauseKind
    exact: bool  # whether both accounts were made without the tiny allocator


def attribute(
    sides: Sides, unit: str, reported: tuple[float, float], base: Account, head: Account
) -> Attribution:
    """Account for one step; ``reported`` are the values of the benchmark at base and at head."""
    delta = reported[1] - reported[0]
    same_code = sides.base.revision.hash == sides.head.revision.hash
    releases = {side.environment.toolchain.release for side in (sides.base, sides.head)}
    if len(releases) > 1 and not same_code:
        return Attribution(
            base.package, base.benchmark, unit, delta, (), delta, 0.0, "compiler", base.exact
        )
    noise = _NOISE_BYTES if unit == BYTES else NOISE_ALLOCS
    causes = _causes(sides.index, unit, operations(base), operations(head), noise)
    # `testing` cuts its figures to whole numbers; where both accounts agree with it but for the
    # cut, the lines are held against the accounts, which have fractions.
    whole = delta
    totals = [amount_of(account, unit) for account in (base, head)]
    if _agree(totals, reported):
        whole = totals[1] - totals[0]
    if base.timed and head.timed:
        runs = [side.settings.alloc_iterations for side in (sides.base, sides.head)]
        set_ups = [set_up(a, n) for a, n in zip((base, head), runs, strict=True)]
        for side, sites in enumerate(set_ups):
            totals[side] += sum(amount_of(site, unit) for site in sites)
        if _agree(totals, reported):
            whole = totals[1] - totals[0]
            if abs(whole - sum(c.delta for c in causes)) > _WHOLLY * abs(whole):
                noise = (_NOISE_RUN_BYTES if unit == BYTES else _NOISE_RUN) / max(runs)
                once = SET_UP.format(runs[1])
                causes += [
                    replace(c, setup=True, note=f"{c.note}; {once}" if c.note else once)
                    for c in _causes(sides.index, unit, set_ups[0], set_ups[1], noise)
                ]
    causes.sort(key=lambda c: (-abs(c.delta), c.file, c.line, c.via))
    # First what moves the way the step goes.
    causes.sort(key=lambda c: (c.delta > 0) != (delta > 0))
    accounted = sum(c.delta for c in causes)
    explained = max(0.0, 1 - abs(whole - accounted) / abs(whole)) if whole else 0.0
    return Attribution(
        package=head.package,
        benchmark=head.benchmark,
        unit=unit,
        delta=delta,
        causes=tuple(causes),
        unexplained=delta - accounted,
        explained=explained,
        outcome=_outcome(causes, delta, explained),
        exact=base.exact and head.exact,
    )


def with_benchmark(attribution: Attribution, by_benchmark: float, place: OwnPlace) -> Attribution:
    """The account of a step with the benchmark's own part, which the tests caused at ``place``."""
    note = "with the same tests on both sides this part of the difference is not there"
    if place.feeds:
        note += f"; the largest share is allocated at {place.feeds}"
    cause = Cause(
        file=place.file,
        line=place.line,
        function=place.function or attribution.benchmark.split("/", 1)[0],
        delta=by_benchmark,
        outcome="benchmark",
        escape=place.escape,
        site=place.site,
        via=place.via,
        note=note,
        at_base=place.at_base,
    )
    return with_part(attribution, cause)


def with_part(attribution: Attribution, cause: Cause) -> Attribution:
    """The account of a step with one more part, which was measured apart."""
    delta = attribution.delta + cause.delta
    causes = sorted(
        (*attribution.causes, cause), key=lambda c: ((c.delta > 0) != (delta > 0), -abs(c.delta))
    )
    whole = abs(attribution.delta) + abs(cause.delta)
    explained = (attribution.explained * abs(attribution.delta) + abs(cause.delta)) / whole
    return replace(
        attribution,
        delta=delta,
        causes=tuple(causes),
        explained=explained,
        outcome=_outcome(causes, delta, explained),
    )


def operations(account: Account) -> list[AllocationSite]:
    """The lines that allocate in each operation."""
    return [s for s in account.sites if s.allocs or s.bytes]


def set_up(account: Account, iterations: int) -> list[AllocationSite]:
    """A run's allocations outside of its operations, by line, divided by its iterations."""
    return [
        replace(
            site,
            allocs=site.setup_allocs / iterations,
            bytes=site.setup_bytes / iterations,
            calls=tuple((name, once / iterations, 0.0) for name, _, once in site.calls if once),
        )
        for site in account.sites
        if site.setup_allocs or site.setup_bytes
    ]


def _agree(totals: Sequence[float], reported: Sequence[float]) -> bool:
    """Return whether reported values are the totals, cut to whole numbers."""
    return all(-0.05 <= t - value <= 1.05 for t, value in zip(totals, reported, strict=True))


def _causes(
    index: Index,
    unit: str,
    base: Sequence[AllocationSite],
    head: Sequence[AllocationSite],
    noise: float,
) -> list[Cause]:
    """The lines that differ, in no order."""
    return [
        _cause(index, unit, old, new, amount)
        for old, new in pair_lines(index, base, head)
        if abs(amount := amount_of(new, unit) - amount_of(old, unit)) >= noise
    ]


def _outcome(causes: Sequence[Cause], delta: float, explained: float) -> CauseKind:
    """The kind of cause that makes up the step; only lines that moved the same way count."""
    if not causes or explained < _EXPLAINED_ENOUGH:
        return "unexplained"
    weights: dict[CauseKind, float] = defaultdict(float)
    for cause in causes:
        if not delta or (cause.delta > 0) == (delta > 0):
            weights[cause.outcome] += abs(cause.delta)
    if not weights:
        return "unexplained"
    best = max(weights, key=lambda k: weights[k])
    return best if weights[best] >= _DOMINANT * sum(weights.values()) else "mixed"


def _cause(
    index: Index, unit: str, old: AllocationSite | None, new: AllocationSite | None, amount: float
) -> Cause:
    place = new or old
    assert place is not None
    changed = changed_calls(old, new, rising=amount > 0)
    kind = allocation_kind(changed[0][0]) if changed else None
    site, state = index.site(place, head=new is not None, rising=amount > 0, kind=kind)
    if new is not None and old is not None and amount < 0 and state != "gone":
        # The line is still there and allocates less: a site of the base may have gone from it.
        before, was = index.site(old, head=False, rising=False, kind=kind)
        if was == "gone":
            site, state, place = before, was, old
    note = ""
    if not place.via and state not in ("new", "gone"):
        inlined = amount_of(old if amount > 0 else new, ALLOCS)
        note = index.inlining_changed(place, site, amount, inlined)
    same_count = old is not None and new is not None and abs(new.allocs - old.allocs) < NOISE_ALLOCS
    file, line, at_base = place.file, place.line, place is old
    moved = sorted(index.moved.get((file, line), ()))
    if at_base and state == "kept" and moved:
        # The line allocates no more, and its site is still there: show it where it is now.
        (file, line), at_base = moved[0], False
    # A line of the tests is the benchmark's own doing only if it was edited; else the code made
    # what the benchmark passes to it escape.
    own = place.file.endswith("_test.go") and index.edited(
        (place.file, place.line), head=place is new
    )
    if own:
        note = note or "this line of the tests was edited together with the code"
    size = unit == BYTES and same_count
    outcome = "benchmark" if own else _kind(place, site, state, note, size=size)
    silent = site is None and outcome in ("growth", "size")
    remarks = [note, several(index, place, site, changed, head=place is not old)]
    if site is not None and state == "gone":
        remarks.append(replaced(index, site))
    return Cause(
        file=file,
        line=line,
        function=place.function,
        delta=amount,
        outcome=outcome,
        escape=state,
        site=site,
        via=place.via,
        note="; ".join(filter(None, remarks)),
        at_base=at_base,
        calls=index.calls(place, head=place is new) if silent else (),
    )


def _kind(
    place: AllocationSite, site: EscapeSite | None, state: EscapeState, note: str, *, size: bool
) -> CauseKind:
    if size:
        return "size"
    if place.via:
        return "library"
    growing = site is None or site.kind is SiteKind.APPEND
    if state in ("new", "gone") and not growing:
        return "escape"
    if note:
        return "inlining"
    return "growth" if growing else "reached"
