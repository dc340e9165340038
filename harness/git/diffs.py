"""Unified diffs without context (``git diff -U0``) as data. Pure.

Format: https://git-scm.com/docs/git-diff, "Generating patch text with -p".
"""

import re

from harness.model import FileChange, Hunk

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_OCTAL = re.compile(rb"\\([0-3][0-7]{2}|.)", re.DOTALL)
_ESCAPES = dict(zip((b"a", b"b", b"t", b"n", b"v", b"f", b"r"), b"\a\b\t\n\v\f\r", strict=True))


def parse_diff(text: str) -> tuple[FileChange, ...]:
    """The changes in the output of ``git diff -U0 --find-renames``.

    Binary files and pure mode changes have no hunks. Lines that begin with ``---`` inside a hunk
    are content: the counts of the hunk say how many lines belong to it.
    """
    changes: list[FileChange] = []
    old: str | None = None
    new: str | None = None
    hunks: list[Hunk] = []
    inside = False
    skip = 0

    def close() -> None:
        if inside and (old is not None or new is not None):
            changes.append(FileChange(old, new, tuple(hunks)))

    for line in text.split("\n"):
        if skip and line[:1] in ("+", "-"):
            skip -= 1
            continue
        if line.startswith("diff --git "):
            close()
            old, new = _header_names(line[len("diff --git ") :])
            hunks, inside, skip = [], True, 0
        elif line.startswith("new file mode"):
            old = None
        elif line.startswith("deleted file mode"):
            new = None
        elif line.startswith(("rename from ", "copy from ")):
            old = unquote(line.split(" from ", 1)[1])
        elif line.startswith(("rename to ", "copy to ")):
            new = unquote(line.split(" to ", 1)[1])
        elif line.startswith("--- "):
            old = _side(line[4:])
        elif line.startswith("+++ "):
            new = _side(line[4:])
        elif match := _HUNK.match(line):
            counts = [int(g) if g is not None else 1 for g in match.groups()]
            hunks.append(Hunk(*counts))
            skip = counts[1] + counts[3]
    close()
    return tuple(changes)


def unquote(name: str) -> str:
    """A path as git prints it: quoted C-style where it holds unusual bytes."""
    name = name.rstrip("\t")
    if not (len(name) >= 2 and name.startswith('"') and name.endswith('"')):
        return name if name.isascii() else _readable(name.encode("utf-8", "surrogateescape"))

    def replace(match: re.Match[bytes]) -> bytes:
        code = match.group(1)
        if len(code) == 3:
            return bytes([int(code, 8)])
        return bytes([_ESCAPES[code]]) if code in _ESCAPES else code

    return _readable(_OCTAL.sub(replace, name[1:-1].encode("utf-8", "surrogateescape")))


def _readable(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def _side(name: str) -> str | None:
    name = unquote(name)
    return None if name == "/dev/null" else name[2:]


def _header_names(rest: str) -> tuple[str | None, str | None]:
    """Both names of ``diff --git a/x b/x``; they are equal unless a rename line follows."""
    if rest.startswith('"'):
        end = rest.find('" ', 1)
        name = unquote(rest[: end + 1] if end > 0 else rest)[2:]
        return name, name
    half = rest[: (len(rest) - 1) // 2]
    return half[2:], half[2:]
