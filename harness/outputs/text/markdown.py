"""A Markdown page of limited size, in which foreign text does nothing.

Foreign text (benchmarks, source lines, waivers) is shown literally: in ``<code>``, where hosts look
for no mentions and references, with every character that has a meaning in Markdown written as a
character reference, which can never be markup (CommonMark 2.5).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from harness.outputs.text.format import clip, visible

LONGEST = 160
_T = TypeVar("_T")
_SPECIAL = re.compile(r"[&<>\"'\\`*_{}\[\]()#!|~@:$^]|(?<=www)\.", re.IGNORECASE)


def code(text: str, limit: int = LONGEST) -> str:
    """Foreign text on one line, in HTML that shows it as it is; empty for an empty one."""
    flat = visible(clip(" ".join(text.split()), limit))
    return f"<code>{plain(flat)}</code>" if flat else ""


def plain(text: str) -> str:
    """Text without any character that means something in Markdown or HTML."""
    return _SPECIAL.sub(_reference, visible(text)).replace("\n", " ")


def _reference(match: re.Match[str]) -> str:
    sign = match.group()
    # The parser links addresses of mail wherever they stand, unless a tag divides them.
    return f"&#{ord(sign)};" + ("<wbr>" if sign == "@" else "")


def attribute(text: str) -> str:
    """A text between quotation marks in a tag."""
    return _SPECIAL.sub(lambda m: f"&#{ord(m.group())};", visible(text)).replace("\n", " ")


def fenced(lines: Sequence[str], language: str = "") -> str:
    """A block of code with a fence that nothing in it can close."""
    text = "\n".join(visible(line) for line in lines)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


class Page:
    """A document of limited size; what does not fit is counted."""

    def __init__(self, limit: int) -> None:
        self._room = limit
        self._lines: list[str] = []

    def add(self, *lines: str) -> bool:
        """Add lines if they fit, all or none."""
        size = _size(lines)
        if size > self._room:
            return False
        self._room -= size
        self._lines.extend(lines)
        return True

    def table(
        self, heads: Sequence[str], rows: Sequence[_T], cells: Callable[[_T], list[str]]
    ) -> int:
        """Add a table as far as it fits; the number of rows that did."""
        if not rows or not self.add(_line(heads), _line(["---"] * len(heads))):
            return 0
        lines = _fitting((_line(cells(row)) for row in rows), self._room)
        self.add(*lines)
        self.add("")
        return len(lines)

    def fold(self, title: str, lines: Sequence[str]) -> bool:
        """Add something folded if it fits."""
        return self.add(_fold(title), "", *lines, "", "</details>", "")

    def commands(self, title: str, commands: Sequence[str]) -> None:
        """Add commands to be copied, folded; whole ones as far as they fit."""
        room = self._room - _size([_fold(title), "", "```sh", "```", "", "</details>", ""]) - 200
        # A fence may be as long as what is in it.
        shown = _fitting(map(visible, commands), room // 2)
        left = len(commands) - len(shown)
        lines = [fenced(shown, "sh")] if shown else []
        lines += [f"{left:,} more, for which there is no room here."] if left else []
        if lines and not self.fold(title, lines):
            self.add(f"{title}: no room here.", "")

    def folded_table(
        self, title: str, heads: Sequence[str], rows: Sequence[_T], cells: Callable[[_T], list[str]]
    ) -> None:
        """Add a folded table as far as it fits, and say what is left out."""
        if not rows:
            return
        lines = [_line(heads), _line(["---"] * len(heads))]
        frame = ["<details><summary></summary>", title, "", "", "</details>", ""]
        room = self._room - _size(lines) - _size(frame) - 100
        shown = _fitting((_line(cells(row)) for row in rows), room)
        lines = [*lines, *shown] if shown else []
        if len(shown) < len(rows):
            left = f"… and {len(rows) - len(shown):,} more, for which there is no room here."
            lines += ["", left] if shown else [left]
        if not self.fold(title, lines):
            self.add(f"{title}: no room here.", "")

    def text(self, last: str) -> str:
        """The whole; room for ``last`` was kept."""
        return "\n".join(self._lines) + last


def _fitting(lines: Iterable[str], room: int) -> list[str]:
    """The first lines, as many as fit into so many bytes."""
    shown = []
    for line in lines:
        room -= _size([line])
        if room < 0:
            break
        shown.append(line)
    return shown


def _fold(title: str) -> str:
    return f"<details><summary>{title}</summary>"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)
