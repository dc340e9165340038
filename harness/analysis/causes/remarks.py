"""Remarks on a cause besides its escape site."""

from collections import defaultdict
from collections.abc import Sequence

from harness.analysis.causes.pairing import NOISE_ALLOCS, Index
from harness.compiled.allocators import allocation_kind
from harness.compiled.join import fitness
from harness.model import AllocationSite, EscapeSite

# A function of the runtime with its share in a change, allocations per operation.
Changed = tuple[str, float]

# Conversions that find some values in the runtime's own read-only data (`runtime/iface.go`).
_WITHOUT_MEMORY = {
    "runtime.convT16": "for values below 256",
    "runtime.convT32": "for values below 256",
    "runtime.convT64": "for values below 256",
    "runtime.convTstring": "for an empty string",
    "runtime.convTslice": "for a nil slice",
}
_MOST = 4  # sites that are named


def changed_calls(
    old: AllocationSite | None, new: AllocationSite | None, *, rising: bool
) -> list[Changed]:
    """The calls of the runtime that a line makes more often (or less, if it is not rising).

    The largest comes first; empty where an account does not have them.
    """
    amounts: dict[str, float] = defaultdict(float)
    for sign, place in ((-1, old), (1, new)):
        for name, each, _ in place.calls if place is not None else ():
            amounts[name] += sign * each
    changed = [
        (name, amount)
        for name, amount in amounts.items()
        if abs(amount) >= NOISE_ALLOCS and (amount > 0) == rising
    ]
    return sorted(changed, key=lambda c: (-abs(c[1]), c[0]))


def several(
    index: Index,
    place: AllocationSite,
    site: EscapeSite | None,
    changed: Sequence[Changed],
    *,
    head: bool,
) -> str:
    """The calls with their shares, and the sites besides the named ``site``, of a line.

    ``head`` tells the side of the line. Empty where there is one call and one site.
    """
    if site is None or not changed:
        return ""
    kinds = [kind for name, _ in changed if (kind := allocation_kind(name)) is not None]
    rising = changed[0][1] > 0
    there = index.sites(place, head=head, rising=rising)
    state = next((s for found, s in there if found == site), None)
    alike = {
        found.message: None
        for found, its in there
        if its == state
        and found.message != site.message
        # Where the line is inlined to are those of other lines, too.
        and (found.position.file, found.position.line) == (place.file, place.line)
        and any(fitness(found, kind) == 2 for kind in kinds)
    }
    if len(changed) == 1 and not alike:
        return ""
    shares = ", ".join(f"{name} {amount:+.4g}" for name, amount in changed) + " allocs/op"
    others = list(alike)[:_MOST] + (["…"] if len(alike) > _MOST else [])
    return shares + (f"; also {', '.join(others)}" if others else "")


def replaced(index: Index, gone: EscapeSite) -> str:
    """The escape that replaced a gone one, if it allocates nothing now."""
    for new in index.in_its_place(gone):
        for call in index.free_calls(new):
            kind = allocation_kind(call.callee)
            why = _WITHOUT_MEMORY.get(call.callee)
            if why and kind is not None and fitness(new, kind):
                return (
                    f"in its place: {new.message}, which allocates nothing here; {call.callee}"
                    f" needs no memory {why}"
                )
    return ""
