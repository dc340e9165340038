"""The shell of the action and of the documented workflows, taken out and run."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT

_BLOCK = re.compile(r"^```yaml (?P<name>\S+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
# A tool that comes with a package of the environment that the tests run in.
SCRIPTS = Path(sysconfig.get_path("scripts"))

Yaml = dict[str, Any]


def examples() -> dict[str, str]:
    """The files of ``docs/ci.md``, by the name that each has in a project."""
    text = (ROOT / "docs" / "ci.md").read_text("utf-8")
    return {match["name"]: match["text"] for match in _BLOCK.finditer(text)}


def workflows() -> dict[str, str]:
    """The workflows of ``docs/ci.md`` and those of this repository, by name."""
    own = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    documented = {n: text for n, text in examples().items() if n.startswith(".github/workflows/")}
    return {**documented, **{f"own {path.name}": path.read_text("utf-8") for path in own}}


def load(text: str) -> Any:
    """YAML in which ``on`` is a word, as the hosts read it."""
    return yaml.load(text, Loader=_Loader)


class _Loader(yaml.SafeLoader):
    """``on: push`` is a key and no truth value in YAML 1.2."""


_Loader.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool"]
    for sign, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def action() -> Yaml:
    """``action.yml``."""
    loaded: Yaml = load((ROOT / "action.yml").read_text("utf-8"))
    return loaded


def scripts() -> dict[str, str]:
    """Every piece of shell, by where it stands."""
    found = {
        f"action.yml {step['name']}": step["run"]
        for step in action()["runs"]["steps"]
        if "run" in step
    }
    for name, text in examples().items():
        for job in (load(text).get("jobs") or {}).values():
            for step in job["steps"]:
                if "run" in step:
                    found[f"{name} {step['name']}"] = step["run"]
        if name == ".gitlab-ci.yml":
            found[name] = "set -eu\n" + "\n".join(load(text)["esv-gate"]["script"]) + "\n"
    return found


@dataclass
class Sandbox:
    """A directory in which a step runs with stubs and stub variables."""

    root: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("bin", "home", "temp", "work", "action"):
            (self.root / name).mkdir()
        self.variables = {
            "PATH": os.pathsep.join([str(self.root / "bin"), "/usr/bin", "/bin"]),
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "RUNNER_TEMP": str(self.temp),
            "RUNNER_OS": "Linux",
            "RUNNER_ARCH": "X64",
            "GITHUB_OUTPUT": str(self.root / "output"),
            "GITHUB_STEP_SUMMARY": str(self.root / "summary"),
            "GITHUB_ACTION_PATH": str(self.root / "action"),
            "GITHUB_REPOSITORY": "owner/project",
            "GITHUB_EVENT_NAME": "pull_request",
            **self.variables,
        }

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def temp(self) -> Path:
        return self.root / "temp"

    @property
    def work(self) -> Path:
        return self.root / "work"

    def stub(self, name: str, python: str, directory: Path | None = None) -> Path:
        """A program in Python; it appends its arguments, a line each call, to ``calls``."""
        path = (directory or self.root / "bin") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            # For shell and Python alike: a #! line with a blank in its path finds no program.
            f"#!/bin/sh\n'''exec' \"{sys.executable}\" \"$0\" \"$@\"\n' '''\n"
            "import json, os, sys\nfrom pathlib import Path\n"
            f"with open({str(self.root / 'calls')!r}, 'a') as stream:\n"
            f"    print(json.dumps([{name!r}, *sys.argv[1:]]), file=stream)\n{python}",
            "utf-8",
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def calls(self) -> list[list[str]]:
        """Program and arguments of every call of a stub."""
        file = self.root / "calls"
        return (
            [json.loads(x) for x in file.read_text("utf-8").splitlines()] if file.exists() else []
        )

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a step as the runner does: ``bash --noprofile --norc -eo pipefail FILE``."""
        file = self.root / "step.sh"
        file.write_text(script, "utf-8")
        return subprocess.run(
            ["/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)],
            cwd=self.work,
            env={**self.variables, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    def outputs(self) -> dict[str, str]:
        """What the step has written to ``$GITHUB_OUTPUT``."""
        file = self.root / "output"
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        return dict(line.split("=", 1) for line in lines)


def tool(name: str) -> str | None:
    """A program of the test environment."""
    return shutil.which(name, path=str(SCRIPTS)) or shutil.which(name)
