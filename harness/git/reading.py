"""Output of git as data: commits, histories with missing parts, error messages."""

import re
from collections.abc import Callable, Collection, Sequence

from git.exc import GitCommandError

from harness.model import Revision

# No text of a commit can hold the separator.
_FIELDS = ("%H", "%P", "%an", "%at", "%B")
LOG_FORMAT = "".join(f"{field}%x00" for field in _FIELDS)
_PARENT = re.compile(rb"^parent ([0-9a-f]+)$", re.MULTILINE)


def parse_log(text: str) -> list[Revision]:
    """The commits that ``git log`` printed with :data:`LOG_FORMAT`."""
    fields = [_readable(field) for field in text.split("\0")]
    return [
        Revision(hash_.lstrip("\n"), tuple(parents.split()), author, int(date), message.strip("\n"))
        for hash_, parents, author, date, message in zip(
            *(fields[start::5] for start in range(5)), strict=False
        )
    ]


def readable_line(
    read: Callable[[str], bytes | None], tip: str, ends: Collection[str]
) -> tuple[list[str], str | None]:
    """The first parents of a commit, newest first, as far as they can be read.

    Args:
        read: the bytes of a commit, ``None`` if it cannot be read.
        ends: commits at which the history of a shallow clone ends.

    Returns:
        the hashes, and that of the commit that cannot be read, if one stopped it.
    """
    found: list[str] = []
    hash_: str | None = tip
    while hash_ is not None:
        data = read(hash_)
        if data is None:
            return found, hash_
        found.append(hash_)
        parent = _PARENT.search(data.partition(b"\n\n")[0])
        hash_ = parent[1].decode("ascii") if parent and hash_ not in ends else None
    return found, None


def _readable(text: str) -> str:
    """Text in valid UTF-8, which old commits need not have."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def verb(arguments: Sequence[str]) -> str:
    """The command among its options: ``fetch`` of ``-c gc.auto=0 fetch``."""
    rest = list(arguments)
    while len(rest) > 2 and rest[0] in ("-c", "-C"):
        rest = rest[2:]
    return rest[0]


def reason(err: GitCommandError) -> str:
    """The last line of git's error output."""
    text = str(err.stderr or "").strip().removeprefix("stderr:").strip().strip("'").strip()
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else f"exit status {err.status}"
