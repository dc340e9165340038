"""Records as data: every sample is there, once, to the last bit."""

from __future__ import annotations

import csv
import io
import sys
from dataclasses import replace

import pytest

from harness.errors import UsageError
from harness.gobench.benchfmt import BenchmarkLine
from harness.gobench.lanes import measurements
from harness.gobench.saved import read_saved
from harness.gobench.writing import format_result
from harness.model import ALLOCS, BYTES, SECONDS, Lane, Record
from harness.outputs.records.exports import COLUMNS, benchfmt_text, csv_text, parquet_bytes
from tests.builders import MODULE, make_benchmark, make_package, make_record

TIMES = (1.5e-6, 1.25e-6, 1.1e-06, 1.3e-06)


def record(number: int = 0, size: float | None = 16.0) -> Record:
    """Two packages, one with the raw output of both lanes as the harness keeps it."""
    counted = [BenchmarkLine("BenchmarkX", 100, {SECONDS: 1e-6, BYTES: 16, ALLOCS: 3})] * 2
    timed = [BenchmarkLine("BenchmarkX", 800 + i, {SECONDS: t}) for i, t in enumerate(TIMES)]
    raw = {
        Lane.ALLOCATION: "cpu: Real\n" + "".join(f"{format_result(x)}\n" for x in counted),
        Lane.TIME: "".join(f"BenchmarkX\n{format_result(x, 4)}\n" for x in timed),
    }
    package = make_package(f"{MODULE}/p", measurements(counted, timed))
    other = make_package(f"{MODULE}/q", [make_benchmark("BenchmarkY/a=1,b", (9, 10), size)])
    return make_record(number, [replace(package, raw=raw), other])


def test_each_sample_is_a_line_as_go_printed_it() -> None:
    text = benchfmt_text([record()])
    assert "commit:" not in text
    assert "Unit allocs/op assume=exact better=lower\n" in text
    lines = read_saved(text).lines
    assert [(x.result.name, x.procs, x.result.iterations) for x in lines[:6]] == [
        *[("BenchmarkX", 1, 100)] * 2,
        *[("BenchmarkX", 4, 800 + i) for i in range(4)],
    ]
    assert [x.result.values for x in lines[:6]] == [
        *[{BYTES: 16.0, ALLOCS: 3.0}] * 2, *[{SECONDS: t} for t in TIMES],
    ]  # fmt: skip
    assert dict(lines[0].config) == {
        "goos": "linux", "goarch": "amd64", "pkg": f"{MODULE}/p", "cpu": "Real",
    }  # fmt: skip
    assert [x.result.values[ALLOCS] for x in lines[6:]] == [9, 10]


def test_bytes_are_exact_only_where_all_repeated() -> None:
    assert "Unit B/op assume=exact" in benchfmt_text([record()])
    counts = [BenchmarkLine("BenchmarkX", 100, {BYTES: 16 + i}) for i in range(2)]
    other = make_record(0, [make_package(benchmarks=measurements(counts))])
    assert "Unit B/op" not in benchfmt_text([other])


def test_several_revisions_are_told_apart_by_commit() -> None:
    records = [record(0), record(1)]
    commits = [x.config["commit"] for x in read_saved(benchfmt_text(records)).lines]
    assert list(dict.fromkeys(commits)) == [r.revision.hash for r in records]


def test_a_row_for_each_sample() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text([record(), record(1)]))))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 2 * (2 + 2 + 4 + 2 + 2)
    times = [float(r["value"]) for r in rows if r["unit"] == SECONDS]
    assert times == [*TIMES, *TIMES]
    row = next(r for r in rows if r["unit"] == ALLOCS)
    assert (row["value"], row["exact"], row["lane"], row["sample"], row["imported"]) == (
        "3", "true", "allocation", "0", "false",
    )  # fmt: skip


def test_parquet_has_the_same_rows() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(io.BytesIO(parquet_bytes([record()]))).to_pylist()
    rows = list(csv.DictReader(io.StringIO(csv_text([record()]))))
    assert [float(r["value"]) for r in rows] == [r["value"] for r in table]
    for name in ("revision", "package", "benchmark", "unit", "lane", "toolchain"):
        assert [r[name] for r in rows] == [r[name] for r in table]
    assert {type(r["exact"]) for r in table} == {bool}


def test_parquet_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"pip install 'escape-velocity\[parquet\]'"):
        parquet_bytes([record()])
