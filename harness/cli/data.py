"""``esv export``, ``esv import`` and ``esv rm``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.cli.context import configuration, emit, emit_bytes, reporter
from harness.cli.records import choose, find_record, matching
from harness.engine.jobs.importing import Origin, import_output, text_of
from harness.engine.session import Session
from harness.errors import EXIT_CLEAN, UsageError
from harness.model import Record, TreeDiff
from harness.outputs.records.exports import benchfmt_text, csv_text, parquet_bytes
from harness.outputs.text.format import plural, visible
from harness.store import key_of
from harness.store.asv.layout import rebuild
from harness.store.merging import rerun


def export(arguments: argparse.Namespace) -> int:
    """Write records as data; of each revision one for benchstat, all of them for tables."""
    with (
        reporter(arguments) as report,
        Session(configuration(arguments), progress=report) as session,
    ):
        hashes = choose(session, arguments.revisions or ["EXISTING"])
        records: list[Record] = []
        for hash_ in hashes:
            there = matching(session, hash_, arguments.go, arguments.machine)
            if there and arguments.format == "benchfmt":
                there = [find_record(session, hash_, arguments.go, arguments.machine)]
            records += there
        if not records:
            find_record(session, hashes[0], arguments.go, arguments.machine)
        missing = len(hashes) - len({r.revision.hash for r in records})
        if missing:
            report.say(f"{plural(missing, 'revision')} of {len(hashes)} have no record")
    if arguments.format == "parquet":
        emit_bytes(arguments, parquet_bytes(records))
    else:
        emit(
            arguments,
            benchfmt_text(records) if arguments.format == "benchfmt" else csv_text(records),
        )
    return EXIT_CLEAN


def import_file(arguments: argparse.Namespace) -> int:
    """Make a record of what `go test -bench` printed."""
    config = configuration(arguments)
    with reporter(arguments) as report, Session(config, progress=report) as session:
        name = arguments.file
        try:
            data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as err:
            raise UsageError(f"{name}: {err.strerror or err}") from None
        revision = session.repository.revision(session.resolve(arguments.revision))
        default = arguments.go or (config.releases[0] if config.releases else "")
        origin = Origin(
            revision=revision,
            diff=_diff(session, revision.hash, revision.parent),
            machine=arguments.machine or "",
            release=arguments.go or "",
            default_release=default or session.go(None).toolchain.release,
            package=arguments.package or "",
        )
        done = import_output(text_of(data, name), name, origin)
        key = key_of(done.record)
        session.store.require_replaceable(key)
        there = None if arguments.force else session.store.read(key)
        if there is not None and not there.imported:
            raise UsageError(
                f"{revision.short} was measured on {there.machine.machine} in"
                f" {there.environment.name}; --force puts the imported numbers in its place"
            )
        for warning in done.warnings:
            print(f"esv import: {visible(warning)}", file=sys.stderr)
        record = done.record
        # A project's output may be saved in several files, one for each package.
        grown = rerun(there, record) if there is not None and there.imported else record
        session.store.write(grown, replace=True)
        rebuild(session.store)
        report.say(
            f"{plural(len(record.benchmarks()), 'benchmark')} of {revision.short} imported as"
            f" {record.environment.name} on {record.machine.machine}"
        )
    return EXIT_CLEAN


def _diff(session: Session, revision: str, parent: str | None) -> TreeDiff | None:
    if parent is None or not session.repository.exists(parent):
        return None
    return session.diffs(parent, revision)[0]


def remove(arguments: argparse.Namespace) -> int:
    """Delete records; like `asv rm` it asks first, unless told not to."""
    with (
        reporter(arguments) as report,
        Session(configuration(arguments), progress=report) as session,
    ):
        records = [
            record
            for hash_ in _named(session, arguments.revisions)
            for record in matching(session, hash_, arguments.go, arguments.machine)
        ]
        if not records:
            raise UsageError("no record matches; nothing was deleted")
        for record in records:
            report.say(
                f"{record.revision.short} {record.environment.name} on {record.machine.machine}"
            )
        if not arguments.yes and not _confirmed(len(records)):
            report.say("nothing was deleted")
            return EXIT_CLEAN
        for record in records:
            session.store.remove(record)
        rebuild(session.store, prune=True)
        report.say(f"{plural(len(records), 'record')} deleted")
    return EXIT_CLEAN


def _named(session: Session, names: list[str]) -> list[str]:
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
