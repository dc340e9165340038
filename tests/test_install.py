"""How the package gets onto a machine: README's line, and what the Makefile locks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.ci.support import load
from tests.conftest import ROOT

_PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[\w.]+)(?P<marker> ; [^\\]+)? \\")
_PARSE = """
import sys
from pip._internal.req.constructors import install_req_from_line
made = install_req_from_line(sys.argv[1])
print(made.link.file_path, *made.extras, sep="\\n")
"""


@pytest.fixture(scope="module")
def stock_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the pip that comes with Python."""
    place = tmp_path_factory.mktemp("stock")
    venv.create(place, with_pip=True, symlinks=True)
    return place / "bin" / "python"


@pytest.mark.parametrize("pip", ["stock", "installed"])
def test_the_line_of_the_readme_is_one_that_pip_takes(
    tmp_path: Path, stock_python: Path, pip: str
) -> None:
    """pip 24.0 and older refuse ``name[extra] @ git+file:///…``."""
    readme = (ROOT / "README.md").read_text("utf-8")
    arguments = re.findall(r"'([^']*/where/you/cloned/this[^']*)'", readme)  # also of pipx and uv
    assert arguments
    clone = tmp_path / "a clone"
    clone.mkdir()
    shutil.copy(ROOT / "pyproject.toml", clone)
    for argument in set(arguments):
        done = subprocess.run(
            [
                stock_python if pip == "stock" else sys.executable,
                "-c",
                _PARSE,
                argument.replace("/where/you/cloned/this", str(clone)),
            ],
            capture_output=True,
            text=True,
            cwd=tmp_path,
        )
        assert done.stderr == ""
        assert done.stdout.splitlines() == [str(clone), "go"]


def test_everything_that_is_installed_is_locked() -> None:
    """``make lock`` after a change of the requirements."""
    text = (ROOT / "requirements.txt").read_text("utf-8")
    pins: dict[str, list[str]] = {}
    for block in re.split(r"\n(?=\w)", text.partition("#    make lock\n")[2]):
        found = _PIN.match(block)
        assert found is not None, block
        assert re.fullmatch(r"( +--hash=sha256:[0-9a-f]{64}( \\)?\n?)+", block[found.end() + 1 :])
        pins.setdefault(found["name"], []).append(found["version"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    wanted = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    wanted += [*extras["go"], *extras["dev"]]
    for requirement in map(Requirement, wanted):
        versions = pins[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(v) for v in versions), requirement


def test_the_lock_names_no_address() -> None:
    text = (ROOT / "requirements.txt").read_text("utf-8")
    assert not re.search(r"://|^-|--(?!hash=sha256:)", text, re.MULTILINE)


def test_make_installs_what_is_locked() -> None:
    installs = [line for line in commands("install") if " install " in line]
    assert [line.partition(" install ")[2] for line in installs] == [
        "--require-hashes -r requirements.txt",
        "--no-deps --no-build-isolation --editable .",
    ]


def test_the_newest_versions_have_a_job() -> None:
    job = load((ROOT / ".github" / "workflows" / "newest.yml").read_text("utf-8"))
    (target,) = [
        step["run"].removeprefix(".ci/run ")
        for step in job["jobs"]["newest"]["steps"]
        if step.get("run", "").startswith(".ci/run ")
    ]
    lines = commands(target)
    assert any("install --editable '.[go,dev]'" in line for line in lines)
    assert not any("requirements.txt" in line for line in lines)


def commands(target: str) -> list[str]:
    """What make runs for a target in a new clone; nothing is run."""
    outer = ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "MAKELEVEL")
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", "--no-print-directory", target],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k not in outer},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()
