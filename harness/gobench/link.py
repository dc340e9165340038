"""Linking a test binary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.diagnostics.collect import BUILD_FLAGS
from harness.process import run


def link(
    go: Path,
    module_directory: Path,
    package: str,
    output: Path,
    env: Mapping[str, str],
    timeout: float,
    flags: Sequence[str] = (),
) -> str:
    """Link the test binary of a package with the flags that it was compiled with.

    Returns:
        what Go said if it failed, else nothing.
    """
    command: list[str | Path] = [
        # Debug information is half of the linker's work and nothing here reads it; `go test`
        # leaves it out, too.
        go, "test", "-c", "-vet=off", "-ldflags=-w", *BUILD_FLAGS, *flags, "-o", output, package,
    ]  # fmt: skip
    done = run(command, cwd=module_directory, env=env, timeout=timeout)
    if done.timed_out:
        return f"linking took more than {timeout:g} s"
    if done.returncode != 0 or not output.exists():
        # The diagnostics come along on the same stream; what failed comes last.
        return "\n".join(done.stderr.strip().splitlines()[-10:]) or "go test -c failed"
    return ""
