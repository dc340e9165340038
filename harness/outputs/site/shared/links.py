"""Links to other pages, to commits and to benchmarks."""

import re
from dataclasses import dataclass

from markupsafe import Markup

from harness.outputs.text.format import visible

# Characters of a name that may stand in a line unbroken; columns of phones have room for them.
_CHUNK = 16
_PART = re.compile(r"(?<=[/_=])")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Link:
    """A link with its text; an empty ``href`` is text only."""

    text: str
    href: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class CommitView:
    """A revision, named in passing."""

    short: str
    subject: str
    date: str
    href: str


@dataclass(frozen=True, slots=True)
class BenchmarkLink:
    """A benchmark, named in passing; ``package`` is empty where all are in one."""

    name: str
    package: str
    href: str

    @property
    def wrapped(self) -> str:
        """The name for a narrow column: a long one may be broken behind its parts.

        The text stays the same, that which is copied, too.
        """
        chunks = _chunks(self.name)
        if len(chunks) == 1:
            return self.name
        return Markup("<wbr>").join(visible(chunk) for chunk in chunks)


def _chunks(name: str) -> list[str]:
    """A name in as few chunks as fit in a narrow column, as far as it has places for that."""
    if len(name) <= _CHUNK:
        return [name]
    chunks = [""]
    for part in _PART.split(name):
        for piece in [part] if len(part) <= _CHUNK else _WORD.split(part):
            if chunks[-1] and len(chunks[-1]) + len(piece) > _CHUNK:
                chunks.append("")
            chunks[-1] += piece
    return chunks
