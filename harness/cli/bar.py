"""A progress bar on a terminal; loaded only where there is one."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Bar:
    """A bar on standard error that disappears when it is stopped."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress = Progress(
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=self._console,
            transient=True,
        )
        self._progress.start()
        self._task = self._progress.add_task("", total=None)

    def stop(self) -> None:
        """Take it away."""
        self._progress.stop()

    def total(self, number: int) -> None:
        """How many there are to do."""
        self._progress.update(self._task, total=number)

    def done(self, number: int) -> None:
        """How many are done."""
        self._progress.update(self._task, completed=number)

    def describe(self, text: str) -> None:
        """What is going on."""
        self._progress.update(self._task, description=escape(text))

    def print(self, text: str) -> None:
        """A line above the bar."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
