"""Work trees: another place, the right content, and no trace in the user's repository."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from harness.errors import RepositoryError
from harness.git import Repository, Workspace
from tests.repos import Project


def state(repository: Path) -> dict[str, str]:
    """Hash of every file of a repository, the git directory included."""
    return {
        str(path.relative_to(repository)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(repository.rglob("*"))
        if path.is_file()
    }


def content(tree: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(tree)): p.read_bytes()
        for p in tree.rglob("*")
        if p.is_file() and p.name != ".git"
    }


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "r")


@pytest.fixture
def workspace(project: Project, tmp_path: Path) -> Workspace:
    project.commit({"seed": "1\n"})
    return Workspace(Repository(project.path), tmp_path / "cache")


def test_one_place_for_all_revisions_of_a_worker(project: Project, workspace: Workspace) -> None:
    first = project.commit({"a": "1\n", "d/b": "x\n", ".gitignore": "*.out\n"})
    second = project.commit({"a": "2\n", "d/b": None})
    tree = workspace.checkout("w0", first)
    assert content(tree) == {"a": b"1\n", "d/b": b"x\n", ".gitignore": b"*.out\n", "seed": b"1\n"}
    # What a benchmark leaves behind, ignored files and other repositories included.
    (tree / "left.out").write_text("x")
    (tree / "a").write_text("changed")
    (tree / "nested").mkdir()
    Project(tree / "nested").commit({"x": "y\n"})
    assert workspace.checkout("w0", second) == tree
    assert content(tree) == {"a": b"2\n", ".gitignore": b"*.out\n", "seed": b"1\n"}
    assert workspace.checkout("w1", first) != tree


def test_the_users_repository_is_not_touched(project: Project, workspace: Workspace) -> None:
    first = project.commit({"a": "1\n"})
    project.commit({"a": "2\n"})
    (project.path / "a").write_text("uncommitted")
    project.git("stash", "--quiet")
    (project.path / "a").write_text("uncommitted too")
    (project.path / "untracked").write_text("x")
    before = state(project.path)
    workspace.checkout("w0", first)
    workspace.checkout("w0", project.git("rev-parse", "HEAD"))
    assert state(project.path) == before
    assert len(project.git("worktree", "list").splitlines()) == 1


def test_a_hooks_variables_do_not_lead_the_checkout_into_the_users_tree(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = project.commit({"a": "1\n"})
    project.commit({"a": "2\n"})
    before = state(project.path)
    monkeypatch.setenv("GIT_DIR", str(project.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(project.path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(project.path / ".git" / "index"))
    workspace = Workspace(Repository(project.path), tmp_path / "cache")
    assert (workspace.checkout("w0", first) / "a").read_text() == "1\n"
    assert state(project.path) == before


def test_hooks_and_line_ends_are_not_the_users(
    project: Project, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = project.commit({"a": "1\n2\n"})
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    hook = hooks / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    hook.chmod(0o755)
    settings = tmp_path / "gitconfig"
    settings.write_text(f"[core]\n\thooksPath = {hooks}\n\tautocrlf = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    tree = workspace.checkout("w0", head)
    assert (tree / "a").read_bytes() == b"1\n2\n"
    assert not (tmp_path / "ran").exists()


def test_a_lock_and_a_damaged_tree_of_a_killed_run_are_no_hindrance(
    project: Project, workspace: Workspace
) -> None:
    head = project.commit({"a": "1\n"})
    tree = workspace.checkout("w0", head)
    git_dir = Path((tree / ".git").read_text().removeprefix("gitdir: ").strip())
    (git_dir / "index.lock").write_text("")
    (tree / "a").unlink()
    assert (workspace.checkout("w0", head) / "a").read_text() == "1\n"
    (tree / ".git").unlink()
    assert (workspace.checkout("w0", head) / "a").read_text() == "1\n"


def test_a_shallow_clone_can_be_checked_out_and_deepened(
    project: Project, workspace: Workspace, tmp_path: Path
) -> None:
    first = project.commit({"a": "1\n"})
    second = project.commit({"a": "2\n"})
    clone = tmp_path / "shallow"
    project.git("clone", "--quiet", "--depth=1", project.path.as_uri(), str(clone))
    shallow = Workspace(Repository(clone), tmp_path / "cache")
    assert (shallow.checkout("w0", second) / "a").read_text() == "2\n"
    with pytest.raises(RepositoryError, match=f"cannot check out {first[:8]}"):
        shallow.checkout("w0", first)
    project.git("-C", str(clone), "fetch", "--quiet", "--unshallow")
    assert (shallow.checkout("w0", first) / "a").read_text() == "1\n"


def test_symbolic_links_and_modes(project: Project, workspace: Workspace) -> None:
    project.commit({"run.sh": "#!/bin/sh\n"})
    (project.path / "run.sh").chmod(0o755)
    (project.path / "link").symlink_to("run.sh")
    tree = workspace.checkout("w0", project.commit({}))
    assert (tree / "link").is_symlink()
    assert (tree / "run.sh").stat().st_mode & 0o100


def test_a_submodule_that_cannot_be_had_is_left_out(
    project: Project, workspace: Workspace, tmp_path: Path
) -> None:
    library = Project(tmp_path / "library")
    library.commit({"l.go": "package l\n"})
    project.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.path), "lib"
    )
    head = project.commit({"a": "1\n"})
    # git refuses file:// submodules by default, as it would a host that is not there.
    tree = workspace.checkout("w0", head)
    assert (tree / "a").is_file()
    assert not (tree / "lib" / "l.go").exists()


def test_the_work_tree_as_a_revision(project: Project, workspace: Workspace) -> None:
    head = project.commit({"a": "1\n", "d/b": "x\n", ".gitignore": "*.out\n", "gone": "x"})
    (project.path / "a").write_text("uncommitted\n")
    (project.path / "gone").unlink()
    (project.path / "new ä\n.go").write_text("untracked\n")
    (project.path / "ignored.out").write_text("x")
    (project.path / ".git/info/exclude").write_text("private\n")
    (project.path / "private").write_text("x")
    (project.path / "nested").mkdir()
    Project(project.path / "nested").commit({"x": "y\n"})
    (project.path / "staged").write_text("as added\n")
    project.git("add", "staged")
    (project.path / "staged").write_text("as it is\n")
    before = state(project.path)
    revision = workspace.snapshot()
    assert state(project.path) == before
    assert content(workspace.checkout("w0", revision)) == {
        "a": b"uncommitted\n",
        "d/b": b"x\n",
        ".gitignore": b"*.out\n",
        "new ä\n.go": b"untracked\n",
        "staged": b"as it is\n",
        "seed": b"1\n",
    }
    repository = Repository(project.path)
    assert not repository.exists(revision)
    # The same content is the same revision, so that what was measured of it is found again.
    assert workspace.snapshot() == revision
    (project.path / "a").write_text("changed again\n")
    assert workspace.snapshot() != revision
    assert project.git("rev-parse", "HEAD") == head
