"""The verdict of ``esv gate`` on two revisions; loaded while Go compiles."""

from datetime import UTC, datetime

from harness.analysis.compare.timing import judge_time
from harness.analysis.verdict.compile_gate import judge_compiled
from harness.analysis.verdict.gate import GateError, GateReport, judge_gate
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.jobs.compile_only import WORKERS, compile_only
from harness.engine.jobs.exchange import MOST_EXPLAINED, cross, find_renames
from harness.engine.jobs.ruled import with_ruled_code
from harness.engine.jobs.timing import run_in_turn
from harness.engine.session import Session
from harness.model import Record
from harness.policy.model import Policy


def judge_compiled_only(
    session: Session, base: str, head: str, spec: EnvironmentSpec, policy: Policy
) -> GateReport:
    """Compile two revisions, run nothing, and judge the new escape sites."""
    old, new = compile_only(session, base, head, spec)
    ruled = with_ruled_code(session, new, spec, policy, WORKERS[1])
    return judge_compiled(
        old,
        ruled.record,
        session.diffs(base, head),
        policy=policy,
        today=datetime.now(UTC).date(),
        marks=ruled.marks,
        untold=ruled.untold,
        renames=find_renames(session, old, new, declared=True),
    )


def judge_counted(
    session: Session,
    base: Record,
    head: Record,
    spec: EnvironmentSpec,
    older: EnvironmentSpec | None,
    policy: Policy,
    *,
    timed: bool,
) -> GateReport:
    """Explain the difference of two records, run the time lane if asked for, and judge.

    ``spec`` is the environment of both, ``older`` that of the base if its Go release is another.
    """
    old, new = base.revision.hash, head.revision.hash
    crossing = cross(session, base, head, spec, MOST_EXPLAINED, older)
    time, time_errors = None, []
    if timed:
        # With the head's tests on both sides, where they changed.
        mixed = crossing.forward
        before = mixed.revision.hash if mixed is not None and not mixed.errors else old
        lane = run_in_turn(session, before, new, spec)
        time = judge_time(lane.timed, policy)
        time_errors = [
            GateError("run", old if side == before else new, package, failure.described)
            for side, package, failure in lane.failures
        ]
    ruled = with_ruled_code(session, crossing.head, spec, policy)
    return judge_gate(
        crossing.base,
        ruled.record,
        session.diffs(old, new),
        crossing,
        policy=policy,
        today=datetime.now(UTC).date(),
        marks=ruled.marks,
        untold=ruled.untold,
        time=time,
        time_errors=time_errors,
    )
