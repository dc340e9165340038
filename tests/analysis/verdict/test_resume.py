"""A pass that goes on from its bytes says what one over the whole history says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.history.history import History
from harness.analysis.series.series import Series
from harness.analysis.series.sites import RevisionSites
from harness.analysis.verdict.resume import dump, resume
from harness.analysis.verdict.summary import Pass, Summary, summarise
from harness.model import CodePart
from harness.store import RecordKey, RecordReader, RecordStore, key_of
from tests.builders import timeline_history


def read(store: RecordStore, line: Sequence[str]) -> History:
    """The history of a store, of the records that are there."""
    reader = RecordReader(store)
    records = list(reader.records())
    some = records[0]

    def load(revision: str) -> dict[str, CodePart]:
        return reader.parts(RecordKey(some.machine.machine, revision, some.environment.name))

    history = History.build(records, line, load)
    return replace(history, ids={r.revision.hash: reader.id(key_of(r)) for r in records})


def told(sites: RevisionSites) -> object:
    """What is known of a revision, with the costs in the order of the sites."""
    costs = [sites.cost(site) for site, _ in sites.sites]
    return replace(sites, reach={}), costs


def points(series: Mapping[Any, Sequence[Series]]) -> dict[Any, object]:
    """What series are of and their points."""
    return {(key, s.unit): (s.first, s.last, s.points) for key, own in series.items() for s in own}


def check_equal(one: Summary, two: Summary) -> None:
    """Both say the same; of the sources what the newest revision has."""
    for a, b in zip(one.revisions, two.revisions, strict=True):
        assert a == b, a.slot.revision
    assert one.sites.lives == two.sites.lives
    assert one.sites.counts == two.sites.counts
    newest = one.sites.newest
    assert newest == two.sites.newest
    assert told(one.sites.at[newest]) == told(two.sites.at[newest])
    assert points(one.packages) == points(two.packages)
    assert points(one.series) == points(two.series)
    assert one.findings == two.findings


@pytest.fixture(scope="module")
def whole() -> History:
    return timeline_history()


def write(store: RecordStore, whole: History, *numbers: int) -> None:
    for number in numbers:
        store.write(whole.records[number])


def gone_through(store: RecordStore, whole: History) -> tuple[Pass, bytes]:
    """A pass over the records that are there, and its bytes."""
    made = resume(read(store, whole.line), b"")
    made.summary()
    return made, dump(made)


def test_every_place_of_a_history_can_be_gone_on_from(whole: History, tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    write(store, whole, 0)
    made, data = gone_through(store, whole)
    for number in range(1, len(whole.records)):
        write(store, whole, number)
        made = resume(read(store, whole.line), data)
        assert made.fresh == 1
        summary = made.summary()
        if number % 5 == 0:
            check_equal(summary, summarise(read(store, whole.line)))
        data = dump(made)
    assert sum(len(r.steps) for r in made.revisions) > 40


def test_several_records_and_a_gap_may_follow(whole: History, tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    write(store, whole, *range(20))
    _, data = gone_through(store, whole)
    write(store, whole, *range(23, 30), -1)
    made = resume(read(store, whole.line), data)
    assert made.fresh == 8
    check_equal(made.summary(), summarise(read(store, whole.line)))


@pytest.mark.parametrize("what", ["changed", "gone", "filled"])
def test_a_pass_over_other_records_is_not_used(whole: History, tmp_path: Path, what: str) -> None:
    store = RecordStore(tmp_path)
    write(store, whole, *range(5), *range(6, 12))
    _, data = gone_through(store, whole)
    third = whole.records[2]
    if what == "filled":
        write(store, whole, 5)
    elif what == "gone":
        store.remove(third)
    else:
        store.write(replace(third, started=third.started + 1))
    write(store, whole, 12)
    made = resume(read(store, whole.line), data)
    assert not made.revisions
    check_equal(made.summary(), summarise(read(store, whole.line)))


def test_the_bytes_have_no_records(whole: History, tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    write(store, whole, *range(12))
    made, data = gone_through(store, whole)
    assert made.newest.encode() in data
    assert not any(r.revision.subject.encode() in data for r in whole.records[:12])


def test_the_bytes_have_no_code_though_other_records_were_read_since(
    whole: History, tmp_path: Path
) -> None:
    """As where the histories of several environments are gone through before they are dumped."""
    store = RecordStore(tmp_path)
    write(store, whole, *range(12))
    made, data = gone_through(store, whole)
    for record in made.history.records[:6]:
        made.history.parts(record.revision.hash)
    assert dump(made) == data
