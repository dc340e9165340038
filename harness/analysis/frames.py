"""A history as pandas frames, the form in which series are worked on.

Columns are part of the public interface and are named here only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.history import History
from harness.model import PackageOutcome

if TYPE_CHECKING:
    import pandas as pd

VALUE_COLUMNS = (
    "position",  # place in the first-parent history, 0 for the oldest
    "revision",  # full hash
    "package",  # import path
    "benchmark",  # full name
    "unit",
    "lane",
    "value",  # median of the samples
    "low",  # smallest sample
    "high",  # largest sample
    "samples",  # how many
    "exact",
    "carried",  # taken over from a revision with the same test binary
)

ESCAPE_COLUMNS = (
    "position",
    "revision",
    "package",
    "function",
    "file",
    "line",
    "column",
    "kind",
    "message",
    "test",
)


def values_frame(history: History) -> pd.DataFrame:
    """One row per revision, benchmark and unit, oldest first; columns :data:`VALUE_COLUMNS`."""
    rows: list[tuple[object, ...]] = [
        (
            history.position(record.revision.hash),
            record.revision.hash,
            package.path,
            result.name,
            m.unit,
            str(m.lane),
            m.value,
            m.low,
            m.high,
            len(m.samples),
            m.exact,
            package.outcome is PackageOutcome.CARRIED,
        )
        for record in history.records
        for package in record.packages
        for result in package.benchmarks
        for m in result.measurements
    ]
    return _frame(rows, VALUE_COLUMNS)


def escapes_frame(history: History) -> pd.DataFrame:
    """One row per revision and escape site, oldest first; columns :data:`ESCAPE_COLUMNS`."""
    rows: list[tuple[object, ...]] = [
        (
            history.position(record.revision.hash),
            record.revision.hash,
            site.package,
            site.function,
            site.position.file,
            site.position.line,
            site.position.column,
            str(site.kind),
            site.message,
            site.test,
        )
        for record in history.records
        for site in record.escapes
    ]
    return _frame(rows, ESCAPE_COLUMNS)


def _frame(rows: list[tuple[object, ...]], columns: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd  # a quarter of a second that most commands need not spend

    return pd.DataFrame(rows, columns=list(columns))
