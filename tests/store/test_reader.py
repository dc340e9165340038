"""Many records read part by part: the same is said of them as of records read whole."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.analysis.history.history import History
from harness.analysis.series.series import Series
from harness.analysis.verdict.summary import summarise
from harness.errors import StoreError
from harness.model import CodePart
from harness.store import RecordKey, RecordReader, RecordStore, key_of
from harness.store.files import Stamp
from tests.builders import make_package, make_record, make_site, timeline_history


def points(series: Mapping[Any, Sequence[Series]]) -> dict[Any, object]:
    """What series are of and their points."""
    return {(key, s.unit): (s.first, s.last, s.points) for key, own in series.items() for s in own}


def lazily(store: RecordStore, whole: History) -> History:
    """The history of records that were read without their code."""
    reader = RecordReader(store)
    records = list(reader.records())
    assert not any(r.escapes or r.inlining or r.calls or r.functions for r in records)

    def load(machine: str, environment: str, revision: str) -> dict[str, CodePart]:
        return reader.parts(RecordKey(machine, revision, environment))

    return History.build(records, whole.line, partial(load, whole.machine, whole.environment))


def test_a_history_read_in_parts_says_what_one_read_whole_says(tmp_path: Path) -> None:
    whole = timeline_history()
    store = RecordStore(tmp_path)
    for record in whole.records:
        store.write(record)
    one, two = summarise(whole), summarise(lazily(store, whole))
    assert any(r.escapes and r.escapes.new for r in one.revisions)
    assert any(r.attributions for r in one.revisions)
    for a, b in zip(one.revisions, two.revisions, strict=True):
        assert (a.escapes, a.code, a.steps, a.sites) == (b.escapes, b.code, b.steps, b.sites)
        assert a.attributions == b.attributions
    assert one.findings == two.findings
    assert points(one.packages) == points(two.packages)
    assert points(one.series) == points(two.series)


def test_a_pair_has_only_what_differs_or_is_needed(tmp_path: Path) -> None:
    p, q = "example.com/m/p", "example.com/m/q"
    packages = [make_package(p), make_package(q)]
    same = make_site(package=q, file="q/q.go")
    old = make_record(0, packages, escapes=[make_site(line=3), same])
    new = make_record(1, packages, escapes=[make_site(line=4), same, make_site(line=9)])
    whole = History.build([old, new])
    store = RecordStore(tmp_path)
    for record in (old, new):
        store.write(record)
    for history in (whole, lazily(store, whole)):
        base, head = history.pair(old.revision.hash, new.revision.hash)
        assert {s.package for s in (*base.escapes, *head.escapes)} == {p}
        assert (len(base.escapes), len(head.escapes)) == (1, 2)
        base, head = history.pair(old.revision.hash, new.revision.hash, [q])
        assert set(base.escapes) == set(old.escapes)
        assert set(head.escapes) == set(new.escapes)


def test_a_record_that_went_away_meanwhile_is_said(tmp_path: Path) -> None:
    record = replace(make_record(0, [make_package()]), escapes=(make_site(),))
    store = RecordStore(tmp_path)
    path = store.write(record)
    reader = RecordReader(store)
    assert len(list(reader.records())) == 1
    path.unlink()
    with pytest.raises(StoreError, match="cannot read"):
        reader.parts(key_of(record))


def test_what_was_verified_can_be_written_down_whatever_the_path(tmp_path: Path) -> None:
    store = RecordStore(tmp_path / os.fsdecode(b"r\xe9sultats"))
    store.write(make_record(0, [make_package()]))
    reader = RecordReader(store)
    assert len(list(reader.records())) == 1
    written = msgspec.msgpack.encode(reader.verified)
    assert msgspec.msgpack.decode(written, type=dict[bytes, Stamp]) == reader.verified
    assert len(reader.verified) == 1
