"""Measurements on demand, where a difference was seen: accounts, coverage of new escape sites."""

from collections.abc import Sequence

from harness.engine.base.accounts import with_accounts
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.revision.build import Builder
from harness.engine.session import Session
from harness.model import Account, Record, TreeDiff


def add_accounts(
    session: Session, record: Record, benchmarks: Sequence[tuple[str, str]], spec: EnvironmentSpec
) -> Record:
    """The record with the accounts of these benchmarks, as far as they can be made.

    New accounts are added to the files that hold records of the revision, so that they are made
    once.

    Args:
        benchmarks: ``(import path, full name)``.
    """
    builder = session.builder(spec)

    def is_current(known: Account) -> bool:
        # What an account of the older form has in addition would read as a change.
        return known.timed or not builder.heap_costs

    made, missing = session.accounts.look_up(record, benchmarks, is_current)
    if missing:
        session.trees.acquire()
        # With protobuf and the analysis a tenth of a second, which most gates need not spend.
        from harness.engine.revision.accounting import Accountant

        made += Accountant(builder, session.progress).accounts(record, missing)
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

    Args:
        diffs: the steps between the records, ``None`` if not known.
    """
    from harness.engine.revision.coverage import with_executions

    def builder() -> Builder:
        session.trees.acquire()
        return session.builder(spec)

    found = with_executions(builder, session.progress, base, head, diffs)
    if found is not head:
        session.known.supplement(found)
    return found
