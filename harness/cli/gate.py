"""``esv gate``: whether a change may be merged.

A change of one package is gated in two or three seconds, so what judges and prints is loaded while
Go compiles.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.context import emit, open_session
from harness.cli.lookup import policy_of
from harness.cli.options import GateOptions
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.session import Session
from harness.errors import EXIT_CLEAN, UsageError
from harness.git import Repository

if TYPE_CHECKING:
    from harness.analysis.verdict.gate import GateReport

WORKTREE = "WORKTREE"
STDOUT = "-"


def run(options: GateOptions) -> int:
    """Compare head with base; the exit code is the verdict."""
    if options.explain_policy:
        return _explain_policy(options)
    reports = _reports(options)  # a slip is told before anything is measured
    if options.compile_only and options.time:
        raise UsageError("--compile-only runs nothing, so there is nothing to --time; choose one")
    try:
        report, repository = _measure(options)
    except Exception as err:
        from harness.cli.gate_reports import deliver, failure_of

        deliver(reports, failure_of(err), None)
        raise
    from harness.cli.gate_reports import deliver

    deliver(reports, report, repository)
    return report.exit_code


def _reports(options: GateOptions) -> list[tuple[str, str]]:
    """Format and file of every report, `STDOUT` for standard output; no two go to one file."""
    wanted = [(options.format, options.output or STDOUT), *options.report]
    files = [str(Path(file).absolute()) for _, file in wanted if file != STDOUT]
    twice = next((f for f in files if files.count(f) > 1), None)
    if twice is not None:
        raise UsageError(f"two reports go to {twice}; give each a file of its own")
    return wanted


def _explain_policy(options: GateOptions) -> int:
    """Say which rule applies to what of the head; nothing is compared."""
    from harness.analysis.verdict.policy import judge_policy
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


def _measure(options: GateOptions) -> tuple[GateReport, Repository]:
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
    return session.trees.snapshot() if name == WORKTREE else session.resolve(name)


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
