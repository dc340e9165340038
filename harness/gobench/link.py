"""Linking test binaries."""

import posixpath
import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.diagnostics.collect import BUILD_FLAGS
from harness.process import Completed
from harness.toolchain import GoCommand

# `v2` at the end of an import path is the major version of a module, not a directory.
_MAJOR = re.compile(r"v(?:[2-9]|[1-9][0-9]+)")


def link(go: GoCommand, package: str, output: Path) -> str:
    """Link the test binary of a package with the flags that it was compiled with.

    Returns:
        Go's message if it failed, else nothing.
    """
    done = _test_c(go, (package,), str(output))
    if done.timed_out:
        return f"linking took more than {go.timeout:g} s"
    if done.returncode != 0 or not output.exists():
        # The diagnostics are on the same stream; the failure is last.
        return "\n".join(done.stderr.strip().splitlines()[-10:]) or "go test -c failed"
    return ""


def link_together(go: GoCommand, outputs: Mapping[str, Path]) -> None:
    """Link the test binaries of several packages of a module at once, as far as that works.

    Go loads the packages once and not once for each binary, which is half of the work. Of two
    packages whose binaries have one name neither is linked, and a failure leaves no file: then
    :func:`link` gives the reason. Go before 1.21 cannot do it. ``outputs`` are the paths of the
    binaries by import path, all in one directory; the timeout is for each package.
    """
    names = {package: _binary_name(package) for package in outputs}
    times = Counter(names.values())
    packages = [package for package, name in names.items() if times[name] == 1]
    if len(packages) < 2:
        return
    parent = outputs[packages[0]].parent
    with tempfile.TemporaryDirectory(prefix="link-", dir=parent) as folder:
        _test_c(replace(go, timeout=go.timeout * len(packages)), packages, f"{folder}/")
        for package in packages:
            made = Path(folder) / names[package]
            if made.is_file():
                made.replace(outputs[package])


def _test_c(go: GoCommand, packages: Sequence[str], output: str) -> Completed:
    # Debug information is half of the linker's work and nothing here reads it; `go test` leaves it
    # out, too.
    flags = ("-vet=off", "-ldflags=-w", *BUILD_FLAGS, *go.flags)
    return go.run("test", "-c", *flags, "-o", output, *packages)


def _binary_name(package: str) -> str:
    """Return the name that Go gives the test binary of a package."""
    parent, name = posixpath.split(package)
    if parent and _MAJOR.fullmatch(name):
        name = posixpath.basename(parent)
    return f"{name}.test"
