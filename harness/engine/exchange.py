"""Comparing two revisions so that the benchmark's own changes can be told from the code's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from harness.analysis.comparison import Direction
from harness.analysis.crossing import Crossing, benchmarks_of, charged_changes
from harness.analysis.renames import renamed_packages, with_paths
from harness.engine.environments import EnvironmentSpec
from harness.engine.session import Session
from harness.model import Account, Exchange, FileChange, Record, is_test


def cross(
    session: Session,
    base: Record,
    head: Record,
    spec: EnvironmentSpec,
    most: int,
    older: EnvironmentSpec | None = None,
    bench: str = "",
) -> Crossing:
    """Two records with everything that explains their difference.

    Where the tests of a package changed together with its numbers, the tests are exchanged and
    measured; the benchmarks that changed are accounted for on both sides. Of new escape sites that
    no account has it is seen whether benchmarks execute them. With an older release the base is
    measured with that too. Packages that were renamed where they are have their new import paths on
    both sides.

    Args:
        session: of the project.
        base: the older record.
        head: the newer one.
        spec: environment of both.
        most: how many benchmarks to account for.
        older: environment that the base was measured in, if its release is another one.
        bench: regular expression of the benchmarks to account for, found anywhere in their names.

    Raises:
        RepositoryError, MeasurementError, StoreError: as :meth:`Session.measure`.
    """
    paths = renamed_packages(base, head)
    old_paths = {new: old for old, new in paths.items()}
    crossing = _exchange_tests(session, with_paths(base, paths), head, spec)
    if older is not None:
        before = session.ensure_counted(base.revision.hash, older)
        crossing = replace(crossing, older=with_paths(before, paths))
    changes = [c for c in charged_changes(crossing) if re.search(bench, c.benchmark)]
    wanted = benchmarks_of(changes)[:most]
    by_code = benchmarks_of([c for c in changes if c.charged is not Direction.NONE])
    by_compiler = benchmarks_of([c for c in changes if c.by_compiler])

    def accounted(record: Record | None, where: EnvironmentSpec = spec) -> Record | None:
        if record is None:
            return None
        own = [b for b in wanted if b in by_code and record in crossing.code_pair(*b)]
        if record in (crossing.base, crossing.older):
            own += [b for b in wanted if b in by_compiler]
            # In the tree of the base the packages have their old names.
            own = [(old_paths.get(path, path), name) for path, name in own]
            return with_paths(session.account(with_paths(record, old_paths), own, where), paths)
        return session.account(record, own, where)

    crossing = replace(
        crossing,
        base=accounted(crossing.base) or crossing.base,
        head=accounted(crossing.head) or head,
        forward=accounted(crossing.forward),
        backward=accounted(crossing.backward),
        older=accounted(crossing.older, older) if older is not None else None,
    )
    between = session.diffs(crossing.base.revision.hash, crossing.head.revision.hash)
    crossing = replace(
        crossing,
        head=session.look_at_new_sites(crossing.base, crossing.head, between, spec),
    )
    sides = [r for r in (crossing.base, crossing.head, crossing.forward, crossing.backward) if r]
    hashes = [r.revision.hash for r in sides]
    diffs = {(a, b): session.diffs(a, b) for a in hashes for b in hashes if a != b}
    return replace(crossing, diffs=diffs)


def exchange_steps(
    session: Session,
    base: Record,
    head: Record,
    benchmarks: Sequence[tuple[str, str]],
    spec: EnvironmentSpec,
) -> Record:
    """The head's record with what of its steps the benchmarks themselves caused; kept.

    Measured once, and only where the tests of a package of these benchmarks changed: one revision
    more, of which no more than these packages are linked and run, and a profile for each benchmark
    that has a part of its own.

    Args:
        session: of the project.
        base: the record that the steps are told from.
        head: the record in which they are.
        benchmarks: that changed, ``(import path, full name)``.
        spec: environment of both.

    Raises:
        RepositoryError, MeasurementError, StoreError: as :meth:`Session.measure`.
    """
    old = base.revision.hash
    touched = touched_packages(head, session.repository.diff(old, head.revision.hash))
    wanted = [
        b for b in dict.fromkeys(benchmarks) if b[0] in touched and head.exchange(old, *b) is None
    ]
    if not wanted:
        return head
    crossing = _exchange_tests(session, base, head, spec)
    parts: dict[tuple[str, str], dict[str, float | None]] = {b: {} for b in wanted}
    for change in charged_changes(crossing):
        if (change.package, change.benchmark) in parts:
            parts[change.package, change.benchmark][change.unit] = change.by_benchmark
    mixtures = [r for r in (crossing.forward, crossing.backward) if r is not None]
    accounts: dict[tuple[str, str], Account | None] = {}
    for mixture in mixtures:
        own = [b for b in wanted if any(parts[b].values()) and mixture in crossing.code_pair(*b)]
        accounted = session.account(mixture, own, spec)
        accounts.update({b: accounted.account(*b) for b in own})
    found = [
        Exchange(
            previous=old,
            package=b[0],
            benchmark=b[1],
            file=touched[b[0]][0],
            line=touched[b[0]][1],
            parts=parts[b],
            forward=crossing.code_pair(*b)[0] is crossing.forward,
            account=accounts.get(b),
        )
        for b in wanted
    ]
    head = replace(head, exchanges=(*head.exchanges, *found))
    session.keep(head)
    return head


def _exchange_tests(
    session: Session, base: Record, head: Record, spec: EnvironmentSpec
) -> Crossing:
    plain = Crossing(base, head)
    old, new = base.revision.hash, head.revision.hash
    touched = touched_packages(head, session.repository.diff(old, new))
    concerned = {c.package for c in charged_changes(plain)}
    there = {(path, b.name) for path, b in base.benchmarks()}
    concerned |= {path for path, b in head.benchmarks() if (path, b.name) not in there}
    touched = {path: place for path, place in touched.items() if path in concerned}
    if not touched:
        return plain
    crossing = replace(plain, touched=touched)
    mixed = session.with_tests_of(old, new)
    if mixed is not None:
        crossing = replace(crossing, forward=session.ensure_counted(mixed, spec))
    lacking = any(
        crossing.code_pair(c.package, c.benchmark) == (base, head)
        for c in charged_changes(crossing)
        if c.package in touched
    )
    mixed = session.with_tests_of(new, old) if lacking else None
    if mixed is not None:
        crossing = replace(crossing, backward=session.ensure_counted(mixed, spec))
    return crossing


def touched_packages(head: Record, changes: Sequence[FileChange]) -> dict[str, tuple[str, int]]:
    """Packages whose tests changed, with the first changed test file and line of each."""
    found: dict[str, tuple[str, int]] = {}
    for change in changes:
        file = change.new or change.old or ""
        if not is_test(file):
            continue
        # Git places what was deleted after the line before it: at the top of a file, that is 0.
        line = max(1, change.hunks[0].new_start) if change.hunks else 1
        for package in head.packages:
            inside = "" if package.directory == "." else f"{package.directory}/"
            rest = file.removeprefix(inside) if file.startswith(inside) else None
            if rest is not None and ("/" not in rest or rest.startswith("testdata/")):
                found.setdefault(package.path, (file, line))
    return found
