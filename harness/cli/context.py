"""The surroundings of a verb: configuration, session, progress, and where its result goes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import CommonOptions, ResultOptions
from harness.config import Config, check_bench, find_config, load_config
from harness.errors import UsageError
from harness.outputs.text.format import visible
from harness.store.files import write_atomic

if TYPE_CHECKING:
    from rich.progress import Progress

    from harness.engine.session import Session


def configuration(options: CommonOptions) -> Config:
    """The configuration that ``--config`` names or that is found upwards."""
    path = Path(options.config) if options.config else Path.cwd()
    return load_config(find_config(path.resolve()) if path.is_dir() else path)


@contextmanager
def open_session(
    options: CommonOptions,
    *,
    bench: str | None = None,
    packages: Sequence[str] = (),
    benchtime: str | None = None,
    count: int | None = None,
    carry: bool = True,
) -> Iterator[tuple[Session, TerminalProgress]]:
    """A session of the configured project with these settings of `Session`, and its progress.

    Raises:
        UsageError: ``bench`` is no regular expression.
    """
    # Not every verb measures, and this takes the longest to load.
    from harness.engine.session import Session

    config = configuration(options)
    if bench:
        check_bench(bench, "--bench")
    with TerminalProgress(options) as progress:
        session = Session(
            config,
            progress=progress,
            bench=bench,
            packages=packages,
            benchtime=benchtime,
            count=count,
            carry=carry,
        )
        with session:
            yield session, progress


def emit(options: ResultOptions, result: str | bytes) -> None:
    """Print a result, or write it to ``--output``.

    Raises:
        UsageError: the file cannot be written, or bytes would go to a terminal.
    """
    if options.output:
        path = Path(options.output)
        if path.is_dir():
            raise UsageError(f"--output {path} is a directory; name a file")
        write_atomic(path, result if isinstance(result, bytes) else result.encode())
    elif isinstance(result, str):
        to_standard_output(result, options.format)
    elif sys.stdout.isatty():
        raise UsageError(f"{options.format} is no text; name a file with --output")
    else:
        sys.stdout.buffer.write(result)
        sys.stdout.buffer.flush()


def to_standard_output(text: str, form: str) -> None:
    """Print a result: UTF-8 whatever the terminal has, but for text, which is for people.

    Raises:
        OutputError: it cannot be written.
    """
    if form == "text":
        sys.stdout.write(text)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
    sys.stdout.flush()


class TerminalProgress:
    """Progress of long work: a bar on a terminal, plain lines otherwise.

    Everything goes to standard error, so that results can be piped.
    """

    def __init__(self, options: CommonOptions) -> None:
        self._options = options
        self._bar: Progress | None = None
        self._total = self._done = 0

    def __enter__(self) -> TerminalProgress:
        if not (self._options.no_progress or self._options.quiet) and sys.stderr.isatty():
            from rich import progress
            from rich.console import Console

            columns = (
                progress.BarColumn(bar_width=24),
                progress.MofNCompleteColumn(),
                progress.TimeElapsedColumn(),
                progress.TextColumn("{task.description}", markup=False),
            )
            console = Console(stderr=True)
            self._bar = progress.Progress(*columns, console=console, transient=True)
            self._task = self._bar.add_task("", total=None)
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def start(self, total: int) -> None:
        """``total`` revisions are about to be measured."""
        self._total, self._done = total, 0
        if self._bar is not None:
            self._bar.update(self._task, total=total)

    def step(self, text: str) -> None:
        """Something within a revision is going on."""
        if self._bar is not None:
            self._bar.update(self._task, description=visible(text))
        elif self._options.verbose:
            self.say(f"  {text}")

    def finish(self, text: str) -> None:
        """One revision is done."""
        self._done += 1
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done)
        self.say((f"[{self._done}/{self._total}] " if self._total else "") + text)

    def say(self, text: str) -> None:
        """A line that is no result, unless ``--quiet``."""
        if self._options.quiet:
            return
        if self._bar is not None:
            self._bar.console.print(visible(text), markup=False, highlight=False, soft_wrap=True)
        else:
            print(visible(text), file=sys.stderr)
