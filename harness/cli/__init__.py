"""The command line: parse arguments, call, map errors to exit codes."""

from harness.cli.main import main

__all__ = ["main"]
