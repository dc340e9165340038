"""The test files of two revisions."""

from collections import defaultdict
from collections.abc import Iterator

from harness.model import Record, is_test


class OfTests:
    """The files of tests: by name, and because only tests use them on both sides.

    A file that is code on one side is code: with the other side's files it would be other code.
    """

    def __init__(self, base: Record, head: Record) -> None:
        self._packages = {p.directory for record in (base, head) for p in record.packages}
        self._users: dict[str, set[str]] = defaultdict(set)
        code: set[str] = set()
        for record in (base, head):
            support = {s.path: s.users for s in record.support}
            code |= {p.directory for p in record.packages} - support.keys()
            for path, users in support.items():
                self._users[path].update(users)
        for path in code & self._users.keys():
            del self._users[path]

    def __contains__(self, file: object) -> bool:
        return isinstance(file, str) and (is_test(file) or self._support(file) in self._users)

    def users(self, file: str) -> frozenset[str]:
        """The packages whose tests use a file that is not a test by name."""
        return frozenset(self._users.get(self._support(file), ()))

    def _support(self, file: str) -> str:
        """The file itself, or the directory of its package."""
        if file in self._users:
            return file
        return next((d for d in _directories(file) if d in self._packages), ".")


def _directories(file: str) -> Iterator[str]:
    """The directories of a file, the innermost first."""
    while "/" in file:
        file = file.rpartition("/")[0]
        yield file
