"""The Go benchmark format."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gobench.benchfmt import BenchmarkLine, base_name, parse_result, read_output
from harness.gobench.lanes import agree, measurements
from harness.gobench.saved import SavedLine, read_saved
from harness.gobench.writing import write_saved
from harness.model import ALLOCS, ALLOCS_EXACT, BYTES, GC_CYCLES, HEAP_LIVE, SECONDS, Lane
from tests.builders import make_untruncated

NAMES = st.from_regex(r"\ABenchmark[A-Za-z_0-9]{0,6}(/[a-z0-9=,:#_\-]{1,8}){0,2}\Z")
# Units that are not converted, so that they come back as they went in.
UNITS = st.from_regex(r"\A[A-Za-z]{1,6}/[a-z]{1,4}\Z").filter(lambda u: u not in ("ns/op", "MB/s"))
VALUES = st.floats(0, 1e15, allow_subnormal=False)


def text_of(line: BenchmarkLine, procs: int) -> str:
    """As the testing package prints it."""
    suffix = f"-{procs}" if procs > 1 else ""
    values = "".join(f"\t{value!r:>12} {unit}" for unit, value in line.values.items())
    return f"{line.name}{suffix}   \t{line.iterations:>8}{values}"


LINES = st.builds(
    BenchmarkLine,
    NAMES,
    st.integers(1, 10**12),
    st.dictionaries(UNITS, VALUES, min_size=1, max_size=4),
)


@given(LINES, st.integers(1, 256))
def test_a_line_comes_back_as_it_was(line: BenchmarkLine, procs: int) -> None:
    found = parse_result(text_of(line, procs))
    assert found is not None
    assert (base_name(found.name, procs), found.iterations, found.values) == (
        line.name, line.iterations, line.values,
    )  # fmt: skip


@given(st.lists(LINES, max_size=6, unique_by=lambda x: x.name), st.integers(1, 8))
def test_an_output_comes_back_as_it_was(lines: list[BenchmarkLine], procs: int) -> None:
    body = "".join(f"{x.name}\n{text_of(x, procs)}\n" for x in lines)
    output = read_output(f"goos: linux\npkg: example.com/m\n{body}PASS\n", procs)
    assert [(base_name(x.name, procs), x.values) for x in output.lines] == [
        (x.name, x.values) for x in lines
    ]
    assert output.started == [x.name for x in lines]
    assert output.config == {"goos": "linux", "pkg": "example.com/m"}
    assert output.complete
    assert output.running == ""


@given(st.text(alphabet=st.sampled_from("Benchmark/X-2 \t\n100ns/op.PASFIL:"), max_size=300))
def test_no_text_is_an_error(text: str) -> None:
    output = read_output(text, 2)
    assert all(math.isfinite(v) for line in output.lines for v in line.values.values())
    assert set(output.started) >= ({output.running} - {""})


@given(st.lists(LINES, min_size=1, max_size=4, unique_by=lambda x: x.name), st.data())
def test_output_that_stops_anywhere(lines: list[BenchmarkLine], data: st.DataObject) -> None:
    body = "".join(f"{x.name}\n{text_of(x, 1)}\n" for x in lines)
    cut = body[: data.draw(st.integers(0, len(body)))]
    output = read_output(cut)
    assert not output.complete
    whole = [x for x in lines if f"{text_of(x, 1)}\n" in cut]
    assert output.lines == whole
    assert set(output.started) <= {x.name for x in lines}
    for name in output.started[:-1]:
        assert output.running != name, "only the last to begin can be running"


def test_units_are_normalised() -> None:
    line = parse_result("BenchmarkX-4  \t 100\t 250 ns/op\t 3.5 MB/s\t 16 B/op\t 1 allocs/op")
    assert line is not None
    assert line.values == {SECONDS: 250 * 1e-9, "B/s": 3.5e6, BYTES: 16, ALLOCS: 1}


@pytest.mark.parametrize(
    "line",
    ["", "Benchmark", "BenchmarkX 100", "BenchmarkX 100 5", "BenchmarkX many 5 ns/op",
     "BenchmarkX 100 five ns/op", "BenchmarkX 100 5 ns/op 7", "xBenchmarkX 100 5 ns/op",
     "BenchmarkX 1.5 5 ns/op", "ok  example.com/m 0.1s"],
)  # fmt: skip
def test_what_is_no_result(line: str) -> None:
    assert parse_result(line) is None


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf"])
def test_a_metric_that_is_no_number_is_left_out(value: str) -> None:
    line = parse_result(f"BenchmarkX 100 5 ns/op {value} hits/op 2 B/op")
    assert line is not None
    assert list(line.values) == [SECONDS, BYTES]


@pytest.mark.parametrize(
    ("names", "fail", "expected"),
    [
        (["BenchmarkX", "BenchmarkX/size", "BenchmarkX/size-2"], "size-2", "size-2"),
        (["BenchmarkX", "BenchmarkX/size-2", "BenchmarkX/size"], "size-2", "size"),
        (["BenchmarkX", "BenchmarkX/size"], "size", "size"),
        (["BenchmarkX", "BenchmarkX/size-2"], "size-2-2", "size-2"),
        (["BenchmarkX", "BenchmarkX/size-2", "BenchmarkX/z"], "size-2", "size-2"),
    ],
)
def test_the_suffix_of_a_failure(names: list[str], fail: str, expected: str) -> None:
    text = "\n".join([*names, f"--- FAIL: BenchmarkX/{fail}", "    x_test.go:1: why", "FAIL", ""])
    assert read_output(text, 2).failed == {f"BenchmarkX/{expected}": "x_test.go:1: why"}


def test_the_log_of_a_failure_before_or_after_it() -> None:
    before = "BenchmarkX\n    x_test.go:1: one\n        more\n--- FAIL: BenchmarkX\nFAIL\n"
    after = "BenchmarkX\n--- FAIL: BenchmarkX\n    x_test.go:1: one\n        more\nFAIL\n"
    for text in (before, after):
        assert read_output(text).failed == {"BenchmarkX": "x_test.go:1: one\nmore"}
    other = "BenchmarkA\n    a_test.go:1: fine\nBenchmarkA 1 2 ns/op\n" + before
    assert read_output(other).failed == {"BenchmarkX": "x_test.go:1: one\nmore"}


def test_output_without_a_newline_in_front_of_every_repetition() -> None:
    text = "BenchmarkX\n50% BenchmarkX BenchmarkX-2 100 5 ns/op\n..BenchmarkX-2 100 6 ns/op\nPASS\n"
    output = read_output(text, 2)
    assert [x.values[SECONDS] for x in output.lines] == [5 * 1e-9, 6 * 1e-9]


def test_a_result_line_that_a_panic_cut_off_is_no_announcement() -> None:
    output = read_output("BenchmarkX\nBenchmarkX-2   \t", 2)
    assert (output.started, output.running) == (["BenchmarkX"], "BenchmarkX")


# Lanes


def line(name: str, allocs: float, size: float = 8, seconds: float = 1e-6) -> BenchmarkLine:
    return BenchmarkLine(name, 100, {SECONDS: seconds, BYTES: size, ALLOCS: allocs})


def test_equal_counts_are_exact_and_others_keep_their_range() -> None:
    first, second = measurements([line("A", 1), line("B", 9), line("A", 1), line("B", 10)])
    assert [(m.unit, m.samples, m.exact) for m in first.measurements] == [
        (BYTES, (8, 8), True), (ALLOCS, (1, 1), True),
    ]  # fmt: skip
    inexact = second.measurement(ALLOCS)
    assert inexact is not None
    assert (inexact.low, inexact.value, inexact.high, inexact.exact) == (9, 9.5, 10, False)


@pytest.mark.parametrize(
    ("untruncated", "samples", "exact"),
    [
        ((335.03, 335.76, 335.70), (335.03, 335.76, 335.70), False),
        ((334.99, 335.01, 335.0), (334.99, 335.01, 335.0), False),
        # What runs once in a process, and not the same every time.
        ((335.03, 335.13), (335, 335), True),
        ((335.03, 335.14), (335.03, 335.14), False),
        # Something that allocates once in two operations.
        ((0.5, 0.5), (0, 0), True),
        ((4.0, 4.0), (4, 4), True),
    ],
)
def test_a_count_is_exact_where_it_repeats_before_it_is_cut(
    untruncated: tuple[float, ...], samples: tuple[float, ...], exact: bool
) -> None:
    found = make_untruncated(*untruncated)
    assert (found.samples, found.exact) == (samples, exact)
    assert found.rates == untruncated
    assert found.printed == sorted(int(v) for v in untruncated)[(len(untruncated) - 1) // 2]


def test_what_a_benchmark_reports_under_the_name_does_not_count() -> None:
    own = [BenchmarkLine("A", 100, {ALLOCS: 4.0, ALLOCS_EXACT: v}) for v in (7.0, 99.0)]
    found = measurements(own)[0].measurement(ALLOCS)
    assert found is not None
    assert (found.samples, found.exact, found.untruncated) == ((4, 4), True, ())


def test_one_run_alone_is_never_exact() -> None:
    (result,) = measurements([line("A", 1)])
    assert not any(m.exact for m in result.measurements)


def test_counts_come_from_the_allocation_lane_and_time_from_the_time_lane() -> None:
    counted = [line("A", 1, seconds=9), line("A", 1, seconds=9)]
    timed = [line("A", 7, 70, 1e-6), line("A", 7, 70, 3e-6)]
    (result,) = measurements(counted, timed)
    found = {m.unit: (m.lane, m.samples, m.exact) for m in result.measurements}
    assert found == {
        SECONDS: (Lane.TIME, (1e-6, 3e-6), False),
        BYTES: (Lane.ALLOCATION, (8, 8), True),
        ALLOCS: (Lane.ALLOCATION, (1, 1), True),
    }
    assert list(found) == [SECONDS, BYTES, ALLOCS]


def test_time_of_the_allocation_lane_is_not_told() -> None:
    (result,) = measurements([line("A", 1), line("A", 1)])
    assert result.measurement(SECONDS) is None


def test_custom_metrics() -> None:
    counted = [BenchmarkLine("A", 100, {"hits/op": 3.0})] * 2
    timed = [BenchmarkLine("A", 9, {"hits/op": 4.0, SECONDS: 1e-6})]
    (alone,) = measurements(counted)
    assert [(m.lane, m.exact) for m in alone.measurements] == [(Lane.ALLOCATION, True)]
    (both,) = measurements(counted, timed)
    metric = both.measurement("hits/op")
    assert metric is not None
    assert (metric.lane, metric.samples) == (Lane.TIME, (4.0,))


def heap_line(iterations: int, exact: float, cycles: float) -> BenchmarkLine:
    values = {ALLOCS: float(int(exact)), BYTES: 8.0, ALLOCS_EXACT: exact, GC_CYCLES: cycles}
    return BenchmarkLine("A", iterations, {**values, HEAP_LIVE: iterations * 8.0})


@pytest.mark.parametrize(
    ("timed", "exact", "cycles"),
    [
        (None, (Lane.ALLOCATION, 1.52), (Lane.ALLOCATION, 0.5)),
        ((10_000, 1.5002, 0.25), (Lane.TIME, 1.5002), (Lane.TIME, 0.25)),
        ((30, 1.55, 0.25), (Lane.ALLOCATION, 1.52), (Lane.ALLOCATION, 0.5)),
        # Another number of allocations than the one that is recorded.
        ((10_000, 0.98, 0.25), (Lane.ALLOCATION, 1.52), (Lane.TIME, 0.25)),
    ],
)
def test_rates_come_from_the_lane_of_more_iterations(
    timed: tuple[int, float, float] | None,
    exact: tuple[Lane, float],
    cycles: tuple[Lane, float],
) -> None:
    time = [] if timed is None else [heap_line(*timed)] * 3
    (result,) = measurements([heap_line(100, 1.52, 0.5)] * 2, time)
    found = {m.unit: (m.lane, m.value) for m in result.measurements}
    assert found[ALLOCS_EXACT] == exact
    assert found[GC_CYCLES] == cycles
    assert found[HEAP_LIVE] == (Lane.ALLOCATION, 800)
    assert found[ALLOCS] == (Lane.ALLOCATION, 1)
    exactly = {m.unit for m in result.measurements if m.exact}
    assert exactly - {ALLOCS_EXACT} == {ALLOCS, BYTES}


def test_noise_of_the_heap_does_not_upset_the_agreement() -> None:
    assert agree([heap_line(100, 1.52, 0.5)], [heap_line(100, 1.5, 0.25)])


def test_runs_that_are_cut_to_one_number_do_not_agree() -> None:
    assert not agree([heap_line(100, 335.03, 0)], [heap_line(100, 335.76, 0)])


def test_runs_agree_only_on_equal_counts_of_equal_benchmarks() -> None:
    a, b = line("A", 1), line("B", 2)
    assert agree([a, b], [b, line("A", 1, seconds=5)])
    assert not agree([a, b], [a])
    assert not agree([a], [line("A", 2)])
    assert not agree([a], [line("A", 1, size=16)])


# Saved files

SECONDS_VALUES = st.floats(1e-12, 1e6, allow_nan=False)
CONFIGS = st.fixed_dictionaries(
    {"pkg": st.sampled_from(["example.com/m", "example.com/m/p"])},
    optional={"goos": st.just("linux"), "cpu": st.sampled_from(["A (TM) 1", "B 2"])},
)
RESULTS = st.builds(
    BenchmarkLine,
    NAMES,
    st.integers(1, 10**12),
    st.one_of(
        st.dictionaries(UNITS, VALUES, min_size=1, max_size=3),
        st.fixed_dictionaries({SECONDS: SECONDS_VALUES}, optional={"B/s": VALUES, ALLOCS: VALUES}),
    ),
)


@given(st.lists(st.tuples(RESULTS, CONFIGS), min_size=1, max_size=6), st.integers(2, 64))
def test_what_is_written_is_read_to_the_last_bit(
    pairs: list[tuple[BenchmarkLine, dict[str, str]]], procs: int
) -> None:
    units = {ALLOCS: {"assume": "exact", "better": "lower"}}
    text = write_saved([SavedLine(0, x, config, procs) for x, config in pairs], units, ["a\nb: c"])
    saved = read_saved(text)
    assert [(x.result, dict(x.config), x.procs) for x in saved.lines] == [
        (x, config, procs) for x, config in pairs
    ]
    assert (saved.warnings, saved.failed, saved.units) == ((), (), units)
    rows = text.split("\n")
    assert all(rows[x.number - 1].startswith(x.result.name) for x in saved.lines)


@given(
    st.text(alphabet=st.sampled_from("Benchmark/X-2 \t\r\n100ns/op.Unit=:pkg-FAIL"), max_size=300)
)
def test_no_saved_text_is_an_error(text: str) -> None:
    saved = read_saved(text)
    count = len(text.split("\n"))
    assert all(1 <= number <= count for number, _ in saved.warnings)
    assert all(math.isfinite(v) for x in saved.lines for v in x.result.values.values())


def test_a_saved_run_with_everything_in_it() -> None:
    text = (
        "go: downloading example.com/x v1\n"
        "goos: linux\ngoarch: amd64\npkg: m/a\ncpu: C\n"
        "BenchmarkX-8   \t 100\t 250 ns/op\t 16 B/op\t 1 allocs/op\n"
        "BenchmarkX-8   \t 100\t 25\n"
        "BenchmarkY/n-4-8 \t 100\t 5.5 ns/op\n"
        "--- FAIL: BenchmarkZ-8\n    z_test.go:3: no\n"
        "PASS\nok  \tm/a\t1.2s\n"
        "pkg: m/b\nBenchmarkX-8 \t 7\t 3 ns/op\nBenchmarkCut-8   \t"
    )
    saved = read_saved(text)
    assert [(x.number, x.package, x.result.name, x.procs) for x in saved.lines] == [
        (6, "m/a", "BenchmarkX", 8), (8, "m/a", "BenchmarkY/n-4", 8), (14, "m/b", "BenchmarkX", 8),
    ]  # fmt: skip
    assert [(f.number, f.package, f.name, f.kind) for f in saved.failed] == [
        (9, "m/a", "BenchmarkZ", "fail"),
        (15, "m/b", "BenchmarkCut", "cut"),
        (15, "m/b", "", "cut"),
    ]
    assert [number for number, _ in saved.warnings] == [7]
    config = {"goos": "linux", "goarch": "amd64", "pkg": "m/a", "cpu": "C"}
    assert config.items() <= saved.lines[0].config.items()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["BenchmarkX-2", "BenchmarkY/size-2-2"], ["BenchmarkX", "BenchmarkY/size-2"]),
        (["BenchmarkX", "BenchmarkX-2", "BenchmarkX-4"], None),  # -cpu 1,2,4
        (["BenchmarkX/n-16", "BenchmarkX/n-1024"], None),  # one processor
        (["BenchmarkX/n-1", "BenchmarkX/n-1"], None),  # Go prints no -1
    ],
)
def test_the_suffix_is_taken_off_where_all_have_it(
    names: list[str], expected: list[str] | None
) -> None:
    saved = read_saved("".join(f"{name} 100 5 ns/op\n" for name in names))
    assert [x.result.name for x in saved.lines] == (expected or names)


def test_a_count_of_one_processor_beside_the_times_of_more() -> None:
    text = "BenchmarkX 100 1 allocs/op\nBenchmarkX-2 9 5 ns/op\nBenchmarkN-2 100 1 allocs/op\n"
    saved = read_saved(text + "BenchmarkN-2-2 9 5 ns/op\n")
    assert [(x.result.name, x.procs) for x in saved.lines] == [
        ("BenchmarkX", 1), ("BenchmarkX", 2), ("BenchmarkN-2", 1), ("BenchmarkN-2", 2),
    ]  # fmt: skip
