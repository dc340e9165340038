"""The shell of the action and of the workflows, run with stubs, and once with the real harness."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.outputs.gate import markdown
from harness.outputs.gate.base import Failure, Surroundings
from tests.ci.support import Sandbox, scripts
from tests.e2e.support import git
from tests.outputs.gate.gates import full_report
from tests.outputs.gate.test_reports import check

SCRIPTS = scripts()
SETUP = SCRIPTS["action.yml Install Escape Velocity"]
GATE = SCRIPTS["action.yml Gate"]
COMMENT = SCRIPTS[".github/workflows/esv-comment.yml Write the comment, or bring it up to date"]
NIGHTLY = SCRIPTS[".github/workflows/esv-nightly.yml Measure what is new"]

# A gate that writes what it is asked for and ends as $STUB_CODE says.
ESV = """
for words in sys.argv[1:]:
    if words.startswith("--output="):
        Path(words.removeprefix("--output=")).write_text("esv gate: FAIL\\n::error::not mine\\n")
    elif "=" in words and words.split("=")[0] in ("markdown", "json", "sarif", "junit", "github"):
        name, file = words.split("=", 1)
        Path(file).write_text("::error file=a.go::mine\\n" if name == "github" else name)
sys.exit(int(os.environ.get("STUB_CODE", "0")))
"""
# `python -m venv DIR` makes the same stub there; anything else is only noted.
PYTHON = """
if sys.argv[1:3] == ["-m", "venv"]:
    directory = Path(sys.argv[3]) / "bin"
    directory.mkdir(parents=True)
    (directory / "python").write_bytes(Path(__file__).read_bytes())
    (directory / "python").chmod(0o755)
    stub = os.environ.get("STUB_ESV")
    if stub:
        (directory / "esv").write_bytes(Path(stub).read_bytes())
        (directory / "esv").chmod(0o755)
"""


@pytest.fixture
def box(tmp_path: Path) -> Sandbox:
    root = tmp_path / "box"
    root.mkdir()
    return Sandbox(root)


# Installing


def test_the_harness_is_installed_from_the_action(box: Sandbox) -> None:
    python = box.stub("python3", PYTHON)
    done = box.run(SETUP, ESV_PYTHON=str(python))
    assert (done.returncode, done.stderr) == (0, "")
    venv, pip = box.calls()
    assert venv[1:] == ["-m", "venv", str(box.temp / "esv-venv")]
    assert pip[-1] == f"{box.root}/action[go]"
    assert box.outputs() == {
        "esv": f"{box.temp}/esv-venv/bin/esv",
        "reports": f"{box.temp}/esv-gate",
        "cache": f"{box.home}/.cache/escape-velocity",
    }
    # asv must be able to read it.
    machine = json.loads((box.home / ".asv-machine.json").read_text("utf-8"))
    assert machine == {"github-Linux-X64": {"machine": "github-Linux-X64"}, "version": 1}


def test_a_machine_that_has_a_name_keeps_it(box: Sandbox) -> None:
    (box.home / ".asv-machine.json").write_text("{}", "utf-8")
    box.stub("python3", PYTHON)
    assert box.run(SETUP, ESV_PYTHON="python3").returncode == 0
    assert (box.home / ".asv-machine.json").read_text("utf-8") == "{}"


def test_an_installation_that_fails_ends_the_step(box: Sandbox) -> None:
    python = box.stub("python3", 'sys.exit("no venv here")\n')
    done = box.run(SETUP, ESV_PYTHON=str(python))
    assert done.returncode == 1
    assert box.outputs() == {}


# The gate


def gate(box: Sandbox, code: int = 0, **variables: str) -> tuple[int, str, list[str]]:
    """Exit code, log and arguments of the step."""
    esv = box.stub("esv", ESV)
    reports = box.temp / "esv-gate"
    reports.mkdir(exist_ok=True)
    done = box.run(
        GATE,
        **{
            "ESV": str(esv),
            "ESV_REPORTS": str(reports),
            "ESV_BASE": "",
            "ESV_HEAD": "HEAD",
            "ESV_GO": "",
            "ESV_ARGS": "",
            "STUB_CODE": str(code),
            **variables,
        },
    )
    assert done.stderr == ""
    return done.returncode, done.stdout, box.calls()[-1][1:]


def history(box: Sandbox, *, merge: bool) -> None:
    """A repository whose head is a merge, or is not."""
    git(box.work, "init", "--quiet", "--initial-branch=main")
    git(box.work, "commit", "--quiet", "--allow-empty", "-m", "first")
    git(box.work, "checkout", "--quiet", "-b", "feature")
    git(box.work, "commit", "--quiet", "--allow-empty", "-m", "second")
    if merge:
        git(box.work, "checkout", "--quiet", "main")
        git(box.work, "merge", "--quiet", "--no-ff", "-m", "merged", "feature")


@pytest.mark.parametrize(
    ("code", "verdict"), [(0, "pass"), (1, "fail"), (2, "error"), (3, "unfit"), (130, "error")]
)
def test_the_exit_code_is_the_verdict(box: Sandbox, code: int, verdict: str) -> None:
    history(box, merge=True)
    assert gate(box, code)[0] == code
    assert box.outputs() == {"verdict": verdict, "exit-code": str(code)}


def test_all_reports_come_from_one_run(box: Sandbox) -> None:
    history(box, merge=True)
    gate(box)
    assert len(box.calls()) == 1
    found = {p.name: p.read_text("utf-8") for p in (box.temp / "esv-gate").iterdir()}
    assert set(found) == {"gate.txt", "gate.md", "gate.json", "gate.sarif", "gate.xml"}
    assert (found["gate.sarif"], found["gate.xml"]) == ("sarif", "junit")


def test_only_our_own_commands_reach_the_runner(box: Sandbox) -> None:
    history(box, merge=True)
    lines = gate(box)[1].splitlines()
    assert lines[0].startswith("::stop-commands::")
    token = lines[0].removeprefix("::stop-commands::")
    assert len(token) == 32
    assert lines[1:] == [
        "esv gate: FAIL", "::error::not mine", f"::{token}::", "::error file=a.go::mine",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("merge", "event", "given", "base"),
    [
        (True, "pull_request", "", "--base=HEAD^1"),
        (False, "pull_request", "", None),
        (False, "push", "", "--base=HEAD^1"),
        (True, "pull_request", "v1.2.0", "--base=v1.2.0"),
    ],
)
def test_the_base(box: Sandbox, merge: bool, event: str, given: str, base: str | None) -> None:
    history(box, merge=merge)
    arguments = gate(box, ESV_BASE=given, GITHUB_EVENT_NAME=event)[2]
    assert next((a for a in arguments if a.startswith("--base")), None) == base


def test_arguments_are_taken_as_they_are(box: Sandbox) -> None:
    history(box, merge=True)
    evil = "$(touch owned) `touch owned`; touch owned #"
    arguments = gate(
        box, ESV_ARGS=f"--time\n\n--bench=A|B $x\n--packages={evil}", ESV_HEAD=evil, ESV_GO="1.27"
    )[2]
    assert arguments[-4:] == ["--go=1.27", "--time", "--bench=A|B $x", f"--packages={evil}"]
    assert f"--head={evil}" in arguments
    assert not (box.work / "owned").exists()


def test_the_step_with_the_real_harness(
    box: Sandbox, tmp_path: Path, environment: dict[str, str], _small_repo: Path
) -> None:
    """On a merge commit, two commits deep, as a runner checks a pull request out."""
    origin = tmp_path / "origin"
    shutil.copytree(_small_repo, origin)
    git(origin, "checkout", "--quiet", "-b", "feature", "HEAD~1")
    git(origin, "checkout", "--quiet", "-B", "base", "HEAD~1")
    git(origin, "merge", "--quiet", "--no-ff", "-m", "merged", "feature")
    shutil.rmtree(box.work)
    git(tmp_path, "clone", "--quiet", "--depth=2", f"file://{origin}", str(box.work))
    (box.work / "asv.conf.json").write_text(
        json.dumps(
            {
                "version": 1, "project": "small", "repo": ".", "branches": ["base"],
                "environment_type": "go", "results_dir": str(tmp_path / "results"),
                "html_dir": str(tmp_path / "html"), "env_dir": str(tmp_path / "env"),
            }
        ),
        "utf-8",
    )  # fmt: skip
    esv = box.root / "bin" / "esv"
    esv.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m harness "$@"\n', "utf-8")
    esv.chmod(0o755)
    reports = box.temp / "esv-gate"
    reports.mkdir()
    done = box.run(
        GATE,
        **{
            **environment,
            "ESV": str(esv), "ESV_REPORTS": str(reports), "ESV_BASE": "", "ESV_HEAD": "HEAD",
            "ESV_GO": "", "ESV_ARGS": "--quiet",
            "GITHUB_SERVER_URL": "https://github.example",
        },
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert box.outputs()["verdict"] == "fail"
    error = next(x for x in done.stdout.splitlines() if x.startswith("::error "))
    assert error.startswith("::error file=keep/keep.go,line=9,")
    assert "BenchmarkKeep: 0 → 1 allocs/op" in error
    texts = {p.name: p.read_text("utf-8") for p in reports.iterdir()}
    assert set(texts) == {"gate.txt", "gate.md", "gate.json", "gate.sarif", "gate.xml"}
    for file, name in (("gate.sarif", "sarif"), ("gate.xml", "junit"), ("gate.json", "json")):
        check(name, texts[file])
    assert texts["gate.txt"].startswith("esv gate: FAIL\n")
    assert texts["gate.md"].startswith(markdown.MARKER)
    assert "moved to heap&#58; n" in texts["gate.md"]
    assert "func Keep&#40;n int&#41; &#123;" in texts["gate.md"]
    assert 'href="https&#58;//github.example/owner/project/blob/' in texts["gate.md"]
    summary = (box.root / "summary").read_text("utf-8")
    assert summary == texts["gate.md"]


# The comment

GH = """
import jq
arguments = sys.argv[1:]
world = json.loads(Path(os.environ["STUB_WORLD"]).read_text())
path = next(a for a in arguments if a.startswith("repos/"))
method = arguments[arguments.index("--method") + 1] if "--method" in arguments else "GET"
if method == "GET":
    program = arguments[arguments.index("--jq") + 1]
    found = world["pulls"] if path.endswith("/pulls") else world["comments"]
    for line in jq.compile(program).input_value(found).all():
        print(line)
"""
REPORT = markdown.failure(Failure("no such revision"))
SHA = "a" * 40


def comment(
    box: Sandbox, *, pulls: Sequence[object] | None = None, comments: Sequence[object] = ()
) -> str:
    """Run the step; the log."""
    box.stub("gh", GH)
    world = box.root / "world.json"
    pulls = [{"number": 7, "head": {"sha": SHA}}] if pulls is None else pulls
    world.write_text(json.dumps({"pulls": pulls, "comments": list(comments)}), "utf-8")
    done = box.run(
        COMMENT,
        GH_TOKEN="t",
        HEAD_OWNER="fork",
        HEAD_BRANCH="x&state=closed #1",
        HEAD_SHA=SHA,
        MARKER=markdown.MARKER,
        STUB_WORLD=str(world),
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def leave(box: Sandbox, text: str = REPORT) -> Path:
    """The artifact of the gate."""
    file = box.temp / "esv-gate" / "gate.md"
    file.parent.mkdir()
    file.write_text(text, "utf-8")
    return file


def written(number: int, body: str = REPORT, login: str = "github-actions[bot]") -> object:
    return {"id": number, "body": body, "user": {"login": login}}


def test_the_first_time_a_comment_is_made(box: Sandbox) -> None:
    file = leave(box)
    assert comment(box, comments=[written(1, "hello"), written(2, login="mallory")]) == ""
    pulls, _, post = box.calls()
    # What the branch is called goes through the client's own encoding.
    assert "head=fork:x&state=closed #1" in pulls
    assert post[1:] == [
        "api", "--silent", "--method", "POST", "repos/owner/project/issues/7/comments",
        "-F", f"body=@{file}",
    ]  # fmt: skip


def test_from_then_on_it_is_brought_up_to_date(box: Sandbox) -> None:
    leave(box, markdown.report(full_report(), Surroundings()))
    comment(box, comments=[written(1, "hello"), written(5), written(6)])
    patch = box.calls()[-1]
    assert patch[3:6] == ["--method", "PATCH", "repos/owner/project/issues/comments/5"]


@pytest.mark.parametrize(
    "pulls", [[], [{"number": 9, "head": {"sha": "b" * 40}}]], ids=["closed", "moved on"]
)
def test_without_a_pull_request_at_that_head_nothing_is_written(
    box: Sandbox, pulls: Sequence[object]
) -> None:
    leave(box)
    assert "no open pull request has the head" in comment(box, pulls=pulls)
    assert len(box.calls()) == 1


@pytest.mark.parametrize("text", ["hello\n", "", REPORT + "x" * 65_536])
def test_what_is_no_report_is_not_posted(box: Sandbox, text: str) -> None:
    leave(box, text)
    assert comment(box) == "there is no report to post\n"
    assert box.calls() == []


def test_a_link_in_the_artifact_is_not_followed(box: Sandbox) -> None:
    secret = box.root / "secret"
    secret.write_text(REPORT, "utf-8")
    file = leave(box)
    file.unlink()
    file.symlink_to(secret)
    assert comment(box) == "there is no report to post\n"


def test_without_an_artifact_there_is_nothing_to_do(box: Sandbox) -> None:
    assert comment(box) == "there is no report to post\n"


# The nightly job, and GitLab


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_nightly_job_ends_as_esv_does(box: Sandbox, code: int) -> None:
    box.stub("python3", PYTHON)
    esv = box.stub(
        "esv-nightly",
        'Path(sys.argv[sys.argv.index("--output") + 1]).write_text("# new steps\\n")\n'
        'sys.exit(int(os.environ["STUB_CODE"]))\n',
    )
    done = box.run(
        NIGHTLY, STUB_ESV=str(esv), STUB_CODE=str(code), ESV_SOURCE="git+https://git.example/esv"
    )
    assert (done.returncode, done.stderr) == (code, "")
    assert (box.root / "summary").read_text("utf-8") == "# new steps\n"
    calls = box.calls()
    assert calls[1][-1] == "escape-velocity[go] @ git+https://git.example/esv"
    assert calls[2][1] == "nightly"


def test_the_job_at_gitlab(box: Sandbox) -> None:
    box.stub("python", PYTHON)
    esv = box.stub("esv", "sys.exit(1)\n")
    done = box.run(
        SCRIPTS[".gitlab-ci.yml"],
        STUB_ESV=str(esv),
        ESV_SOURCE="git+https://git.example/esv",
        CI_MERGE_REQUEST_DIFF_BASE_SHA=SHA,
    )
    assert done.returncode == 1
    arguments = box.calls()[-1]
    assert arguments[:4] == ["esv", "gate", "--no-progress", "--base"]
    assert "gitlab=gl-code-quality.json" in arguments
    assert json.loads((box.home / ".asv-machine.json").read_text("utf-8"))["version"] == 1
