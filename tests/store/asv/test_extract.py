"""What is read of a record for asv's files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import RecordWarning, StoreError
from harness.model import (
    Outcome,
)
from harness.store.asv.extract import extract, extracts, read_extract
from harness.store.asv.layout import rebuild
from tests.store.few import PARSE, bench, package, record, site, write


def test_an_extract_file_is_what_the_record_says(tmp_path: Path) -> None:
    item = record(
        1,
        package(PARSE, bench("BenchmarkScan", 1, (1.0, 2.0))),
        escapes=(site(PARSE, "f"), site(PARSE, "g", test=True)),
    )
    store = write(tmp_path, item)
    assert list(extracts(store)) == [extract(item)]
    assert read_extract(store.paths()[0]) is read_extract(store.paths()[0])
    store.write(replace(item, outcome=Outcome.PARTIAL), replace=True)
    assert read_extract(store.paths()[0]).outcome is Outcome.PARTIAL


@pytest.mark.parametrize(
    "spoil", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"no record"]
)
def test_a_damaged_record_is_named(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    store = write(tmp_path, record(1, package(PARSE)))
    path = store.paths()[0]
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(StoreError, match=path.name):
        read_extract(path)
    with pytest.warns(RecordWarning, match=path.name):
        assert rebuild(store).unchanged == ()


def test_a_record_of_a_newer_harness_is_refused(tmp_path: Path) -> None:
    store = write(tmp_path, replace(record(1), schema=99))
    with pytest.warns(RecordWarning, match="newer harness"):
        assert list(extracts(store)) == []
