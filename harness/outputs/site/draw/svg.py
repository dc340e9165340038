"""Little drawings as SVG text: sparklines, strips of states, bars. Pure.

Places without a value are gaps: nothing is drawn across them. Colour is never the only sign: a
regression is a triangle that points up, an improvement one that points down. Styles are classes
(the site's policy forbids inline styles).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from harness.outputs.text.format import visible

_HATCHED = frozenset({"broken", "failed", "unmeasured"})
# Places of a sparkline: more are narrower than a pixel.
MOST_PLACES = 260


@dataclass(frozen=True, slots=True)
class Mark:
    """One place of a sparkline."""

    value: float | None = None  # ``None`` for a gap
    gap: str = ""  # ``broken``, ``failed``, ``unmeasured`` or ``absent`` for a gap, else empty
    step: str = ""  # ``regression``, ``improvement`` or empty


@dataclass(frozen=True, slots=True)
class _Frame:
    """The mapping from places and values to the picture."""

    left: float
    top: float
    width: float
    height: float
    count: int
    lowest: float
    highest: float

    def edge(self, index: float) -> float:
        return self.left + self.width * index / max(self.count, 1)

    def y(self, number: float) -> float:
        span = self.highest - self.lowest
        share = (number - self.lowest) / span if span else 0.5
        return self.top + self.height * (1 - share)


def sparkline(marks: Sequence[Mark], label: str) -> Markup:
    """A word-sized history: the line, its gaps and its steps."""
    width, height = 132.0, 30.0
    numbers = [m.value for m in marks if m.value is not None]
    frame = _Frame(2, 6, width - 8, height - 12, len(marks), *_bounds(numbers))
    parts = [
        f'<svg class="spark" viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}"'
        f' height="{_n(height)}" role="img" aria-label="{_text(label)}">'
    ]
    parts.extend(_gaps(marks, frame))
    parts.append(f'<path class="line" d="{_line(marks, frame)}"/>')
    for index, mark in enumerate(marks):
        if mark.step and mark.value is not None:
            x, y = frame.edge(index), frame.y(mark.value)
            parts.append(_triangle(x, y, 3.2, mark.step))
    last = next((i for i in range(len(marks) - 1, -1, -1) if marks[i].value is not None), None)
    if last is not None:
        y = frame.y(marks[last].value or 0.0)
        parts.append(f'<circle class="end" cx="{_n(frame.edge(last + 1))}" cy="{_n(y)}" r="2.2"/>')
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 - numbers, and text that went through escape()


def _bounds(numbers: Sequence[float]) -> tuple[float, float]:
    if not numbers:
        return 0.0, 1.0
    lowest, highest = min(numbers), max(numbers)
    if lowest == highest:
        return (0.0, 4.0) if highest == 0 else (lowest - 1, highest + 3)
    return lowest, highest


def _line(marks: Sequence[Mark], frame: _Frame) -> str:
    """Every value as wide as its place; neighbours joined, gaps left open."""
    path: list[str] = []
    level = ""  # at which the line is drawn; empty in a gap
    last = None
    for index, mark in enumerate(marks):
        if mark is last:
            continue
        last = mark
        y = "" if mark.value is None else _n(frame.y(mark.value))
        if y == level:
            continue
        if level:
            path.append(f"H{_n(frame.edge(index))}")
        if y:
            path.append(f"V{y}" if level else f"M{_n(frame.edge(index))} {y}")
        level = y
    if level:
        path.append(f"H{_n(frame.edge(len(marks)))}")
    return "".join(path)


def _gaps(marks: Sequence[Mark], frame: _Frame) -> list[str]:
    parts: list[str] = []
    index = 0
    while index < len(marks):
        start, kind = index, marks[index].gap
        while index < len(marks) and marks[index].gap == kind:
            index += 1
        if kind in _HATCHED:
            x, width = frame.edge(start), frame.edge(index) - frame.edge(start)
            parts.append(
                f'<rect class="gap {kind}" x="{_n(x)}" y="{_n(frame.top)}"'
                f' width="{_n(width)}" height="{_n(frame.height)}"/>'
            )
    return parts


def share_bar(share: float) -> Markup:
    """A bar that is filled by a share between 0 and 1; the number is next to it as text."""
    width, height = 64.0, 8.0
    filled = min(max(share, 0.0), 1.0) * width
    return Markup(  # noqa: S704 - numbers only
        f'<svg class="share" viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}"'
        f' height="{_n(height)}" aria-hidden="true" focusable="false">'
        f'<rect class="track" width="{_n(width)}" height="{_n(height)}" rx="2"/>'
        f'<rect class="fill" width="{_n(filled)}" height="{_n(height)}" rx="2"/></svg>'
    )


def _triangle(x: float, y: float, size: float, step: str) -> str:
    up = -1 if step == "regression" else 1
    return (
        f'<path class="mark {step}" d="M{_n(x)} {_n(y + up * size)}'
        f'L{_n(x + size)} {_n(y - up * size * 0.8)}H{_n(x - size)}Z"/>'
    )


def _n(number: float) -> str:
    """A coordinate with at most two decimals, the same on every machine."""
    return f"{round(number, 2) + 0.0:g}" if abs(number) < 1e4 else f"{number:.0f}"


def _text(text: str) -> str:
    return str(escape(visible(text)))


def strip(places: Sequence[tuple[str, str]], label: str) -> Markup:
    """A row of places, oldest first: each ``(tone, state)``; equal neighbours are one piece."""
    width, height = 940.0, 22.0
    each = width / max(len(places), 1)
    parts, index = [], 0
    while index < len(places):
        start = index
        while index < len(places) and places[index] == places[start]:
            index += 1
        tone, state = places[start]
        name = f"{state}: {index - start:,}" if index - start > 1 else state
        parts.append(
            f'<rect class="{_text(tone)} {_text(state.replace(" ", "-"))}" x="{_n(start * each)}"'
            f' width="{_n(max((index - start) * each, 0.6))}" height="{_n(height)}">'
            f"<title>{_text(name)}</title></rect>"
        )
    return Markup(  # noqa: S704 - numbers, and text that went through escape()
        f'<svg class="strip" viewBox="0 0 {_n(width)} {_n(height)}" preserveAspectRatio="none"'
        f' role="img" aria-label="{_text(label)}">{"".join(parts)}</svg>'
    )
