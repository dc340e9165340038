"""A revision of the measured Go project, and the changes between two of them."""

from dataclasses import dataclass

# Begins the message of the commit that is made of a work tree; it ends in the HEAD below that.
WORK_TREE = "work tree with"


@dataclass(frozen=True, slots=True)
class Revision:
    """A git commit.

    Attributes:
        hash, parents: 40 hexadecimal digits each.
        date: author date, seconds since the epoch (asv's date of a commit).
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
        """Return whether it is a commit made of a work tree; no clone has it."""
        return self.message.startswith((f"{WORK_TREE} ", f"{WORK_TREE}out"))

    @property
    def short(self) -> str:
        """Hash as a person reads it: 8 digits, like asv's."""
        return self.hash[:8]


@dataclass(frozen=True, slots=True)
class Hunk:
    """A run of changed lines, as ``git diff -U0`` numbers them (``@@ -10,2 +10,3 @@``).

    With a count of 0 the start is the line *after which* lines were taken out or put in.
    """

    old_start: int
    old_count: int
    new_start: int
    new_count: int


@dataclass(frozen=True, slots=True)
class FileChange:
    """A changed file; ``old`` is ``None`` if it was added, ``new`` if it was deleted."""

    old: str | None
    new: str | None
    hunks: tuple[Hunk, ...] = ()


@dataclass(frozen=True, slots=True)
class TreeDiff:
    """All changes from the tree ``base``, a commit hash, to the tree ``head``."""

    base: str
    head: str
    files: tuple[FileChange, ...] = ()


def reverse(diff: TreeDiff) -> TreeDiff:
    """The same changes from ``head`` to ``base``."""

    def turned(hunks: tuple[Hunk, ...]) -> tuple[Hunk, ...]:
        return tuple(Hunk(h.new_start, h.new_count, h.old_start, h.old_count) for h in hunks)

    files = tuple(FileChange(c.new, c.old, turned(c.hunks)) for c in diff.files)
    return TreeDiff(diff.head, diff.base, files)


def is_test(file: str | None) -> bool:
    """Return whether a file belongs to tests: ``_test.go``, or under ``testdata``."""
    return file is not None and (file.endswith("_test.go") or "testdata" in file.split("/"))


@dataclass(frozen=True, slots=True)
class Support:
    """Files that belong to tests though they are no ``_test.go`` files and under no ``testdata``.

    Attributes:
        path: relative to the repository's root: the directory of a package that only tests use, or
            a file that only test files embed.
        users: import paths of the packages whose tests use it.
    """

    path: str
    users: tuple[str, ...]
