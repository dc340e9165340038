"""``esv run``: measure revisions and write their records and asv's files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.cli.options import (
    CommonOptions,
    argument,
    bench,
    flag,
    option,
    packages,
    positive,
    releases,
)
from harness.errors import EXIT_CLEAN, EXIT_ERROR, UsageError
from harness.words import plural

if TYPE_CHECKING:
    from harness.engine.jobs.walk import WalkReport
    from harness.engine.session import Session
    from harness.model import Record

# Only these need to know what has a record; a damaged one must not stop the others.
_OF_RECORDS = ("NEW", "EXISTING")
_MOST_LINES = 20


@dataclass(frozen=True, kw_only=True)
class Options(CommonOptions):
    """Options of ``esv run``."""

    range: str = argument(
        nargs="?",
        default="NEW",
        help="NEW (default), ALL, EXISTING, HASHFILE:f, A..B, REV (it and what is before it),"
        " REV^! (it alone); newest first",
    )
    steps: int | None = option(type=positive, metavar="N", help="at most N, evenly spread")
    skip_existing: bool = flag("-k", help="not those with a record")
    alloc_only: bool = flag(help="leave the time lane out")
    no_carry: bool = flag(help="measure even where the test binary is the same")
    no_explain: bool = flag(help="do not account for steps line by line")
    bench: str | None = bench()
    packages: tuple[str, ...] = packages()
    go: tuple[str, ...] = releases()
    benchtime: str | None = option(metavar="T", help="of the time lane, as go test takes it")
    count: int | None = option(type=positive, metavar="N", help="repetitions in the time lane")


def run(options: Options) -> int:
    """Measure a range.

    A revision that does not compile is recorded as such; the exit code is 0 when everything has its
    record, and 2 where something could not be measured, which is named.
    """
    from harness.cli.context import open_session
    from harness.engine.jobs.walk import WalkReport, carry_out, left_of, unfinished
    from harness.outputs.text.format import visible
    from harness.store.asv.layout import rebuild

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
        session.take_turn()
        cut, problems = unfinished(session)
        done = WalkReport(failed=tuple(problems))
        try:
            if options.range == "NEW" and options.steps is None:
                for walk_ in cut:
                    progress.say(f"finishing {left_of(walk_)}")
                    done += carry_out(session, walk_)
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


def _revisions(options: Options, session: Session) -> list[str]:
    from harness.engine.jobs.ranges import select_revisions

    reads = options.range in _OF_RECORDS
    measured = [r.revision.hash for r in session.store.records()] if reads else []
    revisions = select_revisions(session, options.range, measured, options.steps)
    if not revisions and not reads:
        raise UsageError(f"the range {options.range!r} has no revisions")
    return revisions


def _walk(options: Options, session: Session, revisions: list[str]) -> WalkReport:
    from harness.engine.jobs.walk import WalkReport, hole_lines, walk

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
    if (options.bench or options.packages) and done.records:
        _refuse_no_benchmark(options, done.records)
    return done + WalkReport(failed=tuple(holes))


def _refuse_no_benchmark(options: Options, records: Sequence[Record]) -> None:
    """Refuse a walk whose ``--bench`` and ``--packages`` select no benchmark of any revision.

    Raises:
        UsageError: it is such a walk.
    """
    from harness.engine.base.answers import none_matched

    if all(none_matched(record) for record in records):
        chosen = [f"--bench {options.bench!r}"] if options.bench else []
        chosen += [f"--packages {pattern}" for pattern in options.packages]
        raise UsageError(
            f"no benchmark of {plural(len(records), 'revision')} is selected by"
            f" {' '.join(chosen)}; nothing was recorded"
        )
