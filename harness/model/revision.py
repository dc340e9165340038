"""A revision of the measured Go project."""

from __future__ import annotations

from dataclasses import dataclass

# Begins the message of the commit that is made of a work tree; it ends in the HEAD below that.
WORK_TREE = "work tree with"


@dataclass(frozen=True, slots=True)
class Revision:
    """A git commit.

    Attributes:
        hash: 40 hexadecimal digits.
        parents: hashes of the parents; the first one is *the* parent.
        author: name of the author, as git has it.
        date: author date, seconds since the epoch (asv's date of a commit).
        message: the whole commit message.
    """

    hash: str
    parents: tuple[str, ...]
    author: str
    date: int
    message: str

    @property
    def parent(self) -> str | None:
        """Hash of the first parent, ``None`` for a root commit."""
        return self.parents[0] if self.parents else None

    @property
    def subject(self) -> str:
        """First line of the message."""
        return self.message.strip().split("\n", 1)[0]

    @property
    def uncommitted(self) -> bool:
        """Whether it is a commit made of a work tree, with or without changes; no clone has it."""
        return self.message.startswith(f"{WORK_TREE} ") or self.message.startswith(
            f"{WORK_TREE}out"
        )

    @property
    def short(self) -> str:
        """Hash as a person reads it: 8 digits, like asv's."""
        return self.hash[:8]
