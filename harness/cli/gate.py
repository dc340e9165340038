"""``esv gate``.

A change of one package is gated in two or three seconds, so what judges and prints is loaded while
Go compiles.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.context import configuration, emit, reporter
from harness.cli.destinations import destinations
from harness.config import Config, check_bench
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.session import Session
from harness.errors import EXIT_CLEAN, UsageError
from harness.git import Repository
from harness.policy.model import POLICY_NAME, Policy

if TYPE_CHECKING:
    from harness.analysis.verdict.gate import GateReport

WORKTREE = "WORKTREE"


def gate(arguments: argparse.Namespace) -> int:
    """Compare head with base; the exit code is the verdict."""
    if arguments.explain_policy:
        return _explain_policy(arguments)
    destinations(arguments)  # a slip is told before anything is measured
    if arguments.compile_only and arguments.time:
        raise UsageError("--compile-only runs nothing, so there is nothing to --time; choose one")
    try:
        report, repository = _measure(arguments)
    except Exception as err:
        from harness.cli.reports import deliver_failure

        deliver_failure(arguments, err)
        raise
    from harness.cli.reports import deliver

    deliver(arguments, report, repository)
    return report.exit_code


def _explain_policy(arguments: argparse.Namespace) -> int:
    """Say which rule applies to what of the head; nothing is compared."""
    from harness.analysis.verdict.policy import judge_policy
    from harness.engine.jobs.ruled import with_ruled_code
    from harness.outputs.text.policy import explain_policy

    config = configuration(arguments)
    with reporter(arguments) as report, Session(config, progress=report) as session:
        head = _head(session, arguments.head)
        policy = policy_of(session, arguments.policy, head)
        spec = _environment(session, arguments.go)
        counted = session.ensure_counted(head, spec)
        record = with_ruled_code(session, counted, spec, policy).record
        today = datetime.now(UTC).date()
        judgement = judge_policy(policy, (), record, (), today)
        emit(arguments, explain_policy(policy, record, judgement, today))
    return EXIT_CLEAN


def _measure(arguments: argparse.Namespace) -> tuple[GateReport, Repository]:
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
        ) as session,
    ):
        head = _head(session, arguments.head)
        base = _base(session, config, arguments.base, head)
        spec = _environment(session, arguments.go)
        policy = policy_of(session, arguments.policy, head)
        if not arguments.compile_only:
            session.compile_ahead(head, spec, known=base)
        from harness.cli.judging import judge_compiled_only, judge_counted

        if arguments.compile_only:
            return judge_compiled_only(session, base, head, spec, policy), session.repository
        report.start(2)
        records = []
        for revision in (base, head):
            records.append(session.ensure_counted(revision, spec))
            report.finish(f"{revision[:8]} measured")
        judged = judge_counted(session, arguments, records[0], records[1], spec, policy)
        return judged, session.repository


def _head(session: Session, name: str) -> str:
    return session.trees.snapshot() if name == WORKTREE else session.resolve(name)


def policy_of(session: Session, file: str | None, head: str) -> Policy:
    """The policy named on the command line, else that of the head; else the built-in one."""
    if file is not None:
        from harness.policy.file import load_policy

        return load_policy(Path(file))
    prefix = f"{session.config.repo_subdir}/" if session.config.repo_subdir else ""
    name = f"{prefix}{POLICY_NAME}"
    text = session.repository.file_text(head, name)
    if text is None:
        return Policy()
    from harness.policy.file import parse_policy

    return parse_policy(text, name)


def newest_policy(session: Session) -> Policy:
    """That of the newest revision of the first branch, by which a history is judged.

    Raises:
        ConfigError: it is malformed.
    """
    tips = session.repository.branch_tips(session.config.branches)
    return policy_of(session, None, tips[0]) if tips else Policy()


def _base(session: Session, config: Config, name: str | None, head: str) -> str:
    if name is not None:
        return session.resolve(name)
    for branch in config.branches:
        found = session.repository.merge_base(branch, head)
        if found is not None and found != head:
            return found
    raise UsageError(
        "no base to compare with: name one with --base REV"
        " (the configured branches have no other merge base with the head)"
    )


def _environment(session: Session, releases: list[str]) -> EnvironmentSpec:
    specs = session.environments(releases)
    if len(releases) > 1:
        raise UsageError("the gate runs with one Go release; name --go once")
    return specs[0]
