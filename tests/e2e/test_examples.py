"""What the documents show besides commands: a configuration, a policy, a program, figures."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import fields
from typing import get_args

from harness.config import GoSettings
from harness.policy.file import parse_policy
from harness.results import FrameName
from tests.conftest import ROOT
from tests.e2e.support import Project

DOCS = ROOT / "docs"


def blocks(document: str, language: str) -> list[str]:
    text = (DOCS / document).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_table_of_the_configuration_is_that_of_the_code() -> None:
    text = (DOCS / "configuration.md").read_text("utf-8")
    defaults = {f.name: f.default for f in fields(GoSettings)}
    documented: dict[str, str | None] = {}
    for row in re.findall(r"^\| (`.*?) \| (.*?) \|", text, re.MULTILINE):
        names, values = (re.findall("`([^`]+)`", cell) for cell in row)
        documented |= dict(zip(names, values, strict=True)) if values else dict.fromkeys(names)
    assert documented.keys() == defaults.keys()
    for name, shown in documented.items():
        default = defaults[name]
        if shown is not None and not shown.startswith("go."):
            value = json.loads(shown)
            assert (tuple(value) if isinstance(value, list) else value) == default, name
        else:
            assert default in ("", ()), name


def test_the_policy_of_the_document_is_one() -> None:
    (text,) = blocks("gate.md", "toml")
    policy = parse_policy(text, "gate.md")
    assert [w.owner for w in policy.waivers] == ["codec team"]


def test_the_program_of_the_document_runs(measured: Project) -> None:
    (text,) = blocks("frames.md", "python")
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=measured.directory, env=dict(measured.environment),
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "BenchmarkCount/size=long" in done.stdout


def test_the_frames_of_the_document_are_those_that_there_are() -> None:
    text = (DOCS / "frames.md").read_text("utf-8")
    assert set(re.findall(r"^\*\*`([a-z-]+)`\*\*", text, re.MULTILINE)) == set(get_args(FrameName))
