"""Bytes in the cache that can be made again."""

from __future__ import annotations

import os
import time
from pathlib import Path

from harness.store.cache import FileCache

KEY, OTHER = "ab" * 32, "cd" * 32


def test_what_was_put_there_is_there(tmp_path: Path) -> None:
    FileCache(tmp_path / "m").put(KEY, b"data")
    cache = FileCache(tmp_path / "m")
    assert cache.get(KEY) == b"data"
    assert cache.get(OTHER) is None
    cache.put(KEY, b"more")
    assert cache.get(KEY) == b"more"
    assert [p.name for p in tmp_path.rglob("*") if p.is_file() and p.name != ".swept"] == [KEY]


def test_what_nobody_asked_for_in_a_month_goes_when_something_comes(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    cache.put(KEY, b"old")
    cache.put(OTHER, b"used")
    month = time.time() - 31 * 86_400
    for path in tmp_path.rglob("*"):
        if path.is_file():
            os.utime(path, (month, month))
    assert cache.get(OTHER) == b"used"
    FileCache(tmp_path).put("ef" * 32, b"new")
    assert cache.get(KEY) is None
    assert cache.get(OTHER) == b"used"


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = FileCache(tmp_path / "file")
    cache.put(KEY, b"data")
    assert cache.get(KEY) is None
