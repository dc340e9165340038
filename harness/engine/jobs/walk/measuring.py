"""Measuring a list of revisions, one record each, in every environment.

What a walk sets out to do is written down before it begins, and struck off record by record: one
that was cut, by a kill or an error, is finished by the next plain run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from harness.engine.base.environments import EnvironmentSpec
from harness.engine.jobs.walk.faults import errors_of_one_revision
from harness.engine.jobs.walk.steps import account_steps
from harness.engine.session import Session
from harness.errors import MeasurementError, ToolchainError
from harness.model import Outcome, PackageOutcome, Record
from harness.model.walk import Failure, Walk, WalkPart
from harness.store import RecordKey
from harness.store.walks import read_walks, remove_walk, write_walk
from harness.words import plural

# A revision that fails in so many runs is not tried again unless it is named.
MOST_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class WalkReport:
    """Result of a walk."""

    records: tuple[Record, ...] = ()
    skipped: int = 0  # revisions that had a record already
    broken: int = 0  # revisions without a single measurement
    partial: int = 0  # revisions with failures
    carried: int = 0  # packages whose results were taken over
    run: int = 0  # packages whose benchmarks were run
    accounts: int = 0  # benchmarks that were accounted for
    tried: tuple[str, ...] = ()  # full hashes of what was to be measured, whatever became of it
    # What could not be done, a line each: revisions of which no record could be made, environments
    # that cannot be had, steps that could not be accounted for.
    failed: tuple[str, ...] = ()

    @property
    def measured(self) -> int:
        """Number of records written."""
        return len(self.records)

    def __add__(self, other: WalkReport) -> WalkReport:
        names = [f.name for f in fields(self)]
        return WalkReport(**{n: getattr(self, n) + getattr(other, n) for n in names})


def walk(
    session: Session,
    revisions: Sequence[str],
    environments: Sequence[EnvironmentSpec],
    *,
    asked: str = "",
    alloc_only: bool = False,
    skip_existing: bool = False,
    baselines: bool = False,
    explain: bool = False,
) -> WalkReport:
    """Measure revisions in the order given; each record is written before the next begins.

    A revision that cannot be measured is named and left out, and so is an environment whose
    release cannot be had.

    Args:
        asked: the range as it was asked for, for people.
        baselines: measure also the parent of a revision, if it is among neither these nor the
            records of the environment, but of another one: so a change of the configured release
            leaves no commit without a number to compare it with, and is not read as one of code.
    """
    session.trees.acquire()
    parts: list[WalkPart] = []
    failed: list[str] = []
    for spec in environments:
        try:
            environment = session.environment(spec)
        except ToolchainError as err:
            failed.append(str(err))
            continue
        todo = (*revisions, *(_baselines(session, revisions, spec) if baselines else ()))
        parts.append(
            WalkPart(
                environment=environment.name,
                release=spec.release,
                resolved=environment.toolchain.release,
                build_variables=dict(spec.build_variables),
                run_variables=dict(spec.run_variables),
                revisions=todo,
                open=todo,
            )
        )
    planned = Walk(
        asked=asked,
        begun=time.time(),
        settings=session.settings(alloc_only=alloc_only),
        parts=tuple(parts),
        carry=session.carry.enabled,
        explain=explain,
        skip_existing=skip_existing,
    )
    if parts:
        write_walk(session.config.results_dir, session.machine.machine, planned)
    return WalkReport(failed=tuple(failed)) + execute_walk(session, planned)


def unfinished(session: Session) -> tuple[list[Walk], list[str]]:
    """Interrupted walks of this machine, oldest first, without revisions that have records by now.

    :meth:`WorkTrees.acquire` comes first: another process may be about to finish them. Also returns
    what is wrong with each file that cannot be read.
    """
    walks, problems = read_walks(session.config.results_dir, session.machine.machine)
    return [_without_done(session, w) for w in walks], problems


def left_of(cut: Walk) -> str:
    """A line about an interrupted walk: how many of its revisions are left."""
    left = sum(len(p.open) for p in cut.parts)
    total = sum(len(p.revisions) for p in cut.parts)
    failures = sum(len(p.failures) for p in cut.parts)
    begun = datetime.fromtimestamp(cut.begun).astimezone().strftime("%Y-%m-%d %H:%M")
    what = f"{left} of {plural(total, 'revision')} left"
    if failures:
        what += f", {failures} of which could not be measured before"
    if not left:
        what = "only its steps are left to account for"
    return f"the walk {cut.asked} of {begun}: {what}"


def execute_walk(
    session: Session, planned: Walk, *, may_begin: Callable[[], bool] = lambda: True
) -> WalkReport:
    """Measure the open revisions of a walk; delete its file when nothing is left.

    ``may_begin`` is asked before each revision; if not, the rest stays open.
    """
    session.progress.start(sum(len(p.open) for p in planned.parts))
    report, place = WalkReport(), (session.config.results_dir, session.machine.machine)
    with session.with_settings(planned.settings, carry=planned.carry):
        specs: list[tuple[EnvironmentSpec, WalkPart]] = []
        for number, part in enumerate(planned.parts):
            try:
                spec = _spec(session, part)
                measured = [h for h in part.revisions if h not in set(part.open)]
                # So that the records are those of a walk that was not cut.
                environment = session.environment(spec).name
                session.carry.look_at(session.machine.machine, environment, measured)
                specs.append((spec, part))
                for hash_ in part.open:
                    if not may_begin():
                        return report
                    part, done = _one(session, planned, spec, part, hash_)
                    report += done
                    parts = (*planned.parts[:number], part, *planned.parts[number + 1 :])
                    planned = replace(planned, parts=parts)
                    write_walk(*place, planned)
            except ToolchainError as err:
                report += WalkReport(failed=(str(err),))
        if planned.explain:
            failed: list[str] = []
            tell = failed.append
            made = sum(account_steps(session, p.revisions, [spec], tell) for spec, p in specs)
            report += WalkReport(accounts=made, failed=tuple(failed))
    if not any(part.open for part in planned.parts):
        remove_walk(*place, planned)
    return report


def hole_lines(session: Session, revisions: Sequence[str]) -> list[str]:
    """A line for each commit that the clone lacks and at which a listing of revisions ended."""
    holes = session.repository.holes
    if not holes or not revisions:
        return []
    return [
        f"{r.parent[:8]}, the parent of {r.short}, cannot be read in the clone: what lies before it"
        " is not known; fetch it again, or look with `git fsck`"
        for r in session.repository.revisions(revisions)
        if r.parent in holes
    ]


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


def _one(
    session: Session, planned: Walk, spec: EnvironmentSpec, part: WalkPart, hash_: str
) -> tuple[WalkPart, WalkReport]:
    """Measure one revision; return the rest of the part, and a report."""
    tell = session.progress.finish
    done = WalkReport(tried=(hash_,))
    others = tuple(f for f in part.failures if f.revision != hash_)
    struck = replace(part, open=tuple(h for h in part.open if h != hash_), failures=others)
    try:
        with errors_of_one_revision():
            # A damaged record is measured again.
            known = planned.skip_existing and session.store.readable(session.key(hash_, spec))
            if known:
                tell(f"{hash_[:8]} has a record")
                return struck, done + WalkReport(skipped=1)
            record = session.measure(hash_, spec)
    except MeasurementError as err:
        if not session.repository.exists(hash_):
            tell(f"{hash_[:8]} is no longer in the repository, and is struck off")
            return struck, done
        attempts = 1 + sum(f.attempts for f in part.failures if f.revision == hash_)
        line = f"{hash_[:8]} {part.environment} could not be measured: {err}"
        if attempts >= MOST_ATTEMPTS:
            line += f"; given up after {attempts} attempts: `esv run {hash_[:8]}^!` tries it again"
            part = struck
        else:
            part = replace(part, failures=(*others, Failure(hash_, str(err), attempts)))
        tell(line)
        return part, done + WalkReport(failed=(line,))
    tell(describe(record))
    return struck, done + WalkReport(
        records=(record,),
        broken=record.outcome is Outcome.BROKEN,
        partial=record.outcome is Outcome.PARTIAL,
        carried=_count(record, PackageOutcome.CARRIED),
        run=_count(record, PackageOutcome.MEASURED),
    )


def _spec(session: Session, part: WalkPart) -> EnvironmentSpec:
    """The environment of a part, with the release that it began with."""
    spec = EnvironmentSpec(part.release, part.build_variables, part.run_variables)
    now = session.environment(spec)
    return spec if now.name == part.environment else replace(spec, release=part.resolved)


def _without_done(session: Session, cut: Walk) -> Walk:
    """The walk without revisions that have a record of it, or of a later one with its settings."""
    parts = []
    for part in cut.parts:
        left = []
        for hash_ in part.open:
            key = RecordKey(session.machine.machine, hash_, part.environment)
            record = session.store.readable(key)
            newer = record is not None and record.started >= cut.begun
            if record is None or not newer or record.settings != cut.settings:
                left.append(hash_)
        failures = tuple(f for f in part.failures if f.revision in left)
        parts.append(replace(part, open=tuple(left), failures=failures))
    return replace(cut, parts=tuple(parts))


def _baselines(session: Session, revisions: Sequence[str], spec: EnvironmentSpec) -> list[str]:
    """Parents that were measured in another environment only."""
    name = session.environment(spec).name
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
