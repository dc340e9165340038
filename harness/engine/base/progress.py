"""Progress of long work; the command line draws it."""

from typing import Protocol


class Progress(Protocol):
    """Receives what happens, in order."""

    def start(self, total: int) -> None:
        """``total`` revisions are about to be measured."""

    def step(self, text: str) -> None:
        """Something within a revision is going on."""

    def finish(self, text: str) -> None:
        """One revision is done; ``text`` is one line about it."""


class Silent:
    """Discards everything."""

    def start(self, total: int) -> None:
        """Nothing."""

    def step(self, text: str) -> None:
        """Nothing."""

    def finish(self, text: str) -> None:
        """Nothing."""
