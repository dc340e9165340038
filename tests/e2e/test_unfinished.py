"""Walks that are cut are finished, and one bad revision does not end a walk."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from harness.toolchain import Go
from tests.bench.kills import NOTHING, run_chains
from tests.e2e.support import Project, command, commit, git, head


def kill_after(project: Project, finished: int, *arguments: str) -> list[str]:
    """Kill ``esv run`` with its whole process group after so many revisions; what it has left."""
    with subprocess.Popen(
        command("run", *arguments, "--alloc-only", "--no-progress"),
        cwd=project.directory,
        env=dict(project.environment),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if line.startswith(f"[{finished}/"):
                os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    assert child.returncode == -signal.SIGKILL
    return list(project.records())


def walks(project: Project) -> list[Path]:
    return list(project.results.glob("*/*.walk"))


def hashes(project: Project) -> list[str]:
    """First parents of ``HEAD``, newest first."""
    return git(project.repo, "rev-list", "--first-parent", "HEAD").split()


def test_plain_run_finishes_what_was_cut_and_says_so(small: Project) -> None:
    there = kill_after(small, 1, "ALL")
    assert len(there) < 4
    # Another range is measured by itself, and the walk is left.
    other = small.esv("run", "HEAD^!", "--alloc-only")
    assert other.code == 0, other.err
    assert "left for a plain `esv run`: the walk ALL of " in other.err
    assert len(walks(small)) == 1
    kept = small.records()
    run = small.esv("run")
    assert run.code == 0, run.err
    assert "finishing the walk ALL of " in run.err
    assert f"{4 - len(kept)} of 4 revisions left" in run.err.splitlines()[0]
    records = small.records()
    assert set(records) == set(hashes(small))
    assert all(records[h].started == kept[h].started for h in kept), "not measured again"
    assert {r.settings.count for r in records.values()} == {0}, "as it was asked for"
    assert (records[head(small.repo, "HEAD~1")].accounts != ()) is True
    assert walks(small) == []
    assert small.esv("run").err == NOTHING


def test_new_revisions_that_were_cut_are_finished_without_the_history_before(
    small: Project,
) -> None:
    assert small.esv("run", "HEAD~2^!", "--alloc-only").code == 0
    assert len(kill_after(small, 1)) < 3
    run = small.esv("run", "--alloc-only")
    assert run.code == 0, run.err
    assert "finishing the walk NEW of " in run.err
    assert set(small.records()) == set(hashes(small)[:3])


def test_nightly_finishes_what_was_cut(small: Project) -> None:
    there = kill_after(small, 1, "ALL")
    assert len(there) < 4
    run = small.esv("nightly", "--alloc-only", "--no-publish")
    assert run.code == 0, (run.out, run.err)
    assert "finishing the walk ALL of " in run.out
    assert set(small.records()) == set(hashes(small))
    assert walks(small) == []
    assert "new regression" not in run.out, "what lies before the first night is history"


def test_a_damaged_walk_is_named_and_the_rest_is_done(small: Project) -> None:
    assert small.esv("run", "HEAD~1^!", "--alloc-only").code == 0
    (machine,) = (p.parent for p in small.store().paths())
    (machine / "17.walk").write_text("{", "utf-8")
    run = small.esv("run", "--alloc-only", "--quiet")
    assert run.code == 2
    assert "17.walk: damaged" in run.err
    assert len(small.records()) == 2


# One bad revision


def too_long(repo: Path) -> str:
    """A commit on top of ``HEAD`` with a path that no file system takes."""
    blob = git(repo, "hash-object", "-w", "README.md").strip()
    git(repo, "update-index", "--add", "--cacheinfo", f"100644,{blob},{'a' * 300}")
    tree = git(repo, "write-tree").strip()
    git(repo, "read-tree", "HEAD")
    made = git(repo, "commit-tree", tree, "-p", "HEAD", "-m", "a long path").strip()
    git(repo, "update-ref", "HEAD", made)
    git(repo, "read-tree", "HEAD")
    git(repo, "update-index", "--force-remove", "a" * 300)
    return made


def test_a_revision_that_cannot_be_checked_out_is_named_and_set_aside(small: Project) -> None:
    bad = too_long(small.repo)
    commit(small.repo, "short again", {"README.md": "# small again\n"})
    run = small.esv("run", "ALL", "--alloc-only", "--quiet")
    assert run.code == 2
    (line,) = run.err.splitlines()
    assert line.startswith(f"esv run: {bad[:8]} go")
    assert " could not be measured: cannot check out " in line
    assert set(small.records()) == set(hashes(small)) - {bad}
    again = small.esv("run")
    assert again.code == 2
    assert "1 of 6 revisions left, 1 of which could not be measured before" in again.err
    third = small.esv("run", "--quiet")
    assert third.code == 2
    assert f"given up after 3 attempts: `esv run {bad[:8]}^!` tries it again" in third.err
    last = small.esv("run")
    assert (last.code, last.err) == (0, NOTHING)


def remove_object(repo: Path, oid: str) -> None:
    (repo / ".git" / "objects" / oid[:2] / oid[2:]).unlink()


def test_a_revision_whose_file_is_missing_costs_itself_only(small: Project) -> None:
    bad = commit(small.repo, "bad", {"lost.txt": "lost\n"})
    (small.repo / "lost.txt").unlink()
    good = commit(small.repo, "good", {"README.md": "# good\n"})
    remove_object(small.repo, git(small.repo, "rev-parse", f"{bad}:lost.txt").strip())
    run = small.esv("run", "HEAD~3..HEAD", "--alloc-only", "--quiet")
    assert run.code == 2
    assert [x[9:17] for x in run.err.splitlines()] == [bad[:8]], run.err
    records = small.records()
    assert set(records) == {good, head(small.repo, "HEAD~2")}
    assert records[good].diff is None, "that to its parent is not known"
    report = small.esv("nightly", "--alloc-only")
    assert report.code == 2, report.out
    assert "1 of 3 revisions left, 1 of which could not be measured before" in report.out
    assert f"{bad[:8]} {records[good].environment.name} could not be measured: " in report.out


def test_a_history_with_a_missing_commit_is_measured_down_to_it(small: Project) -> None:
    newest, middle, gone, _ = hashes(small)
    remove_object(small.repo, gone)
    for range_ in ("ALL", f"{gone}..HEAD", "HEAD"):
        run = small.esv("run", range_, "--alloc-only", "--quiet", "--skip-existing")
        if range_ == f"{gone}..HEAD":
            assert "unknown revision" in run.refused("run")
            continue
        assert run.code == 2
        (line,) = run.err.splitlines()
        assert f"{gone[:8]}, the parent of {middle[:8]}, cannot be read in the clone" in line
    assert set(small.records()) == {newest, middle}
    # What is new does not touch the place.
    tip = commit(small.repo, "new", {"README.md": "# new\n"})
    run = small.esv("run", "--alloc-only")
    assert run.code == 0, run.err
    assert set(small.records()) == {tip, newest, middle}
    assert small.esv("publish").code == 0


def test_a_release_that_cannot_be_had_ends_its_environment_only(small: Project, go: Go) -> None:
    releases = ("--go", "1.99.0", "--go", go.toolchain.release)
    run = small.esv("run", "HEAD^!", "--alloc-only", "--quiet", *releases)
    assert run.code == 2
    (line,) = run.err.splitlines()
    assert "1.99.0" in line
    assert len(small.records()) == 1
    commit(small.repo, "new", {"README.md": "# new\n"})
    report = small.esv("nightly", "--alloc-only", "--no-publish", *releases)
    assert report.code == 2, report.out
    assert "1.99.0" in report.out
    assert len(small.records()) == 2


@pytest.mark.slow
def test_a_revision_that_takes_go_list_too_long_costs_itself_only(
    small: Project, go: Go, tmp_path: Path
) -> None:
    # What runs is the `go` of the release's own directory, wherever that on PATH is.
    root = tmp_path / "goroot"
    (root / "bin").mkdir(parents=True)
    for place in go.goroot.iterdir():
        if place.name != "bin":
            (root / place.name).symlink_to(place)
    script = root / "bin" / "go"
    script.write_text(
        f"#!/bin/sh\nexport GOROOT='{root}'\n"
        '[ -e slow ] && [ "$1" = list ] && sleep 300\n'
        f"exec '{go.binary}' \"$@\"\n",
        "utf-8",
    )
    script.chmod(0o755)
    slow = commit(small.repo, "slow", {"slow": ""})
    (small.repo / "slow").unlink()
    commit(small.repo, "quick", {"README.md": "# quick\n"})
    environment = {
        **small.environment,
        "PATH": f"{script.parent}{os.pathsep}{small.environment['PATH']}",
    }
    project = Project(small.directory, small.repo, environment)
    project.configure(pythons=["path"], install_timeout=30)
    run = project.esv("run", "HEAD~3..HEAD", "--alloc-only", "--quiet", "--no-explain")
    assert run.code == 2, run.err
    (line,) = run.err.splitlines()
    assert line.startswith(f"esv run: {slow[:8]} ")
    assert "go list took more than 30 s" in line
    assert set(project.records()) == set(hashes(small)[:3]) - {slow}


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path: Path) -> None:
    """`make kills` runs sixty of these."""
    assert run_chains(tmp_path, 3, 7) == []
