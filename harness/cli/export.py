"""``esv export``: write records for other tools."""

from collections.abc import Callable

from harness.cli.context import emit, open_session
from harness.cli.lookup import choose, find_record, matching
from harness.cli.options import ExportOptions
from harness.errors import EXIT_CLEAN
from harness.model import Record
from harness.outputs.records.exports import benchfmt_text, csv_text, parquet_bytes
from harness.words import plural


def run(options: ExportOptions) -> int:
    """Write one record of each revision for benchstat, all of them for tables."""
    with open_session(options) as (session, progress):
        hashes = choose(session, options.revisions)
        records: list[Record] = []
        for hash_ in hashes:
            there = matching(session, hash_, options.go, options.machine)
            if there and options.format == "benchfmt":
                there = [find_record(session, hash_, options.go, options.machine)]
            records += there
        if not records:
            find_record(session, hashes[0], options.go, options.machine)
        missing = len(hashes) - len({r.revision.hash for r in records})
        if missing:
            progress.say(f"{plural(missing, 'revision')} of {len(hashes)} have no record")
    writers: dict[str, Callable[[list[Record]], str | bytes]] = {
        "benchfmt": benchfmt_text, "csv": csv_text, "parquet": parquet_bytes
    }  # fmt: skip
    emit(options, writers[options.format](records))
    return EXIT_CLEAN
