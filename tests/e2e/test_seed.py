"""The programs that the project started from: what ``esv show --gcflags`` prints of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.toolchain import Go
from tests.e2e.support import ROOT, Json, Project, git, plain_go, truth, untouched

TRUTH = truth("seed")
CASES = [(c, flags) for c in TRUTH["commits"] for flags in c["diagnostics"]]
each_case = pytest.mark.parametrize(
    ("entry", "flags"), CASES, ids=[f"{c['index']} {flags}" for c, flags in CASES]
)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("repos")
    build = [sys.executable, str(ROOT / "go_fixtures" / "build.py"), "seed", "--into", str(target)]
    subprocess.run(build, check=True, capture_output=True)
    return target / "seed"


@pytest.fixture(scope="module")
def seed(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str], repo: Path
) -> Project:
    project = Project(tmp_path_factory.mktemp("seed"), repo, environment)
    project.configure()
    return project


def lines_of(entry: Json, flags: str) -> list[str]:
    return [
        f"{d['file']}:{d['line']}:{d['column']}: {d['message']}"
        for d in entry["diagnostics"][flags]
    ]


def plain(go: Go, repo: Path, tmp_path: Path, revision: str, flags: str) -> list[str]:
    """What a plain ``go build`` prints, without its header and without ``./``."""
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(repo), str(clone))
    git(clone, "checkout", "--quiet", "--detach", revision)
    arguments = ("build", "-o", str(tmp_path / "out"), f"-gcflags={flags}", "./...")
    text = plain_go(go.goroot / "bin" / "go", go.build_cache, clone, *arguments)
    return [x.removeprefix("./") for x in text.splitlines() if not x.startswith("# ")]


@each_case
def test_show_prints_the_lines_of_the_compiler(
    seed: Project, go: Go, tmp_path: Path, entry: Json, flags: str
) -> None:
    with untouched(seed.repo):
        run = seed.esv("show", entry["revision"], "--gcflags", flags)
    assert (run.code, run.err) == (0, "")
    assert run.out.splitlines() == lines_of(entry, flags)
    assert run.out.splitlines() == plain(go, seed.repo, tmp_path, entry["revision"], flags)


@each_case
def test_show_as_json(seed: Project, entry: Json, flags: str) -> None:
    run = seed.esv("show", entry["revision"], f"--gcflags={flags}", "--format", "json")
    assert run.code == 0
    found = [
        {
            "file": d["position"]["file"],
            "line": d["position"]["line"],
            "column": d["position"]["column"],
            "message": d["text"],
        }
        for d in json.loads(run.out)
    ]
    assert found == entry["diagnostics"][flags]


def test_the_three_programs(seed: Project) -> None:
    """The truth file itself says what it is for."""
    first, second = TRUTH["commits"]
    messages = {
        (c["index"], flags): [d["message"] for d in c["diagnostics"][flags]] for c, flags in CASES
    }
    assert messages[1, "-m -l"] == ["moved to heap: t"]
    assert messages[2, "-m -l"] == [
        "moved to heap: t",
        "... argument does not escape",
        "*s escapes to heap",
    ]
    assert messages[2, "-m"] == [
        "can inline foo",
        "inlining call to foo",
        "inlining call to fmt.Println",
        *messages[2, "-m -l"],
    ]
    assert seed.esv("show", "HEAD~1", "--gcflags=-m -l").out == "main.go:4:2: moved to heap: t\n"
    assert first["kind"] == "initial"
    assert second["revision"] == TRUTH["head"]


@pytest.mark.parametrize("index", [1, 2])
def test_assembly_shows_the_allocation(seed: Project, go: Go, tmp_path: Path, index: int) -> None:
    entry = TRUTH["commits"][index - 1]
    run = seed.esv("show", entry["revision"], "--gcflags", "-S -l")
    assert (run.code, run.err) == (0, "")
    assert calls_of(run.out.splitlines(), "main.foo") == entry["assembly"]["calls"]
    text = plain(go, seed.repo, tmp_path, entry["revision"], "-S -l")
    assert calls_of(text, "main.foo") == entry["assembly"]["calls"]


def calls_of(lines: list[str], function: str) -> list[str]:
    """What a function calls in a listing of ``-S``, stack growth left out."""
    inside, calls = False, []
    for line in lines:
        if " STEXT " in line:
            inside = line.startswith(f"{function} ")
        elif inside and "\tCALL\t" in line:
            calls.append(line.partition("\tCALL\t")[2].removesuffix("(SB)"))
    return [c for c in calls if not c.startswith("runtime.morestack")]


def test_a_flag_that_the_compiler_refuses(seed: Project) -> None:
    message = seed.esv("show", "HEAD", "--gcflags", "-nonsense").refused("show")
    assert "-nonsense" in message
    assert seed.esv("show", "HEAD", "--gcflags=-m", "--go", "1.99.0").code == 2


def test_views_are_compared(seed: Project) -> None:
    """Of one revision without and with ``-l``, and of two revisions."""
    run = seed.esv("compare", "HEAD", "--gcflags=-m", "--gcflags", "-m -l", "--format", "json")
    assert run.code == 0, run.err
    found = json.loads(run.out)
    assert (found["base"]["gcflags"], found["head"]["gcflags"]) == ("-m", "-m -l")
    assert found["base"]["revision"] == found["head"]["revision"] == TRUTH["head"]
    assert found["new"] == {}
    assert {k: [d["text"] for d in v] for k, v in found["gone"].items()} == {
        "inlining": ["can inline foo", "inlining call to foo", "inlining call to fmt.Println"]
    }
    text = seed.esv("compare", "HEAD~1", "HEAD", "--gcflags=-m -l").out
    assert "on the heap: 1 only at head, 0 only at base\n  + main.go:" in text
    assert "*s escapes to heap" in text
    assert "moved to heap: t" not in text
    same = seed.esv("compare", "HEAD", "HEAD", "--gcflags=-m").out
    assert "no difference: 6 lines on both sides" in same


@pytest.mark.parametrize(
    "arguments",
    [("HEAD",), ("HEAD", "--gcflags=-m"), ("HEAD", "HEAD~1", "--gcflags=-S"),
     ("HEAD", "HEAD", "--gcflags=-m", "--gcflags=-l", "--gcflags=-N")],
)  # fmt: skip
def test_what_cannot_be_compared(seed: Project, arguments: tuple[str, ...]) -> None:
    seed.esv("compare", *arguments).refused("compare")
