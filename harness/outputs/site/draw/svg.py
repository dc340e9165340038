"""Charts as SVG text, drawn here and not in the browser. Pure.

Places without a value are gaps: nothing is drawn across them. Colour never stands alone: a
regression is a triangle that points up with a signed number, an improvement one that points down.
Styles are classes (the site's policy forbids inline styles).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from harness.model import ALLOCS, BYTES, ESCAPES, FRAME_BYTES, HEAP_CALLS
from harness.outputs.text.format import clip, value, visible

_HATCHED = frozenset({"broken", "failed", "unmeasured"})
_WHOLE = frozenset({ALLOCS, BYTES, ESCAPES, HEAP_CALLS, FRAME_BYTES})
# Large enough to read, small enough that two stand side by side and a phone shows one.
_WIDTH, _HEIGHT = 460.0, 220.0
_ZEROS = re.compile(r"(?<=\d)\.0+(?=\D|$)")
MOST_TARGETS = 150  # beyond this many places, only steps can be pointed at


@dataclass(frozen=True, slots=True)
class Mark:
    """One place on the axis of a chart.

    Attributes:
        label: what it is, for the tool tip: revision, subject and value or reason.
        href: page of the revision, empty for none.
        value, low, high: the value and the band around it; ``None`` for a gap.
        interval: whether the band is a confidence interval, else the range of the repetitions.
        gap: ``broken``, ``failed``, ``unmeasured`` or ``absent`` for a gap, else empty.
        step: ``regression``, ``improvement`` or empty.
        delta: the signed difference at a step.
    """

    label: str
    href: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    interval: bool = False
    gap: str = ""
    step: str = ""
    delta: str = ""


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

    def centre(self, index: int) -> float:
        return self.edge(index + 0.5)

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


def chart(
    marks: Sequence[Mark],
    unit: str,
    label: str,
    *,
    identity: str,
    margin: float,
    dates: Sequence[str] = (),
) -> Markup:
    """The history of one unit, with axes, steps and gaps.

    Args:
        marks: one per place, oldest first.
        unit: of the values.
        label: the accessible name.
        identity: an identifier that no other chart of the page has.
        margin: room for the axis; the same for charts that stand below each other, see
            :func:`axis_margin`.
        dates: of the places, empty where there is none.
    """
    width, height = _WIDTH, _HEIGHT
    lowest, highest, ticks = _axis(_numbers(marks), whole=unit in _WHOLE)
    frame = _Frame(margin, 34, width - margin - 12, height - 66, len(marks), lowest, highest)
    parts = [
        f'<svg class="chart" viewBox="0 0 {_n(width)} {_n(height)}" role="group"'
        f' aria-label="{_text(label)}">',
        f'<defs><pattern id="{_text(identity)}" class="hatch" width="6" height="6"'
        ' patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<path d="M0 0V6"/></pattern></defs>',
        '<g aria-hidden="true">',
        *_grid(frame, ticks, unit),
        *_dates(dates, frame),
        *_gaps(marks, frame, identity),
    ]
    band = _band(marks, frame)
    if band:
        parts.append(f'<path class="band" d="{band}"/>')
    parts.append(f'<path class="line" d="{_line(marks, frame)}"/>')
    if len(marks) <= MOST_TARGETS:
        parts.extend(_targets(marks, frame))
    parts.append("</g>")
    parts.extend(_steps(marks, frame))
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 - numbers, and text that went through escape()


def starts_above_zero(marks: Sequence[Mark], unit: str) -> bool:
    """Whether the axis of :func:`chart` leaves zero out, which its caption must say."""
    return _axis(_numbers(marks), whole=unit in _WHOLE)[0] > 0


def axis_margin(marks: Sequence[Mark], unit: str) -> float:
    """The room that the axis of :func:`chart` needs for its numbers."""
    ticks = _axis(_numbers(marks), whole=unit in _WHOLE)[2]
    return 16.0 + 6.6 * max(len(_tick(t, unit)) for t in ticks)


def _numbers(marks: Sequence[Mark]) -> list[float]:
    different = {id(m): m for m in marks}.values()
    return [n for m in different for n in (m.value, m.low, m.high) if n is not None]


def _tick(number: float, unit: str) -> str:
    """A number of the axis, without the zeros that a value keeps."""
    return _ZEROS.sub("", value(number, unit))


def _bounds(numbers: Sequence[float]) -> tuple[float, float]:
    if not numbers:
        return 0.0, 1.0
    lowest, highest = min(numbers), max(numbers)
    if lowest == highest:
        return (0.0, 4.0) if highest == 0 else (lowest - 1, highest + 3)
    return lowest, highest


def _axis(numbers: Sequence[float], *, whole: bool) -> tuple[float, float, list[float]]:
    """Ends of the axis and its ticks. It starts at 0 unless that would flatten the differences."""
    highest = max((n for n in numbers if math.isfinite(n)), default=0.0)
    lowest = min((n for n in numbers if math.isfinite(n)), default=0.0)
    if lowest < 0 or highest <= 0:
        highest, lowest = (max(highest, 1.0 if whole else 1e-9), min(lowest, 0.0))
    elif highest - lowest > highest * 0.35 or highest == lowest:
        lowest = 0.0
    step = _nice((highest - lowest) / 4)
    if whole:
        step = max(1.0, math.ceil(step))
    first, last = math.floor(lowest / step), math.ceil(highest / step)
    if last == first:
        last = first + 1
    return first * step, last * step, [i * step for i in range(first, last + 1)]


def _nice(rough: float) -> float:
    if rough <= 0 or not math.isfinite(rough):
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next(f * power for f in (1.0, 2.0, 2.5, 5.0, 10.0) if f * power >= rough * 0.999)


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


def _band(marks: Sequence[Mark], frame: _Frame) -> str:
    path: list[str] = []
    index = 0
    while index < len(marks):
        first, mark = index, marks[index]
        while index < len(marks) and marks[index] is mark:
            index += 1
        if mark.low is None or mark.high is None or mark.low == mark.high:
            continue
        start, end = _n(frame.edge(first)), _n(frame.edge(index))
        path.append(f"M{start} {_n(frame.y(mark.high))}H{end}V{_n(frame.y(mark.low))}H{start}Z")
    return "".join(path)


def _gaps(marks: Sequence[Mark], frame: _Frame, identity: str = "") -> list[str]:
    parts: list[str] = []
    index = 0
    while index < len(marks):
        start, kind = index, marks[index].gap
        while index < len(marks) and marks[index].gap == kind:
            index += 1
        if kind not in _HATCHED:
            continue
        x, width = frame.edge(start), frame.edge(index) - frame.edge(start)
        fill = f' fill="url(#{_text(identity)})"' if identity else ""
        parts.append(
            f'<rect class="gap {kind}"{fill} x="{_n(x)}" y="{_n(frame.top)}"'
            f' width="{_n(width)}" height="{_n(frame.height)}"/>'
        )
        if identity and kind != "unmeasured":
            sign = "✕" if kind == "broken" else "!"
            parts.append(
                f'<text class="sign" x="{_n(x + width / 2)}" y="{_n(frame.top + frame.height - 6)}"'
                f' text-anchor="middle">{sign}</text>'
            )
    return parts


def _grid(frame: _Frame, ticks: Sequence[float], unit: str) -> list[str]:
    parts = []
    for tick in ticks:
        y = frame.y(tick)
        parts.append(
            f'<path class="grid" d="M{_n(frame.left)} {_n(y)}h{_n(frame.width)}"/>'
            f'<text x="{_n(frame.left - 8)}" y="{_n(y + 4)}" text-anchor="end">'
            f"{_text(_tick(tick, unit))}</text>"
        )
    return parts


def _dates(dates: Sequence[str], frame: _Frame) -> list[str]:
    dated = [i for i, date in enumerate(dates) if date]
    if not dated:
        return []
    wanted = max(2, min(len(dated), int(frame.width // 130)))
    chosen = sorted({dated[round(k * (len(dated) - 1) / (wanted - 1))] for k in range(wanted)})
    parts = []
    bottom = frame.top + frame.height
    for index in chosen:
        x = frame.centre(index)
        ends = frame.left + frame.width
        anchor = "start" if x < frame.left + 34 else "end" if x > ends - 34 else "middle"
        parts.append(
            f'<path class="tick" d="M{_n(x)} {_n(bottom)}v5"/>'
            f'<text x="{_n(x)}" y="{_n(bottom + 20)}" text-anchor="{anchor}">'
            f"{_text(dates[index])}</text>"
        )
    return parts


def share_bar(share: float) -> Markup:
    """A bar that is filled by a share between 0 and 1; the number stands beside it as text."""
    width, height = 64.0, 8.0
    filled = min(max(share, 0.0), 1.0) * width
    return Markup(  # noqa: S704 - numbers only
        f'<svg class="share" viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}"'
        f' height="{_n(height)}" aria-hidden="true" focusable="false">'
        f'<rect class="track" width="{_n(width)}" height="{_n(height)}" rx="2"/>'
        f'<rect class="fill" width="{_n(filled)}" height="{_n(height)}" rx="2"/></svg>'
    )


def _targets(marks: Sequence[Mark], frame: _Frame) -> list[str]:
    """What the pointer meets: one column per place, with its tool tip."""
    parts = []
    for index, mark in enumerate(marks):
        column = (
            f'<rect class="hit" x="{_n(frame.edge(index))}" y="{_n(frame.top)}"'
            f' width="{_n(frame.edge(index + 1) - frame.edge(index))}"'
            f' height="{_n(frame.height)}"><title>{_text(clip(mark.label, 300))}</title></rect>'
        )
        if mark.href:
            column = f'<a href="{_text(mark.href)}" tabindex="-1">{column}</a>'
        parts.append(column)
    return parts


def _steps(marks: Sequence[Mark], frame: _Frame) -> list[str]:
    """A line and a triangle at every step, linked to the revision; a number where there is room."""
    parts = []
    free = frame.left - 10
    for index, mark in enumerate(marks):
        if not mark.step:
            continue
        x, y = frame.edge(index), frame.top - 9
        body = (
            f'<path class="stepline {mark.step}" d="M{_n(x)} {_n(y + 4)}V'
            f'{_n(frame.top + frame.height)}"/>' + _triangle(x, y, 5.5, mark.step)
        )
        size = 3.8 * len(mark.delta)
        if x - size > free and x + size < frame.left + frame.width + 12:
            free = x + size + 6
            body += (
                f'<text class="delta {mark.step}" x="{_n(x)}" y="{_n(y - 10)}"'
                f' text-anchor="middle">{_text(mark.delta)}</text>'
            )
        title = f"<title>{_text(clip(mark.label, 300))}</title>"
        name = _text(clip(f"{mark.step} {mark.delta}: {mark.label}", 300))
        hit = f'<rect class="hit" x="{_n(x - 8)}" y="{_n(y - 8)}" width="16" height="16"/>'
        parts.append(f'<a href="{_text(mark.href)}" aria-label="{name}">{title}{body}{hit}</a>')
    return parts


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
