"""Linking test binaries."""

from __future__ import annotations

import posixpath
import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.diagnostics.collect import BUILD_FLAGS
from harness.process import Completed, run

# `v2` at the end of an import path is the major version of a module, not a directory.
_MAJOR = re.compile(r"v(?:[2-9]|[1-9][0-9]+)")


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
        Go's message if it failed, else nothing.
    """
    done = _test_c(go, module_directory, (package,), str(output), env, timeout, flags)
    if done.timed_out:
        return f"linking took more than {timeout:g} s"
    if done.returncode != 0 or not output.exists():
        # The diagnostics are on the same stream; the failure is last.
        return "\n".join(done.stderr.strip().splitlines()[-10:]) or "go test -c failed"
    return ""


def link_together(
    go: Path,
    module_directory: Path,
    outputs: Mapping[str, Path],
    env: Mapping[str, str],
    timeout: float,
    flags: Sequence[str] = (),
) -> None:
    """Link the test binaries of several packages of a module at once, as far as that works.

    Go loads the packages once and not once for each binary, which is half of the work. Of two
    packages whose binaries have one name neither is linked, and a failure leaves no file: then
    :func:`link` gives the reason. Go before 1.21 cannot do it. ``outputs`` are the paths of the
    binaries by import path, all in one directory; ``timeout`` is for each package.
    """
    names = {package: _binary_name(package) for package in outputs}
    times = Counter(names.values())
    packages = [package for package, name in names.items() if times[name] == 1]
    if len(packages) < 2:
        return
    parent = outputs[packages[0]].parent
    with tempfile.TemporaryDirectory(prefix="link-", dir=parent) as folder:
        limit = timeout * len(packages)
        _test_c(go, module_directory, packages, f"{folder}/", env, limit, flags)
        for package in packages:
            made = Path(folder) / names[package]
            if made.is_file():
                made.replace(outputs[package])


def _test_c(
    go: Path,
    module_directory: Path,
    packages: Sequence[str],
    output: str,
    env: Mapping[str, str],
    timeout: float,
    flags: Sequence[str],
) -> Completed:
    command: list[str | Path] = [
        # Debug information is half of the linker's work and nothing here reads it; `go test`
        # leaves it out, too.
        go, "test", "-c", "-vet=off", "-ldflags=-w", *BUILD_FLAGS, *flags, "-o", output, *packages,
    ]  # fmt: skip
    return run(command, cwd=module_directory, env=env, timeout=timeout)


def _binary_name(package: str) -> str:
    """Return the name that Go gives the test binary of a package."""
    parent, name = posixpath.split(package)
    if parent and _MAJOR.fullmatch(name):
        name = posixpath.basename(parent)
    return f"{name}.test"
