"""``esv show``: one revision, from its record."""

from harness.analysis.compare.records import record_detail
from harness.cli.context import emit, open_session
from harness.cli.lookup import find_record
from harness.cli.options import ShowOptions
from harness.engine.jobs.compile_only import view_of
from harness.errors import EXIT_CLEAN
from harness.outputs.records.json import record_json
from harness.outputs.text.format import json_text
from harness.outputs.text.terminal import show_record
from harness.outputs.text.views import show_diagnostics


def run(options: ShowOptions) -> int:
    """Show a record; with ``--gcflags`` what the compiler says, from a build."""
    as_json = options.format == "json"
    with open_session(options) as (session, _):
        revision = session.resolve(options.revision)
        if options.gcflags is not None:
            spec = session.environments([options.go] if options.go else ())[0]
            said = view_of(session, revision, options.gcflags, spec)[0].diagnostics
            emit(options, json_text(said) if as_json else show_diagnostics(said))
            return EXIT_CLEAN
        record = find_record(session, revision, options.go, options.machine)
    detail = record_detail(record)
    emit(options, record_json(detail) if as_json else show_record(detail, every=options.erased))
    return EXIT_CLEAN
