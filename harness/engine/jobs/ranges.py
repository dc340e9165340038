"""The revisions of a range: asv's words, then git's."""

import sys
from collections.abc import Sequence
from itertools import chain, takewhile
from pathlib import Path

from harness.engine.session import Session
from harness.errors import UsageError


def select_revisions(
    session: Session, spec: str, measured: Sequence[str], steps: int | None = None
) -> list[str]:
    """Full hashes, newest first.

    Args:
        spec: ``NEW`` (since the newest measured on each branch), ``ALL``, ``EXISTING``,
            ``HASHFILE:f`` (``-`` for standard input), or what ``git rev-list`` takes: ``A..B``,
            ``REV`` (it and everything before it), ``REV^!`` (it alone).
        measured: hashes that have a record here.
        steps: at most this many, evenly spread over the range, both ends among them.

    Raises:
        UsageError: an unknown revision, or a hash file that is not there.
    """
    repository = session.repository
    known = set(measured)
    tips = repository.branch_tips(session.config.branches)
    if spec == "ALL":
        hashes = repository.first_parents(tips)
    elif spec == "NEW":
        hashes = newer_than(session, tips, known)
    elif spec == "EXISTING":
        history = repository.first_parents(tips)
        hashes = [h for h in history if h in known]
        hashes += [h for h in dict.fromkeys(measured) if h not in set(history)]
        hashes = [h for h in hashes if repository.exists(h)]
    elif spec.startswith("HASHFILE:"):
        hashes = _from_file(session, spec.removeprefix("HASHFILE:"))
    else:
        hashes = repository.range(spec)
    return pick(hashes, steps) if steps is not None else hashes


def pick(items: Sequence[str], count: int) -> list[str]:
    """At most ``count`` items, evenly spread, the first and the last among them."""
    if count >= len(items):
        return list(items)
    if count <= 1:
        return list(items[:1])
    last = len(items) - 1
    return [items[round(i * last / (count - 1))] for i in range(count)]


def newer_than(session: Session, tips: Sequence[str], known: set[str]) -> list[str]:
    """The revisions of each branch that are newer than its newest known one."""
    lines = (session.repository.first_parents([tip]) for tip in tips)
    found = (takewhile(lambda h: h not in known, line) for line in lines)
    return list(dict.fromkeys(chain.from_iterable(found)))


def _from_file(session: Session, name: str) -> list[str]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except OSError as err:
        raise UsageError(f"HASHFILE:{name}: {err.strerror or err}") from None
    return [session.resolve(line.strip()) for line in text.splitlines() if line.strip()]
