"""What changed between two trees, as far as lines are concerned."""

from __future__ import annotations

from dataclasses import dataclass


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
    return TreeDiff(
        diff.head,
        diff.base,
        tuple(
            FileChange(
                c.new,
                c.old,
                tuple(Hunk(h.new_start, h.new_count, h.old_start, h.old_count) for h in c.hunks),
            )
            for c in diff.files
        ),
    )


def is_test(file: str | None) -> bool:
    """Whether a file belongs to the tests of a package: ``_test.go``, or under ``testdata``."""
    return file is not None and (file.endswith("_test.go") or "testdata" in file.split("/"))
