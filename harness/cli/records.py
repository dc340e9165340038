"""Which record a revision on the command line means."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from harness.engine.jobs.ranges import select_revisions
from harness.engine.session import Session
from harness.errors import StoreError, UsageError
from harness.model import Record
from harness.store import key_of

_WORDS = ("ALL", "EXISTING", "NEW")


def find_record(
    session: Session, revision: str, release: str | None, machine: str | None = None
) -> Record:
    """The record of a revision: this machine's first, in the order of the environments.

    Args:
        session: of the project.
        revision: full hash.
        release: only of this Go release.
        machine: only of this machine.

    Raises:
        UsageError: there is none.
        StoreError: there is one, and it cannot be read.
    """
    return _candidates(session, revision, release, machine)[0]


def find_pair(
    session: Session, base: str, head: str, release: str | None, machine: str | None = None
) -> tuple[Record, Record]:
    """The records of two revisions, of the same machine and environment if there are such.

    Raises:
        As :func:`find_record`.
    """
    sides = [_candidates(session, h, release, machine) for h in (base, head)]
    for old in sides[0]:
        for new in sides[1]:
            if (old.machine.machine, old.environment.name) == (
                new.machine.machine,
                new.environment.name,
            ):
                return old, new
    return sides[0][0], sides[1][0]


def choose(session: Session, names: Sequence[str]) -> list[str]:
    """Full hashes of what was named, in the order given, each once.

    A name alone is that revision, unlike in `esv run`; a range has its revisions, newest first.

    Raises:
        UsageError: an unknown revision or an empty range.
    """
    found: dict[str, None] = {}
    for name in names:
        if name in _WORDS or ".." in name or name.startswith("HASHFILE:"):
            measured = [r.revision.hash for r in session.store.records()]
            part = select_revisions(session, name, measured)
            if not part:
                raise UsageError(f"the range {name!r} has no revisions")
        else:
            part = [session.resolve(name.removesuffix("^!"))]
        found.update(dict.fromkeys(part))
    return list(found)


def matching(
    session: Session, revision: str, release: str | None, machine: str | None
) -> list[Record]:
    """All records of a revision, those of one release or machine only if asked for."""
    wanted = f"go{release.removeprefix('go')}" if release else None
    return [
        r
        for r in session.store.of_revision(revision)
        if machine in (None, r.machine.machine)
        and wanted in (None, r.environment.toolchain.release)
    ]


def _candidates(
    session: Session, revision: str, release: str | None, machine: str | None
) -> list[Record]:
    own: list[Record] = []
    if machine in (None, session.machine.machine):
        for spec in session.environments([release] if release else ()):
            with suppress(StoreError):  # which `matching` tells of
                record = session.record(revision, spec)
                own += [record] if record is not None else []
    known = {key_of(r) for r in own}
    found = own + [
        r for r in matching(session, revision, release, machine) if key_of(r) not in known
    ]
    if found:
        return found
    where = f"of machine {machine}" if machine else "on this machine"
    raise UsageError(
        f"{revision[:8]} has no record {where}; measure it with `esv run {revision[:8]}^!`"
    )
