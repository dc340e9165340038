"""Accounting for the steps that revisions have a part in."""

from collections.abc import Callable, Sequence
from functools import partial

from harness.analysis.history.history import History
from harness.analysis.series.steps import steps
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.jobs.exchange import exchange_steps
from harness.engine.jobs.on_demand import add_accounts, add_executions
from harness.engine.jobs.walk.faults import errors_of_one_revision
from harness.engine.session import Session
from harness.errors import MeasurementError, ToolchainError
from harness.model import ALLOCS, BYTES, Record


def account_steps(
    session: Session,
    revisions: Sequence[str],
    environments: Sequence[EnvironmentSpec],
    failed: Callable[[str], None] = lambda line: None,
) -> int:
    """Account, on both sides, for every step that these revisions have a part in.

    Where the tests changed with a step, they are exchanged, to tell the benchmark's own part. Also
    seen is whether benchmarks execute the escape sites that the revisions bring.

    Args:
        failed: told, a line each, of what cannot be accounted for.

    Returns:
        how many benchmarks were profiled.
    """
    lines = [line for _, line in session.repository.branch_lines(session.config.branches)]
    made = 0
    for spec in environments:
        try:
            touched = set(revisions)
            made += sum(_account_steps(session, touched, spec, line, failed) for line in lines)
        except ToolchainError as err:
            failed(str(err))
    return made


def _account_steps(
    session: Session,
    touched: set[str],
    spec: EnvironmentSpec,
    line: Sequence[str],
    failed: Callable[[str], None],
) -> int:
    made = 0
    history = History.build(session.records(spec), line)
    if touched & history.by_hash.keys():
        wanted: dict[str, list[tuple[str, str]]] = {}
        pairs: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for unit in (ALLOCS, BYTES):
            for step in steps(history, unit):
                if touched & {step.revision, step.previous}:
                    benchmark = (step.package, step.benchmark)
                    pairs.setdefault((step.previous, step.revision), []).append(benchmark)
                    for revision in (step.previous, step.revision):
                        wanted.setdefault(revision, []).append(benchmark)
        current = dict(history.by_hash)

        def attempt(revision: str, failure: str, work: Callable[[], Record]) -> None:
            """Take the result of ``work`` as the record of a revision, unless it fails."""
            try:
                with errors_of_one_revision():
                    current[revision] = work()
            except MeasurementError as err:
                failed(f"{current[revision].revision.short}: {failure}: {err}")

        for revision, benchmarks in wanted.items():
            before = current[revision]
            session.progress.step(f"{before.revision.short} account for {len(benchmarks)} steps")
            work = partial(add_accounts, session, before, benchmarks, spec)
            attempt(revision, "steps not accounted for", work)
            made += len(current[revision].accounts) - len(before.accounts)
        for (previous, revision), benchmarks in pairs.items():
            pair = current[previous], current[revision]
            # If it fails the step is told as if the tests had not changed.
            work = partial(exchange_steps, session, *pair, benchmarks, spec)
            attempt(revision, "tests not exchanged", work)
        # Whether benchmarks execute new escape sites, now that it is known what accounts have.
        for revision in [r.revision.hash for r in history.records if r.revision.hash in touched]:
            before_it = history.previous(revision)
            if before_it is not None:
                older = before_it.revision.hash
                pair = current[older], current[revision]
                work = partial(add_executions, session, *pair, history.diffs(older, revision), spec)
                attempt(revision, "coverage not known", work)
    return made
