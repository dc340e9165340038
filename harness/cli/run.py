"""``esv run``: measure revisions and write their records and asv's files."""

import sys

from harness.cli.context import open_session
from harness.cli.options import RunOptions
from harness.engine.base.answers import none_matched
from harness.engine.jobs.ranges import select_revisions
from harness.engine.jobs.walk.measuring import (
    WalkReport,
    execute_walk,
    hole_lines,
    left_of,
    unfinished,
    walk,
)
from harness.engine.session import Session
from harness.errors import EXIT_CLEAN, EXIT_ERROR, UsageError
from harness.outputs.text.format import visible
from harness.store.asv.layout import rebuild
from harness.words import plural

# Only these need to know what has a record; a damaged one must not stop the others.
_OF_RECORDS = ("NEW", "EXISTING")
_MOST_LINES = 20


def run(options: RunOptions) -> int:
    """Measure a range.

    A revision that does not compile is recorded as such; the exit code is 0 when everything has its
    record, and 2 where something could not be measured, which is named.
    """
    with open_session(
        options,
        bench=options.bench,
        packages=options.packages,
        benchtime=options.benchtime,
        count=options.count,
        carry=not options.no_carry,
    ) as (session, progress):
        # What is not there is said at once; what is new, when it is our turn.
        reads = options.range in _OF_RECORDS
        revisions = [] if reads else _revisions(options, session)
        session.trees.acquire()
        cut, problems = unfinished(session)
        done = WalkReport(failed=tuple(problems))
        try:
            if options.range == "NEW" and options.steps is None:
                for walk_ in cut:
                    progress.say(f"finishing {left_of(walk_)}")
                    done += execute_walk(session, walk_)
            else:
                for walk_ in cut:
                    progress.say(f"left for a plain `esv run`: {left_of(walk_)}")
            if reads:
                revisions = _revisions(options, session)
            revisions = [h for h in revisions if h not in done.tried]
            if revisions:
                done += _walk(options, session, revisions)
        finally:
            # Also when interrupted: asv shall see what was finished.
            rebuild(session.store)
        if done.tried or cut:
            progress.say(
                f"{plural(done.measured, 'revision')} measured, {done.skipped} had a record;"
                f" {done.broken} broken, {done.partial} in part;"
                f" {plural(done.run, 'package')} run, {done.carried} carried;"
                f" {plural(done.accounts, 'benchmark')} accounted for"
            )
        elif not done.failed:
            progress.say("nothing to measure: every revision of the range has a record")
    for line in done.failed[:_MOST_LINES]:  # however quiet the rest is
        print(f"esv run: {visible(line)}", file=sys.stderr)
    if len(done.failed) > _MOST_LINES:
        print(f"esv run: … and {len(done.failed) - _MOST_LINES} more", file=sys.stderr)
    return EXIT_ERROR if done.failed else EXIT_CLEAN


def _revisions(options: RunOptions, session: Session) -> list[str]:
    reads = options.range in _OF_RECORDS
    measured = [r.revision.hash for r in session.store.records()] if reads else []
    revisions = select_revisions(session, options.range, measured, options.steps)
    if not revisions and not reads:
        raise UsageError(f"the range {options.range!r} has no revisions")
    return revisions


def _walk(options: RunOptions, session: Session, revisions: list[str]) -> WalkReport:
    steps = "" if options.steps is None else f" --steps {options.steps}"
    holes = hole_lines(session, revisions)
    done = walk(
        session,
        revisions,
        session.environments(options.go),
        asked=f"{options.range}{steps}",
        alloc_only=options.alloc_only,
        skip_existing=options.skip_existing,
        baselines=options.range == "NEW",
        explain=not options.no_explain,
    )
    chosen = [f"--bench {options.bench!r}"] if options.bench else []
    chosen += [f"--packages {pattern}" for pattern in options.packages]
    if chosen and done.records and all(map(none_matched, done.records)):
        raise UsageError(
            f"no benchmark of {plural(len(done.records), 'revision')} is selected by"
            f" {' '.join(chosen)}; nothing was recorded"
        )
    return done + WalkReport(failed=tuple(holes))
