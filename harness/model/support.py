"""Files of tests that no name tells."""

from __future__ import annotations

from dataclasses import dataclass


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
