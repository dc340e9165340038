"""``esv rm``: delete records."""

import sys
from collections.abc import Sequence

from harness.cli.context import open_session
from harness.cli.lookup import choose, matching
from harness.cli.options import RmOptions
from harness.engine.session import Session
from harness.errors import EXIT_CLEAN, UsageError
from harness.store.asv.layout import rebuild
from harness.words import plural


def run(options: RmOptions) -> int:
    """Delete records; like `asv rm` it asks first, unless told not to."""
    with open_session(options) as (session, progress):
        records = [
            record
            for hash_ in _named(session, options.revisions)
            for record in matching(session, hash_, options.go, options.machine)
        ]
        if not records:
            raise UsageError("no record matches; nothing was deleted")
        for r in records:
            progress.say(f"{r.revision.short} {r.environment.name} on {r.machine.machine}")
        if not options.yes and not _confirmed(len(records)):
            progress.say("nothing was deleted")
            return EXIT_CLEAN
        for record in records:
            session.store.remove(record)
        rebuild(session.store, prune=True)
        progress.say(f"{plural(len(records), 'record')} deleted")
    return EXIT_CLEAN


def _named(session: Session, names: Sequence[str]) -> list[str]:
    """Hashes; also of a commit that the repository no longer has, by its first digits."""
    found: list[str] = []
    for name in names:
        try:
            found += choose(session, [name])
        except UsageError:
            known = {r.revision.hash for r in session.store.records()}
            part = [h for h in known if len(name) >= 7 and h.startswith(name)]
            if len(part) != 1:
                raise
            found += part
    return list(dict.fromkeys(found))


def _confirmed(count: int) -> bool:
    if not sys.stdin.isatty():
        raise UsageError(f"would delete {plural(count, 'record')}; say so with --yes")
    return input(f"delete {plural(count, 'record')}? [y/N] ").strip().lower() in ("y", "yes")
