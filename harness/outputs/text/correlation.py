"""Associations of changes with escapes, as text."""

from collections.abc import Sequence

from harness.analysis.frames.correlation import FEWEST, Association
from harness.outputs.text.format import confidence, percent, plural, visible
from harness.outputs.text.terminal import table

_WORDS = {
    "rises": "rises with it",
    "falls": "falls with it",
    "none": "no association shown",
    "too few": "too few to say",
}


def correlation_text(found: Sequence[Association]) -> str:
    """A row for each package, benchmark, unit and event with enough pairs; then the counts."""
    told = [a for a in found if a.verdict != "too few"]
    rows = [
        [
            visible(a.package),
            visible(a.benchmark) or "(all)",
            a.unit,
            a.event,
            f"{a.events} of {a.pairs}",
            percent(1 + a.effect),
            f"{percent(1 + a.low)} to {percent(1 + a.high)}",
            confidence(a.p),
            _WORDS[a.verdict],
        ]
        for a in told
    ]
    lines = []
    if rows:
        heads = ["package", "benchmark", "unit", "escape", "with one", "effect", "95 %", "", ""]
        lines += [table(rows, heads), ""]
    few = len(found) - len(told)
    shown = sum(a.verdict in ("rises", "falls") for a in told)
    lines.append(
        f"{plural(len(found), 'pairing')} of a benchmark or package with a unit and a kind of"
        f" escape: {shown} with an association, {len(told) - shown} without,"
        f" {few} with too few revisions to say (fewer than {FEWEST} with such an escape, or"
        f" without one)"
    )
    lines.append(
        "effect: mean relative change where an escape of the package came or went, minus that"
        " where none did, as a share of the larger value; p corrected for all rows of the unit;"
        " an association is no cause: see `esv explain`"
    )
    return "\n".join(lines) + "\n"
