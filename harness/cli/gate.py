"""``esv gate``."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from harness.analysis import GateError, GateReport, judge_gate
from harness.analysis.compile_gate import judge_compiled
from harness.analysis.policy import judge_policy
from harness.analysis.timing import judge_time
from harness.cli.context import configuration, emit, reporter
from harness.cli.reports import deliver, deliver_failure, destinations
from harness.config import Config, check_regular_expression
from harness.diagnostics.marks import MARK, no_escape_marks
from harness.engine import EnvironmentSpec, Session
from harness.engine.compile_only import compile_only
from harness.engine.exchange import cross
from harness.engine.timing import run_in_turn
from harness.errors import EXIT_CLEAN, UsageError
from harness.git import Repository
from harness.model.policy import NoEscape, Policy
from harness.outputs.policy_text import explain_policy
from harness.policy import POLICY_NAME, load_policy, parse_policy

WORKTREE = "WORKTREE"
# Accounting runs each benchmark four times; of many that changed the most important are explained.
MOST_EXPLAINED = 20


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
        deliver_failure(arguments, err)
        raise
    deliver(arguments, report, repository)
    return report.exit_code


def _explain_policy(arguments: argparse.Namespace) -> int:
    """Say which rule applies to what of the head; nothing is compared."""
    config = configuration(arguments)
    with reporter(arguments) as report, Session(config, progress=report) as session:
        head = _head(session, arguments.head)
        policy = policy_of(session, arguments.policy, head)
        record = session.ensure_counted(head, _environment(session, arguments.go))
        today = datetime.now(UTC).date()
        judgement = judge_policy(policy, (), record, (), today)
        emit(arguments, explain_policy(policy, record, judgement, today))
    return EXIT_CLEAN


def _measure(arguments: argparse.Namespace) -> tuple[GateReport, Repository]:
    config = configuration(arguments)
    if arguments.bench:
        check_regular_expression(arguments.bench, "--bench")
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
        if arguments.compile_only:
            old, new = compile_only(session, base, head, spec)
            judged = judge_compiled(
                old,
                new,
                session.diffs(base, head),
                policy=policy,
                today=datetime.now(UTC).date(),
                marks=_marks(session, head),
            )
            return judged, session.repository
        report.start(2)
        records = []
        for revision in (base, head):
            records.append(session.ensure_counted(revision, spec))
            report.finish(f"{revision[:8]} measured")
        older = session.older_release(arguments.base_go, spec)
        crossing = cross(session, records[0], records[1], spec, MOST_EXPLAINED, older)
        time, time_errors = None, []
        if arguments.time:
            # With the head's tests on both sides, where they changed.
            mixed = crossing.forward
            before = mixed.revision.hash if mixed is not None and not mixed.errors else base
            lane = run_in_turn(session, before, head, spec)
            time = judge_time(lane.timed, policy)
            time_errors = [
                GateError("run", base if side == before else head, package, failure.described)
                for side, package, failure in lane.failures
            ]
        judged = judge_gate(
            crossing.base,
            crossing.head,
            session.diffs(base, head),
            crossing,
            policy=policy,
            today=datetime.now(UTC).date(),
            marks=_marks(session, head),
            time=time,
            time_errors=time_errors,
        )
        return judged, session.repository


def _head(session: Session, name: str) -> str:
    return session.snapshot() if name == WORKTREE else session.resolve(name)


def policy_of(session: Session, file: str | None, head: str) -> Policy:
    """The policy named on the command line, else that of the head; else the built-in one."""
    if file is not None:
        return load_policy(Path(file))
    prefix = f"{session.config.repo_subdir}/" if session.config.repo_subdir else ""
    name = f"{prefix}{POLICY_NAME}"
    text = session.repository.file_text(head, name)
    return Policy() if text is None else parse_policy(text, name)


def newest_policy(session: Session) -> Policy:
    """That of the newest revision of the first branch, by which a history is judged.

    Raises:
        ConfigError: it is malformed.
    """
    tips = session.repository.branch_tips(session.config.branches)
    return policy_of(session, None, tips[0]) if tips else Policy()


def _marks(session: Session, head: str) -> list[NoEscape]:
    """Functions that comments in the head's source declare free of escapes."""
    repository = session.repository
    return [
        mark
        for file in repository.files_with(head, MARK, "*.go")
        for mark in no_escape_marks(file, (repository.file_text(head, file) or "").encode())
    ]


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
