"""Reading a repository, on real ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import RepositoryError, UsageError
from harness.git import Repository, open_repository
from tests.repos import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "r")


def test_what_git_says_of_a_commit(project: Project) -> None:
    first = project.commit({"a": "1\n"}, "subject\n\nbody, line 1\nline 2")
    second = project.commit({"a": "2\n"}, "zweiter: naïve 日本語")
    repository = Repository(project.path)
    old, new = repository.revisions([first, second])
    assert (old.hash, old.parents, old.parent) == (first, (), None)
    assert (old.subject, old.message) == ("subject", "subject\n\nbody, line 1\nline 2")
    assert old.author == "Fixture Author"
    assert new.parents == (first,)
    assert new.message == "zweiter: naïve 日本語"
    assert new.date - old.date == 86_400


def test_bytes_that_are_no_utf8_in_a_commit_can_be_stored(project: Project) -> None:
    project.commit({"a": "1\n"})
    tree = project.git("rev-parse", "HEAD^{tree}")
    person = b"Caf\xe9 <author@fixture.invalid> 1767603600 +0000"
    raw = project.path / "raw"
    raw.write_bytes(
        b"tree %s\nauthor %s\ncommitter %s\n\ncaf\xe9\n" % (tree.encode(), person, person)
    )
    hash_ = project.git("hash-object", "-t", "commit", "-w", str(raw))
    revision = Repository(project.path).revision(hash_)
    assert (revision.message, revision.author) == ("caf\ufffd", "Caf\ufffd")
    assert revision.hash == hash_


def test_an_empty_message(project: Project) -> None:
    project.commit({"a": "1\n"})
    tree = project.git("rev-parse", "HEAD^{tree}")
    hash_ = project.git("commit-tree", tree, "-m", "")
    revision = Repository(project.path).revision(hash_)
    assert (revision.hash, revision.message, revision.subject) == (hash_, "", "")


def test_control_characters_in_a_message_do_not_shift_fields(project: Project) -> None:
    first = project.commit({"a": "1\n"}, "one \x1f two \x1e three")
    second = project.commit({"a": "2\n"}, "next")
    found = Repository(project.path).revisions([second, first])
    assert [r.hash for r in found] == [second, first]
    assert found[1].message == "one \x1f two \x1e three"


def test_first_parents_and_ranges_of_a_merge(project: Project) -> None:
    root = project.commit({"a": "1\n"})
    project.git("checkout", "--quiet", "-b", "side")
    side = project.commit({"s": "1\n"}, "side")
    project.git("checkout", "--quiet", "main")
    main = project.commit({"a": "2\n"}, "main")
    merge = project.merge("side")
    repository = Repository(project.path)
    assert repository.revision(merge).parents == (main, side)
    assert repository.first_parents([merge]) == [merge, main, root]
    assert repository.first_parents([merge, side]) == [merge, main, root, side]
    assert repository.range(f"{root}..{merge}") == [merge, main]
    assert repository.range(f"{merge}^!") == [merge]
    assert repository.range(f"^{main} side") == [side]
    assert repository.range("main") == [merge, main, root]
    assert repository.merge_base("main", side) == side
    assert repository.merge_base("no-such-branch", side) is None
    assert {c.new for c in repository.diff(main, merge)} == {"s"}


def test_names_that_mean_no_commit(project: Project) -> None:
    head = project.commit({"a": "1\n"})
    project.git("tag", "-m", "annotated", "v1")
    repository = Repository(project.path)
    assert repository.resolve("v1") == repository.resolve(head[:7]) == repository.resolve("@")
    for name in ("nope", "", "--all", "-", f"{head}:a", "HEAD^{tree}", "0" * 40, "a b", "@~1"):
        with pytest.raises(UsageError, match="unknown revision"):
            repository.resolve(name)
    with pytest.raises(UsageError, match="uncommitted"):
        repository.resolve("HEAD-dirty")
    for spec in ("nope..HEAD", "HEAD..nope", "--output=x HEAD", "-n1 HEAD", "^nope HEAD"):
        with pytest.raises(UsageError):
            repository.range(spec)
    assert not (project.path / "x").exists()
    with pytest.raises(UsageError, match="branches"):
        repository.branch_tips(["nope"])


def test_a_directory_that_is_no_repository(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RepositoryError, match="not a git repository"):
            Repository(path)


def test_a_repository_without_commits(project: Project) -> None:
    repository = Repository(project.path)
    with pytest.raises(UsageError):
        repository.branch_tips([])
    with pytest.raises(UsageError):
        repository.range("HEAD")


def test_trees_and_files(project: Project) -> None:
    head = project.commit({"a.go": "x\n\n", "d/naïve \n.txt": "y", "b": b"\xff"})
    repository = Repository(project.path)
    blobs = repository.blobs(head)
    assert set(blobs) == {"a.go", "d/naïve \n.txt", "b"}
    assert blobs["a.go"] == project.git("rev-parse", f"{head}:a.go")
    assert repository.file_text(head, "a.go") == "x\n\n", "blank lines at the end are content"
    assert repository.file_text(head, "nope") is None


def test_first_with(project: Project) -> None:
    project.commit({"a": "1\n"})
    first = project.commit({"go.mod": "module m\n"})
    project.commit({"go.mod": None})
    project.commit({"go.mod": "module n\n"})
    repository = Repository(project.path)
    assert repository.first_with("go.mod", "HEAD") == first
    assert repository.first_with("nope", "HEAD") is None


def test_a_shallow_clone_says_so(project: Project, tmp_path: Path) -> None:
    old = project.commit({"a": "1\n"})
    new = project.commit({"a": "2\n"})
    project.git("clone", "--quiet", "--depth=1", project.path.as_uri(), str(tmp_path / "s"))
    repository = Repository(tmp_path / "s")
    assert repository.boundary() == f"{new}\n"
    assert repository.exists(new)
    assert not repository.exists(old)
    with pytest.raises(UsageError, match="shallow"):
        repository.resolve(old)
    assert Repository(project.path).boundary() == ""


def test_a_url_is_mirrored_and_fetched_again(project: Project, tmp_path: Path) -> None:
    first = project.commit({"a": "1\n"})
    mirrors = tmp_path / "mirrors"
    url = project.path.as_uri()
    assert open_repository(url, mirrors).resolve("main") == first
    second = project.commit({"a": "2\n"})
    assert open_repository(url, mirrors).branch_tips(["main"]) == [second]
    assert len(list(mirrors.iterdir())) == 1
    with pytest.raises(RepositoryError, match="cannot clone"):
        open_repository((tmp_path / "nowhere").as_uri(), mirrors)


def test_a_linked_worktree_and_a_bare_repository(project: Project, tmp_path: Path) -> None:
    head = project.commit({"a": "1\n"})
    project.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    project.git("clone", "--quiet", "--bare", str(project.path), str(tmp_path / "bare.git"))
    linked, bare = Repository(tmp_path / "linked"), Repository(tmp_path / "bare.git")
    assert linked.directory == tmp_path / "linked"
    assert linked.common_dir == project.path / ".git"
    assert linked.resolve("HEAD") == bare.resolve("HEAD") == head
    with pytest.raises(UsageError, match="bare"):
        bare.work_tree_changes()
    assert not linked.work_tree_changes()
    (tmp_path / "linked" / "untracked").write_text("x")
    assert linked.work_tree_changes() == ["untracked"]


def test_the_variables_of_a_git_hook_do_not_lead_astray(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = project.commit({"a": "1\n"})
    other = Project(tmp_path / "other")
    other.commit({"b": "other\n"})
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git" / "index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other.path / ".git" / "objects"))
    repository = Repository(project.path)
    assert repository.resolve("HEAD") == head
    assert repository.directory == project.path
    assert list(repository.blobs("HEAD")) == ["a"]
    assert not repository.work_tree_changes()


def test_no_command_of_the_repositorys_configuration_runs(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    base = project.commit({"a.go": "1\n", ".gitattributes": "*.go diff=evil\n"})
    head = project.commit({"a.go": "2\n"})
    command = f"touch {tmp_path / 'ran'}; cat"
    for key in ("core.fsmonitor", "diff.external", "diff.evil.command", "diff.evil.textconv"):
        project.git("config", key, command)
    repository = Repository(project.path)
    assert {c.new for c in repository.diff(base, head)} == {"a.go"}
    assert not repository.work_tree_changes()
    repository.revisions([base, head])
    assert not (tmp_path / "ran").exists()


def test_looking_does_not_write(project: Project) -> None:
    head = project.commit({"a": "1\n", "b": "2\n"})
    # The index is out of date, so that `git status` would like to refresh it.
    os.utime(project.path / "a", (1, 1))
    before = (project.path / ".git" / "index").read_bytes()
    repository = Repository(project.path)
    assert not repository.work_tree_changes()
    repository.diff(head, head)
    assert (project.path / ".git" / "index").read_bytes() == before


def test_a_branch_that_was_fetched_counts_where_it_is_ahead(
    project: Project, tmp_path: Path
) -> None:
    old = project.commit({"a": "1\n"})
    clone = tmp_path / "clone"
    project.git("clone", "--quiet", str(project.path), str(clone))
    new = project.commit({"a": "2\n"})
    repository = Repository(clone)
    assert repository.branch_tips(["main"]) == [old]
    assert repository.fetch()
    assert repository.branch_tips(["main"]) == [new]
    assert project.git("-C", str(clone), "rev-parse", "main", "HEAD").split() == [old, old]
    # Work of one's own that was not pushed: the two went apart, and what is here counts.
    identity = ("-c", "user.name=x", "-c", "user.email=x@x.invalid")
    project.git("-C", str(clone), *identity, "commit", "--quiet", "--allow-empty", "-m", "own")
    own = project.git("-C", str(clone), "rev-parse", "main")
    assert repository.branch_tips(["main"]) == [own]
    assert not Repository(project.path).fetch(), "there is no remote"
    project.git("-C", str(clone), "remote", "set-url", "origin", str(tmp_path / "gone"))
    with pytest.raises(RepositoryError, match="git fetch failed"):
        repository.fetch()
