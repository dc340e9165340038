"""What tests of every part share: a real Go with a warm build cache, and the fixture history."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from harness.process import tool_environment
from harness.toolchain import Go, find_go

# How long an example takes is a property of the machine and of what else runs there.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

ROOT = Path(__file__).resolve().parents[1]
# What Go's own main function of a test binary imports.
LIBRARY = ("os", "reflect", "testing", "testing/internal/testdeps")


@pytest.fixture(scope="session")
def go() -> Go:
    """The Go that is there, with a build cache that outlives the session (``$ESV_TEST_CACHE``)."""
    cache = Path(os.environ.get("ESV_TEST_CACHE") or ROOT / ".cache" / "test")
    found = find_go(None, cache.resolve())
    _compile_library(found)
    return found


def _compile_library(go: Go) -> None:
    """Compile what every test binary links, one worker for all: side by side each did it all."""
    cache = go.build_cache
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache.parent / "library.lock"):
        subprocess.run(
            [go.binary, "list", "-export", "-deps", "-trimpath", "-buildvcs=false", *LIBRARY],
            env={**go.environment(tool_environment()), "GOWORK": "off"},
            cwd=cache,
            check=True,
            capture_output=True,
        )


@pytest.fixture
def cache_dir(go: Go, tmp_path: Path) -> Path:
    """An empty cache directory of the harness but for Go's build cache, which is shared."""
    cache = tmp_path / "cache"
    cache.mkdir()
    go.build_cache.mkdir(parents=True, exist_ok=True)
    (cache / "go-build").symlink_to(go.build_cache)
    return cache


def build_fixture(name: str) -> Path:
    """The repository of a fixture, built if it is not there."""
    spec = importlib.util.spec_from_file_location("fixtures", ROOT / "go_fixtures" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path = module.build(name)
    assert isinstance(path, Path)
    return path


@pytest.fixture(scope="session")
def timeline() -> Path:
    """The repository of the fixture ``timeline``."""
    return build_fixture("timeline")
