"""The state of the nightly job on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.model.nightly import EnvironmentState, NightlyState, Reported
from harness.store.nightly import (
    encode_state,
    merge_states,
    read_state,
    state_path,
    write_state,
)


def test_it_comes_back(tmp_path: Path) -> None:
    path = state_path(tmp_path, "ci")
    assert read_state(path) == NightlyState()
    told = Reported("s", "regression", "a" * 40, "b" * 40, 5.5)
    state = NightlyState(environments={"go1": EnvironmentState(("c",), ("d",), (told,))})
    write_state(path, state)
    assert read_state(path) == state
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["nightly.state"]


def test_a_link_that_leads_nowhere_is_no_state(tmp_path: Path) -> None:
    path = tmp_path / "nightly.state"
    path.symlink_to(tmp_path / "gone")
    assert read_state(path) == NightlyState()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "damaged .*delete it"),
        ('{"environments": 3}', "damaged"),
        ('{"schema": "esv.nightly-state/9"}', "newer harness"),
    ],
)
def test_what_cannot_be_read_says_so(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "nightly.state"
    path.write_text(text, "utf-8")
    with pytest.raises(StoreError, match=says):
        read_state(path)


def test_the_same_state_has_the_same_bytes() -> None:
    told = [Reported(f"{n}", "regression", "a" * 40, "b" * 40, 5.5) for n in range(3)]
    one, two = (
        NightlyState(environments={"go1": EnvironmentState((), (), tuple(entries))})
        for entries in (told, told[::-1])
    )
    assert encode_state(one) == encode_state(two) == encode_state(merge_states(one, two))
