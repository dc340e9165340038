"""Go's versions and their order; pure.

The order is that of https://go.dev/doc/toolchain#version: from Go 1.21 on ``1.21`` is a language
version, older than ``1.21rc1``, which is older than ``1.21.0``; up to Go 1.20 ``1.20`` is the
first release and the same as ``1.20.0``.
"""

import re
from dataclasses import dataclass

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
    """A Go version; the order of the fields is that of comparison."""

    major: int
    minor: int
    patch: int  # number of the release in its line; -1 for a language version or a pre-release
    kind: str = ""  # `beta` or `rc`; empty for a release
    pre: int = 0  # number of the pre-release

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
