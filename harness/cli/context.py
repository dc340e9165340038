"""What every verb has: configuration, output, progress."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from harness.config import Config, find_config, load_config
from harness.errors import UsageError
from harness.outputs.text.format import visible
from harness.store.files import write_atomic

if TYPE_CHECKING:
    from harness.cli.bar import Bar


def configuration(arguments: argparse.Namespace) -> Config:
    """The configuration that ``--config`` names or that is found upwards."""
    if arguments.config:
        path = Path(arguments.config)
        if path.is_dir():
            path = find_config(path.resolve())
        return load_config(path)
    return load_config(find_config(Path.cwd()))


def emit(arguments: argparse.Namespace, text: str) -> None:
    """Print a result, or write it to ``--output``.

    Raises:
        UsageError: the file cannot be written.
    """
    if getattr(arguments, "output", None):
        emit_bytes(arguments, text.encode())
    else:
        to_standard_output(text, arguments.format)


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


def emit_bytes(arguments: argparse.Namespace, data: bytes) -> None:
    """Write a result that is no text to ``--output``, or to a pipe.

    Raises:
        UsageError: the file cannot be written, or standard output is a terminal.
    """
    if not arguments.output:
        if sys.stdout.isatty():
            raise UsageError(f"{arguments.format} is no text; name a file with --output")
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    path = Path(arguments.output)
    if path.is_dir():
        raise UsageError(f"--output {path} is a directory; name a file")
    write_atomic(path, data)


class Reporter:
    """Progress of long work: a bar on a terminal, plain lines otherwise.

    Everything goes to standard error, so that results can be piped.
    """

    def __init__(self, *, quiet: bool, verbose: bool, bar: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._bar: Bar | None = None
        self._show_bar = bar and not quiet and sys.stderr.isatty()
        self._total = 0
        self._done = 0

    def __enter__(self) -> Reporter:
        if self._show_bar:
            from harness.cli.bar import Bar

            self._bar = Bar()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def start(self, total: int) -> None:
        """``total`` revisions are about to be measured."""
        self._total, self._done = total, 0
        if self._bar is not None:
            self._bar.total(total)

    def step(self, text: str) -> None:
        """Something within a revision is going on."""
        if self._bar is not None:
            self._bar.describe(visible(text))
        elif self._verbose and not self._quiet:
            self._print(f"  {text}")

    def finish(self, text: str) -> None:
        """One revision is done."""
        self._done += 1
        if self._bar is not None:
            self._bar.done(self._done)
        if not self._quiet:
            count = f"[{self._done}/{self._total}] " if self._total else ""
            self._print(count + text)

    def say(self, text: str) -> None:
        """A line that is no result, unless ``--quiet``."""
        if not self._quiet:
            self._print(text)

    def _print(self, text: str) -> None:
        if self._bar is not None:
            self._bar.print(visible(text))
        else:
            print(visible(text), file=sys.stderr)


def reporter(arguments: argparse.Namespace) -> Reporter:
    """The reporter that ``--quiet``, ``--verbose`` and ``--no-progress`` ask for."""
    return Reporter(quiet=arguments.quiet, verbose=arguments.verbose, bar=not arguments.no_progress)
