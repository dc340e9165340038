"""The output of ``go list -json``: packages and their errors."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.errors import MeasurementError
from harness.model import PackageError

_END = "\n}\n"
_AT = re.compile(r"(?P<file>[^\s:][^:\n]*?\.\w+):(?P<line>\d{1,9})(?::\d+)?: (?P<text>.*)")

FIELDS = (
    "ImportPath,Name,Dir,BuildID,Standard,ForTest,Error,DepsErrors,Deps,Module,"
    "GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,EmbedFiles,TestEmbedFiles,XTestEmbedFiles"
)


class ListedError(msgspec.Struct):
    """An error of ``go list -e``."""

    Err: str = ""
    Pos: str = ""


class ListedModule(msgspec.Struct):
    """The module of a listed package."""

    Path: str = ""
    Dir: str = ""
    Main: bool = False


class Listed(msgspec.Struct):
    """A package as ``go list -json`` prints it."""

    ImportPath: str
    Name: str = ""
    Dir: str = ""
    BuildID: str = ""
    Standard: bool = False
    ForTest: str = ""
    Error: ListedError | None = None
    DepsErrors: list[ListedError] | None = None
    Deps: list[str] = []
    Module: ListedModule | None = None
    GoFiles: list[str] = []
    CgoFiles: list[str] = []
    TestGoFiles: list[str] = []
    XTestGoFiles: list[str] = []
    EmbedFiles: list[str] = []
    TestEmbedFiles: list[str] = []
    XTestEmbedFiles: list[str] = []

    @property
    def base_path(self) -> str:
        """The import path without the test binary that a variant is compiled for."""
        return self.ImportPath.split(" ", 1)[0]


def read_listing(text: str) -> list[Listed]:
    """Read the stream of JSON objects that ``go list -json`` prints, one after the other.

    Raises:
        MeasurementError: an object is no package of ``go list``.
    """
    decoder = msgspec.json.Decoder(Listed)
    # Each object begins and ends at the first column; all else is indented.
    parts = (
        part.rpartition("\n{\n")[2].removeprefix("{\n") for part in f"\n{text}".split(_END)[:-1]
    )
    try:
        return [decoder.decode(f"{{{part}}}") for part in parts]
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as err:
        raise MeasurementError(f"go list printed no description of a package: {err}") from None


def cut_short(listed: Sequence[Listed], returncode: int, stderr: str) -> str:
    """Return the error that ended ``go list -e`` early; empty if none did, or a package has it."""
    if returncode == 0 or any(p.Error or p.DepsErrors for p in listed):
        return ""
    errors = [line for line in stderr.splitlines() if line.startswith("go: ")]
    return "\n".join(errors[-5:]) or f"go list failed with exit status {returncode}"


def module_message(stderr: str, tree: Path) -> str:
    """Return Go's message about the module as a whole, paths relative to the work tree."""
    ignored = ("# ", "go: warning: ")
    lines = [line for line in stderr.strip().splitlines() if not line.startswith(ignored)]
    return _without_tree("\n".join(lines[:20]), tree).strip()


def build_errors(packages: Sequence[Listed], tree: Path, module: str) -> tuple[PackageError, ...]:
    """Return the errors of packages and of what they need, each message once."""
    found: dict[str, PackageError] = {}
    for package in packages:
        own = [package.Error] if package.Error else []
        for error in (*own, *(package.DepsErrors or ())):
            blame = package.ImportPath.split(" ", 1)[0]
            message = _without_tree(error.Err.strip(), tree)
            if message.startswith("# "):
                header, _, message = message.partition("\n")
                blame = header[2:].split(" ", 1)[0]
            message = message.strip()
            if error.Pos and not _AT.match(message):
                message = f"{error.Pos}: {message}"
            at = _AT.search(message)
            # Go names files relative to the module's directory.
            file = posixpath.normpath(posixpath.join(module, at["file"])) if at else ""
            line = int(at["line"]) if at else 0
            found.setdefault(message, PackageError(blame, "build", message, file, line))
    return tuple(found.values())


def _without_tree(message: str, tree: Path) -> str:
    for root in (tree, tree.resolve()):
        message = message.replace(f"{root}/", "")
    return message
