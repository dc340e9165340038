"""Costs of escape sites: whether the compiled code allocates there, and benchmarks execute it.

``escapes to heap`` is the compiler's reasoning, not what the program does: a constant that becomes
an interface lies in read-only data, a closure that captures nothing is no object, and a line that
no benchmark executes costs no benchmark anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from harness.compiled.join import unmentioned, verdicts
from harness.model import AllocationCall, EscapeSite, Execution, Record


class Reach(StrEnum):
    """The relation of the benchmarks to an escape site."""

    ALLOCATES = "allocates"  # an account has allocations on its line
    EXECUTED = "executed"  # a benchmark executes it, and no account has its line
    FREE = "free"  # a benchmark executes it, and it costs nothing: see `diff_escapes`
    UNEXECUTED = "unexecuted"  # in a branch that no benchmark takes
    UNCOVERED = "uncovered"  # in a function that no benchmark enters


@dataclass(frozen=True, slots=True)
class SiteCost:
    """The cost of an escape site.

    Attributes:
        allocates: whether the compiled code allocates there, ``None`` if not known.
        reach: ``None`` if not known.
    """

    allocates: bool | None = None
    reach: Reach | None = None

    @property
    def covered(self) -> bool | None:
        """True if a benchmark executes the site, ``None`` if not known."""
        if self.reach is None:
            return None
        return self.reach not in (Reach.UNEXECUTED, Reach.UNCOVERED)


UNKNOWN = SiteCost()


def site_costs(record: Record, sites: Iterable[EscapeSite]) -> dict[EscapeSite, SiteCost]:
    """The costs of escape sites of a record, as far as it tells."""
    wanted = list(sites)
    return dict(zip(wanted, costs_of(record, wanted), strict=True))


def costs_of(record: Record, sites: Sequence[EscapeSite]) -> list[SiteCost]:
    """As :func:`site_costs`, in the order of the sites."""
    if not sites:
        return []
    packages = {s.package for s in sites}
    # The sites of one line share its calls.
    lines = {(s.position.file, s.position.line) for s in sites}
    rivals = [
        s
        for s in record.escapes
        if (s.position.file, s.position.line) in lines
        and s.package in packages
        and not (s.test or s.position.generated)
    ]
    said = verdicts(
        rivals,
        [c for c in record.calls if c.package in packages],
        [f for f in record.functions if f.package in packages],
    )
    # Most are the record's own objects, which takes a fraction of the time to see.
    own = {id(s): verdict for s, verdict in zip(rivals, said, strict=True)}
    equal: dict[EscapeSite, bool | None] = {}
    if any(id(s) not in own for s in sites):
        equal = dict(zip(rivals, said, strict=True))
    allocating = {
        place
        for account in record.accounts
        for a in account.sites
        if not a.via and a.allocs > 0
        for place in ((a.file, a.line), (a.outer_file, a.outer_line))
    }
    executions = {(e.package, e.position): e.execution for e in record.executions}
    found = []
    for site in sites:
        allocates = own[id(site)] if id(site) in own else equal.get(site)
        accounted = (site.position.file, site.position.line) in allocating
        # A position is long to hash, and most records have no executions.
        told = executions.get((site.package, site.position)) if executions else None
        found.append(SiteCost(allocates, reach_of(allocates, accounted, told)))
    return found


def reach_of(allocates: bool | None, accounted: bool, execution: Execution | None) -> Reach | None:
    """The reach of a site; ``accounted`` where an account has allocations on its line."""
    if accounted and allocates is not False:
        return Reach.ALLOCATES
    if execution is None:
        return None
    if execution is Execution.EXECUTED:
        return Reach.FREE if allocates is False else Reach.EXECUTED
    return Reach.UNEXECUTED if execution is Execution.UNEXECUTED else Reach.UNCOVERED


def silent_calls(record: Record) -> Mapping[tuple[str, int], Sequence[AllocationCall]]:
    """The allocation calls that no message of the compiler mentions, by file and line.

    Channels, maps and slices that grow, and values that stay on the stack only while they are
    small: the compiler prints nothing, or that the value does not escape. A call is on the line
    that it is inlined from, and on the one that it is inlined to.
    """
    found: dict[tuple[str, int], list[AllocationCall]] = defaultdict(list)
    for call in unmentioned(record.calls, record.code_escapes()):
        for place in {(call.file, call.line), (call.outer_file, call.outer_line)}:
            found[place].append(call)
    return found
