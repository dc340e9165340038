"""This machine, as asv describes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from asv.machine import Machine as AsvMachine
from asv.machine import MachineCollection
from asv.util import UserError

from harness.errors import StoreError
from harness.model import Machine
from harness.store.asv.machine import defaults, machine

ENTRY = {"machine": "my box", "os": "L", "arch": "a", "cpu": "c", "num_cpu": "4", "ram": "1"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_machine_without_an_entry_has_asvs_defaults_and_writes_nothing(home: Path) -> None:
    assert defaults() == AsvMachine.get_defaults()
    assert machine() == Machine(**AsvMachine.get_defaults())
    assert machine("other").machine == "other"
    assert not list(home.iterdir())


def test_machine_takes_the_entry_of_asv(home: Path) -> None:
    text = json.dumps({"version": 1, "my box": ENTRY})
    (home / ".asv-machine.json").write_text(text, "utf-8")
    assert machine() == machine("my box") == Machine(**ENTRY)


@pytest.mark.parametrize(
    "known",
    [
        {"version": 1, "my box": ENTRY},
        {"version": 1, "my box": ENTRY, "other": {**ENTRY, "machine": "other"}},
        {"version": 1},
        {"version": 2, "my box": ENTRY},
        {"my box": ENTRY},
    ],
)
@pytest.mark.parametrize("name", ["my box", "other", None])
def test_the_entry_is_the_one_that_asv_takes(
    home: Path, known: dict[str, Any], name: str | None
) -> None:
    (home / ".asv-machine.json").write_text(json.dumps(known), "utf-8")
    wanted = name or AsvMachine.get_unique_machine_name()
    try:
        expected = MachineCollection.load(wanted)
    except UserError:
        expected = {**AsvMachine.get_defaults(), "machine": wanted}
    assert machine(name) == Machine(**expected)


def test_machine_stays_what_the_results_say(home: Path) -> None:
    saved = AsvMachine()
    vars(saved).update({**ENTRY, "machine": "box"})
    (home / "results" / "box").mkdir(parents=True)
    saved.save(str(home / "results"))
    assert machine("box", home / "results") == Machine(**{**ENTRY, "machine": "box"})
    assert machine("other", home / "results").machine == "other"


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_damaged_file_is_none(home: Path, text: str) -> None:
    (home / ".asv-machine.json").write_text(text, "utf-8")
    assert machine() == Machine(**AsvMachine.get_defaults())


def test_a_machine_name_that_leaves_the_directory_is_refused(home: Path) -> None:
    with pytest.raises(StoreError, match="cannot be a directory"):
        machine("../box")
