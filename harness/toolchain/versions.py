"""Go's version order, and the requirements in a ``go.mod``; pure.

The order is that of https://go.dev/doc/toolchain#version: from Go 1.21 on ``1.21`` is a language
version, older than ``1.21rc1``, which is older than ``1.21.0``; up to Go 1.20 ``1.20`` is the
first release and the same as ``1.20.0``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.model import Toolchain

_NUMBER = r"(?:0|[1-9][0-9]{0,8})"
_VERSION = re.compile(
    rf"(?P<major>{_NUMBER})"
    rf"(?:\.(?P<minor>{_NUMBER})"
    rf"(?:\.(?P<patch>{_NUMBER})|(?P<kind>[a-z]+)(?P<pre>{_NUMBER}))?)?"
)
_DEVELOPMENT = "devel "
# The first release line whose first release is written with its patch, 1.21.0.
_EXPLICIT_PATCH = 21


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A Go version; the order of the fields is that of comparison.

    Attributes:
        patch: number of the release in its line; -1 for a language version or a pre-release.
        kind: ``beta`` or ``rc``; empty for a release.
        pre: number of the pre-release.
    """

    major: int
    minor: int
    patch: int
    kind: str = ""
    pre: int = 0

    @property
    def line(self) -> tuple[int, int]:
        """The release line: ``(1, 27)`` for 1.27.3."""
        return self.major, self.minor

    @property
    def is_release(self) -> bool:
        """True for a release, False for a language version or a pre-release."""
        return self.patch >= 0 and not self.kind


def parse_version(text: str) -> Version | None:
    """Read ``1.27.3``, ``go1.27.3``, ``1.22rc1``, ``go1.26.8-custom`` or ``devel go1.28-abc``.

    What follows a hyphen or a blank names a variant of the same version and is ignored.

    Returns:
        The version, or ``None`` if Go would not take it for one.
    """
    name = text.removeprefix(_DEVELOPMENT).removeprefix("go")
    match = _VERSION.fullmatch(re.split(r"[ \t-]", name, maxsplit=1)[0])
    if match is None:
        return None
    minor = int(match["minor"] or 0)
    patch = -1
    if match["patch"] is not None:
        patch = int(match["patch"])
    elif match["kind"] is None and (match["minor"] is None or minor < _EXPLICIT_PATCH):
        patch = 0
    return Version(int(match["major"]), minor, patch, match["kind"] or "", int(match["pre"] or 0))


def compare(left: str, right: str) -> int:
    """Compare two versions as Go does: negative, zero or positive.

    A text that is no version is older than any version.
    """
    a, b = parse_version(left), parse_version(right)
    if a is None or b is None:
        return (a is not None) - (b is not None)
    return (a > b) - (a < b)


@dataclass(frozen=True, slots=True)
class ModuleRequirements:
    """The toolchain that a ``go.mod`` asks for.

    Attributes:
        go: version of the ``go`` directive, ``1.21`` or ``1.21.3``: the minimum.
        toolchain: name in the ``toolchain`` directive, ``go1.22.1`` or ``default``: a suggestion to
            those who work on the project.
    """

    go: str | None
    toolchain: str | None


def module_requirements(go_mod_text: str) -> ModuleRequirements:
    """Read the ``go`` and ``toolchain`` directives of a ``go.mod``, the first of each."""
    found: dict[str, str] = {}
    in_block = False
    for line in go_mod_text.split("\n"):
        code = _without_comment(line).strip()
        if in_block:
            in_block = code != ")"
            continue
        if code.endswith("("):
            in_block = True
            continue
        words = code.split()
        if len(words) == 2 and words[0] in ("go", "toolchain"):
            found.setdefault(words[0], words[1].strip('"`'))
    return ModuleRequirements(go=found.get("go"), toolchain=found.get("toolchain"))


def satisfies(toolchain: Toolchain, requirement: str) -> bool:
    """True if a toolchain is as new as a ``go`` or ``toolchain`` directive asks.

    ``default`` asks for nothing, and a toolchain built from an unnamed commit is taken to be new
    enough: Go itself says so if it is not.
    """
    if parse_version(toolchain.release) is None:
        return True
    return compare(toolchain.release, requirement) >= 0


def _without_comment(line: str) -> str:
    """Return the line up to ``//``, but for one inside a quoted text."""
    quote = ""
    for index, character in enumerate(line):
        if quote:
            if character == quote:
                quote = ""
        elif character in '"`':
            quote = character
        elif line.startswith("//", index):
            return line[:index]
    return line
