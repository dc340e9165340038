"""Several branches: a history for each, and pages of their own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.analysis.series.steps import steps
from harness.analysis.verdict.news import branch_news
from harness.cli.publishing import load_histories
from harness.config import load_config
from harness.model import ALLOCS, Environment, Toolchain
from harness.model.revision import Revision
from harness.outputs.site.draw import names
from harness.store import RecordStore
from tests.builders import ENVIRONMENT, make_benchmark, make_package, make_record
from tests.outputs.site.pages import Page, check_links, site
from tests.repos import Project

OLDER = Environment(Toolchain("go1.26.5", "linux", "amd64", "cache", False))


@pytest.fixture
def project(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A trunk of four commits, and a branch from its second with two; the branch got worse."""
    repo = Project(tmp_path / "repo")
    repo.commit({"go.mod": "module example.com/m\n"}, "root")
    commits = {"root": repo.git("rev-parse", "HEAD"), "fork": repo.commit({"a": "1"}, "fork")}
    repo.git("checkout", "--quiet", "-b", "v1")
    commits["fix"] = repo.commit({"b": "1"}, "fix of v1")
    commits["worse"] = repo.commit({"b": "2"}, "worse on v1")
    repo.git("checkout", "--quiet", "main")
    commits["third"] = repo.commit({"a": "2"}, "third")
    commits["tip"] = repo.commit({"a": "3"}, "tip of main")
    allocs = {"root": 9, "fork": 2, "fix": 2, "worse": 5, "third": 2, "tip": 2}
    config = {"version": 1, "project": "m", "repo": str(repo.path), "branches": ["main", "v1"]}
    path = tmp_path / "asv.conf.json"
    path.write_text(json.dumps({**config, "results_dir": str(tmp_path / "results")}))
    store = RecordStore(tmp_path / "results", 8)
    for environment, started in ((ENVIRONMENT, 2e9), (OLDER, 1e9)):
        for number, (name, hash_) in enumerate(commits.items()):
            parent = repo.git("log", "-1", "--format=%P", hash_)
            parents = (parent,) if parent else ()
            revision = Revision(hash_, parents, "A", 1_700_000_000 + number, name)
            package = make_package(benchmarks=[make_benchmark("BenchmarkA", allocs[name])])
            record = make_record(number, [package], revision=revision, environment=environment)
            store.write(replace(record, started=started + number))
    return path, commits


def test_each_branch_has_its_own_first_parents(project: tuple[Path, dict[str, str]]) -> None:
    path, commits = project
    histories = load_histories(load_config(path))
    assert [(h.environment, h.branch, h.other_branch) for h in histories] == [
        ("go1.27.3", "main", False),
        ("go1.27.3", "v1", True),
        ("go1.26.5", "main", False),
        ("go1.26.5", "v1", True),
    ]
    lines = [[r.hash for r in h.revisions] for h in histories[:2]]
    assert lines[0] == [commits[n] for n in ("root", "fork", "third", "tip")]
    assert lines[1] == [commits[n] for n in ("root", "fork", "fix", "worse")]
    # No step between the tip of one branch and the root of the other.
    found = [[(s.revision, s.delta) for s in steps(h, ALLOCS)] for h in histories[:2]]
    assert found == [
        [(commits["fork"], -7)],
        [(commits["fork"], -7), (commits["worse"], 3)],
    ]


def test_what_branches_share_is_told_once(project: tuple[Path, dict[str, str]]) -> None:
    path, commits = project
    histories = load_histories(load_config(path))[:2]
    first = branch_news(histories, (), 100.0)
    told = [(h.branch, s.revision, s.delta) for h, found in first for s in found.new]
    assert told == [("main", commits["fork"], -7), ("v1", commits["worse"], 3)]
    known = first[-1][1].known
    assert {r.revision for r in known} == {commits["fork"], commits["worse"]}
    for again in (histories, histories[::-1]):
        later = branch_news(again, known, 200.0)
        assert [found.new for _, found in later] == [(), ()]
        assert set(later[-1][1].known) == set(known)


def test_branches_are_chosen_like_environments(project: tuple[Path, dict[str, str]]) -> None:
    path, commits = project
    main, branch, older, _ = histories = load_histories(load_config(path))
    files = site(*histories)
    assert check_links(files)
    root = names.environment_root(branch)
    home = Page(files["index.html"])
    assert "branch main, go1.27.3 linux/amd64 on bench-1" in home.text
    assert "v1, go1.27.3 on bench-1" in home.text
    assert f"{root}index.html" in home.attributes("href")
    assert commits["worse"][:8] not in home.text
    there = Page(files[f"{root}index.html"])
    assert "1 benchmark worse" in there.text
    assert commits["worse"][:8] in there.text
    assert commits["tip"][:8] not in there.text
    # From the page of a benchmark to the same one on the other branch.
    own = names.benchmark_page("example.com/m/p", "BenchmarkA")
    assert f"../{root}{own}" in Page(files[own]).attributes("href")
    index = files["data/revisions.js"].decode()
    assert names.environment_id(branch) in index
    assert "v1, go1.27.3 on bench-1" in index
    # A branch more changes no address of the first.
    alone = [replace(h, branch="", other_branch=False) for h in (main, older)]
    assert {n for n in site(*alone) if n.endswith(".html")} <= files.keys()
    assert "branch" not in Page(site(*alone)["index.html"]).text
