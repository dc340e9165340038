"""The compiler's output with other flags, as text."""

from collections.abc import Sequence

from harness.analysis.compare.views import Matter, ViewDiff
from harness.model import Diagnostic, Record, View
from harness.outputs.text.format import one_line, plural, visible

_TITLES = {
    Matter.HEAP: "on the heap",
    Matter.STACK: "not on the heap",
    Matter.PARAMETER: "leaking parameters",
    Matter.INLINING: "inlining",
    Matter.OTHER: "other",
}


def show_diagnostics(diagnostics: Sequence[Diagnostic]) -> str:
    """The compiler's lines, word for word, each with its position if it has one."""
    return "".join(f"{_line(d)}\n" for d in diagnostics)


def show_view_diff(
    base: tuple[View, Record], head: tuple[View, Record], difference: ViewDiff
) -> str:
    """The lines that only one of two views has, those about the heap first."""
    lines = [_side("base", *base), _side("head", *head), ""]
    for matter, title in _TITLES.items():
        new, gone = difference.new.get(matter, ()), difference.gone.get(matter, ())
        if new or gone:
            lines.append(f"{title}: {len(new)} only at head, {len(gone)} only at base")
            lines += [f"  + {_line(d)}" for d in new]
            lines += [f"  - {_line(d)}" for d in gone]
            lines.append("")
    kept = plural(difference.kept, "line")
    if difference.new or difference.gone:
        lines.append(f"{kept} on both sides")
    else:
        lines.append(f"no difference: {kept} on both sides")
    return "\n".join(lines) + "\n"


def _side(word: str, view: View, record: Record) -> str:
    revision = record.revision
    return (
        f"{word}  {revision.short}  {record.environment.toolchain.release}"
        f"  -gcflags='{visible(view.gcflags)}'  {visible(one_line(revision.subject, 60))}"
    )


def _line(diagnostic: Diagnostic) -> str:
    where = f"{visible(str(diagnostic.position))}: " if diagnostic.position else ""
    return where + visible(diagnostic.text)
