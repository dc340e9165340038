"""Measurements on demand, where a difference was seen: accounts, coverage of new escape sites."""

from collections.abc import Sequence
from dataclasses import replace

from harness.engine.base.accounts import with_accounts
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.session import Session
from harness.errors import MeasurementError
from harness.model import Account, Record, TreeDiff


def add_accounts(
    session: Session, record: Record, benchmarks: Sequence[tuple[str, str]], spec: EnvironmentSpec
) -> Record:
    """The record with the accounts of these benchmarks, as far as they can be made.

    New accounts are added to the files that hold records of the revision, so that they are made
    once. Benchmarks are ``(import path, full name)``.
    """
    builder = session.builder(spec)

    def is_current(known: Account) -> bool:
        # What an account of the older form has in addition would read as a change.
        return known.timed or not builder.heap_costs

    made, missing = session.accounts.look_up(record, benchmarks, is_current)
    if missing:
        session.trees.acquire()
        # With protobuf and the analysis a tenth of a second, which most gates need not spend.
        from harness.engine.revision.accounting import make_accounts

        made += make_accounts(builder, session.progress, record, missing)
    if not made:
        return record
    record = with_accounts(record, made)
    session.accounts.add(record)
    session.known.supplement(record)
    return record


def add_executions(
    session: Session,
    base: Record,
    head: Record,
    diffs: Sequence[TreeDiff] | None,
    spec: EnvironmentSpec,
) -> Record:
    """The newer record, with the coverage of the escape sites that it adds.

    Sites that an account has need no run. Executions are added to the files that hold records of
    the revision.
    """
    from harness.analysis.compare.escapes import diff_escapes
    from harness.engine.revision.coverage import executions

    escapes = diff_escapes(base, head, diffs)
    wanted = [s for s in escapes.new if escapes.cost(s).reach is None]
    if not wanted or not head.benchmarks():
        return head
    try:
        session.trees.acquire()
        found = executions(session.builder(spec), session.progress, head, wanted)
    except MeasurementError as err:
        # It is not known then; the numbers are none the worse for it.
        session.progress.step(f"no coverage of {head.revision.short}: {err}")
        return head
    if found:
        head = replace(head, executions=tuple(sorted({*head.executions, *found})))
        session.known.supplement(head)
    return head
