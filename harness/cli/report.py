"""``esv show`` and ``esv compare``."""

from __future__ import annotations

import argparse

import msgspec

from harness.analysis import compare, diff_escapes
from harness.cli.context import configuration, emit, reporter
from harness.engine import Session
from harness.errors import EXIT_CLEAN, UsageError
from harness.model import Record
from harness.outputs.records_json import comparison_json, record_json
from harness.outputs.terminal import show_comparison, show_diagnostics, show_record


def show(arguments: argparse.Namespace) -> int:
    """One revision, from its record; with ``--gcflags`` what the compiler says, from a build."""
    with (
        reporter(arguments) as report,
        Session(configuration(arguments), progress=report) as session,
    ):
        revision = session.resolve(arguments.revision)
        if arguments.gcflags is not None:
            diagnostics = session.diagnostics(revision, arguments.gcflags, arguments.go)
            if arguments.format == "json":
                text = msgspec.json.format(msgspec.json.encode(diagnostics)).decode() + "\n"
            else:
                text = show_diagnostics(diagnostics)
            emit(arguments, text)
            return EXIT_CLEAN
        record = _record(session, revision, arguments.go)
    emit(arguments, record_json(record) if arguments.format == "json" else show_record(record))
    return EXIT_CLEAN


def compare_revisions(arguments: argparse.Namespace) -> int:
    """Two revisions, from their records; always 0, like benchstat."""
    with (
        reporter(arguments) as report,
        Session(configuration(arguments), progress=report) as session,
    ):
        hashes = [session.resolve(name) for name in (arguments.base, arguments.head)]
        base, head = (_record(session, hash_, arguments.go) for hash_ in hashes)
        diffs = session.diffs(base.revision.hash, head.revision.hash)
    changes = compare(base, head)
    escapes = diff_escapes(base, head, diffs)
    if arguments.format == "json":
        emit(arguments, comparison_json(base, head, changes, escapes))
    else:
        emit(arguments, show_comparison(base, head, changes, escapes))
    return EXIT_CLEAN


def _record(session: Session, revision: str, release: str | None) -> Record:
    """The record of a revision in the first environment that has one."""
    for spec in session.environments([release] if release else ()):
        record = session.record(revision, spec.release, spec.build_variables, spec.run_variables)
        if record is not None:
            return record
    raise UsageError(
        f"{revision[:8]} has no record on this machine; measure it with `esv run {revision[:8]}^!`"
    )
