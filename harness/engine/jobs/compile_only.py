"""Compiling without running anything: for the gate's escape sites, and with other flags."""

from dataclasses import replace

from harness.engine.base.environments import EnvironmentSpec
from harness.engine.session import Session
from harness.model import Record, View

# Each side has a work tree of its own, so that nothing is written where nothing changed.
WORKERS = ("w0", "w1")


def compile_only(
    session: Session, base: str, head: str, spec: EnvironmentSpec
) -> tuple[Record, Record]:
    """Records of both revisions with escape sites and inlining, and without any benchmark.

    They are not written anywhere: what was not run is no measurement.
    """

    def compiled(revision: str, worker: str) -> Record:
        settings = session.settings(alloc_only=True)
        measurer, request = session.prepare(revision, spec, settings, worker)
        return measurer.compile_only(request)

    return compiled(base, WORKERS[0]), compiled(head, WORKERS[1])


def view_of(
    session: Session, revision: str, gcflags: str, spec: EnvironmentSpec
) -> tuple[View, Record | None]:
    """A view of a revision, from its record or else compiled now, and that record.

    It is stored in the record of the project, if there is one, else in one of the cache. A listing
    (``-S``) is as large as the code and is not stored; then the record may be ``None``.

    Args:
        gcflags: ``-m -l``; blanks do not count.
    """
    gcflags = " ".join(gcflags.split())
    record = session.record_or_answer(revision, spec)
    if record is not None:
        known = next((v for v in record.views if v.gcflags == gcflags), None)
        if known is not None:
            return known, record
    session.trees.acquire()
    found = session.builder(spec).diagnostics(
        session.repository.revision(revision), session.environment(spec), gcflags
    )
    view = View(gcflags, tuple(found))
    if is_listing(gcflags):
        return view, record
    record = record or session.ensure_compiled(revision, spec)
    record = replace(record, views=(*record.views, view))
    session.known.supplement(record)
    return view, record


def is_listing(gcflags: str) -> bool:
    """Return whether the flags ask for the assembly of the code."""
    return any(flag.lstrip("-").partition("=")[0] == "S" for flag in gcflags.split())
