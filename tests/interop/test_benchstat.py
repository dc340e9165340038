"""What we print of two samples is what benchstat prints of them."""

from __future__ import annotations

import csv
import io
import random
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harness.analysis.compare.comparison import Change, Direction, compare
from harness.analysis.compare.records import diff_records
from harness.analysis.compare.samples import spread
from harness.engine.jobs.importing import Origin, import_output
from harness.gobench.benchfmt import BenchmarkLine
from harness.gobench.lanes import measurements
from harness.gobench.writing import format_result
from harness.model import ALLOCS, BYTES, SECONDS, Lane, Record
from harness.outputs.records.exports import benchfmt_text
from harness.outputs.text.terminal import show_comparison
from tests.builders import MODULE, make_package, make_record, make_revision


@dataclass(frozen=True)
class Row:
    """What benchstat says of one benchmark in one unit."""

    base: float
    base_interval: str
    head: float
    head_interval: str
    delta: str
    p: str


def run_benchstat(program: Path, directory: Path, *texts: str) -> dict[str, dict[str, Row]]:
    """Rows by unit and name; there must be one table for each unit and nothing to complain of."""
    names = []
    for place, text in enumerate(texts):
        names.append(f"{place}.txt")
        (directory / names[-1]).write_text(text, "utf-8")
    done = subprocess.run(
        [str(program), "-format", "csv", *names],
        cwd=directory, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, dict[str, Row]] = {}
    unit = ""
    for cells in csv.reader(io.StringIO(done.stdout)):
        if len(cells) > 2 and cells[2] == "CI":
            unit = cells[1]
            assert unit not in found, "one table for each unit"
            found[unit] = {}
        elif len(cells) >= 7 and cells[0] not in ("", "geomean"):
            found[unit][cells[0]] = Row(
                float(cells[1]), cells[2], float(cells[3]), cells[4], cells[5], cells[6]
            )
    return found


def sampled(
    number: int, samples: Mapping[str, Sequence[float]], allocs: Mapping[str, float]
) -> Record:
    """A record as the harness makes it, raw output included."""
    counted = [
        BenchmarkLine(name, 100, {BYTES: 8 * n, ALLOCS: n}) for name, n in allocs.items()
    ] * 2
    timed = [BenchmarkLine(n, 1000, {SECONDS: s}) for n, all_ in samples.items() for s in all_]
    raw = {
        Lane.ALLOCATION: "".join(f"{format_result(x)}\n" for x in counted),
        Lane.TIME: "".join(f"{format_result(x, 2)}\n" for x in timed),
    }
    package = make_package(f"{MODULE}/p", measurements(counted, timed))
    return make_record(number, [replace(package, raw=raw)])


def draw(random_: random.Random, number: int, centre: float) -> list[float]:
    """Samples, every second time so coarse that they tie."""
    coarse = random_.random() < 0.5
    values = [random_.gauss(centre, 2) for _ in range(number)]
    return [round(v * (1 if coarse else 1e3)) / (1 if coarse else 1e3) * 1e-9 for v in values]


def percent(share: float) -> str:
    return "∞" if share == float("inf") else f"{share * 100:.0f}%"


def check(row: Row, change: Change) -> None:
    """Medians to the last digits, intervals, p and delta as printed."""
    assert change.base is not None
    assert change.head is not None
    assert row.base == pytest.approx(change.base.value, rel=1e-12)
    assert row.head == pytest.approx(change.head.value, rel=1e-12)
    sizes = [len(change.base.samples), len(change.head.samples)]
    n = f"n={sizes[0]}" if sizes[0] == sizes[1] else f"n={sizes[0]}+{sizes[1]}"
    if change.p is not None:
        assert row.base_interval == percent(spread(change.base.samples))
        assert row.head_interval == percent(spread(change.head.samples))
        assert row.p == f"p={change.p:.3f} {n}"
        if change.p > 0.05:
            assert (row.delta, change.direction) == ("~", Direction.NONE)
            return
    else:
        assert row.p == n
    if change.delta == 0:
        assert (row.delta, change.direction) == ("0.00%", Direction.NONE)
        return
    assert change.direction is not Direction.NONE
    expected = "?" if change.base.value == 0 else f"{(change.ratio - 1) * 100:+.2f}%"
    assert row.delta == expected


def test_the_same_figures_as_benchstat(benchstat: Path, tmp_path: Path) -> None:
    random_ = random.Random(20261123)
    base, head = {}, {}
    sizes = [(1, 1), (3, 3), (4, 4), (5, 5), (6, 6), (6, 6), (10, 10), (6, 10), (12, 7), (31, 33)]
    for number, (n1, n2) in enumerate(sizes * 12):
        name = f"BenchmarkX/i={number}"
        base[name] = draw(random_, n1, 40)
        head[name] = draw(random_, n2, 40 + random_.choice([0, 0.5, 3, 20]))
    allocs = {f"BenchmarkX/i={i}": float(i % 7) for i in range(len(base))}
    more = {name: value + (int(name[13:]) % 3 == 0) for name, value in allocs.items()}
    a, b = sampled(0, base, allocs), sampled(1, head, more)
    found = run_benchstat(benchstat, tmp_path, benchfmt_text([a]), benchfmt_text([b]))
    changes = compare(a, b)
    assert set(found) == {SECONDS, BYTES, ALLOCS}
    assert {u: len(rows) for u, rows in found.items()} == dict.fromkeys(found, len(base))
    for change in changes:
        suffix = "-2" if change.unit == SECONDS else ""
        check(found[change.unit][change.benchmark.removeprefix("Benchmark") + suffix], change)
    verdicts = {c.direction for c in changes if c.unit == SECONDS}
    assert verdicts == {Direction.NONE, Direction.REGRESSION} or len(verdicts) == 3
    text = show_comparison(diff_records(a, b, None, changes))
    assert "p=0.002 n=6" in text
    assert "n=6+10" in text


def test_commits_in_one_file_are_columns(benchstat: Path, tmp_path: Path) -> None:
    records = [sampled(i, {"BenchmarkX": [1e-6 * (i + 1)] * 6}, {"BenchmarkX": i}) for i in (0, 1)]
    (tmp_path / "all.txt").write_text(benchfmt_text(records), "utf-8")
    done = subprocess.run(
        [str(benchstat), "-col", "commit", "all.txt"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.count("vs base") == 3, "one table for each unit"


def test_an_imported_file_has_the_figures_of_benchstat(benchstat: Path, tmp_path: Path) -> None:
    random_ = random.Random(7)
    texts = []
    for centre in (40.0, 43.0):
        rows = ["goos: linux", "goarch: amd64", "pkg: example.com/m", "cpu: C"]
        rows += [
            f"BenchmarkX/n-8-16 \t 1000\t {t * 1e9:.4g} ns/op\t 16 B/op\t 1 allocs/op"
            for t in draw(random_, 10, centre)
        ]
        texts.append("\n".join(rows) + "\nPASS\n")
    records = []
    for number, text in enumerate(texts):
        origin = Origin(make_revision(number), None, "ci", "1.27.3", "1.27.3")
        done = import_output(text, "saved.txt", origin)
        assert not done.warnings
        records.append(done.record)
    found = run_benchstat(benchstat, tmp_path, *texts)
    again = run_benchstat(benchstat, tmp_path, *(benchfmt_text([r]) for r in records))
    (time,) = (c for c in compare(records[0], records[1]) if c.unit == SECONDS)
    check(found[SECONDS]["X/n-8-16"], time)
    assert again[SECONDS] == found[SECONDS]
    # Of counts benchstat needs four samples, unless a Unit line says that they are exact.
    assert again[ALLOCS]["X/n-8-16"].delta == "0.00%"
    assert found[ALLOCS]["X/n-8-16"].delta == "~"
