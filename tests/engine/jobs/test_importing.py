"""A saved `go test -bench` output as a record."""

from __future__ import annotations

import json

import pytest

from harness.engine.jobs.importing import Imported, Origin, import_output, text_of
from harness.engine.revision.carry import CarryIndex
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
    assert done.warnings == (
        "saved.txt:7: BenchmarkY/n=2 of example.com/m/a has no result:"
        " its line is broken off: '1000\\t 5'",
        "saved.txt:15: BenchmarkBad of example.com/m/b has no result: --- FAIL: BenchmarkBad-8",
    )
    assert [f.name for f in a.failures] == ["BenchmarkY/n=2"]


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
    assert not any("Go release" in w for w in named.warnings)


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
        ("ok  m 0.1s\npkg: m\nBenchmarkX-8 1\n", MeasurementError, "line 3: not a result"),
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


# Runs that did not come to their end

HEADER = "goos: linux\ngoarch: amd64\npkg: example.com/m\ncpu: Test CPU @ 2.00GHz\n"
RESULT = "BenchmarkA-8   \t     100\t     800 ns/op\t     0 B/op\t      0 allocs/op\n"
GOOD = f"{HEADER}{RESULT}PASS\nok  \texample.com/m\t1.2s\n"
TRACE = (
    "\ngoroutine 21 [running]:\nexample.com/m.BenchmarkB(0xc000102000)\n\t/src/m_test.go:20 +0x1b\n"
)
STATUS = "exit status 2\nFAIL\texample.com/m\t0.5s\nFAIL\n"
B = "BenchmarkB-8   \t"
OTHER = "example.com/m/other"


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        (f"{HEADER}{RESULT}{B}panic: boom\n{TRACE}{STATUS}", "example.com/m BenchmarkB",
         "panic: boom; exit status 2; FAIL example.com/m"),
        (f"{HEADER}{RESULT}{B}panic: test timed out after 10m0s\n{TRACE}{STATUS}",
         "example.com/m BenchmarkB",
         "panic: test timed out after 10m0s; exit status 2; FAIL example.com/m"),
        (f"{GOOD}# {OTHER}\nother/o.go:3:1: syntax error: unexpected name\n"
         f"FAIL\t{OTHER} [build failed]\nFAIL\n", f"{OTHER} ",
         f"other/o.go:3:1: syntax error: unexpected name; FAIL {OTHER} [build failed]"),
        (f"{HEADER}{RESULT}panic: in a goroutine\n{TRACE}{STATUS}", "example.com/m ",
         "panic: in a goroutine; exit status 2; FAIL example.com/m"),
        # What `testing` prints while a panic unwinds.
        (f"{HEADER}{RESULT}BenchmarkB-8 \t 0\t NaN ns/op\npanic: boom\n{TRACE}{STATUS}",
         "example.com/m BenchmarkB", "panic: boom; exit status 2; FAIL example.com/m"),
        # With -test.v each benchmark is announced.
        (f"{HEADER}BenchmarkA\n{RESULT}BenchmarkB\npanic: boom\n{TRACE}{STATUS}",
         "example.com/m BenchmarkB", "panic: boom; exit status 2; FAIL example.com/m"),
        (f"{HEADER}{RESULT}{B}exit status 3\nFAIL\texample.com/m\t0.5s\nFAIL\n",
         "example.com/m BenchmarkB", "exit status 3; FAIL example.com/m"),
        (f"{HEADER}{RESULT}signal: killed\nFAIL\texample.com/m\t9s\nFAIL\n", "example.com/m ",
         "signal: killed; FAIL example.com/m"),
        (f"{HEADER}{RESULT}{B}*** Test killed with quit: ran too long (11m0s).\n{STATUS}",
         "example.com/m BenchmarkB",
         "*** Test killed with quit: ran too long (11m0s).; exit status 2; FAIL example.com/m"),
        (f"{HEADER}--- FAIL: TestX (0.00s)\n    x_test.go:3: no\nFAIL\nexit status 1\n"
         f"FAIL\texample.com/m\t0.5s\n{GOOD.replace('com/m', 'com/good')}FAIL\n", "example.com/m ",
         "--- FAIL: TestX (0.00s); FAIL; exit status 1; FAIL example.com/m"),
        # A test binary that was run by itself.
        (f"{HEADER}{RESULT}{B}fatal error: all goroutines are asleep - deadlock!\n{TRACE}",
         "example.com/m BenchmarkB", "fatal error: all goroutines are asleep - deadlock!"),
        # A panic before the first benchmark: the header was never printed.
        (f"{GOOD}panic: at once\n{TRACE}exit status 2\nFAIL\t{OTHER}\t0.1s\nFAIL\n", f"{OTHER} ",
         f"panic: at once; exit status 2; FAIL {OTHER}"),
        # Cut off: at a benchmark, before the last line, and in one of several packages.
        (f"{HEADER}{RESULT}{B}", "example.com/m BenchmarkB", "its line is broken off"),
        (f"{GOOD}{HEADER.replace('com/m', 'com/m/other')}{RESULT}", f"{OTHER} ",
         "neither PASS nor ok follows: the output was cut off"),
        (f"{HEADER.replace('com/m', 'com/m/other')}{RESULT}{GOOD}", f"{OTHER} ",
         "neither PASS nor ok follows: the output was cut off"),
        (f"{HEADER}{RESULT}{B}own words\n     100\t 5 ns/op\nPASS\nok  \texample.com/m\t1s\n",
         "example.com/m BenchmarkB", "its line is broken off: 'own words'"),
    ],
)  # fmt: skip
def test_a_run_without_its_end_is_partial_and_says_what_is_missing(
    text: str, where: str, says: str
) -> None:
    done = imported(text, machine="ci", release="1.26.1")
    record = done.record
    assert "BenchmarkA" in [b.name for _, b in record.benchmarks()], "what there is is kept"
    assert record.outcome is Outcome.PARTIAL
    (error,) = record.errors
    package, _, benchmark = where.partition(" ")
    assert (error.package, error.stage) == (package, "build" if "[build" in says else "run")
    assert error.message.endswith(says)
    assert benchmark in error.message
    (warning,) = done.warnings
    assert warning.startswith("saved.txt:")
    assert warning.endswith(says)
    assert where.strip().split()[-1] in warning


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"{HEADER}{RESULT}PASS\n",
        f"{HEADER}{RESULT}",  # kept for benchstat: results alone
        f"{RESULT}{RESULT}",
        f"?   \t{OTHER}\t[no test files]\n{GOOD}ok  \t{OTHER}\t(cached)\n",
        f"{GOOD}{GOOD}",
        # What it prints itself is no word of the runtime where the run ends well.
        f"{HEADER}panic: said by a log\n{RESULT}PASS\nok  \texample.com/m\t1.2s\n",
        f"{HEADER}Benchmark\tns/op\n{RESULT}PASS\nok  \texample.com/m\t1.2s\n",
    ],
)
def test_a_whole_run_lacks_nothing(text: str) -> None:
    done = imported(text, machine="ci", release="1.26.1", package="example.com/m")
    assert done.record.outcome is Outcome.MEASURED
    assert done.record.errors == ()


def test_a_failure_in_the_middle_of_the_line() -> None:
    text = f"{HEADER}{RESULT}{B}--- FAIL: BenchmarkB-8\n    b_test.go:3: no\nFAIL\nexit status 1\n"
    record = imported(f"{text}FAIL\texample.com/m\t1s\nFAIL\n", machine="ci").record
    assert [e.message for e in record.errors] == ["BenchmarkB: line 6: --- FAIL: BenchmarkB-8"]


# Encodings and events


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file_in_another_encoding_is_read(encoding: str, mark: str) -> None:
    written = GOOD.replace("\n", "\r\n").replace("Test", "Tést")
    record = imported(text_of(f"{mark}{written}".encode(encoding), "saved.txt")).record
    assert [b.name for _, b in record.benchmarks()] == ["BenchmarkA"]
    assert record.machine.cpu == "Tést CPU @ 2.00GHz"
    assert record.outcome is Outcome.MEASURED


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (bytes(range(256)) * 9, "saved.txt: is no text"),
        (b"\x1f\x8b" + bytes(range(128, 256)) * 9, "saved.txt: is compressed"),
    ],
)
def test_what_is_no_text_is_said_to_be_none(data: bytes, says: str) -> None:
    with pytest.raises(MeasurementError, match=says):
        text_of(data, "saved.txt")


def events(*parts: tuple[str, str]) -> str:
    rows = [{"Action": "output", "Package": p, "Output": text} for p, text in parts]
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def ended(package: str, action: str = "pass", **more: str) -> str:
    return json.dumps({"Action": action, "Package": package, "Elapsed": 1, **more}) + "\n"


M = "example.com/m"


def test_the_events_of_packages_that_run_at_once() -> None:
    name, _, rest = RESULT.partition("\t")
    text = (
        events((M, "goos: linux\n"), (OTHER, "goos: linux\n"), (M, f"pkg: {M}\n"))
        + events((OTHER, f"pkg: {OTHER}\n"), (M, f"{name}\t"), (OTHER, f"{name}\t"))
        + events((OTHER, rest.replace("800", "900")), (M, rest), (M, "PASS\n"))
        + ended(M) + ended(OTHER)
    )  # fmt: skip
    done = imported("go: downloading example.com/x v1.0.0\n" + text, machine="ci", release="1.26.1")
    found = {p.path: p.benchmarks[0].measurement(SECONDS) for p in done.record.packages}
    assert {p: m.value for p, m in found.items() if m} == {M: 800 * 1e-9, OTHER: 900 * 1e-9}
    assert (done.record.outcome, done.warnings) == (Outcome.MEASURED, ())


def test_events_of_a_package_that_does_not_build() -> None:
    compiler = "".join(
        json.dumps({"ImportPath": f"{OTHER} [{OTHER}.test]", "Action": "build-output", "Output": t})
        + "\n"
        for t in (f"# {OTHER} [{OTHER}.test]\n", "other/o.go:3:1: syntax error\n")
    )
    text = (
        compiler
        + json.dumps({"ImportPath": f"{OTHER} [{OTHER}.test]", "Action": "build-fail"}) + "\n"
        + json.dumps({"Action": "start", "Package": OTHER}) + "\n"
        + events((OTHER, f"FAIL\t{OTHER} [build failed]\n"))
        + ended(OTHER, "fail", FailedBuild=f"{OTHER} [{OTHER}.test]")
        + events((M, GOOD)) + ended(M)
    )  # fmt: skip
    record = imported(text, machine="ci").record
    (error,) = record.errors
    assert (error.package, error.stage) == (OTHER, "build")
    assert error.message == f"other/o.go:3:1: syntax error; FAIL {OTHER} [build failed]"
    assert [p.outcome for p in record.packages] == [
        PackageOutcome.MEASURED, PackageOutcome.BUILD_FAILED,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("end", "says"),
    [
        ("", "neither PASS nor ok follows"),
        (ended(M, "fail"), f"FAIL {M}"),
        ('{"Action":"output","Pack', "neither PASS nor ok follows"),
    ],
)
def test_events_without_a_good_end(end: str, says: str) -> None:
    done = imported(events((M, HEADER + RESULT)) + end, machine="ci", release="1.26.1")
    assert done.record.outcome is Outcome.PARTIAL
    assert says in done.record.errors[0].message
    assert says in done.warnings[-1]
    assert len(done.record.benchmarks()) == 1
