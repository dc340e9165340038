"""The contracts of import-linter cover what they claim, and find what they forbid."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import harness
from harness import outputs

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
CONTRACTS: dict[str, dict[str, Any]] = {c["name"]: c for c in SETTINGS["contracts"]}
FLOW = "One-way flow: revision, toolchain, diagnostics, measurement, record, analysis, outputs"
PURE = "Pure modules do no input or output"
INDEPENDENT = [name for name, c in CONTRACTS.items() if c["type"] == "independence"]
# What a report computes by itself: of the samples of one number, no records.
PRINTED_FROM_SAMPLES = {"spread"}


def module_names() -> Iterator[str]:
    yield from (m.name for m in pkgutil.walk_packages(harness.__path__, "harness."))


def parsed(name: str) -> ast.Module:
    path = ROOT.joinpath(*name.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text("utf-8"))


def test_what_says_that_it_is_pure_is_in_the_contract() -> None:
    covered = CONTRACTS[PURE]["source_modules"]
    says = {
        n
        for n in module_names()
        if re.search(r"\bpure\b", ast.get_docstring(parsed(n)) or "", re.I)
    }
    assert says
    assert {n for n in says if not any(f"{n}.".startswith(f"{c}.") for c in covered)} == set()


@pytest.mark.parametrize(
    ("file", "text", "broken"),
    [
        ("model/upward.py", "import harness.cli\n", FLOW),
        ("analysis/history/upward.py", "import harness.analysis.series.steps\n", "analysis: "),
        ("engine/base/upward.py", "import harness.engine.session\n", "engine: "),
        ("outputs/text/upward.py", "import harness.outputs.gate.words\n", "outputs: "),
        ("outputs/site/draw/upward.py", "import harness.outputs.site.shared\n", "site: "),
        ("unlayered.py", "", FLOW),
        ("analysis/unlayered.py", "", "analysis: "),
        ("analysis/compare/reading.py", "import os\n", PURE),
        ("outputs/gate/reading.py", "from pathlib import Path\n", PURE),
    ],
)
def test_violations_are_found(tmp_path: Path, file: str, text: str, broken: str) -> None:
    (name,) = [n for n in CONTRACTS if n.startswith(broken)]
    assert broken_with(tmp_path, file, text) >= {name}


@pytest.mark.parametrize("name", INDEPENDENT)
def test_one_module_importing_another_is_found(tmp_path: Path, name: str) -> None:
    """A format of the gate, and a page of the site."""
    listed: list[str] = CONTRACTS[name]["modules"]
    if listed[0].endswith(".*"):
        package = listed[0].removesuffix(".*")
        listed = sorted(n for n in module_names() if n.rpartition(".")[0] == package)
    file = listed[0].removeprefix("harness.").replace(".", "/") + ".py"
    assert broken_with(tmp_path, file, f"import {listed[1]}\n") >= {name}


def broken_with(directory: Path, file: str, text: str) -> set[str]:
    """The contracts that a copy of the package breaks with a text at the end of a file."""
    ignored = shutil.ignore_patterns("__pycache__", "static", "templates")
    shutil.copytree(ROOT / "harness", directory / "harness", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", directory)
    with (directory / "harness" / file).open("a", encoding="utf-8") as module:
        module.write(text)
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter], cwd=directory, capture_output=True, text=True, check=False)
    said = " ".join(done.stdout.split())
    assert done.returncode == 1, said
    return {name for name in CONTRACTS if f"{name} BROKEN" in said}


def test_reports_are_handed_what_they_print() -> None:
    """They import types and constants of the analysis, and no function of it."""
    calls = set()
    for module in pkgutil.walk_packages(outputs.__path__, "harness.outputs."):
        if not module.name.startswith(("harness.outputs.site", "harness.outputs.schemas")):
            for node in ast.walk(parsed(module.name)):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                    "harness.analysis"
                ):
                    source = importlib.import_module(node.module or "")
                    calls |= {
                        (module.name, a.name)
                        for a in node.names
                        if inspect.isfunction(getattr(source, a.name))
                    }
    assert {name for _, name in calls} == PRINTED_FROM_SAMPLES, calls
