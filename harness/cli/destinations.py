"""Where the reports of the gate go."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.errors import UsageError

STDOUT = "-"


def destinations(arguments: argparse.Namespace) -> list[tuple[str, str]]:
    """Format and file of every report, :data:`STDOUT` for standard output.

    Raises:
        UsageError: two reports go to one file.
    """
    wanted = [(arguments.format, arguments.output or STDOUT), *(arguments.report or ())]
    files = [str(Path(file).absolute()) for _, file in wanted if file != STDOUT]
    twice = next((f for f in files if files.count(f) > 1), None)
    if twice is not None:
        raise UsageError(f"two reports go to {twice}; give each a file of its own")
    return wanted
