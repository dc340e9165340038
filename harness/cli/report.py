"""``esv show`` and ``esv compare``."""

from __future__ import annotations

import argparse

import msgspec

from harness.analysis.causes.crossing import COUNTED
from harness.analysis.compare.comparison import compare, compare_releases
from harness.analysis.compare.records import diff_records, record_detail
from harness.analysis.compare.renames import renamed_packages, with_paths
from harness.analysis.compare.views import diff_views
from harness.cli.context import configuration, emit, reporter
from harness.cli.records import find_pair, find_record
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.jobs.compile_only import is_listing, view_of
from harness.engine.session import Session
from harness.errors import EXIT_CLEAN, UsageError
from harness.model import Record
from harness.outputs.records.json import comparison_json, record_json, views_json
from harness.outputs.text.terminal import show_comparison, show_record
from harness.outputs.text.views import show_diagnostics, show_view_diff


def show(arguments: argparse.Namespace) -> int:
    """One revision, from its record; with ``--gcflags`` what the compiler says, from a build."""
    with (
        reporter(arguments) as report,
        Session(configuration(arguments), progress=report) as session,
    ):
        revision = session.resolve(arguments.revision)
        if arguments.gcflags is not None:
            spec = session.environments([arguments.go] if arguments.go else ())[0]
            view, _ = view_of(session, revision, arguments.gcflags, spec)
            if arguments.format == "json":
                text = msgspec.json.format(msgspec.json.encode(view.diagnostics)).decode() + "\n"
            else:
                text = show_diagnostics(view.diagnostics)
            emit(arguments, text)
            return EXIT_CLEAN
        record = find_record(session, revision, arguments.go, arguments.machine)
    detail = record_detail(record)
    if arguments.format == "json":
        emit(arguments, record_json(detail))
    else:
        emit(arguments, show_record(detail, every=arguments.erased))
    return EXIT_CLEAN


def compare_revisions(arguments: argparse.Namespace) -> int:
    """Two revisions, from their records; always 0, like benchstat.

    With ``--gcflags`` what the compiler says of them; with two of these also of one revision.
    """
    if arguments.gcflags:
        return _compare_views(arguments)
    if arguments.head is None:
        raise UsageError("name two revisions, or one with --gcflags twice")
    with (
        reporter(arguments) as report,
        Session(configuration(arguments), progress=report) as session,
    ):
        hashes = [session.resolve(name) for name in (arguments.base, arguments.head)]
        if arguments.base_go:
            head = find_record(session, hashes[1], arguments.go, arguments.machine)
            spec = session.environments([arguments.base_go])[0]
            base = session.record(hashes[0], spec) or session.ensure_counted(hashes[0], spec)
        else:
            base, head = find_pair(session, hashes[0], hashes[1], arguments.go, arguments.machine)
        older = None
        releases = {r.environment.toolchain.release for r in (base, head)}
        if len(releases) > 1 and not (base.imported or head.imported):
            older, base = base, session.ensure_counted(hashes[0], _spec_of(head))
        diffs = session.diffs(base.revision.hash, head.revision.hash)
    paths = renamed_packages(base, head)
    base, older = with_paths(base, paths), with_paths(older, paths) if older else None
    changes = compare_releases(older, base, head, COUNTED) if older else compare(base, head)
    diff = diff_records(base, head, diffs, changes, older)
    emit(arguments, comparison_json(diff) if arguments.format == "json" else show_comparison(diff))
    return EXIT_CLEAN


def _spec_of(record: Record) -> EnvironmentSpec:
    environment = record.environment
    return EnvironmentSpec(
        environment.toolchain.release, environment.build_variables, environment.run_variables
    )


def _compare_views(arguments: argparse.Namespace) -> int:
    flags = [" ".join(text.split()) for text in arguments.gcflags]
    if len(flags) > 2:
        raise UsageError("--gcflags is given once for both sides, or once for each")
    names = [arguments.base, arguments.base if arguments.head is None else arguments.head]
    if arguments.head is None and len(flags) < 2:
        raise UsageError("name two revisions, or one with --gcflags twice")
    listing = next((text for text in flags if is_listing(text)), None)
    if listing is not None:
        raise UsageError(f"--gcflags='{listing}' lists the assembly, which is not compared")
    with (
        reporter(arguments) as report,
        Session(configuration(arguments), progress=report) as session,
    ):
        releases = (arguments.base_go or arguments.go, arguments.go)
        sides = []
        for name, text, release in zip(names, (flags[0], flags[-1]), releases, strict=True):
            spec = session.environments([release] if release else ())[0]
            view, record = view_of(session, session.resolve(name), text, spec)
            assert record is not None
            sides.append((view, record))
        base, head = sides
        diffs = session.diffs(base[1].revision.hash, head[1].revision.hash)
    difference = diff_views(base, head, diffs)
    if arguments.format == "json":
        emit(arguments, views_json(base, head, difference))
    else:
        emit(arguments, show_view_diff(base, head, difference))
    return EXIT_CLEAN
