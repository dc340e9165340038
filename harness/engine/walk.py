"""Measuring a list of revisions, one record each, in every environment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from harness.analysis import History, steps
from harness.engine.environments import EnvironmentSpec
from harness.engine.exchange import exchange_steps
from harness.engine.session import Session
from harness.errors import MeasurementError, RepositoryError, StoreError
from harness.model import ALLOCS, BYTES, Outcome, PackageOutcome, Record
from harness.words import plural


@dataclass(frozen=True, slots=True)
class WalkReport:
    """What a walk did.

    Attributes:
        measured: records written.
        skipped: revisions that had a record already.
        broken: revisions of which nothing could be measured.
        partial: revisions of which something could not.
        carried: packages whose results were taken over.
        run: packages whose benchmarks were run.
    """

    measured: int = 0
    skipped: int = 0
    broken: int = 0
    partial: int = 0
    carried: int = 0
    run: int = 0


def walk(
    session: Session,
    revisions: Sequence[str],
    environments: Sequence[EnvironmentSpec],
    *,
    alloc_only: bool = False,
    skip_existing: bool = False,
    baselines: bool = False,
) -> WalkReport:
    """Measure revisions in the order given; each record is written before the next begins.

    Args:
        session: of the project.
        revisions: full hashes.
        environments: in which.
        alloc_only: leave the time lane out.
        skip_existing: not those that have a record.
        baselines: measure also the parent of a revision, if it is among neither these nor the
            records of the environment, but of another one: so a change of the configured release
            leaves no commit without a number to compare it with, and is not read as one of code.

    Raises:
        ToolchainError: a release cannot be had.
        StoreError: a record cannot be written.
    """
    counts = dict.fromkeys(("measured", "skipped", "broken", "partial", "carried", "run"), 0)
    todo = [
        (spec, revision)
        for spec in environments
        for revision in [*revisions, *(_baselines(session, revisions, spec) if baselines else ())]
    ]
    session.progress.start(len(todo))
    for record, skipped in _records(session, todo, alloc_only, skip_existing):
        if skipped:
            counts["skipped"] += 1
            session.progress.finish(f"{record.revision.short} has a record")
            continue
        counts["measured"] += 1
        counts["broken"] += record.outcome is Outcome.BROKEN
        counts["partial"] += record.outcome is Outcome.PARTIAL
        counts["carried"] += _count(record, PackageOutcome.CARRIED)
        counts["run"] += _count(record, PackageOutcome.MEASURED)
        session.progress.finish(describe(record))
    return WalkReport(**counts)


def account_steps(
    session: Session, revisions: Sequence[str], environments: Sequence[EnvironmentSpec]
) -> int:
    """Account, on both sides, for every step that these revisions have a part in.

    Where the tests changed with a step, they are exchanged, to tell the benchmark's own part. Also
    seen is whether benchmarks execute the escape sites that the revisions bring.

    Returns:
        how many benchmarks were profiled.

    Raises:
        StoreError: a record cannot be read or written.
    """
    lines = [line for _, line in session.branch_lines()]
    return sum(
        _account_steps(session, set(revisions), spec, line)
        for spec in environments
        for line in lines
    )


def _account_steps(
    session: Session, touched: set[str], spec: EnvironmentSpec, line: Sequence[str]
) -> int:
    """Those of one environment on one branch; what branches share is accounted for once."""
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
        for revision, benchmarks in wanted.items():
            before = current[revision]
            session.progress.step(f"{before.revision.short} account for {len(benchmarks)} steps")
            current[revision] = session.account(before, benchmarks, spec)
            made += len(current[revision].accounts) - len(before.accounts)
        for (previous, revision), benchmarks in pairs.items():
            base, head = current[previous], current[revision]
            try:
                current[revision] = exchange_steps(session, base, head, benchmarks, spec)
            except (RepositoryError, MeasurementError) as err:
                # Then the step is told as if the tests had not changed.
                session.progress.step(f"{head.revision.short}: tests not exchanged: {err}")
        # Whether benchmarks execute what escapes anew, now that it is known what accounts have.
        for revision in (r.revision.hash for r in history.records if r.revision.hash in touched):
            before_it = history.previous(revision)
            if before_it is not None:
                older = before_it.revision.hash
                diffs = history.diffs(older, revision)
                head = current[revision]
                try:
                    session.look_at_new_sites(current[older], head, diffs, spec)
                except (RepositoryError, MeasurementError) as err:
                    session.progress.step(f"{head.revision.short}: coverage not known: {err}")
    return made


def describe(record: Record) -> str:
    """One line about a record."""
    number = len(record.benchmarks())
    head = f"{record.revision.short} {record.environment.name}"
    carried = _count(record, PackageOutcome.CARRIED)
    text = f"{plural(number, 'benchmark')}, {plural(len(record.code_escapes()), 'escape')}"
    if carried:
        text += f", {plural(carried, 'package')} carried"
    if record.errors:
        first = record.errors[0]
        reason = first.message.splitlines()[0] if first.message else first.stage
        text = f"{record.outcome}: {reason}" + (f" ({text})" if number else "")
    return f"{head} {text} in {record.duration:.1f} s: {record.revision.subject[:60]}"


def _records(
    session: Session,
    todo: Sequence[tuple[EnvironmentSpec, str]],
    alloc_only: bool,
    skip_existing: bool,
) -> Iterator[tuple[Record, bool]]:
    for spec, revision in todo:
        if skip_existing:
            there = None
            # A damaged one is measured again, and told of then.
            with suppress(StoreError):
                there = session.record(
                    revision, spec.release, spec.build_variables, spec.run_variables
                )
            if there is not None:
                yield there, True
                continue
        yield (
            session.measure(
                revision,
                spec.release,
                build_variables=spec.build_variables,
                run_variables=spec.run_variables,
                alloc_only=alloc_only,
            ),
            False,
        )


def _baselines(session: Session, revisions: Sequence[str], spec: EnvironmentSpec) -> list[str]:
    """Parents that were measured in another environment only."""
    name = session.environment(spec.release, spec.build_variables, spec.run_variables).name
    found = []
    for revision in revisions:
        parent = session.repository.revision(revision).parent
        if parent is None or parent in revisions or not session.repository.exists(parent):
            continue
        there = session.store.environments(session.machine.machine, parent)
        if there and name not in there:
            found.append(parent)
    return list(dict.fromkeys(found))


def _count(record: Record, outcome: PackageOutcome) -> int:
    return sum(p.outcome is outcome for p in record.packages)
