"""Escapes that inlining erases, and inlinings that were lost or won, for a terminal and as JSON."""

from collections.abc import Iterable, Sequence
from typing import Any

from harness.analysis.compare.erased import Erased, InliningChange
from harness.model import EscapeSite, Position
from harness.outputs.text.format import plural, visible

_MAX_CALLS = 5


def erased_lines(found: Sequence[Erased], most: int | None) -> list[str]:
    """Each escape with the calls that do not have it; of more than ``most`` the number only."""
    sites = _by_site(found)
    head = f"{plural(len(sites), 'escape')} erased by inlining"
    if not sites:
        return [head]
    head += f", at {plural(len(found), 'call')}"
    if most is not None and len(sites) > most:
        return [f"{head}; list them with --erased"]
    return [head, *(f"  {_site(site)}: {_calls(calls)}" for site, calls in sites.items())]


def inlining_lines(changes: Iterable[InliningChange]) -> list[str]:
    """Each inlining that was lost or won, why, and the escapes that it brings back or erases."""
    lines: list[str] = []
    for change in changes:
        refusal = change.refusal
        word, does = ("lost", "coming back") if change.lost else ("won", "erased")
        costs = [f"{n:,}" for n in change.cost if n is not None]
        cost = f"; cost {' → '.join(costs)}" if len(costs) > 1 else ""
        sites = _by_site(change.escapes)
        lines += [
            f"inlining {word}: {visible(str(refusal.position))}: cannot inline"
            f" {visible(refusal.function)}: {visible(refusal.reason)}{cost}",
            f"  {plural(len(sites), 'escape')} {does}:",
            *(f"    {_site(site)}: {_calls(calls)}" for site, calls in sites.items()),
        ]
    return lines


def erased_json(found: Iterable[Erased]) -> list[dict[str, Any]]:
    """Each escape with the places of the calls."""
    return [
        {
            "package": site.package,
            "file": site.position.file,
            "line": site.position.line,
            "function": site.function,
            "kind": str(site.kind),
            "message": site.message,
            "calls": [{"file": c.file, "line": c.line, "column": c.column} for c in calls],
        }
        for site, calls in _by_site(found).items()
    ]


def _by_site(found: Iterable[Erased]) -> dict[EscapeSite, list[Position]]:
    sites: dict[EscapeSite, list[Position]] = {}
    for entry in found:
        sites.setdefault(entry.site, []).append(entry.call.position)
    return sites


def _site(site: EscapeSite) -> str:
    return f"{visible(str(site.position))}: {visible(site.message)} in {visible(site.function)}"


def _calls(calls: Sequence[Position]) -> str:
    shown = ", ".join(visible(str(c)) for c in calls[:_MAX_CALLS])
    more = f" and {len(calls) - _MAX_CALLS} more" if len(calls) > _MAX_CALLS else ""
    return f"not at {shown}{more}"
