"""``esv run``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from harness.cli.context import configuration, reporter
from harness.config import check_bench
from harness.engine.base.answers import none_matched
from harness.engine.jobs.ranges import select_revisions
from harness.engine.jobs.walk import WalkReport, execute_walk, hole_lines, left_of, unfinished, walk
from harness.engine.session import Session
from harness.errors import EXIT_CLEAN, EXIT_ERROR, UsageError
from harness.model import Record
from harness.outputs.text.format import plural, visible
from harness.store.asv.layout import rebuild

# Only these need to know what has a record; a damaged one must not stop the others.
_OF_RECORDS = ("NEW", "EXISTING")
_MOST_LINES = 20


def run(arguments: argparse.Namespace) -> int:
    """Measure revisions and write their records and asv's files.

    A revision that does not compile is recorded as such; the exit code is 0 when everything has its
    record, and 2 where something could not be measured, which is named.
    """
    config = configuration(arguments)
    if arguments.bench:
        check_bench(arguments.bench, "--bench")
    with (
        reporter(arguments) as report,
        Session(
            config,
            progress=report,
            bench=arguments.bench,
            packages=arguments.packages,
            benchtime=arguments.benchtime,
            count=arguments.count,
            carry=not arguments.no_carry,
        ) as session,
    ):
        # What is not there is said at once; what is new, when it is our turn.
        reads = arguments.range in _OF_RECORDS
        revisions = [] if reads else _revisions(arguments, session)
        session.trees.acquire()
        cut, problems = unfinished(session)
        done = WalkReport(failed=tuple(problems))
        try:
            if arguments.range == "NEW" and arguments.steps is None:
                for walk_ in cut:
                    report.say(f"finishing {left_of(walk_)}")
                    done += execute_walk(session, walk_)
            else:
                for walk_ in cut:
                    report.say(f"left for a plain `esv run`: {left_of(walk_)}")
            if reads:
                revisions = _revisions(arguments, session)
            revisions = [h for h in revisions if h not in done.tried]
            if revisions:
                done += _walk(arguments, session, revisions)
        finally:
            # Also when interrupted: asv shall see what was finished.
            rebuild(session.store)
        if done.tried or cut:
            report.say(
                f"{plural(done.measured, 'revision')} measured, {done.skipped} had a record;"
                f" {done.broken} broken, {done.partial} in part;"
                f" {plural(done.run, 'package')} run, {done.carried} carried;"
                f" {plural(done.accounts, 'benchmark')} accounted for"
            )
        elif not done.failed:
            report.say("nothing to measure: every revision of the range has a record")
    tell_failures("run", done.failed)
    return EXIT_ERROR if done.failed else EXIT_CLEAN


def tell_failures(verb: str, lines: Sequence[str]) -> None:
    """Say on standard error what could not be done, however quiet the rest is."""
    for line in lines[:_MOST_LINES]:
        print(f"esv {verb}: {visible(line)}", file=sys.stderr)
    if len(lines) > _MOST_LINES:
        print(f"esv {verb}: … and {len(lines) - _MOST_LINES} more", file=sys.stderr)


def _revisions(arguments: argparse.Namespace, session: Session) -> list[str]:
    reads = arguments.range in _OF_RECORDS
    measured = [r.revision.hash for r in session.store.records()] if reads else []
    revisions = select_revisions(session, arguments.range, measured, arguments.steps)
    if not revisions and not reads:
        raise UsageError(f"the range {arguments.range!r} has no revisions")
    return revisions


def _walk(arguments: argparse.Namespace, session: Session, revisions: list[str]) -> WalkReport:
    steps = "" if arguments.steps is None else f" --steps {arguments.steps}"
    holes = hole_lines(session, revisions)
    done = walk(
        session,
        revisions,
        session.environments(arguments.go),
        asked=f"{arguments.range}{steps}",
        alloc_only=arguments.alloc_only,
        skip_existing=arguments.skip_existing,
        baselines=arguments.range == "NEW",
        explain=not arguments.no_explain,
    )
    if (arguments.bench or arguments.packages) and done.records:
        _refuse_no_benchmark(arguments, done.records)
    return done + WalkReport(failed=tuple(holes))


def _refuse_no_benchmark(arguments: argparse.Namespace, records: Sequence[Record]) -> None:
    """What selects no benchmark of any revision is a slip, not a measurement.

    Raises:
        UsageError: that is so.
    """
    if all(none_matched(record) for record in records):
        chosen = [f"--bench {arguments.bench!r}"] if arguments.bench else []
        chosen += [f"--packages {pattern}" for pattern in arguments.packages or ()]
        raise UsageError(
            f"no benchmark of {plural(len(records), 'revision')} is selected by"
            f" {' '.join(chosen)}; nothing was recorded"
        )
