"""Changes of what was measured with."""

from __future__ import annotations

from dataclasses import replace

from harness.analysis.history.history import History
from harness.analysis.series.conditions import condition_changes
from tests.builders import make_hash, make_record


def test_every_change_is_told_once_where_it_begins() -> None:
    records = [make_record(i) for i in range(5)]
    cgo = replace(records[2].environment.toolchain, cgo=True)
    for i in (2, 3, 4):
        records[i] = replace(records[i], environment=replace(records[i].environment, toolchain=cgo))
    records[4] = replace(records[4], settings=replace(records[4].settings, alloc_benchtime="7x"))
    found = condition_changes(History.build(records))
    assert [(c.revision, c.what) for c in found] == [
        (make_hash(2), "toolchain"),
        (make_hash(4), "settings"),
    ]
    assert found[0].after == f"{found[0].before} with cgo"
    assert found[1].after == "-benchtime=7x"
