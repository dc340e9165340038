"""A saved `go test -bench` output as a record."""

from __future__ import annotations

import pytest

from harness.engine.carry import CarryIndex
from harness.engine.importing import Imported, Origin, import_output
from harness.errors import MeasurementError, UsageError
from harness.model import ALLOCS, SECONDS, Lane, Outcome, PackageOutcome
from harness.store import RecordStore
from tests.builders import make_revision

SAVED = """goos: linux
goarch: amd64
pkg: example.com/m/a
cpu: AMD EPYC 7763 (64-Core)
BenchmarkX-8   \t 1000\t 250.5 ns/op\t 16 B/op\t 1 allocs/op
BenchmarkX-8   \t 1000\t 251 ns/op\t 16 B/op\t 1 allocs/op
BenchmarkY/n=2-8 \t 1000\t 5
PASS
ok  \texample.com/m/a\t1.2s
goos: linux
goarch: amd64
pkg: example.com/m/b
cpu: AMD EPYC 7763 (64-Core)
BenchmarkZ-8   \t 7\t 3 ns/op
--- FAIL: BenchmarkBad-8
    b_test.go:3: no
FAIL
"""


def imported(text: str = SAVED, **keys: str) -> Imported:
    given = {"machine": "", "release": "", "default_release": "1.27.3", **keys}
    return import_output(text, "saved.txt", Origin(make_revision(3), None, **given))


def test_what_the_file_says_is_in_the_record() -> None:
    done = imported(release="go1.26.1")
    record = done.record
    assert record.imported
    assert record.machine.machine == "AMD-EPYC-7763-64-Core"
    assert record.environment.name == "go1.26.1"
    assert (record.environment.toolchain.goos, record.environment.toolchain.goarch) == (
        "linux", "amd64",
    )  # fmt: skip
    a, b = record.packages
    (x,) = a.benchmarks
    assert x.name == "BenchmarkX"
    time, allocs = x.measurement(SECONDS), x.measurement(ALLOCS)
    assert time is not None
    assert allocs is not None
    assert (time.lane, time.samples) == (Lane.TIME, (250.5 * 1e-9, 251 * 1e-9))
    assert (allocs.lane, allocs.samples, allocs.exact) == (Lane.ALLOCATION, (1, 1), True)
    assert [f.name for f in b.failures] == ["BenchmarkBad"]
    assert record.outcome is Outcome.PARTIAL
    assert done.warnings == ("saved.txt:7: not a result: 'BenchmarkY/n=2-8 \\t 1000\\t 5'",)


def test_the_file_is_kept_to_the_letter() -> None:
    packages = imported().record.packages
    assert "".join((p.raw or {})[Lane.TIME] for p in packages) == SAVED
    assert (packages[1].raw or {})[Lane.TIME].startswith("goos: linux\ngoarch: amd64\npkg: exa")


def test_the_release_is_that_of_the_configuration_only_with_a_warning() -> None:
    done = imported()
    assert done.record.environment.name == "go1.27.3"
    assert any("does not say which Go release" in w for w in done.warnings)
    named = imported("toolchain: go1.25.2\n" + SAVED)
    assert named.record.environment.name == "go1.25.2"
    assert len(named.warnings) == 1


def test_one_sample_is_not_exact() -> None:
    (package,) = imported("pkg: m\ncpu: C\nBenchmarkX 10 5 ns/op 3 allocs/op\n").record.packages
    allocs = package.benchmarks[0].measurement(ALLOCS)
    assert allocs is not None
    assert not allocs.exact


def test_nothing_is_ever_carried_from_it(tmp_path: object) -> None:
    record = imported().record
    index = CarryIndex(RecordStore.__new__(RecordStore), enabled=True)
    index.add(record)
    for package in record.packages:
        assert package.outcome in (PackageOutcome.MEASURED, PackageOutcome.RUN_FAILED)
        found = index.find(
            record.machine.machine, record.environment.name, package.key, record.settings, "other"
        )
        assert found is None


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("", MeasurementError, "saved.txt: no benchmark result in it"),
        ("ok  m 0.1s\nBenchmarkX-8 1\n", MeasurementError, "line 2: not a result"),
        ("cpu: C\nBenchmarkX 1 5 ns/op\n", UsageError, "saved.txt:2: no pkg: line.*--package"),
        ("pkg: m\nBenchmarkX 1 5 ns/op\n", UsageError, "no cpu: line.*--machine"),
    ],
)
def test_what_cannot_be_imported_says_why(text: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        imported(text)


@pytest.mark.parametrize("machine", ["../up", "a/b", ".hidden", "a b"])
def test_a_machine_is_a_directory(machine: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a directory"):
        imported(machine=machine)
