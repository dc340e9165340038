"""What ``go list -json`` says of packages."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from harness.errors import MeasurementError

_END = "\n}\n"

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
    """The stream of JSON objects that ``go list -json`` prints, one after the other.

    Raises:
        MeasurementError: an object is none of ``go list``.
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
    """What ended ``go list -e`` early; empty if nothing did, or a package has the error."""
    if returncode == 0 or any(p.Error or p.DepsErrors for p in listed):
        return ""
    said = [line for line in stderr.splitlines() if line.startswith("go: ")]
    return "\n".join(said[-5:]) or f"go list failed with exit status {returncode}"
