"""The records, revisions and policies that a command line names."""

import itertools
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from harness.engine.jobs.ranges import select_revisions
from harness.engine.session import Session
from harness.errors import StoreError, UsageError
from harness.model import Record
from harness.policy.model import POLICY_NAME, Policy
from harness.store import RecordKey, key_of

_WORDS = ("ALL", "EXISTING", "NEW")


def find_record(
    session: Session, revision: str, release: str | None, machine: str | None
) -> Record:
    """The record of a full hash: this machine's first, in the order of the environments.

    Raises:
        UsageError: there is none of this Go release and machine.
    """
    return _candidates(session, revision, release, machine)[0]


def find_pair(
    session: Session, base: str, head: str, release: str | None, machine: str | None
) -> tuple[Record, Record]:
    """As `find_record` of two revisions, of one machine and environment where there are such."""
    old, new = (_candidates(session, h, release, machine) for h in (base, head))
    alike = (
        (a, b)
        for a, b in itertools.product(old, new)
        if (a.machine.machine, a.environment.name) == (b.machine.machine, b.environment.name)
    )
    return next(alike, (old[0], new[0]))


def choose(session: Session, names: Sequence[str]) -> list[str]:
    """Full hashes of the named revisions, in the order given, each once.

    A name alone is that revision, unlike in `esv run`; a range is its revisions, newest first.

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
    """All records of a revision, of one release or machine if these are given."""
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
    found: dict[RecordKey, Record] = {}
    if machine in (None, session.machine.machine):
        for spec in session.environments([release] if release else ()):
            with suppress(StoreError):  # which `matching` tells of
                record = session.record(revision, spec)
                found |= {key_of(record): record} if record is not None else {}
    for record in matching(session, revision, release, machine):
        found.setdefault(key_of(record), record)
    if found:
        return list(found.values())
    where = f"of machine {machine}" if machine else "on this machine"
    raise UsageError(
        f"{revision[:8]} has no record {where}; measure it with `esv run {revision[:8]}^!`"
    )


def policy_of(session: Session, file: str | None, revision: str) -> Policy:
    """The policy in a file if one is named, else that of a revision, else the built-in one.

    Raises:
        ConfigError: it is malformed.
    """
    # The parser of policies is loaded only where there is one.
    if file is not None:
        from harness.policy.file import load_policy

        return load_policy(Path(file))
    prefix = f"{session.config.repo_subdir}/" if session.config.repo_subdir else ""
    name = f"{prefix}{POLICY_NAME}"
    text = session.repository.file_text(revision, name)
    if text is None:
        return Policy()
    from harness.policy.file import parse_policy

    return parse_policy(text, name)


def newest_policy(session: Session) -> Policy:
    """The policy of the newest revision of the first branch, by which a history is judged.

    Raises:
        ConfigError: it is malformed.
    """
    tips = session.repository.branch_tips(session.config.branches)
    return policy_of(session, None, tips[0]) if tips else Policy()
