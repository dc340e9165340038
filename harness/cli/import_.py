"""``esv import``: make a record of what `go test -bench` printed."""

import sys
from pathlib import Path

from harness.cli.context import open_session
from harness.cli.options import ImportOptions
from harness.engine.jobs.importing import Origin, import_output, text_of
from harness.errors import EXIT_CLEAN, UsageError
from harness.outputs.text.format import plural, visible
from harness.store import key_of
from harness.store.asv.layout import rebuild
from harness.store.merging import rerun


def run(options: ImportOptions) -> int:
    """Write the record and asv's files."""
    with open_session(options) as (session, progress):
        name = options.file
        try:
            data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as err:
            raise UsageError(f"{name}: {err.strerror or err}") from None
        revision = session.repository.revision(session.resolve(options.revision))
        configured = next(iter(session.config.releases), None)
        parent, diff = revision.parent, None
        if parent is not None and session.repository.exists(parent):
            diff = session.diffs(parent, revision.hash)[0]
        origin = Origin(
            revision=revision,
            diff=diff,
            machine=options.machine or "",
            release=options.go or "",
            default_release=options.go or configured or session.go(None).toolchain.release,
            package=options.package or "",
        )
        done = import_output(text_of(data, name), name, origin)
        key = key_of(done.record)
        session.store.require_replaceable(key)
        there = None if options.force else session.store.read(key)
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
        progress.say(
            f"{plural(len(record.benchmarks()), 'benchmark')} of {revision.short} imported as"
            f" {record.environment.name} on {record.machine.machine}"
        )
    return EXIT_CLEAN
