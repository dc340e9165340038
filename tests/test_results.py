"""``harness.open_results``: documented frames of what the records hold."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import harness
import harness.results
from harness.analysis.frames import frames
from harness.analysis.series.steps import steps
from harness.errors import UsageError
from harness.model import ALLOCS, SECONDS
from harness.store import RecordStore
from tests.builders import ENVIRONMENT, make_hash, timeline_history, timeline_records

ROOT = Path(__file__).parents[1]
COLUMNS = {
    "samples": frames.SAMPLE_COLUMNS,
    "values": frames.VALUE_COLUMNS,
    "escapes": frames.INTERVAL_COLUMNS,
    "escapes-by-revision": frames.ESCAPE_COLUMNS,
    "steps": frames.STEP_COLUMNS,
    "attribution": frames.ATTRIBUTION_COLUMNS,
    "accounts": frames.ACCOUNT_COLUMNS,
    "correlation": frames.CORRELATION_COLUMNS,
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("frames") / "results"
    store = RecordStore(found)
    for record in timeline_records():
        store.write(record)
    return found


@pytest.fixture(scope="module")
def results(directory: Path) -> harness.results.Results:
    return harness.open_results(directory)


def test_every_frame_has_its_columns_and_they_are_documented(
    results: harness.results.Results,
) -> None:
    text = (ROOT / "docs" / "frames.md").read_text("utf-8")
    for name, columns in COLUMNS.items():
        frame = results.frame(name)  # type: ignore[arg-type]
        assert tuple(frame.columns) == columns, name
        assert len(frame) > 20, name
        assert f"**`{name}`**" in text
        for column in columns:
            assert f"`{column}`" in text, (name, column)
            kind = frame[column].dtype
            if column in frames._PLAIN:
                assert kind.kind in "ifb", (name, column, kind)
            elif column != "date":
                assert isinstance(kind, pd.CategoricalDtype), (name, column, kind)


def test_samples_are_those_of_the_records(results: harness.results.Results) -> None:
    frame = results.frame("samples")
    expected = [
        (r.revision.hash, p.path, b.name, m.unit, n, value, m.exact, p.carried_from)
        for r in timeline_records()
        for p in r.packages
        for b in p.benchmarks
        for m in b.measurements
        for n, value in enumerate(m.samples)
    ]
    names = ["revision", "package", "benchmark", "unit", "repetition", "value", "exact"]
    carried = [None if isinstance(c, float) else c for c in frame["carried_from"].astype(object)]
    told = zip(*(frame[n] for n in names), carried, strict=True)
    assert list(told) == expected
    assert frame["position"].is_monotonic_increasing
    dates = {r.revision.hash: r.revision.date for r in timeline_records()}
    seconds = frame["date"].map(lambda d: int(d.timestamp()))
    assert list(seconds) == [dates[h] for h in frame["revision"]]


def test_values_are_the_medians_of_the_samples(results: harness.results.Results) -> None:
    frame = results.frame("values")
    measured = [m for r in timeline_records() for _, b in r.benchmarks() for m in b.measurements]
    assert list(frame["value"]) == pytest.approx([statistics.median(m.samples) for m in measured])
    assert list(frame["low"]) == [min(m.samples) for m in measured]
    assert list(frame["high"]) == [max(m.samples) for m in measured]
    assert list(frame["samples"]) == [len(m.samples) for m in measured]


def test_steps_are_those_of_the_analysis(results: harness.results.Results) -> None:
    frame = results.frame("steps")
    history = timeline_history()
    expected = {
        (s.revision, s.benchmark, s.before, s.after, s.repaired) for s in steps(history, ALLOCS)
    }
    own = frame[frame["unit"] == ALLOCS]
    repaired = [None if isinstance(r, float) else r for r in own["repaired"].astype(object)]
    told = zip(
        own["revision"], own["benchmark"], own["before"], own["after"], repaired, strict=True
    )
    assert set(told) == expected
    assert own["exact"].all()
    assert own["p"].isna().all()
    assert own["repaired"].notna().any()


def test_causes_and_the_remainder_add_up(results: harness.results.Results) -> None:
    frame = results.frame("attribution")
    assert set(frame["unit"]) == {"allocs/op", "B/op"}
    keys = ["revision", "package", "benchmark", "unit"]
    for _, group in frame.groupby(keys, observed=True):
        first = group.iloc[0]
        assert list(group["rank"]) == list(range(len(group)))
        assert group["delta"].sum() + first["unexplained"] == pytest.approx(first["step_delta"])


def test_a_row_of_escapes_stands_for_as_many_of_each_revision(
    results: harness.results.Results,
) -> None:
    intervals, each = results.frame("escapes"), results.frame("escapes-by-revision")
    assert intervals["records"].sum() == (~each["test"]).sum()
    newest = each[each["position"] == each["position"].max()]
    assert intervals["stands"].sum() == (~newest["test"]).sum()
    assert not intervals["stands"].all()
    assert (intervals["first_position"] <= intervals["last_position"]).all()


def test_the_example_of_the_documentation_runs(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "docs" / "frames.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(directory.parent)
    exec(compile(code, "frames.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "before" in printed
    assert "step_delta" in printed


def test_environments_stand_under_each_other(directory: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    store = RecordStore(tmp_path / "results")
    other = replace(ENVIRONMENT, run_variables={"GOGC": "50"})
    for record in timeline_records()[:6]:
        store.write(record)
        store.write(replace(record, environment=other))
    results = harness.open_results(store.directory)
    frame = results.frame("values")
    assert set(frame["environment"]) == {"go1.27.3", "go1.27.3-GOGC50"}
    joined = results.frame("escapes-by-revision")
    assert joined["environment"].value_counts().nunique() == 1
    only = harness.open_results(store.directory, environment="go1.27.3-GOGC50")
    assert len(only.frame("values")) * 2 == len(frame)
    with pytest.raises(UsageError, match="no records of go9"):
        harness.open_results(store.directory, environment="go9")


def test_without_a_repository_a_gap_is_not_seen(tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    records = timeline_records()
    for record in (records[0], records[1], records[5], records[6]):
        store.write(record)
    frame = harness.open_results(tmp_path).frame("values")
    places = frame.drop_duplicates("revision")
    assert list(places["position"]) == [0, 1, 2, 3]
    assert list(places["revision"]) == [records[n].revision.hash for n in (0, 1, 5, 6)]


def test_what_is_not_there_is_said(tmp_path: Path, results: harness.results.Results) -> None:
    with pytest.raises(UsageError, match="no records in"):
        harness.open_results(tmp_path)
    with pytest.raises(UsageError, match="no frame 'sample'; there are accounts, attribution"):
        results.frame("sample")  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        _ = harness.nothing


def test_importing_the_package_is_cheap() -> None:
    code = "import sys, harness; print(len([m for m in sys.modules if m.startswith('harness.')]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def test_noisy_units_have_steps_with_p_values(tmp_path: Path) -> None:
    from tests.analysis.series.test_steps import timed

    store = RecordStore(tmp_path)
    for record in timed([1e-6] * 12 + [1.5e-6] * 12):
        store.write(record)
    frame = harness.open_results(tmp_path).frame("steps")
    (row,) = frame[frame["unit"] == SECONDS].to_dict("records")
    assert row["revision"] == make_hash(12)
    assert row["p"] < 0.001
    assert not row["exact"]
