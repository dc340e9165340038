"""A history as pandas frames.

Columns are part of the public interface; ``docs/frames.md`` describes them. Names that repeat
(revisions, packages, benchmarks, units, files, messages) are categories, which cost a few bytes a
row.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from harness.analysis.causes.attribution import Attribution
from harness.analysis.frames.correlation import Association
from harness.analysis.history.history import History
from harness.analysis.series.intervals import SiteIntervals
from harness.analysis.series.steps import Step
from harness.model import PackageOutcome, Record

SAMPLE_COLUMNS = (
    "machine", "environment", "revision", "position", "date", "package", "benchmark", "unit",
    "lane", "repetition", "value", "exact", "carried_from",
)  # fmt: skip
VALUE_COLUMNS = (
    "machine", "environment", "revision", "position", "date", "package", "benchmark", "unit",
    "lane", "value", "low", "high", "samples", "exact", "carried_from",
)  # fmt: skip
INTERVAL_COLUMNS = (
    "machine", "environment", "package", "function", "file", "line", "column", "kind", "message",
    "reason", "first", "first_position", "last", "last_position", "records", "stands",
)  # fmt: skip
ESCAPE_COLUMNS = (
    "machine", "environment", "revision", "position", "package", "function", "file", "line",
    "column", "kind", "message", "test",
)  # fmt: skip
STEP_COLUMNS = (
    "machine", "environment", "revision", "position", "date", "package", "benchmark", "unit",
    "before", "after", "delta", "ratio", "direction", "exact", "p", "repaired", "previous",
    "between",
)  # fmt: skip
ATTRIBUTION_COLUMNS = (
    "machine", "environment", "revision", "position", "package", "benchmark", "unit",
    "step_delta", "step_outcome", "explained", "unexplained", "rank", "file", "line", "at_base",
    "function", "delta", "outcome", "escape", "kind", "message", "via", "note", "setup",
)  # fmt: skip
ACCOUNT_COLUMNS = (
    "machine", "environment", "revision", "position", "package", "benchmark", "file", "line",
    "function", "via", "allocs", "bytes", "setup_allocs", "setup_bytes",
)  # fmt: skip
CORRELATION_COLUMNS = (
    "machine", "environment", "package", "benchmark", "unit", "event", "pairs", "events",
    "changed", "changed_without", "effect", "low", "high", "tau", "p", "verdict",
)  # fmt: skip
_PLAIN = frozenset(
    {
        "position", "line", "column", "repetition", "value", "low", "high", "samples", "exact",
        "first_position", "last_position", "records", "stands", "test", "before", "after",
        "delta", "ratio", "p", "between", "step_delta", "explained", "unexplained", "rank",
        "at_base", "pairs", "events", "changed", "changed_without", "effect", "tau", "allocs",
        "bytes", "setup", "setup_allocs", "setup_bytes",
    }
)  # fmt: skip


class _Category:
    """A column of names as codes; ``None`` is -1."""

    def __init__(self) -> None:
        self.codes = array("i")
        self._known: dict[str, int] = {}

    def code(self, name: str | None) -> int:
        """The code of a name."""
        if name is None:
            return -1
        return self._known.setdefault(name, len(self._known))

    def append(self, name: str | None) -> None:
        """Append a name."""
        self.codes.append(self.code(name))

    def column(self, places: Any = None) -> Any:
        """The categorical column, its rows repeated as ``places`` says."""
        codes = np.frombuffer(self.codes, dtype=np.int32) if len(self.codes) else np.empty(0, int)
        chosen = codes if places is None else codes[places]
        return pd.Categorical.from_codes(chosen, categories=pd.Index(list(self._known), dtype=str))


class Samples:
    """Collects the measurements of records one by one, so that these need not stay in memory."""

    def __init__(self) -> None:
        self._of_record = {n: _Category() for n in ("machine", "environment", "revision")}
        self._positions, self._dates = array("l"), array("q")
        names = ("package", "benchmark", "unit", "lane", "carried_from")
        self._of_measurement = {name: _Category() for name in names}
        self._record, self._counts, self._exact = array("i"), array("i"), array("b")
        self._values = array("d")

    def add(self, record: Record, position: int) -> None:
        """Take the measurements of a record at a place of its history."""
        number = len(self._positions)
        self._positions.append(position)
        self._dates.append(record.revision.date)
        self._of_record["machine"].append(record.machine.machine)
        self._of_record["environment"].append(record.environment.name)
        self._of_record["revision"].append(record.revision.hash)
        columns = self._of_measurement
        package, benchmark, unit = columns["package"], columns["benchmark"], columns["unit"]
        lane, origin = columns["lane"], columns["carried_from"]
        for result in record.packages:
            carried = result.outcome is PackageOutcome.CARRIED
            at, source = package.code(result.path), result.carried_from if carried else None
            came = origin.code(source)
            for entry in result.benchmarks:
                name = benchmark.code(entry.name)
                for m in entry.measurements:
                    self._record.append(number)
                    package.codes.append(at)
                    benchmark.codes.append(name)
                    unit.codes.append(unit.code(m.unit))
                    lane.codes.append(lane.code(m.lane.value))
                    origin.codes.append(came)
                    self._exact.append(m.exact)
                    self._counts.append(len(m.samples))
                    self._values.extend(m.samples)

    def samples(self) -> pd.DataFrame:
        """One row for each repetition; columns :data:`SAMPLE_COLUMNS`."""
        counts = np.array(self._counts, dtype=np.int64)
        rows = np.repeat(np.arange(len(counts)), counts)
        found = self._columns(rows)
        first = np.repeat(counts.cumsum() - counts, counts)
        found["repetition"] = (np.arange(len(rows)) - first).astype(np.int32)
        found["value"] = np.array(self._values, dtype=np.float64)
        return _made(found, SAMPLE_COLUMNS)

    def values(self) -> pd.DataFrame:
        """One row for each measurement, with its median; columns :data:`VALUE_COLUMNS`."""
        counts = np.array(self._counts, dtype=np.int64)
        found = self._columns(np.arange(len(counts)))
        values = np.array(self._values, dtype=np.float64)
        group = np.repeat(np.arange(len(counts)), counts)
        ordered = values[np.lexsort((values, group))]
        start = counts.cumsum() - counts
        found["low"] = ordered[start]
        found["high"] = ordered[start + counts - 1]
        found["value"] = (ordered[start + (counts - 1) // 2] + ordered[start + counts // 2]) / 2
        found["samples"] = counts.astype(np.int32)
        return _made(found, VALUE_COLUMNS)

    def _columns(self, rows: Any) -> dict[str, Any]:
        records = np.array(self._record, dtype=np.int64)[rows]
        found: dict[str, Any] = {n: c.column(records) for n, c in self._of_record.items()}
        found |= {name: c.column(rows) for name, c in self._of_measurement.items()}
        found["position"] = np.array(self._positions, dtype=np.int64)[records]
        dates = np.array(self._dates, dtype=np.int64)
        found["date"] = pd.to_datetime(dates, unit="s", utc=True)[records]
        found["exact"] = np.array(self._exact, dtype=bool)[rows]
        return found


def intervals_frame(intervals: SiteIntervals) -> pd.DataFrame:
    """One row for each site; columns :data:`INTERVAL_COLUMNS`."""
    place = intervals.history.position
    rows = [
        _row(
            INTERVAL_COLUMNS, intervals.history, s.first, s.site,
            file=s.site.position.file, line=s.site.position.line, column=s.site.position.column,
            kind=s.site.kind.value, first=s.first, first_position=place(s.first),
            last=s.last, last_position=place(s.last), records=s.records, stands=intervals.live(s),
        )
        for s in intervals.all
    ]  # fmt: skip
    return _rows(rows, INTERVAL_COLUMNS)


def escapes_frame(history: History, records: Iterable[Record]) -> pd.DataFrame:
    """One row per revision and escape site; test files are marked.

    The records need not be in memory together.
    """
    columns: list[Any] = [array("l") if c in _PLAIN else _Category() for c in ESCAPE_COLUMNS]
    for record in records:
        revision = record.revision.hash
        start = (history.machine, history.environment, revision, history.position(revision))
        for site in record.escapes:
            place = (site.position.file, site.position.line, site.position.column)
            own = (site.package, site.function, *place, site.kind.value, site.message, site.test)
            for column, value in zip(columns, (*start, *own), strict=True):
                column.append(value)
    found = {
        name: c.column() if isinstance(c, _Category) else np.array(c, dtype=np.int64)
        for name, c in zip(ESCAPE_COLUMNS, columns, strict=True)
    }
    found["test"] = found["test"].astype(bool)
    return _made(found, ESCAPE_COLUMNS)


def steps_frame(history: History, found: Sequence[Step]) -> pd.DataFrame:
    """One row for each step; columns :data:`STEP_COLUMNS`."""
    dates = {r.revision.hash: r.revision.date for r in history.records}
    rows = [
        _row(
            STEP_COLUMNS, history, s.revision, s,
            date=dates[s.revision], direction=s.direction.value, between=len(s.between),
        )
        for s in found
    ]  # fmt: skip
    frame = _rows(rows, STEP_COLUMNS)
    frame["date"] = pd.to_datetime(frame["date"].astype("int64"), unit="s", utc=True)
    frame["p"] = frame["p"].astype("float64")
    return frame


def attribution_frame(history: History, attributions: Mapping[Step, Attribution]) -> pd.DataFrame:
    """One row for each cause of each step that has accounts; :data:`ATTRIBUTION_COLUMNS`."""
    rows = [
        _row(
            ATTRIBUTION_COLUMNS, history, step.revision, cause,
            package=step.package, benchmark=step.benchmark, unit=step.unit,
            step_delta=a.delta, step_outcome=a.outcome,
            explained=a.explained, unexplained=a.unexplained, rank=rank,
            kind=cause.site.kind.value if cause.site else None,
            message=cause.site.message if cause.site else None,
        )
        for step, a in attributions.items()
        for rank, cause in enumerate(a.causes)
    ]  # fmt: skip
    return _rows(rows, ATTRIBUTION_COLUMNS)


def accounts_frame(history: History, records: Iterable[Record]) -> pd.DataFrame:
    """One row for each line of each account; columns :data:`ACCOUNT_COLUMNS`."""
    rows = [
        _row(
            ACCOUNT_COLUMNS, history, record.revision.hash, site,
            package=account.package, benchmark=account.benchmark,
        )
        for record in records
        for account in record.accounts
        for site in account.sites
    ]  # fmt: skip
    return _rows(rows, ACCOUNT_COLUMNS)


def correlation_frame(history: History, found: Sequence[Association]) -> pd.DataFrame:
    """One row for each association; columns :data:`CORRELATION_COLUMNS`."""
    names = CORRELATION_COLUMNS[2:]
    rows = [
        (history.machine, history.environment, *(getattr(a, name) for name in names)) for a in found
    ]
    return _rows(rows, CORRELATION_COLUMNS)


def _row(
    columns: tuple[str, ...], history: History, revision: str, entry: object, **given: object
) -> tuple[object, ...]:
    """A row: what is given, the place in the history, else attributes of an entry."""
    given |= {"machine": history.machine, "environment": history.environment}
    given |= {"revision": revision, "position": history.position(revision)}
    return tuple(given[name] if name in given else getattr(entry, name) for name in columns)


def _rows(rows: Sequence[tuple[object, ...]], columns: tuple[str, ...]) -> pd.DataFrame:
    with pd.option_context(*_TEXT):
        frame = pd.DataFrame(rows, columns=list(columns))
    for name in columns:
        if name not in _PLAIN and name != "date":
            frame[name] = frame[name].astype("category")
    return frame


def _made(found: Mapping[str, Any], columns: tuple[str, ...]) -> pd.DataFrame:
    with pd.option_context(*_TEXT):
        return pd.DataFrame({name: found[name] for name in columns})


# Where pyarrow is installed pandas would keep text in another form, which refuses lone surrogates.
_TEXT = ("mode.string_storage", "python")
