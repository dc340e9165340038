"""``esv run``."""

from __future__ import annotations

import argparse

from harness.cli.context import configuration, reporter
from harness.config import check_bench
from harness.engine import Session
from harness.engine.ranges import select_revisions
from harness.engine.walk import account_steps, walk
from harness.errors import EXIT_CLEAN, UsageError
from harness.outputs.format import plural
from harness.store.asv import rebuild


def run(arguments: argparse.Namespace) -> int:
    """Measure revisions and write their records and asv's files.

    A revision that does not compile is recorded as such; the exit code is 0 when the walk came to
    its end.
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
        # Only these two need to know what there is; a damaged record must not stop the others.
        reads = arguments.range in ("NEW", "EXISTING")
        measured = [r.revision.hash for r in session.store.records()] if reads else []
        revisions = select_revisions(session, arguments.range, measured, arguments.steps)
        if not revisions and arguments.range not in ("NEW", "EXISTING"):
            raise UsageError(f"the range {arguments.range!r} has no revisions")
        if not revisions:
            report.say("nothing to measure: every revision of the range has a record")
            return EXIT_CLEAN
        environments = session.environments(arguments.go)
        try:
            done = walk(
                session,
                revisions,
                environments,
                alloc_only=arguments.alloc_only,
                skip_existing=arguments.skip_existing,
                baselines=arguments.range == "NEW",
            )
            if (arguments.bench or arguments.packages) and done.unmatched == done.measured > 0:
                chosen = [f"--bench {arguments.bench!r}"] if arguments.bench else []
                chosen += [f"--packages {pattern}" for pattern in arguments.packages or ()]
                raise UsageError(
                    f"no benchmark of {plural(done.measured, 'revision')} is selected by"
                    f" {' '.join(chosen)}; nothing was recorded"
                )
            accounts = 0
            if not arguments.no_explain:
                accounts = account_steps(session, revisions, environments)
        finally:
            # Also when interrupted: asv shall see what was finished.
            rebuild(session.store)
        report.say(
            f"{plural(done.measured, 'revision')} measured, {done.skipped} had a record;"
            f" {done.broken} broken, {done.partial} in part;"
            f" {plural(done.run, 'package')} run, {done.carried} carried;"
            f" {plural(accounts, 'benchmark')} accounted for"
        )
    return EXIT_CLEAN
