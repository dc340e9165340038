"""Work trees: another place, the right content, and no trace in the user's repository."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import RepositoryError
from harness.git import Repository, Workspace
from tests.repos import Project, git_environment


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


# States of a work tree, each made of one project with these files, and what `git status` says.
FILES = {
    "a/a.go": "package a\n", "b/b.go": "package b\n", "c/c.go": "package c\n",
    "top.txt": "one\ntwo\n", ".gitignore": "*.out\n",
}  # fmt: skip


def untouched(_project: Project) -> None:
    pass


def sparse(project: Project) -> None:
    project.git("sparse-checkout", "set", "a")


def sparse_index(project: Project) -> None:
    project.git("sparse-checkout", "set", "--sparse-index", "a")


def sparse_and_deleted_inside(project: Project) -> None:
    sparse_index(project)
    (project.path / "a/a.go").unlink()


def sparse_and_new_outside(project: Project) -> None:
    sparse(project)
    write(project, "b/new.go", "package b\n")


def sparse_and_written_outside(project: Project) -> None:
    sparse(project)
    write(project, "b/b.go", "package changed\n")


def skip_worktree(project: Project) -> None:
    project.git("update-index", "--skip-worktree", "b/b.go", "c/c.go")
    write(project, "b/b.go", "package changed\n")
    (project.path / "c/c.go").unlink()


def assume_unchanged(project: Project) -> None:
    project.git("update-index", "--assume-unchanged", "b/b.go", "c/c.go")
    write(project, "b/b.go", "package changed\n")
    (project.path / "c/c.go").unlink()


def intent_to_add(project: Project) -> None:
    write(project, "a/new.go", "package a\n")
    write(project, "a/gone.go", "package a\n")
    project.git("add", "-N", "a/new.go", "a/gone.go")
    (project.path / "a/gone.go").unlink()


def modes_do_not_count(project: Project) -> None:
    project.git("config", "core.fileMode", "false")
    (project.path / "top.txt").chmod(0o755)


def modes_count(project: Project) -> None:
    (project.path / "top.txt").chmod(0o755)


def modes_do_not_count_of_what_changed(project: Project) -> None:
    modes_do_not_count(project)
    write(project, "top.txt", "changed\n")


def line_ends_are_converted(project: Project) -> None:
    project.git("config", "core.autocrlf", "true")
    (project.path / "top.txt").unlink()
    project.git("checkout", "--", "top.txt")
    assert (project.path / "top.txt").read_bytes() == b"one\r\ntwo\r\n"


def changed_where_line_ends_are_converted(project: Project) -> None:
    line_ends_are_converted(project)
    write(project, "top.txt", "one\r\nthree\r\n")


def a_filter_cleans(project: Project) -> None:
    project.git("config", "filter.secret.clean", "sed s/ONE/one/")
    attributes = git_path(project, "info/attributes")
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_text("*.txt filter=secret\n")
    write(project, "top.txt", "ONE\ntwo\n")


def links(project: Project) -> None:
    for name in ("link", "a/a.go"):
        (project.path / name).unlink(missing_ok=True)
        (project.path / name).symlink_to("top.txt")


def files_and_directories_change_places(project: Project) -> None:
    for name in ("top.txt", "a/a.go"):
        (project.path / name).unlink()
    (project.path / "a").rmdir()
    write(project, "a", "a file\n")
    write(project, "top.txt/below", "in a directory\n")


def untracked_and_ignored(project: Project) -> None:
    write(project, "d/new\n.go", "package d\n")
    write(project, "d/x.out", "ignored\n")


def only_ignored(project: Project) -> None:
    write(project, "d/x.out", "ignored\n")


def staged(project: Project) -> None:
    write(project, "top.txt", "staged\n")
    project.git("add", "top.txt")
    project.git("rm", "--quiet", "b/b.go")
    write(project, "c/c.go", "staged\n")
    project.git("add", "c/c.go")
    (project.path / "c/c.go").unlink()


def conflict(project: Project) -> None:
    for branch, text in (("one", "1\n"), ("two", "2\n")):
        project.git("checkout", "--quiet", "-b", branch, "main")
        project.commit({"top.txt": text, "b/b.go": None if branch == "one" else text})
    with pytest.raises(AssertionError):
        project.git("merge", "one")


def same_size_at_the_same_time(project: Project) -> None:
    """As an editor may write just after `git add`: nothing but the content tells it."""
    file, index = project.path / "top.txt", git_path(project, "index")
    project.git("config", "core.trustctime", "false")
    project.git("config", "core.checkStat", "minimal")
    file.write_text("ONE\ntwo\n")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    project.git("add", "top.txt")
    project.git("commit", "--quiet", "-m", "stamp")
    file.write_text("one\nTWO\n")
    for path in (file, index):
        os.utime(path, (1_700_000_000, 1_700_000_000))


def a_split_index(project: Project) -> None:
    project.git("update-index", "--split-index")
    project.git("config", "core.splitIndex", "true")
    write(project, "top.txt", "changed\n")


def a_submodule(project: Project) -> None:
    library = Project(project.path.parent / "library")
    library.commit({"l.go": "package l\n"})
    allow = ("-c", "protocol.file.allow=always")
    project.git(*allow, "submodule", "--quiet", "add", str(library.path), "lib")
    project.commit({})


def a_submodule_moved_on(project: Project) -> None:
    a_submodule(project)
    for command in (("add", "l.go"), ("commit", "--quiet", "-m", "on")):
        write(project, "lib/l.go", "package changed\n")
        project.git("-C", "lib", *command)


def a_submodule_that_is_not_there(project: Project) -> None:
    a_submodule(project)
    project.git("submodule", "--quiet", "deinit", "--force", "lib")


def git_path(project: Project, name: str) -> Path:
    return project.path / project.git("rev-parse", "--git-path", name)


def write(project: Project, name: str, text: str) -> None:
    (project.path / name).parent.mkdir(parents=True, exist_ok=True)
    (project.path / name).write_bytes(text.encode())


STATES: list[tuple[Callable[[Project], None], bool]] = [
    (untouched, True),
    (sparse, True),
    (sparse_index, True),
    (sparse_and_deleted_inside, False),
    (sparse_and_new_outside, False),
    (sparse_and_written_outside, False),
    (skip_worktree, True),
    (assume_unchanged, True),
    (intent_to_add, False),
    (modes_do_not_count, True),
    (modes_count, False),
    (modes_do_not_count_of_what_changed, False),
    (line_ends_are_converted, True),
    (changed_where_line_ends_are_converted, False),
    (a_filter_cleans, True),
    (links, False),
    (files_and_directories_change_places, False),
    (untracked_and_ignored, False),
    (only_ignored, True),
    (staged, False),
    (conflict, False),
    (same_size_at_the_same_time, False),
    (a_split_index, False),
    (a_submodule, True),
    (a_submodule_moved_on, False),
    (a_submodule_that_is_not_there, True),
]


@pytest.mark.parametrize(("make", "clean"), STATES, ids=[m.__name__ for m, _ in STATES])
def test_the_work_tree_is_what_git_status_says(
    tmp_path: Path, make: Callable[[Project], None], clean: bool
) -> None:
    """The tree of HEAD if and only if `git status` is clean, else what `git add --all` would add.

    In a linked work tree (`git worktree add`), which has an index and settings of its own.
    """
    project = Project(tmp_path / "r")
    project.commit(FILES)
    project.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    project.path = tmp_path / "linked"
    make(project)
    status = project.git("status", "--porcelain", "--untracked-files=all")
    assert (status == "") is clean
    before = state(tmp_path)
    cache = tmp_path.with_name(f"{tmp_path.name}-cache")
    workspace = Workspace(Repository(project.path), cache)
    tree = workspace.checkout("w0", workspace.snapshot())
    assert state(tmp_path) == before
    found = git_in(tree, "rev-parse", "HEAD^{tree}")
    assert (found == project.git("rev-parse", "HEAD^{tree}")) is clean
    shutil.copy2(git_path(project, "index"), cache / "oracle")
    git_in(project.path, "add", "--all", "--sparse", index=cache / "oracle")
    assert found == git_in(project.path, "write-tree", index=cache / "oracle")


def git_in(tree: Path, *arguments: str, index: Path | None = None) -> str:
    more = {"GIT_INDEX_FILE": str(index)} if index is not None else {}
    return subprocess.run(
        ["git", *arguments],
        cwd=tree,
        env={**git_environment(), **more},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
