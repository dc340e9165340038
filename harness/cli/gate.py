"""``esv gate``: whether a change may be merged.

A change of one package is gated in two or three seconds, so what judges and prints is loaded while
Go compiles.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import (
    ResultOptions,
    base_go,
    bench,
    flag,
    formats,
    option,
    packages,
    positive,
    releases,
    repeated,
)
from harness.errors import EXIT_CLEAN, UsageError
from harness.outputs.gate.registry import FORMATS

if TYPE_CHECKING:
    from harness.analysis.verdict.gate import GateReport
    from harness.engine.base.environments import EnvironmentSpec
    from harness.engine.session import Session
    from harness.git import Repository

WORKTREE = "WORKTREE"
STDOUT = "-"


def _report(text: str) -> tuple[str, str]:
    name, _, file = text.partition("=")
    if name not in FORMATS or not file:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not FORMAT=FILE with one of {', '.join(FORMATS)}"
        )
    return name, file


@dataclass(frozen=True, kw_only=True)
class Options(ResultOptions):
    """Options of ``esv gate``."""

    format: str = formats(*FORMATS)
    report: tuple[tuple[str, str], ...] = repeated(
        type=_report,
        metavar="FORMAT=FILE",
        help="one more report of the same measurement, - for standard output; repeatable",
    )
    base: str | None = option(metavar="REV", help="default: merge base with the branch")
    head: str = option(
        metavar="REV",
        default="HEAD",
        help="default: HEAD; WORKTREE for the files as they are, uncommitted changes included",
    )
    policy: str | None = option(metavar="FILE", help="default: escape-velocity.toml of the head")
    explain_policy: bool = flag(help="say which rule applies to what, and stop")
    time: bool = flag(help="the time lane, too")
    benchtime: str | None = option(metavar="T", help="of one sample of the time lane")
    count: int | None = option(
        type=positive, metavar="N", help="samples of the time lane; counts need none"
    )
    compile_only: bool = flag(
        help="run nothing: judge the new escape sites by the policy; for a hook before a commit"
    )
    bench: str | None = bench()
    packages: tuple[str, ...] = packages()
    go: tuple[str, ...] = releases()
    base_go: str | None = base_go()

    def reports(self) -> list[tuple[str, str]]:
        """Format and file of every report, `STDOUT` for standard output.

        Raises:
            UsageError: two reports go to one file.
        """
        wanted = [(self.format, self.output or STDOUT), *self.report]
        files = [str(Path(file).absolute()) for _, file in wanted if file != STDOUT]
        twice = next((f for f in files if files.count(f) > 1), None)
        if twice is not None:
            raise UsageError(f"two reports go to {twice}; give each a file of its own")
        return wanted


def run(options: Options) -> int:
    """Compare head with base; the exit code is the verdict."""
    if options.explain_policy:
        return _explain_policy(options)
    reports = options.reports()  # a slip is told before anything is measured
    if options.compile_only and options.time:
        raise UsageError("--compile-only runs nothing, so there is nothing to --time; choose one")
    try:
        report, repository = _measure(options)
    except Exception as err:
        from harness.cli.gate_reports import deliver_failure

        deliver_failure(reports, err)
        raise
    from harness.cli.gate_reports import deliver

    deliver(reports, report, repository)
    return report.exit_code


def _explain_policy(options: Options) -> int:
    """Say which rule applies to what of the head; nothing is compared."""
    from harness.analysis.verdict.policy import judge_policy
    from harness.cli.context import emit, open_session
    from harness.cli.lookup import policy_of
    from harness.engine.jobs.ruled import with_ruled_code
    from harness.outputs.text.policy import explain_policy

    with open_session(options) as (session, _):
        head = _head(session, options.head)
        policy = policy_of(session, options.policy, head)
        spec = _environment(session, options.go)
        counted = session.ensure_counted(head, spec)
        record = with_ruled_code(session, counted, spec, policy).record
        today = datetime.now(UTC).date()
        judgement = judge_policy(policy, (), record, (), today)
        emit(options, explain_policy(policy, record, judgement, today))
    return EXIT_CLEAN


def _measure(options: Options) -> tuple[GateReport, Repository]:
    from harness.cli.context import open_session
    from harness.cli.lookup import policy_of

    with open_session(
        options,
        bench=options.bench,
        packages=options.packages,
        benchtime=options.benchtime,
        count=options.count,
    ) as (session, progress):
        head = _head(session, options.head)
        base = _base(session, options.base, head)
        spec = _environment(session, options.go)
        policy = policy_of(session, options.policy, head)
        if not options.compile_only:
            session.compile_ahead(head, spec, known=base)
        from harness.cli.gate_judging import judge_compiled_only, judge_counted

        if options.compile_only:
            return judge_compiled_only(session, base, head, spec, policy), session.repository
        progress.start(2)
        records = []
        for revision in (base, head):
            records.append(session.ensure_counted(revision, spec))
            progress.finish(f"{revision[:8]} measured")
        older = session.older_release(options.base_go, spec)
        report = judge_counted(
            session, records[0], records[1], spec, older, policy, timed=options.time
        )
        return report, session.repository


def _head(session: Session, name: str) -> str:
    return session.snapshot() if name == WORKTREE else session.resolve(name)


def _base(session: Session, name: str | None, head: str) -> str:
    if name is not None:
        return session.resolve(name)
    for branch in session.config.branches:
        found = session.repository.merge_base(branch, head)
        if found is not None and found != head:
            return found
    raise UsageError(
        "no base to compare with: name one with --base REV"
        " (the configured branches have no other merge base with the head)"
    )


def _environment(session: Session, releases: tuple[str, ...]) -> EnvironmentSpec:
    specs = session.environments(releases)
    if len(releases) > 1:
        raise UsageError("the gate runs with one Go release; name --go once")
    return specs[0]
