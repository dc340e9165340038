"""A pass that goes on from a checkpoint says what one over the whole history says."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.history.history import History
from harness.analysis.series.series import Series
from harness.analysis.series.sites import RevisionSites
from harness.analysis.verdict.summary import Checkpoint, Pass, Summary, summarise
from harness.model import Record
from harness.outputs.site.shared.sources import watched
from harness.store import RecordIndex, RecordKey, RecordReader, RecordStore
from tests.builders import timeline_history


def read(
    store: RecordStore, line: Sequence[str], index: RecordIndex | None = None
) -> tuple[History, RecordIndex]:
    """The history of a store, of the records that are there."""
    reader = RecordReader(store, index)
    records = list(reader.records())
    some = records[0]

    def load(revision: str) -> Any:
        return reader.parts(RecordKey(some.machine.machine, revision, some.environment.name))

    return History.build(records, line, load), reader.index


def told(sites: RevisionSites) -> object:
    """What is known of a revision, with the costs in the order of the sites."""
    costs = [sites.cost(site) for site, _ in sites.sites]
    return replace(sites, reach={}), costs


def points(series: Mapping[Any, Sequence[Series]]) -> dict[Any, object]:
    """What series are of and their points."""
    return {(key, s.unit): (s.first, s.last, s.points) for key, own in series.items() for s in own}


def equal(one: Summary, two: Summary) -> bool:
    """Whether two summaries say the same; of the sources what the newest revision has."""
    for a, b in zip(one.revisions, two.revisions, strict=True):
        assert a == b, a.slot.revision
    assert one.sites.lives == two.sites.lives
    assert one.sites.counts == two.sites.counts
    newest = one.sites.newest
    assert newest == two.sites.newest
    assert told(one.sites.at[newest]) == told(two.sites.at[newest])
    assert points(one.packages) == points(two.packages)
    assert points(one.series) == points(two.series)
    return one.findings == two.findings


@pytest.fixture(scope="module")
def whole() -> History:
    return timeline_history()


def test_every_place_of_a_history_can_be_gone_on_from(whole: History, tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    records = list(whole.records)
    for record in records[:1]:
        store.write(record)
    history, index = read(store, whole.line)
    checkpoint: Checkpoint = Pass(history, watched).checkpoint()
    resumed_steps = 0
    for number in range(1, len(records)):
        index, checkpoint = pickle.loads(pickle.dumps((index, checkpoint)))
        store.write(records[number])
        history, index = read(store, whole.line, index)
        made = Pass(history, watched, checkpoint)
        assert (made.resumed, made.fresh) == (True, 1)
        assert equal(made.summary(), summarise(history)), number
        checkpoint = made.checkpoint()
        resumed_steps = sum(len(r.steps) for r in checkpoint.revisions)
    assert resumed_steps > 40


def test_several_records_and_a_gap_may_follow(whole: History, tmp_path: Path) -> None:
    store = RecordStore(tmp_path)
    records = list(whole.records)
    for record in records[:20]:
        store.write(record)
    history, index = read(store, whole.line)
    checkpoint = Pass(history, watched).checkpoint()
    for record in (*records[23:30], records[-1]):
        store.write(record)
    history, index = read(store, whole.line, index)
    made = Pass(history, watched, checkpoint)
    assert (made.resumed, made.fresh) == (True, 8)
    assert equal(made.summary(), summarise(history))


@pytest.mark.parametrize("what", ["changed", "gone", "filled"])
def test_a_checkpoint_of_other_records_is_not_used(
    whole: History, tmp_path: Path, what: str
) -> None:
    store = RecordStore(tmp_path)
    records = list(whole.records)
    for record in (*records[:5], *records[6:12]):
        store.write(record)
    history, index = read(store, whole.line)
    checkpoint = Pass(history, watched).checkpoint()
    if what == "filled":
        store.write(records[5])
    elif what == "gone":
        store.remove(records[2])
    else:
        store.write(_later(records[2]))
    store.write(records[12])
    history, _ = read(store, whole.line, index)
    made = Pass(history, watched, checkpoint)
    assert not made.resumed
    assert equal(made.summary(), summarise(history))


def _later(record: Record) -> Record:
    return replace(record, started=record.started + 1)


def test_a_record_that_was_written_anew_with_the_same_content_is_the_same(
    whole: History, tmp_path: Path
) -> None:
    store = RecordStore(tmp_path)
    for record in whole.records[:3]:
        store.write(record)
    before, index = read(store, whole.line)
    for record in whole.records[:3]:
        store.write(record)
    after, _ = read(store, whole.line, index)
    assert all(a is b for a, b in zip(before.records, after.records, strict=True))
