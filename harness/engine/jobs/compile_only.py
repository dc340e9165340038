"""Compiling a revision without running anything: its escape sites, in a second or two."""

from __future__ import annotations

from harness.engine.base.environments import EnvironmentSpec
from harness.engine.session import Session
from harness.model import Record

# Each side has a work tree of its own, so that nothing is written where nothing changed.
WORKERS = ("w0", "w1")


def compile_only(
    session: Session, base: str, head: str, spec: EnvironmentSpec
) -> tuple[Record, Record]:
    """Records of both revisions with escape sites and inlining, and without any benchmark.

    They are not written anywhere: what was not run is no measurement.

    Raises:
        RepositoryError: a revision cannot be checked out.
        MeasurementError: Go cannot be started.
    """
    settings = session.settings(alloc_only=True)
    records = []
    for revision, worker in zip((base, head), WORKERS, strict=True):
        measurer, request = session.prepare(revision, spec, settings, worker)
        records.append(measurer.compile_only(request))
    return records[0], records[1]
