"""``python -m harness`` and the ``esv`` command."""

from __future__ import annotations

import contextlib
import gc
import os
import sys


def run() -> None:
    """Run the command line and exit with its status."""
    from harness.cli import main

    status = main(sys.argv[1:])
    if not gc.isenabled():
        # A command that has made so many objects need not take them apart one by one.
        with contextlib.suppress(OSError):  # which the way out of Python tells of
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    run()
