"""Compiling a revision without running anything: its escape sites, in a second or two."""

from __future__ import annotations

import time

from harness import __version__
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.revision.build import BuiltTree
from harness.engine.session import Session
from harness.model import (
    RECORD_SCHEMA,
    PackageError,
    PackageOutcome,
    PackageResult,
    Record,
)
from harness.model.record import outcome_of

# Each side has a work tree of its own, so that nothing is written where nothing changed.
WORKERS = ("w0", "w1")


def compile_only(
    session: Session, base: str, head: str, spec: EnvironmentSpec
) -> tuple[Record, Record]:
    """Records of both revisions with escape sites and inlining, and without any benchmark.

    They are kept nowhere: what was not run is no measurement.

    Args:
        session: of the project.
        base: hash of the older revision.
        head: hash of the newer one.
        spec: environment of both.

    Raises:
        RepositoryError: a revision cannot be checked out.
        MeasurementError: Go cannot be started.
    """
    old, new = (
        _compiled(session, revision, spec, worker)
        for revision, worker in zip((base, head), WORKERS, strict=True)
    )
    return old, new


def _compiled(session: Session, revision: str, spec: EnvironmentSpec, worker: str) -> Record:
    started, clock = time.time(), time.monotonic()
    session.progress.step(f"{revision[:8]} compile")
    tree = session.build(revision, spec, worker)
    packages = _packages(tree)
    errors = [e for m in tree.modules for e in m.build.errors]
    errors += [e for m in tree.modules for p in m.build.packages for e in p.errors]
    if not tree.modules:
        errors.append(PackageError("", "module", "the revision has no Go module and no Go files"))
    diagnostics = [d for m in tree.modules for d in m.build.diagnostics]
    return Record(
        schema=RECORD_SCHEMA,
        revision=session.repository.revision(revision),
        environment=session.environment(spec.release, spec.build_variables, spec.run_variables),
        machine=session.machine,
        settings=session.settings(alloc_only=True),
        outcome=outcome_of(packages, errors),
        started=started,
        duration=time.monotonic() - clock,
        packages=tuple(packages),
        errors=tuple(dict.fromkeys(errors)),
        escapes=tuple(s for d in diagnostics for s in d.sites),
        inlining=tuple(x for d in diagnostics for x in d.decisions if not x.test),
        inlining_calls=tuple(x for d in diagnostics for x in d.calls if not x.test),
        unparsed=tuple(x for d in diagnostics for x in d.unparsed),
        harness=__version__,
    )


def _packages(tree: BuiltTree) -> list[PackageResult]:
    found = [
        PackageResult(
            package.path,
            package.directory,
            PackageOutcome.BUILD_FAILED if package.errors else PackageOutcome.NOT_SELECTED,
            declared=package.benchmarks,
        )
        for module in tree.modules
        for package in module.build.packages
    ]
    return sorted(found, key=lambda p: (p.path, p.directory))
