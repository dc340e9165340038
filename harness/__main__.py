"""``python -m harness`` and the ``esv`` command, with standard streams that never fail later."""

import contextlib
import errno
import gc
import io
import os
import sys
from typing import Any, TextIO

from harness.errors import EXIT_CLEAN, EXIT_ERROR, OutputError


def run() -> None:
    """Run the command line and exit with its status."""
    _open_streams()
    from harness.cli.main import main

    try:
        try:
            status = main(sys.argv[1:])
        except SystemExit as end:  # of argparse
            status = end.code if isinstance(end.code, int) else EXIT_CLEAN
        # Python would exit with 120 where this fails later.
        sys.stdout.flush()
    except OutputError as err:
        print(f"esv: {err}", file=sys.stderr)
        status = EXIT_ERROR
    except BrokenPipeError:
        status = EXIT_CLEAN
    if not gc.isenabled():
        # A command that has made so many objects need not take them apart one by one.
        os._exit(status)
    sys.exit(status)


class _Output(io.FileIO):
    """A standard stream that drops its data after the first failed write, which may raise."""

    def __init__(self, number: int, *, raises: bool) -> None:
        super().__init__(number, "wb", closefd=False)
        self._raises, self._failed = raises, False

    def write(self, data: Any, /) -> int:
        """Write all of it, or drop it."""
        if not self._failed:
            try:
                return super().write(data) or 0
            except OSError as err:
                self._failed = True
                if self._raises:
                    if isinstance(err, BrokenPipeError):
                        raise
                    why = "it is closed" if err.errno == errno.EBADF else err.strerror
                    raise OutputError(f"cannot write to standard output: {why}") from None
        return len(data)


def _open_streams() -> None:
    """Open the standard streams such that every command can rely on them.

    A stream that the caller has closed would be ``None``, and its number that of the next file.
    Characters that the encoding does not have are written as backslash escapes. A message that
    standard error cannot take does not change the exit code.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # the lowest free number; to write to 1 is an error
    with contextlib.suppress(AttributeError):  # of None
        sys.stdout.flush()
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = _stream(1, sys.stdout, raises=True)
    sys.stderr = _stream(2, sys.stderr, raises=False)


def _stream(number: int, before: TextIO | None, *, raises: bool) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(number, raises=raises)),
        encoding=before.encoding if before is not None else "utf-8",
        errors="backslashreplace",
        line_buffering=number == 2 or os.isatty(number),
        write_through=bool(os.environ.get("PYTHONUNBUFFERED")),
    )


if __name__ == "__main__":
    run()
