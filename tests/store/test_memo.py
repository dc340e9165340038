"""Bytes in the cache that can be made again."""

from __future__ import annotations

import os
import time
from pathlib import Path

from harness.store.memo import FileMemo

KEY, OTHER = "ab" * 32, "cd" * 32


def test_what_was_put_there_is_there(tmp_path: Path) -> None:
    FileMemo(tmp_path / "m").put(KEY, b"data")
    memo = FileMemo(tmp_path / "m")
    assert memo.get(KEY) == b"data"
    assert memo.get(OTHER) is None
    memo.put(KEY, b"more")
    assert memo.get(KEY) == b"more"
    assert [p.name for p in tmp_path.rglob("*") if p.is_file() and p.name != ".swept"] == [KEY]


def test_what_nobody_asked_for_in_a_month_goes_when_something_comes(tmp_path: Path) -> None:
    memo = FileMemo(tmp_path)
    memo.put(KEY, b"old")
    memo.put(OTHER, b"used")
    month = time.time() - 31 * 86_400
    for path in tmp_path.rglob("*"):
        if path.is_file():
            os.utime(path, (month, month))
    assert memo.get(OTHER) == b"used"
    FileMemo(tmp_path).put("ef" * 32, b"new")
    assert memo.get(KEY) is None
    assert memo.get(OTHER) == b"used"


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    memo = FileMemo(tmp_path / "file")
    memo.put(KEY, b"data")
    assert memo.get(KEY) is None
