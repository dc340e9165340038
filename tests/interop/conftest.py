"""The real benchstat, built once from its module."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

from harness.process import tool_environment
from harness.toolchain import Go

BENCHSTAT = "golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da"


@pytest.fixture(scope="session")
def benchstat(go: Go) -> Path:
    """The program, in the tests' cache; skips where no module proxy can be reached."""
    home = go.build_cache.parent / "benchstat"
    home.mkdir(parents=True, exist_ok=True)
    program = home / "bin" / "benchstat"
    with FileLock(home / "lock"):
        if not program.is_file():
            done = subprocess.run(
                [str(go.binary), "install", BENCHSTAT],
                cwd=home,
                env={
                    **tool_environment(),
                    "GOBIN": str(program.parent),
                    "GOCACHE": str(go.build_cache),
                    "GOMODCACHE": str(home / "mod"),
                    # -trimpath: with the library that the harness's builds compile, too.
                    "GOFLAGS": "-modcacherw -trimpath",
                    "GOTOOLCHAIN": "local",
                },
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
            if done.returncode:
                pytest.skip(f"benchstat cannot be built: {done.stderr.strip()[-300:]}")
    return program
