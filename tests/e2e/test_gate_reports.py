"""Reports of ``esv gate`` from the command line: several of one run, and without a verdict."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ci.support import load
from tests.conftest import ROOT
from tests.e2e.support import Project, commit, git
from tests.outputs.gate.test_reports import check

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


BENCHMARK = """
func {name}(b *testing.B) {{
	for i := 0; i < b.N; i++ {{
		sink = {body}
	}}
}}
"""


def benchmarks(package: str, **bodies: str) -> str:
    """A test file with these benchmarks."""
    start = f'package {package}\n\nimport "testing"\n\nvar sink int\n'
    return start + "".join(BENCHMARK.format(name=n, body=b) for n, b in bodies.items())


LEAK_FREE = """package m

type P struct{ x, y int }

//go:noinline
func Sum(p *P) int { return p.x + p.y }

//go:noinline
func Work(i int) int {
	p := P{i, i}
	return Sum(&p)
}
"""
LEAK = LEAK_FREE.replace("type P", "var keep *P\n\ntype P").replace(
    "{ return p", "{ keep = p; return p"
)


@pytest.fixture
def dropped(tmp_path: Path, environment: dict[str, str]) -> Project:
    """A repository of which the newest commit leaks, and drops the benchmark that would tell."""
    repo = tmp_path / "repo"
    git(repo, "init", "--quiet", "--initial-branch=main", create=True)
    two = {"BenchmarkWork": "Work(i)", "BenchmarkOther": "i"}
    files = {"go.mod": "module example.com/m\n\ngo 1.24\n", "m.go": LEAK_FREE}
    commit(repo, "one", {**files, "m_test.go": benchmarks("m", **two)})
    tests = benchmarks("m", **two).replace("func BenchmarkWork", "func benchmarkWork")
    commit(repo, "two", {"m.go": LEAK, "m_test.go": tests})
    project = Project(tmp_path / "project", repo, environment)
    project.directory.mkdir()
    project.configure()
    return project


def test_a_benchmark_that_is_gone_fails_and_is_in_every_report(dropped: Project) -> None:
    gate = ("gate", "--base", "HEAD~1", "--quiet")
    run = dropped.esv(*gate, *EVERY)
    assert run.code == 1, run.err
    for name, file in FILES.items():
        text = (dropped.directory / file).read_text("utf-8")
        check(name, text)
        assert "BenchmarkWork" in text, name
    assert "no change in allocs/op or B/op of 1 benchmark; 1 gone\n" in run.out
    document = json.loads((dropped.directory / "gate.json").read_text("utf-8"))
    assert document["benchmarks"] == {
        "compared": 1,
        "gone": [
            {
                "package": "example.com/m",
                "benchmark": "BenchmarkWork",
                "reason": "no test file that the head builds declares it",
                "allocs": 0,
            }
        ],
        "added": [],
        "renamed": [],
    }
    (broken,) = document["policy"]["violations"]
    assert (broken["rule"], broken["file"], broken["line"]) == ("gone", "m_test.go", 7)
    compiled = dropped.esv(*gate, "--compile-only")
    assert compiled.code == 1
    assert "compiled only: no benchmark was run; 1 gone\n" in compiled.out
    waiver = '[[waivers]]\nbenchmark = "BenchmarkWork"\nowner = "o"\nreason = "r"\nexpires = {}\n'
    for policy, code, said in (
        ('gone = "report"\n', 0, "  gone: example.com/m.BenchmarkWork: "),
        (waiver.format("2999-01-01"), 0, "waived until 2999-01-01 by o: BenchmarkWork: "),
        (waiver.format("2020-01-01"), 1, "waiver of o for BenchmarkWork until 2020-01-01: expired"),
    ):
        (dropped.directory / "policy.toml").write_text(policy, "utf-8")
        judged = dropped.esv(*gate, "--policy", "policy.toml")
        assert (judged.code, said in judged.out) == (code, True), (policy, judged)
    explained = dropped.esv("gate", "--policy", "policy.toml", "--explain-policy", "--quiet")
    assert "benchmarks that are gone: fail\n" in explained.out


def test_every_way_in_which_a_benchmark_can_go_and_come(dropped: Project) -> None:
    """Of a renamed one the change is found; only what could be measured is gone or added."""
    sub = (
        "func BenchmarkSub(b *testing.B) {{\n\tfor _, n := range []string{{{}}} {{\n"
        "\t\tb.Run(n, func(b *testing.B) {{}})\n\t}}\n}}\n"
    )
    tagged = benchmarks("m", BenchmarkTagged="2").replace("var sink int\n", "")
    repo = dropped.repo
    git(repo, "checkout", "--quiet", "-B", "main", "HEAD~1")
    commit(repo, "base", {
        "m_test.go": benchmarks("m", BenchmarkOld="Work(i)", BenchmarkGone="1", BenchmarkSkip="3"),
        "sub_test.go": 'package m\n\nimport "testing"\n\n' + sub.format('"a", "b"'),
        "tag_test.go": tagged,
        "q/q_test.go": benchmarks("q", BenchmarkQ="4"),
    })  # fmt: skip
    (repo / "q" / "q_test.go").unlink()
    head = benchmarks("m", BenchmarkSkip="3", BenchmarkNew="Work(i)", BenchmarkFresh="5")
    skip = "func BenchmarkSkip(b *testing.B) {\n"
    commit(repo, "head", {
        "m.go": LEAK,
        "m_test.go": head.replace(skip, f'{skip}\tb.Skip("later")\n'),
        "sub_test.go": 'package m\n\nimport "testing"\n\n' + sub.format('"a"'),
        "tag_test.go": f"//go:build never\n\n{tagged}",
    })  # fmt: skip
    run = dropped.esv("gate", "--base", "HEAD~1", "--quiet", "--format", "json")
    assert run.code == 1, run.err
    document = json.loads(run.out)
    found = document["benchmarks"]
    assert {b["benchmark"]: b["reason"] for b in found["gone"]} == {
        "BenchmarkGone": "no test file that the head builds declares it",
        "BenchmarkSkip": "the head declares it, and it gives no result there",
        "BenchmarkSub/b": "BenchmarkSub does not run it at the head",
        "BenchmarkTagged": "no test file that the head builds declares it",
        "BenchmarkQ": "the head does not have its package",
    }
    assert [b["benchmark"] for b in found["added"]] == ["BenchmarkFresh"]
    assert [(b["benchmark"], b["was"]["benchmark"]) for b in found["renamed"]] == [
        ("BenchmarkNew", "BenchmarkOld")
    ]
    assert found["compared"] == 2
    (change,) = [c for c in document["changes"] if c["unit"] == "allocs/op"]
    assert (change["benchmark"], change["base"], change["head"]) == ("BenchmarkNew", 0, 1)
    assert change["outcome"] == "escape"
    assert [(c["file"], c["line"], c["delta"]) for c in change["causes"]] == [("m.go", 12, 1)]
    # What was not asked for is out of the question.
    asked = dropped.esv(
        "gate", "--base", "HEAD~1", "--bench", "Sub/a", "--quiet", "--format", "json"
    )
    assert asked.code == 0, asked.out
    assert json.loads(asked.out)["benchmarks"] == {
        "compared": 1, "gone": [], "added": [], "renamed": [],
    }  # fmt: skip
