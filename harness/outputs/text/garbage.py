"""What the collector has to do with an account, in words."""

from __future__ import annotations

from harness.analysis.causes.attribution import Attribution
from harness.analysis.causes.garbage import Collections
from harness.model import GC_CYCLES, GC_PAUSE
from harness.outputs.text.explanation import describe_cause
from harness.outputs.text.format import value, visible


def change_of_collections(found: Collections) -> str:
    """``gc-cycles/op 0 → 0.57, gc-pause-sec/op 0 s → 131.6 µs``."""
    units = ((GC_CYCLES, found.cycles), (GC_PAUSE, found.pause))
    return ", ".join(f"{unit} {value(a, unit)} → {value(b, unit)}" for unit, (a, b) in units)


def collection_lines(found: Collections | None, attribution: Attribution | None) -> list[str]:
    """The collections beside the line that allocates the most; nothing where they did not change.

    Args:
        found: the collections before and after.
        attribution: account of the bytes, else of the allocations.
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
