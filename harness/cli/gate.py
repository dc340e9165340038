"""``esv gate``."""

from __future__ import annotations

import argparse

from harness.analysis import GateReport, judge_gate
from harness.cli.context import configuration, emit, reporter
from harness.config import Config, check_regular_expression
from harness.engine import EnvironmentSpec, Session
from harness.engine.exchange import cross
from harness.errors import EscapeVelocityError, UsageError
from harness.outputs.gate_json import error_json, gate_json
from harness.outputs.terminal import show_gate

WORKTREE = "WORKTREE"
# Accounting runs each benchmark four times; of many that changed the most important are explained.
MOST_EXPLAINED = 20


def gate(arguments: argparse.Namespace) -> int:
    """Compare head with base in the allocation lane; the exit code is the verdict."""
    try:
        report = _measure(arguments)
    except (EscapeVelocityError, OSError) as err:
        if arguments.format == "json":
            emit(arguments, error_json(str(err)))
        raise
    if arguments.format == "json":
        emit(arguments, gate_json(report))
    else:
        emit(arguments, show_gate(report))
    return report.exit_code


def _measure(arguments: argparse.Namespace) -> GateReport:
    config = configuration(arguments)
    if arguments.bench:
        check_regular_expression(arguments.bench, "--bench")
    with (
        reporter(arguments) as report,
        Session(
            config, progress=report, bench=arguments.bench, packages=arguments.packages
        ) as session,
    ):
        head = _head(session, arguments.head)
        base = _base(session, config, arguments.base, head)
        spec = _environment(session, arguments.go)
        report.start(2)
        records = []
        for revision in (base, head):
            records.append(session.ensure_counted(revision, spec))
            report.finish(f"{revision[:8]} measured")
        older = session.older_release(arguments.base_go, spec)
        crossing = cross(session, records[0], records[1], spec, MOST_EXPLAINED, older)
        return judge_gate(crossing.base, crossing.head, session.diffs(base, head), crossing)


def _head(session: Session, name: str) -> str:
    if name != WORKTREE:
        return session.resolve(name)
    if session.repository.is_dirty():
        raise UsageError(
            "the work tree has uncommitted changes, which cannot be measured yet;"
            " commit them and name the commit with --head"
        )
    return session.resolve("HEAD")


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
