"""`esv nightly` on real repositories: what is new and nothing else, once, whatever happens."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import time
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from harness.outputs.schemas import load_schema
from harness.store.nightly import read_state, state_path
from tests.e2e.support import MACHINE, Json, Project, Run, command, commit, git, head, snapshot

VALIDATOR = jsonschema.Draft202012Validator(load_schema("nightly"))
ATOM = "{http://www.w3.org/2005/Atom}"
KEEP = """// Package keep keeps a number.
package keep

var last {type}

// Keep keeps n.
//
//go:noinline
func Keep(n int) {{
{body}}}
"""
VALUE = KEEP.format(body="\tlast = n\n", type="int")
BROKEN = "package keep\n\nvar x =\n"
POINTER = KEEP.format(body="\tlast = &n\n", type="*int")


@pytest.fixture
def upstream(small: Project) -> Path:
    """Where the measured clone is fetched from; its tip is at one allocation."""
    origin = small.repo.with_name("upstream")
    small.repo.rename(origin)
    git(small.repo.parent, "clone", "--quiet", str(origin), small.repo.name)
    return origin


def nightly(project: Project, *arguments: str, timeout: float = 600) -> Run:
    return project.esv("nightly", "--alloc-only", *arguments, timeout=timeout)


def report(run: Run) -> Json:
    found: Json = json.loads(run.out)
    assert found["schema"] == "esv.nightly/1"
    assert found["exit_code"] == run.code
    return found


WAIVER = """[[waivers]]
benchmark = "BenchmarkKeep"
unit = "allocs/op"
allow = 1
owner = "keepers"
reason = "kept on purpose"
expires = 2999-01-01
"""


def test_the_policy_of_the_newest_revision_counts(small: Project, upstream: Path) -> None:
    commit(upstream, "keep: by value", {"keep/keep.go": VALUE})
    assert nightly(small).code == 0
    files = {"keep/keep.go": POINTER, "escape-velocity.toml": WAIVER}
    worse = commit(upstream, "keep: by reference, waived", files)
    run = nightly(small, "--format", "json")
    found = report(run)
    assert run.code == 0, (run.out, run.err)
    VALIDATOR.validate(found)
    (step,) = (s for s in found["new"] if s["unit"] == "allocs/op")
    assert (step["revision"], step["delta"], step["fails"]) == (worse, 1, False)
    assert step["waived"]["reason"] == "kept on purpose"
    page = (small.directory / "html" / "regressions.html").read_text("utf-8")
    assert 'id="standing">Open <span class="count">0<' in page
    assert 'id="waived">Waived <span class="count">1<' in page
    assert "kept on purpose" in page
    said = small.esv("publish").out
    assert "left out: 1 regression waived by the policy" in said
    assert "by reference, waived" not in said
    # A policy that cannot be read is told; it is not the same as none.
    commit(upstream, "policy: a slip", {"escape-velocity.toml": "[budgets\n"})
    run = nightly(small)
    assert run.code == 2
    assert "escape-velocity.toml:1:9: " in run.out
    for name in ("index.html", "regressions.html"):
        page = (small.directory / "html" / name).read_text("utf-8")
        assert re.search(r"The policy could not be read, .*escape-velocity\.toml:1:9: ", page)


def test_a_step_on_a_branch_is_told_from_where_it_forked(small: Project, upstream: Path) -> None:
    small.configure(branches=["main", "v1"])
    git(upstream, "branch", "v1")
    first = nightly(small, "--format", "json")
    assert (first.code, report(first)["new"]) == (0, []), first.err
    git(upstream, "checkout", "--quiet", "v1")
    body = "\tlast = &n\n\tother = new([64]byte)\n"
    source = KEEP.format(body=body, type="*int") + "\nvar other *[64]byte\n"
    worse = commit(upstream, "keep: two references", {"keep/keep.go": source})
    git(upstream, "checkout", "--quiet", "main")
    commit(upstream, "README: once more", {"README.md": "# small\n"})
    run = nightly(small, "--format", "json")
    assert run.code == 1, (run.out, run.err)
    (step,) = (s for s in report(run)["new"] if s["unit"] == "allocs/op")
    assert (step["revision"], step["before"], step["after"]) == (worse, 1, 2)
    main = (small.directory / "html" / "index.html").read_text("utf-8")
    (own,) = (small.directory / "html" / "e").glob("*/index.html")
    assert (worse[:8] in main, worse[:8] in own.read_text("utf-8")) == (False, True)
    again = nightly(small, "--format", "json")
    assert (again.code, report(again)["new"]) == (0, [])


def test_nights_in_a_row(small: Project, upstream: Path, tmp_path: Path) -> None:
    first = nightly(small, "--format", "json")
    assert first.code == 0, (first.out, first.err)
    assert report(first)["new"] == [], "what was there before the first night is no news"
    assert len(report(first)["measured"]) == 4

    better = commit(upstream, "keep: by value", {"keep/keep.go": VALUE})
    broken = commit(upstream, "keep: does not compile", {"keep/keep.go": BROKEN})
    worse = commit(upstream, "keep: <b>by</b> | reference", {"keep/keep.go": POINTER})
    before = snapshot(small.repo)
    told = tmp_path / "told.json"
    second = nightly(small, "--format", "json", "--notify", f"cat > '{told}'; env >> '{told}.env'")
    found = report(second)
    assert second.code == 1, (second.out, second.err)
    assert {m["revision"]: m["outcome"] for m in found["measured"]}[broken] == "broken"
    counts = {s["direction"]: s for s in found["new"] if s["unit"] == "allocs/op"}
    assert {d: s["revision"] for d, s in counts.items()} == {
        "improvement": better, "regression": worse,
    }  # fmt: skip
    step = counts["regression"]
    assert (step["before"], step["after"], step["between"]) == (0, 1, [broken])
    assert step["causes"][0]["file"] == "keep/keep.go"
    assert step["outcome"] == "escape"
    after = snapshot(small.repo)
    for part in ("status", "worktrees", "stashes", "head"):
        assert after[part] == before[part]
    given = json.loads(told.read_text("utf-8"))
    assert given["new"] == found["new"]
    names = {line.partition("=")[0] for line in Path(f"{told}.env").read_text().splitlines()}
    assert "XDG_CACHE_HOME" not in names

    markdown = (small.directory / "html" / "nightly.md").read_text("utf-8")
    assert "1 new regression in 1 commit" in markdown
    assert "<b>" not in markdown
    assert "by</b> |" not in markdown
    assert (
        json.loads((small.directory / "html" / "nightly.json").read_text("utf-8"))["exit_code"] == 1
    )

    third = nightly(small, "--format", "json", "--notify", "exit 9")
    assert third.code == 0, (third.out, third.err)
    assert (report(third)["measured"], report(third)["new"]) == ([], [])
    feed = ElementTree.parse(small.directory / "html" / "feed.xml").getroot()
    entries = feed.findall(f"{ATOM}entry")
    assert {(e.findtext(f"{ATOM}id") or "")[-40:] for e in entries} == {
        worse, better,
    }  # fmt: skip
    assert small.esv("publish").code == 0
    assert (small.directory / "html" / "feed.xml").is_file()


def test_what_a_hook_did_not_take_is_told_again(small: Project) -> None:
    assert small.esv("run", "HEAD~2^!", "--alloc-only").code == 0
    failed = nightly(small, "--notify", "echo no network >&2; exit 3")
    assert failed.code == 1, "the regression outranks the hook"
    assert "--notify: exit status 3: no network" in failed.out
    again = nightly(small, "--notify", "cat > told.json")
    assert again.code == 1, again.out
    assert json.loads((small.directory / "told.json").read_text("utf-8"))["measured"] == []
    assert nightly(small).code == 0


def test_a_night_that_measured_nothing_is_an_error(small: Project) -> None:
    assert small.esv("run", "HEAD^!", "--alloc-only").code == 0
    assert nightly(small).code == 0
    commit(small.repo, "broken", {"keep/keep.go": BROKEN})
    run = nightly(small)
    assert run.code == 2
    assert "nothing could be measured" in run.out
    assert "does not build" in run.out
    assert nightly(small).code == 0, "it has a record, and nothing is new"


def test_records_that_are_gone_are_no_clean_night(small: Project) -> None:
    assert small.esv("run", "HEAD^!", "--alloc-only").code == 0
    first = nightly(small, "--format", "json")
    assert first.code == 0, first.err
    assert report(first)["headline"] == (
        "nothing to compare with yet: 1 revision recorded as the baseline"
    )
    for path in small.store().paths():
        path.unlink()
    for _ in range(2):
        run = nightly(small)
        assert run.code == 2, run.out
        assert run.out.startswith("esv nightly: there is nothing to compare with\n")
        assert f"the records up to {head(small.repo)[:8]}, to compare with, are gone" in run.out
        assert "begin anew with `esv run HEAD^!`" in run.out
    assert "no records in" in small.esv("publish").refused("publish")
    assert small.esv("run", "HEAD^!", "--alloc-only").code == 0
    again = nightly(small)
    assert again.code == 0, again.out
    assert "nothing to compare with yet" in again.out


def test_measuring_that_has_stopped_is_told_each_night(small: Project, upstream: Path) -> None:
    small.configure({"stale_after": "1s"})
    assert small.esv("run", "HEAD^!", "--alloc-only").code == 0
    assert nightly(small).code == 0, "nothing is newer"
    commit(upstream, "broken", {"keep/keep.go": BROKEN})
    time.sleep(1.1)
    for _ in range(2):
        run = nightly(small, "--format", "json")
        assert run.code == 2, run.out
        found = report(run)
        VALIDATOR.validate(found)
        assert found["headline"] == "measuring has stopped"
        (environment,) = found["environments"]
        assert environment["stopped"]["newest"] == head(small.repo)
        assert environment["stopped"]["newer"] == 1
    page = (small.directory / "html" / "index.html").read_text("utf-8")
    said = f"easuring has stopped: no revision newer than {head(small.repo)[:8]} has given a number"
    assert said in page
    assert said in small.esv("publish").out
    commit(upstream, "mended", {"keep/keep.go": VALUE})
    mended = nightly(small)
    assert mended.code == 0, mended.out
    assert said not in (small.directory / "html" / "index.html").read_text("utf-8")
    upstream.rename(upstream.with_name("moved"))
    assert nightly(small).code == 2
    time.sleep(1.1)
    away = nightly(small)
    assert away.code == 2
    assert away.out.startswith("esv nightly: measuring has stopped\n")
    assert "nothing could be fetched since" in away.out


def test_a_remote_that_is_gone_is_told_and_the_rest_is_done(small: Project, upstream: Path) -> None:
    upstream.rename(upstream.with_name("moved"))
    run = nightly(small, "--results-branch", "esv-results", "--push", "origin")
    assert run.code == 2
    assert "git fetch failed" in run.out
    assert "results branch esv-results of origin" in run.out
    assert len(small.records()) == 4


def test_the_second_of_two_at_once_leaves_it_to_the_first(small: Project) -> None:
    first = subprocess.Popen(
        command("nightly", "--alloc-only"), cwd=small.directory, env=dict(small.environment),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    lock = small.results / ".esv-nightly.lock"
    while not lock.is_file():
        assert first.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    second = nightly(small)
    assert (second.code, second.out) == (0, "")
    assert "another esv nightly is at work" in second.err
    assert first.communicate(timeout=600)[0]
    assert first.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--budget", "soon"), "'soon' is no time such as 2h"),
        (("--push", "origin"), "--push needs --results-branch"),
        (("--results-branch", "a..b"), "no branch can have the name 'a..b'"),
    ],
)
def test_wrong_usage(small: Project, arguments: tuple[str, ...], says: str) -> None:
    assert says in nightly(small, *arguments).refused("nightly")


def test_a_budget_measures_the_newest_and_then_halves_the_gap(small: Project) -> None:
    commit(small.repo, "keep: by value", {"keep/keep.go": VALUE})
    assert small.esv("run", "HEAD^!", "--alloc-only").code == 0
    hashes = []
    for number in range(7):
        source = (VALUE if number < 4 else POINTER) + f"// {number}\n"
        hashes.append(commit(small.repo, f"number {number}", {"keep/keep.go": source}))
    arguments = ("--budget", "0s", "--format", "json", "--no-publish", "--no-explain")
    seen = []
    steps = []
    for _ in range(4):
        run = nightly(small, *arguments)
        found = report(run)
        seen += [hashes.index(m["revision"]) for m in found["measured"]]
        steps.append((run.code, found["new"], found["narrowed"]))
    assert seen == [6, 2, 4, 3], "the newest, then the middle of what the step lies in"
    codes = [code for code, _, _ in steps]
    assert codes == [1, 0, 0, 0], "it was new once"
    wide = [s for s in steps[0][1] if s["unit"] == "allocs/op"]
    assert [len(s["between"]) for s in wide] == [6]
    last = [s for s in steps[3][2] if s["unit"] == "allocs/op"]
    assert [(s["revision"], s["between"]) for s in last] == [(hashes[4], [])]


# Killed, and two at once


def started(project: Project, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("nightly", "--alloc-only", "--no-publish", *arguments),
        cwd=project.directory,
        env=dict(project.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(text: str) -> list[str]:
    """The revisions that a run said it had measured."""
    return re.findall(r"^\[\d+/\d+\] ([0-9a-f]{8}) go", text, re.MULTILINE)


def killed_and_restarted(project: Project, kills: int, seed: int, *arguments: str) -> None:
    """Kill runs at random moments; then one to its end has everything, and nothing twice."""
    random_ = random.Random(seed)
    measured: list[str] = []
    codes: list[int] = []
    longest = 6.0
    while len(codes) <= kills:
        run = started(project, *arguments)
        begun = time.monotonic()
        if len(codes) < kills:
            try:
                run.wait(random_.uniform(0.2, longest))
            except subprocess.TimeoutExpired:
                run.send_signal(signal.SIGKILL)
        out, err = run.communicate(timeout=600)
        longest = max(longest, time.monotonic() - begun)
        assert run.returncode in (0, 1, -signal.SIGKILL), (out, err)
        codes.append(run.returncode)
        measured += finished(err)
        project.records()  # every record can be read at every moment
    assert codes[-1] in (0, 1)
    everything = git(project.repo, "rev-list", "--first-parent", "HEAD").split()
    assert set(project.records()) == set(everything)
    assert len(measured) == len(set(measured)), "what was finished is not measured again"
    # Told by a run that lived, or that was killed after it had told.
    state = read_state(state_path(project.results, MACHINE))
    (known,) = (e.reported for e in state.environments.values())
    assert [r.revision for r in known if r.at and r.direction == "regression"], codes
    assert nightly(project, "--no-publish", *arguments).code == 0


def grown(project: Project, count: int) -> None:
    """A repository with a known beginning and so many new commits, one of them worse."""
    commit(project.repo, "keep: by value", {"keep/keep.go": VALUE})
    assert project.esv("run", "ALL", "--alloc-only", "--no-explain").code == 0
    for number in range(count):
        source = (VALUE if number < count // 2 else POINTER) + f"// {number}\n"
        commit(project.repo, f"number {number}", {"keep/keep.go": source})


def test_killed_and_started_again(small: Project) -> None:
    grown(small, 4)
    killed_and_restarted(small, 3, 20261123)


@pytest.mark.slow
@pytest.mark.parametrize("branch", [False, True])
def test_killed_at_twenty_moments(small: Project, branch: bool) -> None:
    grown(small, 12)
    killed_and_restarted(small, 20, 7, *(("--results-branch", "esv") if branch else ()))


def branch_files(repository: Path, name: str) -> set[str]:
    return set(git(repository, "ls-tree", "-r", "--name-only", name).split())


def test_two_machines_on_one_branch_lose_nothing(small: Project, tmp_path: Path) -> None:
    remote = tmp_path / "results.git"
    git(tmp_path, "init", "--quiet", "--bare", str(remote))
    projects = []
    for name in ("one", "two"):
        home = tmp_path / f"home-{name}"
        home.mkdir()
        (home / ".asv-machine.json").write_text(
            json.dumps({MACHINE: {"machine": name}, "version": 1}), "utf-8"
        )
        project = Project(tmp_path / name, small.repo, {**small.environment, "HOME": str(home)})
        project.directory.mkdir()
        project.configure()
        projects.append(project)
    push = ("--results-branch", "esv", "--push", str(remote))
    runs = [started(p, *push) for p in projects]
    for run in runs:
        out, err = run.communicate(timeout=600)
        assert run.returncode == 0, (out, err)
    machines = {r.machine.machine for p in projects for r in p.store().records()}
    files = branch_files(remote, "esv")
    records = {f for f in files if f.endswith(".esv.gz")}
    assert len(machines) * 4 == len(records)
    assert {f for f in files if f.endswith("nightly.state")} == {
        f"{m}/nightly.state" for m in machines
    }
    # A fresh clone has it all, and need measure nothing.
    fresh = Project(tmp_path / "fresh", small.repo, projects[0].environment)
    fresh.directory.mkdir()
    fresh.configure()
    again = nightly(fresh, *push, "--format", "json")
    assert again.code == 0, again.err
    assert report(again)["measured"] == []
    assert {p.relative_to(fresh.results).as_posix() for p in fresh.store().paths()} == records
