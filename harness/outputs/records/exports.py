"""Records as data for other tools: Go benchmark format, CSV, Parquet."""

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence

from harness.errors import UsageError
from harness.gobench.benchfmt import BenchmarkLine, TestOutput, base_name, read_output
from harness.gobench.saved import SavedLine
from harness.gobench.writing import write_saved
from harness.model import ALLOCS, BYTES, BenchmarkResult, Lane, Measurement, PackageResult, Record
from harness.words import utc

# One row for each sample. The names are part of the public interface.
COLUMNS = (
    "revision",  # full hash
    "parent",  # full hash of the first parent, or empty
    "date",  # of the author, UTC
    "machine",
    "environment",
    "toolchain",  # go1.27.3
    "goos",
    "goarch",
    "package",  # import path
    "benchmark",  # full name, without the -GOMAXPROCS suffix
    "unit",  # as in the Go benchmark format
    "lane",  # allocation or time
    "sample",  # from 0, in the order of the output
    "value",
    "exact",  # every repetition of the allocation lane gave this value
    "carried_from",  # full hash of the revision that it was measured at, or empty
    "imported",  # read from a saved output, not measured here
)


def benchfmt_text(records: Sequence[Record]) -> str:
    """Records in the Go benchmark format, each sample as Go printed it.

    Of one record alone the revision is only in a note: ``benchstat`` makes a table for every value
    of a ``key: value`` line. Several records have a ``commit`` each, for ``benchstat -col commit``.

    The allocation lane, which runs on one processor, has no ``-GOMAXPROCS`` suffix, and no time.
    """
    notes = [
        f"{r.revision.hash} {r.environment.name} on {r.machine.machine}"
        + (" (imported)" if r.imported else "")
        for r in records
    ]
    lines: list[SavedLine] = []
    for record in records:
        commit = {"commit": record.revision.hash} if len(records) > 1 else {}
        for package in record.packages:
            lines += _package_lines(record, package, commit)
    return write_saved(lines, _units(records), notes)


def _units(records: Iterable[Record]) -> dict[str, dict[str, str]]:
    """``allocs/op`` is compared at one sample already; ``B/op`` where all values repeated."""
    sizes = [
        m.exact for r in records for _, b in r.benchmarks() for m in b.measurements
        if m.unit == BYTES
    ]  # fmt: skip
    exact = {"assume": "exact", "better": "lower"}
    return {ALLOCS: exact, **({BYTES: exact} if all(sizes) else {})}


def _package_lines(
    record: Record, package: PackageResult, commit: dict[str, str]
) -> Iterator[SavedLine]:
    toolchain = record.environment.toolchain
    for lanes, text in _groups(package.raw or {}):
        output = read_output(text)
        config = {
            **commit,
            "goos": toolchain.goos,
            "goarch": toolchain.goarch,
            "pkg": package.path,
            "cpu": output.config.get("cpu") or record.machine.cpu,
        }
        config = {key: value for key, value in config.items() if value}
        known = {b.name for b in package.benchmarks}
        procs = _procs(output, known)
        iterations: dict[str, list[int]] = {}
        for line in output.lines:
            iterations.setdefault(base_name(line.name, procs), []).append(line.iterations)
        for benchmark in package.benchmarks:
            chosen = [m for m in benchmark.measurements if m.lane in lanes]
            for line in _sample_lines(benchmark, chosen, iterations.get(benchmark.name, [])):
                yield SavedLine(0, line, config, procs)


def _groups(raw: dict[Lane, str]) -> list[tuple[tuple[Lane, ...], str]]:
    """The lanes that share an output: both of an imported one."""
    if Lane.ALLOCATION in raw and Lane.TIME in raw:
        return [((lane,), raw[lane]) for lane in (Lane.ALLOCATION, Lane.TIME)]
    return [((Lane.ALLOCATION, Lane.TIME), next(iter(raw.values()), ""))]


def _procs(output: TestOutput, known: set[str]) -> int:
    """GOMAXPROCS of a run, from the suffix of the benchmarks' names."""
    for line in output.lines:
        match = re.search(r"-(\d{1,6})$", line.name)
        if line.name not in known and match and base_name(line.name, int(match[1])) in known:
            return int(match[1])
    return 1


def _sample_lines(
    benchmark: BenchmarkResult, chosen: Sequence[Measurement], iterations: Sequence[int]
) -> Iterator[BenchmarkLine]:
    count = max((len(m.samples) for m in chosen), default=0)
    for index in range(count):
        values = {m.unit: m.samples[index] for m in chosen if index < len(m.samples)}
        ran = iterations[index] if len(iterations) == count else 1
        yield BenchmarkLine(benchmark.name, ran, values)


def rows(records: Iterable[Record]) -> Iterator[tuple[object, ...]]:
    """One row for each sample, with :data:`COLUMNS`."""
    for record in records:
        toolchain = record.environment.toolchain
        head = (
            record.revision.hash,
            record.revision.parent or "",
            utc(record.revision.date).strftime("%Y-%m-%dT%H:%M:%SZ"),
            record.machine.machine,
            record.environment.name,
            toolchain.release,
            toolchain.goos,
            toolchain.goarch,
        )
        for package in record.packages:
            for benchmark in package.benchmarks:
                for m in benchmark.measurements:
                    for index, value in enumerate(m.samples):
                        yield (
                            *head, package.path, benchmark.name, m.unit, str(m.lane), index,
                            float(value), m.exact, package.carried_from or "", record.imported,
                        )  # fmt: skip


def csv_text(records: Iterable[Record]) -> str:
    """The rows as CSV (RFC 4180, but with line feeds), with a heading."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows(records):
        writer.writerow([_csv(cell) for cell in row])
    return stream.getvalue()


def parquet_bytes(records: Iterable[Record]) -> bytes:
    """The rows as a Parquet file.

    Raises:
        UsageError: the library that writes it is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise UsageError(
            "--format parquet needs pyarrow; install it with"
            " pip install 'escape-velocity[parquet]', or take --format csv"
        ) from None
    numbers = {"sample": pa.int32(), "value": pa.float64()}
    types = {**numbers, "exact": pa.bool_(), "imported": pa.bool_()}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])
    found = list(rows(records))
    columns = [
        pa.array([row[place] for row in found], field.type) for place, field in enumerate(schema)
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), sink)
    return bytes(sink.getvalue())


def _csv(cell: object) -> object:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        whole = math.isfinite(cell) and cell.is_integer() and abs(cell) < 1e15
        return int(cell) if whole else repr(cell)
    return cell
