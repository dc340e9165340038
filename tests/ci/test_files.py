"""Action, workflows and hooks: valid, and their shell without a complaint of the linters."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import jsonschema
import pytest

from harness.cli.main import parse
from harness.cli.options import GateOptions
from harness.toolchain import Go
from tests.ci.support import action, examples, load, scripts, tool, workflows
from tests.conftest import ROOT
from tests.public_schemas import (
    GITHUB_ACTION,
    GITHUB_ISSUE_FORM,
    GITHUB_WORKFLOW,
    GITLAB_CI,
    PRE_COMMIT,
    public_schema,
)

ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
WORKFLOWS = workflows()
HOOKS = ROOT / ".pre-commit-hooks.yaml"
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def test_everything_that_is_promised_is_there() -> None:
    assert set(examples()) == {
        ".github/workflows/esv-gate.yml",
        ".github/workflows/esv-comment.yml",
        ".github/workflows/esv-nightly.yml",
        ".gitlab-ci.yml",
        ".pre-commit-config.yaml",
    }


def test_the_action_is_valid() -> None:
    jsonschema.Draft7Validator(public_schema(GITHUB_ACTION)).validate(action())


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_is_valid(name: str) -> None:
    jsonschema.Draft7Validator(public_schema(GITHUB_WORKFLOW)).validate(load(WORKFLOWS[name]))


@pytest.mark.parametrize("name", ["bug", "change"])
def test_an_issue_form_is_valid(name: str) -> None:
    form = (ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml").read_text("utf-8")
    jsonschema.Draft7Validator(public_schema(GITHUB_ISSUE_FORM)).validate(load(form))


def test_the_job_at_gitlab_is_valid() -> None:
    schema = jsonschema.Draft7Validator(public_schema(GITLAB_CI))
    schema.validate(load(examples()[".gitlab-ci.yml"]))


def test_the_hooks_are_those_of_the_example() -> None:
    config = load(examples()[".pre-commit-config.yaml"])
    jsonschema.Draft7Validator(public_schema(PRE_COMMIT)).validate(config)
    hooks = {hook["id"]: hook for hook in load(HOOKS.read_text("utf-8"))}
    assert {h["id"] for h in config["repos"][0]["hooks"]} <= set(hooks)
    for hook in hooks.values():
        program, *arguments = hook["entry"].split()
        assert program == "esv"
        verb, options = parse(arguments)
        assert verb == "gate"
        assert isinstance(options, GateOptions)
        assert options.compile_only


@pytest.mark.parametrize("name", scripts())
def test_no_expression_is_pasted_into_shell(name: str) -> None:
    """``${{ … }}`` in a script would run whatever a branch is called."""
    assert "${{" not in scripts()[name]


@pytest.mark.parametrize("name", scripts())
def test_shellcheck(name: str, tmp_path: Path) -> None:
    program = tool("shellcheck")
    assert program is not None
    file = tmp_path / "step.sh"
    file.write_text(scripts()[name], "utf-8")
    shell = "sh" if name == ".gitlab-ci.yml" else "bash"
    done = subprocess.run(
        [
            program,
            f"--shell={shell}",
            "--enable=all",
            "--exclude=SC2154,SC2250,SC2292,SC2312",
            str(file),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_who_may_write_does_not_run_the_code_of_a_fork(name: str) -> None:
    workflow = load(WORKFLOWS[name])
    permissions = [
        workflow["permissions"],
        *(j.get("permissions", {}) for j in workflow["jobs"].values()),
    ]
    writes = any("write" in granted.values() for granted in permissions)
    events = set(workflow["on"])
    assert "pull_request_target" not in events
    if writes:
        assert "pull_request" not in events
    if "workflow_run" in events:
        uses = [s.get("uses", "") for j in workflow["jobs"].values() for s in j["steps"]]
        assert not any("checkout" in u for u in uses)


def test_the_comment_follows_the_gate() -> None:
    comment = load(examples()[".github/workflows/esv-comment.yml"])
    gate = load(examples()[".github/workflows/esv-gate.yml"])
    assert comment["on"]["workflow_run"]["workflows"] == [gate["name"]]
    (download,) = [
        s for s in comment["jobs"]["comment"]["steps"] if "download-artifact" in s.get("uses", "")
    ]
    assert download["with"]["name"] == action()["inputs"]["artifact"]["default"]


def test_a_release_finds_its_section_of_the_changelog(tmp_path: Path) -> None:
    steps = load(WORKFLOWS["own release.yml"])["jobs"]["release"]["steps"]
    check = next(s["run"] for s in steps if "changelog" in s.get("name", ""))
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    for tag, code in ((version, 0), (f"{version}1", 1)):
        done = subprocess.run(
            ["bash", "-c", check],
            cwd=ROOT,
            env={**os.environ, "GITHUB_REF_NAME": f"v{tag}", "RUNNER_TEMP": str(tmp_path)},
            check=False,
        )
        assert done.returncode == code
    notes = (tmp_path / "notes.md").read_text("utf-8")
    assert "### Added" in notes
    assert "\n## " not in notes


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_links_of_a_document_lead_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", document.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target, anchor in re.findall(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)", text):
        file = document.parent / target if target else document
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
            assert anchor in [_anchor(heading) for heading in headings], f"{target}#{anchor}"


def _anchor(heading: str) -> str:
    """The fragment that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.fixture(scope="session")
def actionlint(go: Go, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once from its module; it stays in the cache of the tests."""
    directory = go.build_cache.parent / "bin"
    program = directory / re.sub(r"\W+", "-", ACTIONLINT)
    if program.is_file():
        return program
    built = tmp_path_factory.mktemp("actionlint")
    done = subprocess.run(
        [str(go.binary), "install", ACTIONLINT],
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("GO") or k == "GOPROXY"},
            "GOBIN": str(built),
            "GOPATH": str(built / "path"),
            "GOCACHE": str(go.build_cache),
            # -trimpath: with the library that the harness's builds compile, too.
            "GOFLAGS": "-modcacherw -trimpath",
            "GOTOOLCHAIN": "local",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"actionlint cannot be built here: {done.stderr.strip().splitlines()[-1]}")
    directory.mkdir(parents=True, exist_ok=True)
    (built / "actionlint").replace(program)
    return program


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actionlint(name: str, actionlint: Path) -> None:
    done = subprocess.run(
        [str(actionlint), "-no-color", "-oneline", f"-shellcheck={tool('shellcheck')}", "-"],
        input=WORKFLOWS[name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
