"""``esv compare``: two revisions, from their records; always 0, like benchstat."""

from harness.analysis.causes.crossing import COUNTED
from harness.analysis.compare.comparison import compare, compare_releases
from harness.analysis.compare.records import diff_records
from harness.analysis.compare.renames import renamed_packages, with_paths
from harness.analysis.compare.views import diff_views
from harness.cli.context import emit, open_session
from harness.cli.lookup import find_pair, find_record
from harness.cli.options import CompareOptions
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.jobs.compile_only import is_listing, view_of
from harness.errors import EXIT_CLEAN, UsageError
from harness.outputs.records.json import comparison_json, views_json
from harness.outputs.text.terminal import show_comparison
from harness.outputs.text.views import show_view_diff


def run(options: CompareOptions) -> int:
    """Compare two records; with ``--gcflags`` what the compiler says of them."""
    if options.gcflags:
        return _compare_views(options)
    if options.head is None:
        raise UsageError("name two revisions, or one with --gcflags twice")
    with open_session(options) as (session, _):
        hashes = [session.resolve(name) for name in (options.base, options.head)]
        if options.base_go:
            head = find_record(session, hashes[1], options.go, options.machine)
            spec = session.environments([options.base_go])[0]
            base = session.record(hashes[0], spec) or session.ensure_counted(hashes[0], spec)
        else:
            base, head = find_pair(session, hashes[0], hashes[1], options.go, options.machine)
        older = None
        releases = {r.environment.toolchain.release for r in (base, head)}
        if len(releases) > 1 and not (base.imported or head.imported):
            own = head.environment
            spec = EnvironmentSpec(own.toolchain.release, own.build_variables, own.run_variables)
            older, base = base, session.ensure_counted(hashes[0], spec)
        diffs = session.diffs(base.revision.hash, head.revision.hash)
    paths = renamed_packages(base, head)
    base, older = with_paths(base, paths), with_paths(older, paths) if older else None
    changes = compare_releases(older, base, head, COUNTED) if older else compare(base, head)
    diff = diff_records(base, head, diffs, changes, older)
    emit(options, comparison_json(diff) if options.format == "json" else show_comparison(diff))
    return EXIT_CLEAN


def _compare_views(options: CompareOptions) -> int:
    flags = [" ".join(text.split()) for text in options.gcflags]
    if len(flags) > 2:
        raise UsageError("--gcflags is given once for both sides, or once for each")
    if options.head is None and len(flags) < 2:
        raise UsageError("name two revisions, or one with --gcflags twice")
    listing = next((text for text in flags if is_listing(text)), None)
    if listing is not None:
        raise UsageError(f"--gcflags='{listing}' lists the assembly, which is not compared")
    names = (options.base, options.base if options.head is None else options.head)
    releases = (options.base_go or options.go, options.go)
    with open_session(options) as (session, _):
        sides = []
        for name, text, release_ in zip(names, (flags[0], flags[-1]), releases, strict=True):
            spec = session.environments([release_] if release_ else ())[0]
            view, record = view_of(session, session.resolve(name), text, spec)
            assert record is not None
            sides.append((view, record))
        base, head = sides
        diffs = session.diffs(base[1].revision.hash, head[1].revision.hash)
    difference = diff_views(base, head, diffs)
    write = views_json if options.format == "json" else show_view_diff
    emit(options, write(base, head, difference))
    return EXIT_CLEAN
