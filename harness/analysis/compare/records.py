"""All that is shown of one record, and of two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.analysis.compare.code import CodeDiff, diff_code
from harness.analysis.compare.comparison import Change
from harness.analysis.compare.costs import SiteCost, site_costs
from harness.analysis.compare.erased import Erased, erased
from harness.analysis.compare.escapes import EscapeDiff, diff_escapes
from harness.compiled.join import unmentioned
from harness.model import EscapeSite, Record, TreeDiff


@dataclass(frozen=True, slots=True)
class RecordDetail:
    """A record with what is derived from it."""

    record: Record
    costs: Mapping[EscapeSite, SiteCost]  # of every escape site outside of test files
    erased: tuple[Erased, ...]
    silent: int  # how many allocation calls outside of test files no message mentions


def record_detail(record: Record) -> RecordDetail:
    """Derive what is shown of a record."""
    sites = record.code_escapes()
    calls = [c for c in record.calls if not c.test]
    return RecordDetail(
        record, site_costs(record, sites), erased(record), len(unmentioned(calls, sites))
    )


@dataclass(frozen=True, slots=True)
class RecordDiff:
    """Two records compared.

    Attributes:
        code: functions that were compiled otherwise.
        older: the base as measured with another release of Go, if that was asked for.
        by_compiler: what the release of Go alone changes, where there is ``older``.
    """

    base: Record
    head: Record
    changes: Sequence[Change]
    escapes: EscapeDiff
    code: CodeDiff
    older: Record | None = None
    by_compiler: EscapeDiff | None = None


def diff_records(
    base: Record,
    head: Record,
    diffs: Sequence[TreeDiff] | None,
    changes: Sequence[Change],
    older: Record | None = None,
) -> RecordDiff:
    """Compare all but the benchmarks of two records, whose changes are given."""
    return RecordDiff(
        base,
        head,
        changes,
        diff_escapes(base, head, diffs),
        diff_code(base, head),
        older,
        diff_escapes(older, base, ()) if older is not None else None,
    )
