"""Two at once in one work tree."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from harness.engine.base.progress import Silent
from harness.engine.revision.worktrees import hold
from harness.errors import MeasurementError


class Told(Silent):
    """Sets an event when it is told something."""

    def __init__(self) -> None:
        self.waiting = threading.Event()

    def step(self, text: str) -> None:
        assert "another esv" in text
        self.waiting.set()


def test_the_second_waits_and_says_so(tmp_path: Path) -> None:
    path, told = tmp_path / "new" / "lock", Told()
    first = hold(path, Silent())
    later: list[bool] = []
    second = threading.Thread(target=lambda: later.append(hold(path, told).is_locked))
    second.start()
    assert told.waiting.wait(20)
    assert later == []
    first.release()
    second.join(20)
    assert later == [True]


def test_a_cache_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way\n", "utf-8")
    with pytest.raises(MeasurementError, match=r"cannot use the cache .*cache_dir"):
        hold(tmp_path / "file" / "lock", Silent())
