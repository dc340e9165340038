"""Scatter plots as SVG text: how many escapes came, and how the number changed. Pure.

Points at one place are drawn next to each other. Colour is never the only sign: a rise is a
triangle that points up, a fall one that points down, and no change a circle.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from harness.outputs.text.format import MINUS, clip, visible

_WIDTH, _HEIGHT = 360.0, 220.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 8.0, 10.0, 36.0
_SIZE = 4.0
_TICKS = (-1.0, -0.5, 0.0, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a scatter plot."""

    x: int  # how many escapes came, 0 or more
    y: float  # relative change, -1 to 1
    label: str  # what it is, for the tool tip and for a reader
    href: str  # where it leads, empty for nowhere


def scatter(dots: Sequence[Dot], label: str) -> Markup:
    """The plot.

    Args:
        dots: in the order in which the keyboard goes through them.
        label: what the whole shows, for those who do not see it.
    """
    most = max((d.x for d in dots), default=0)
    slots = most + 1
    slot = (_WIDTH - _LEFT - _RIGHT) / slots
    reach = max((abs(d.y) for d in dots), default=0.0)
    scale = next(s for s in (0.05, 0.2, 0.5, 1.0) if reach <= s or s == 1.0)
    parts = [
        f'<svg class="scatter" viewBox="0 0 {_n(_WIDTH)} {_n(_HEIGHT)}" role="group"'
        f' aria-label="{_text(label)}">'
    ]
    for tick in _TICKS:
        y = _place(tick, 1.0)
        kind = "zero" if tick == 0 else "grid"
        parts.append(f'<path class="{kind}" d="M{_n(_LEFT)} {_n(y)}H{_n(_WIDTH - _RIGHT)}"/>')
        parts.append(
            f'<text x="{_n(_LEFT - 5)}" y="{_n(y + 4)}" text-anchor="end">'
            f"{_percent(tick * scale)}</text>"
        )
    step = max(1, -(-slots // 8))
    for number in range(0, slots, step):
        x = _LEFT + (number + 0.5) * slot
        parts.append(
            f'<text x="{_n(x)}" y="{_n(_HEIGHT - _BOTTOM + 15)}" text-anchor="middle">'
            f"{number}</text>"
        )
    parts.append(
        f'<text x="{_n(_LEFT + (_WIDTH - _LEFT - _RIGHT) / 2)}" y="{_n(_HEIGHT - 4)}"'
        ' text-anchor="middle">new escapes of the package</text>'
    )
    for dot, x, y in _placed(dots, slot, scale):
        mark = _mark(dot, x, y)
        title = f"<title>{_text(clip(dot.label, 300))}</title>"
        name = _text(clip(dot.label, 300))
        if dot.href:
            parts.append(f'<a href="{_text(dot.href)}" aria-label="{name}">{title}{mark}</a>')
        else:
            parts.append(f'<g role="img" aria-label="{name}">{title}{mark}</g>')
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 - every text in it is escaped above


def _placed(dots: Sequence[Dot], slot: float, scale: float) -> list[tuple[Dot, float, float]]:
    """The points with their places; those at one height of one slot lie side by side."""
    rows: dict[tuple[int, int], list[Dot]] = defaultdict(list)
    for dot in dots:
        rows[dot.x, round(_place(dot.y, scale) / (2 * _SIZE))].append(dot)
    found = []
    for dot in dots:
        y = _place(dot.y, scale)
        row = rows[dot.x, round(y / (2 * _SIZE))]
        room = max(1, int(slot * 0.9 / (2.2 * _SIZE)))
        width = min(len(row), room)
        at = row.index(dot) % width
        x = _LEFT + (dot.x + 0.5) * slot + (at - (width - 1) / 2) * 2.2 * _SIZE
        found.append((dot, x, y))
    return found


def _place(share: float, scale: float) -> float:
    inner = _HEIGHT - _TOP - _BOTTOM
    return _TOP + inner * (1 - (max(-1.0, min(1.0, share / scale)) + 1) / 2)


def _mark(dot: Dot, x: float, y: float) -> str:
    if dot.y == 0:
        return f'<circle class="dot" cx="{_n(x)}" cy="{_n(y)}" r="{_n(_SIZE)}"/>'
    up = -1 if dot.y > 0 else 1
    tone = "regression" if dot.y > 0 else "improvement"
    size = _SIZE * 1.2
    return (
        f'<path class="dot {tone}" d="M{_n(x)} {_n(y + up * size)}L{_n(x + size)}'
        f' {_n(y - up * size * 0.8)}H{_n(x - size)}Z"/>'
    )


def _percent(share: float) -> str:
    sign = "+" if share > 0 else MINUS if share < 0 else ""
    return f"{sign}{abs(share) * 100:g}\N{NARROW NO-BREAK SPACE}%"


def _n(number: float) -> str:
    return f"{round(number, 1) + 0.0:g}"


def _text(text: str) -> str:
    return str(escape(visible(text)))
