"""Reports of ``esv gate`` from the command line: several of one run, and without a verdict."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ci.support import load
from tests.conftest import ROOT
from tests.e2e.support import Project, git
from tests.outputs.test_reports import check

FILES = {
    "text": "gate.txt",
    "markdown": "gate.md",
    "json": "gate.json",
    "sarif": "gate.sarif",
    "github": "commands.txt",
    "junit": "gate.xml",
    "gitlab": "quality.json",
    "html": "gate.html",
}
EVERY = [part for name, file in FILES.items() for part in ("--report", f"{name}={file}")]
STEP = ("--base", "HEAD~2", "--head", "HEAD~1", "--quiet")


def at_github(project: Project) -> tuple[Project, Path]:
    """The project in a job of GitHub's, and the file of its summary."""
    summary = project.directory / "summary.md"
    summary.write_text("before\n", "utf-8")
    variables = {
        **project.environment,
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_REPOSITORY": "o/r",
    }
    return replace(project, environment=variables), summary


def test_all_formats_of_one_run(small: Project) -> None:
    project, summary = at_github(small)
    run = project.esv("gate", *STEP, *EVERY, "--format", "github")
    assert run.code == 1, run.err
    texts = {n: (small.directory / f).read_text("utf-8") for n, f in FILES.items()}
    for name, text in texts.items():
        check(name, text)
    assert run.out == texts["github"]
    assert "::error file=keep/keep.go,line=9,col=11,title=regression in allocs/op%3A " in run.out
    (result,) = [
        r for r in json.loads(texts["sarif"])["runs"][0]["results"] if r["ruleId"] == "threshold"
    ]
    (place,) = result["locations"]
    assert place["physicalLocation"]["region"]["snippet"]["text"] == "func Keep(n int) {"
    assert result["codeFlows"][0]["threadFlows"][0]["locations"][1:]
    assert "blob/" in texts["markdown"]
    assert summary.read_text("utf-8") == "before\n" + texts["markdown"]
    assert texts["text"].startswith("esv gate: FAIL\n")


def test_every_format_without_a_verdict(small: Project) -> None:
    project, summary = at_github(small)
    run = project.esv("gate", "--base", "no-such", "--quiet", *EVERY)
    assert run.code == 2
    assert run.out == ""
    assert len(run.err.splitlines()) == 1
    for name, file in FILES.items():
        text = (small.directory / file).read_text("utf-8")
        check(name, text)
        assert "no-such" in text
    assert "could not measure" in summary.read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--report", "yaml=x"], "'yaml=x' is not FORMAT=FILE with one of text, markdown, json"),
        (["--compile-only", "--time"], "there is nothing to --time"),
        (["--report", "sarif"], "'sarif' is not FORMAT=FILE"),
        (["--report", "sarif=x", "--report", "junit=./x"], "two reports go to"),
    ],
)
def test_a_slip_is_told_before_anything_is_measured(
    small: Project, arguments: list[str], said: str
) -> None:
    run = small.esv("gate", *STEP, *arguments)
    assert run.code == 2
    assert said in run.err
    assert not (small.directory / "x").exists()


def test_one_report_that_cannot_be_written_costs_no_other(small: Project) -> None:
    (small.directory / "taken").mkdir()
    run = small.esv("gate", *STEP, "--report", "sarif=taken", "--report", "junit=gate.xml")
    assert run.code == 2
    assert "taken is a directory" in run.err
    assert run.out.startswith("esv gate: FAIL\n")
    check("junit", (small.directory / "gate.xml").read_text("utf-8"))


def test_compile_only_sees_the_work_tree(small: Project) -> None:
    """What the hook before a commit runs; nothing is linked, run or recorded."""
    hooks = load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    (entry,) = [h["entry"] for h in hooks if h["id"] == "esv-escapes"]
    program, *hook = shlex.split(entry)
    assert program == "esv"
    git(small.repo, "checkout", "--quiet", "HEAD~2")
    clean = small.esv(*hook)
    assert (clean.code, clean.err) == (0, "")
    assert "compiled only: no benchmark was run\n" in clean.out
    file = small.repo / "keep" / "keep.go"
    text = (
        file.read_text("utf-8")
        .replace("last = n", "last = &n")
        .replace("var last int", "var last *int")
    )
    file.write_text(text, "utf-8")
    listed = small.esv(*hook)
    assert listed.code == 0
    assert "  + keep/keep.go:9:11: moved to heap: n in Keep\n" in listed.out
    (small.repo / "escape-velocity.toml").write_text('[escapes]\nnew = "forbid"\n', "utf-8")
    forbidden = small.esv(*hook, "--report", "github=-")
    assert forbidden.code == 1
    assert "::error file=keep/keep.go,line=9,col=11,title=new escape" in forbidden.out
    file.write_text(text + "}\n", "utf-8")
    broken = small.esv(*hook)
    assert broken.code == 2
    assert broken.out.startswith("esv gate: ERROR: could not measure, so no verdict\n")
    assert small.records() == {}
