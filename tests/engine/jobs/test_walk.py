"""What is said of a record while a history is walked."""

from __future__ import annotations

import errno
import os

import pytest

from harness.engine.jobs.walk.faults import errors_of_one_revision
from harness.engine.jobs.walk.measuring import describe
from harness.engine.revision.measure import _refuse_full_disk
from harness.errors import MeasurementError, RepositoryError, StoreError
from harness.model import Revision
from tests.builders import MODULE, make_benchmark, make_hash, make_package, make_record, make_site


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
