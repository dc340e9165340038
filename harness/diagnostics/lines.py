"""Positions under ``//line`` directives, as the compiler states them. Pure."""

import posixpath
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.model import Position

# Line and column in a file as it is stored, from 1; columns are bytes.
Place = tuple[int, int]

# The compiler prints no column from here on.
COLUMNS = 255
_DIRECTIVE = re.compile(
    r"(?://line |/\*line )(?P<file>.*?):(?P<line>[1-9]\d{0,8})(?::(?P<column>[1-9]\d{0,8}))?"
    r"\s*(?:\*/)?",
    re.DOTALL,
)
# A column past every other, for the end of a stretch.
_FAR = 1 << 30


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive source in the compiler's positions (column 0: unknown), up to before ``last``."""

    file: str
    first: Place
    last: Place

    def has(self, where: Position, *, after_start: bool) -> bool:
        """True if a place of the same file is in it, and, if so asked, is not its first."""
        if not self.first[0] <= where.line <= self.last[0]:
            return False
        if where.column:
            at = (where.line, where.column)
            return (self.first < at if after_start else self.first <= at) and at < self.last
        # Under a directive without a column all of a line is one place; elsewhere such a place is
        # too far to the right for a column.
        return self.last[1] == 0 or where.line < self.last[0] or self.last[1] >= COLUMNS


@dataclass(frozen=True, slots=True)
class _Base:
    """From ``start`` on, positions count from another file, line and column (0: unknown)."""

    start: Place
    file: str
    line: int
    column: int


class LineDirectives:
    """The positions of one file.

    ``comments`` are first place, place after the last, and text of each comment.
    """

    def __init__(self, file: str, comments: Iterable[tuple[Place, Place, bytes]]) -> None:
        self._bases = [_Base((1, 1), file, 1, 1)]
        directory = posixpath.dirname(file)
        for first, after, text in sorted(comments):
            line_comment = text.startswith(b"//")
            match = _DIRECTIVE.fullmatch(text.decode("utf-8", "replace"))
            if match is None or (line_comment and first[1] != 1):
                continue
            name = match["file"]
            if name:
                name = posixpath.normpath(posixpath.join(directory, name))
            else:
                name = self._bases[-1].file if match["column"] else "??"
            start = (first[0] + 1, 1) if line_comment else after
            self._bases.append(_Base(start, name, int(match["line"]), int(match["column"] or 0)))
        self._starts = [base.start for base in self._bases]

    def position(self, place: Place) -> Position:
        """Return the compiler's position of a place."""
        base = self._bases[bisect_right(self._starts, place) - 1]
        line, column = self._mapped(base, place)
        return Position(base.file, line, column if column < COLUMNS else 0)

    def stretches(self, first: Place, last: Place) -> Iterator[Stretch]:
        """Yield the source between two places, cut at the directives in it."""
        for number in range(max(bisect_right(self._starts, first) - 1, 0), len(self._bases)):
            base = self._bases[number]
            if base.start > last:
                break
            end = self._starts[number + 1] if number + 1 < len(self._bases) else (_FAR, _FAR)
            if first < end:
                begin = max(first, base.start)
                stop = min(last, end if end[1] > 1 else (end[0] - 1, _FAR))
                yield Stretch(base.file, self._mapped(base, begin), self._mapped(base, stop))

    def _mapped(self, base: _Base, place: Place) -> Place:
        line = base.line + place[0] - base.start[0]
        if base.column == 0:
            return line, 0
        if place[0] == base.start[0]:
            return line, base.column + place[1] - base.start[1]
        return line, place[1]
