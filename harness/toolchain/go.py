"""A Go release that was found, and the environment in which it runs."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import MeasurementError, ToolchainError
from harness.model import Toolchain
from harness.process import MODULE_VARIABLES, Completed, run, tool_environment

# Settings of `go env -w` that say where modules come from; all others would change what is
# measured and are not passed on.
_MODULE_SETTINGS = (*MODULE_VARIABLES, "GOVCS", "GOAUTH")
_FACTS = ("GOVERSION", "GOOS", "GOARCH", "CGO_ENABLED", "GOROOT")
# Where Go looks for the file of `go env -w`.
_SETTINGS_VARIABLES = ("GOENV", "XDG_CONFIG_HOME")
_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Go:
    """A Go release that runs on this machine."""

    binary: Path
    goroot: Path
    toolchain: Toolchain
    build_cache: Path  # Go's build cache, which all workers share
    # Where modules come from, as the user set it with `go env -w` or in the environment; may hold
    # credentials.
    settings: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of the ``go`` command: ``base`` and what pins this release.

        Neither the caller's ``GOFLAGS`` nor what ``go env -w`` set reaches the build, but for the
        settings of proxies and private modules. Variables of asv's ``matrix`` are laid over the
        result. Benchmarks need nothing of it.
        """
        path = [str(self.goroot / "bin"), *filter(None, [base.get("PATH", "")])]
        # Go puts modules below HOME; a user without one has them in the cache of the harness.
        home = os.path.expanduser("~")  # noqa: PTH111 (which raises then)
        return {
            "HOME": home if os.path.isabs(home) else str(self.build_cache.parent),  # noqa: PTH117
            **base,
            **dict(self.settings),
            "CGO_ENABLED": "1" if self.toolchain.cgo else "0",
            "GO111MODULE": "on",
            "GOCACHE": str(self.build_cache),
            "GOENV": "off",
            "GOFLAGS": "",
            "GOROOT": str(self.goroot),
            "GOTOOLCHAIN": "local",
            "PATH": os.pathsep.join(path),
        }


@dataclass(frozen=True, slots=True)
class GoCommand:
    """The ``go`` command in the directory of one module."""

    binary: Path
    directory: Path
    env: Mapping[str, str]
    timeout: float  # seconds that one call may take
    flags: Sequence[str] = ()  # of every build, such as `-modfile` or `-overlay`

    def run(self, *arguments: str) -> Completed:
        """Run it to its end; see :func:`harness.process.run`."""
        command: list[str | Path] = [self.binary, *arguments]
        return run(command, cwd=self.directory, env=self.env, timeout=self.timeout)


def inspect(binary: Path, source: str, cache_dir: Path) -> Go:
    """Ask a ``go`` command, or a wrapper that starts it, for its release.

    ``source`` is how it was found, for :class:`harness.model.Toolchain`.
    """
    facts = _go_env(
        binary, _FACTS, {**tool_environment(), "GOENV": "off", "GOFLAGS": "", "GOWORK": "off"}
    )
    settings = _go_env(binary, _MODULE_SETTINGS, tool_environment(_SETTINGS_VARIABLES))
    if not facts["GOVERSION"] or not facts["GOROOT"]:
        raise ToolchainError(
            f"{binary} does not say which Go release it is; is it older than 1.16?"
        )
    goroot = Path(facts["GOROOT"])
    command = goroot / "bin" / "go"
    return Go(
        binary=command if command.is_file() else binary,
        goroot=goroot,
        toolchain=Toolchain(
            release=facts["GOVERSION"],
            goos=facts["GOOS"],
            goarch=facts["GOARCH"],
            source=source,
            cgo=facts["CGO_ENABLED"] == "1",
        ),
        build_cache=cache_dir / "go-build",
        settings=tuple((name, value) for name, value in settings.items() if value),
    )


def check_compiler(go: Go) -> None:
    """Start the compiler once, which the ``go`` command does not do for ``go version``."""
    command = (go.binary, "tool", "compile", "-V")
    completed = run_tool(command, env=go.environment(tool_environment()), timeout=_TIMEOUT)
    if not completed.ok:
        raise ToolchainError(
            f"the compiler of {go.toolchain.release} in {go.goroot} does not run:"
            f" {reason(completed)}"
        )


def run_tool(command: Sequence[str | Path], *, env: Mapping[str, str], timeout: float) -> Completed:
    """Run a command at the root of the file system, where no ``go.mod`` can lead it astray."""
    try:
        return run(command, cwd=Path(os.sep), env=env, timeout=timeout)
    except MeasurementError as err:
        raise ToolchainError(str(err)) from None


def reason(completed: Completed) -> str:
    """Return the last error of a failed command in a few words, without addresses.

    ``go: download go1.99.0: …: reading https://…: 404 Not Found`` becomes ``404 Not Found``.
    """
    if completed.timed_out:
        return f"no end after {completed.seconds:.0f} s"
    lines = [line.strip() for line in completed.stderr.splitlines() if line.strip()]
    marked = [line for line in lines if line.startswith(("ERROR:", "error:", "go: download "))]
    line = (marked or lines or [f"exit status {completed.returncode}"])[-1]
    words = re.sub(r"//[^/@\s]+@", "//", line)
    return words.rpartition(": ")[2]


def _go_env(binary: Path, names: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    """Return values of ``go env``; empty for a name that the release does not know."""
    completed = run_tool(
        (binary, "env", "-json", *names), env={**env, "GOTOOLCHAIN": "local"}, timeout=_TIMEOUT
    )
    if not completed.ok:
        raise ToolchainError(f"{binary} does not run: {reason(completed)}")
    try:
        values = json.loads(completed.stdout)
    except ValueError:
        raise ToolchainError(f"{binary} does not answer `go env` as Go does") from None
    return {name: str(values.get(name, "")) for name in names}
