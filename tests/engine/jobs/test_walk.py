"""Walking a history: what is measured, what is said of a record, and which errors end it."""

from __future__ import annotations

import errno
import os

import pytest

from harness.analysis.history.history import History
from harness.analysis.series.steps import steps
from harness.engine.jobs.ranges import select_revisions
from harness.engine.jobs.walk.faults import errors_of_one_revision
from harness.engine.jobs.walk.measuring import describe, walk
from harness.engine.revision.measure import _refuse_full_disk
from harness.errors import MeasurementError, RepositoryError, StoreError
from harness.model import Revision
from tests.builders import MODULE, make_benchmark, make_hash, make_package, make_record, make_site
from tests.engine.conftest import GO_MOD, OpenSession, bench
from tests.repos import Project


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 benchmarks, 0 escapes in 12.5 s"),
        (1, "1 benchmark, 1 escape, 1 package carried in 12.5 s"),
        (2, "2 benchmarks, 2 escapes, 2 packages carried in 12.5 s"),
    ],
)
def test_a_record_in_one_line(count: int, said: str) -> None:
    packages = [
        make_package(f"{MODULE}/p{n}", [make_benchmark("BenchmarkA")], carried_from=make_hash(1))
        for n in range(count)
    ]
    escapes = [make_site(line=n + 1) for n in range(count)]
    assert said in describe(make_record(2, packages, escapes=escapes))


@pytest.mark.parametrize("known", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_is_no_fault_of_a_revision(known: int) -> None:
    for error in (
        OSError(known, os.strerror(known)),
        RepositoryError(f"cannot check out aaaa: fatal: write error: {os.strerror(known)}"),
        MeasurementError(f"cannot build aaaa: write x: {os.strerror(known).lower()}"),
    ):
        with pytest.raises((StoreError, OSError)), errors_of_one_revision():
            raise error


@pytest.mark.parametrize(
    "error",
    [
        RepositoryError("cannot check out aaaa: File name too long"),
        MeasurementError("go list took more than 600 s"),
        OSError(errno.ENAMETOOLONG, "File name too long", "a"),
        KeyError("x"),
    ],
)
def test_a_fault_of_one_revision_is_no_fault_of_others(error: Exception) -> None:
    with pytest.raises(MeasurementError), errors_of_one_revision():
        raise error


def test_a_full_disk_leaves_no_record() -> None:
    """A build that the disk kept from compiling says nothing of the code."""
    revision = Revision("a" * 40, (), "", 0, "one")
    lines = "m/a: go build m/a:\nwrite /cache/x: no space left on device\n"
    with pytest.raises(MeasurementError, match=r"^cannot build \w+: write /cache/x: no space left"):
        _refuse_full_disk(revision, ["undefined: x", lines])
    _refuse_full_disk(revision, ["undefined: x"])


def test_walk_skips_what_has_a_record(project: Project, open_session: OpenSession) -> None:
    first = project.commit({"go.mod": GO_MOD, "p/p_test.go": bench("p", 1)})
    broken = project.commit({"p/p_test.go": "package p\n\nfunc {\n"})
    with open_session() as session:
        report = walk(session, [broken, first], session.environments(), alloc_only=True)
        assert (report.measured, report.skipped, report.broken) == (2, 0, 1)
        report = walk(
            session, [broken, first], session.environments(), alloc_only=True, skip_existing=True
        )
        assert (report.measured, report.skipped) == (0, 2)
        assert {r.revision.hash for r in session.store.records()} == {first, broken}


def test_after_a_change_of_the_environment_the_parent_is_measured_too(
    project: Project, open_session: OpenSession
) -> None:
    """So the first commit in the new one has a number to be compared with."""
    first = project.commit({"go.mod": GO_MOD, "p/p_test.go": bench("p", 1)})
    old = project.commit({"p/p_test.go": bench("p", 2)})
    with open_session() as session:
        walk(session, [old, first], session.environments(), alloc_only=True)
    head = project.commit({"p/p_test.go": bench("p", 3)})
    # Another release is another environment as well; one of variables is had without a download.
    matrix = {"env": {"GOGC": ["50"]}}
    with open_session(asv={"matrix": matrix}) as session:
        (spec,) = session.environments()
        hashes = select_revisions(
            session, "NEW", [r.revision.hash for r in session.store.records()]
        )
        assert hashes == [head]
        done = walk(session, hashes, [spec], alloc_only=True, baselines=True)
        assert done.measured == 2
        records = session.records(spec)
        found = steps(
            History.build(records, session.repository.branch_lines(session.config.branches)[0][1])
        )
        assert [(s.previous, s.revision, s.before, s.after) for s in found] == [(old, head, 2, 3)]
        again = walk(session, hashes, [spec], alloc_only=True, baselines=True, skip_existing=True)
        assert (again.measured, again.skipped) == (0, 1)
