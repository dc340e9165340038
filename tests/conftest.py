"""What tests of every part share: a real Go with a warm build cache, and the fixture history."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from harness.toolchain import Go, find_go

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def go() -> Go:
    """The Go that is there, with a build cache that outlives the session (``$ESV_TEST_CACHE``)."""
    cache = Path(os.environ.get("ESV_TEST_CACHE") or ROOT / ".cache" / "test")
    return find_go(None, cache.resolve())


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
