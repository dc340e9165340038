"""``esv rebuild``: make asv's result files again from the records."""

from harness.cli.context import configuration
from harness.cli.options import RebuildOptions
from harness.errors import EXIT_CLEAN, EXIT_ERROR
from harness.store import RecordStore
from harness.store.asv.layout import rebuild
from harness.words import plural


def run(options: RebuildOptions) -> int:
    """Write asv's files; 2 where a record cannot be read."""
    config = configuration(options)
    store = RecordStore(config.results_dir, config.hash_length)
    done = rebuild(store, prune=True, force=True)
    if not options.quiet:
        print(f"{plural(len(done.written), 'file')} written, {len(done.removed)} removed")
    return EXIT_ERROR if store.set_aside else EXIT_CLEAN
