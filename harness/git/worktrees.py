"""Work trees of revisions, outside of the user's repository.

``git worktree add`` in the user's repository would show in ``git worktree list`` and stay behind
when the harness is killed. So each measured repository has a bare store of its own in the cache: it
borrows the objects of the original through ``objects/info/alternates`` and has no refs. Work trees
of that store lie at a stable path, one per worker, so that Go's caches hold and a checkout only
writes the files that changed.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import git
from git.exc import GitCommandError

from harness.errors import RepositoryError
from harness.git.reading import reason
from harness.git.repository import Repository
from harness.model import WORK_TREE, FileChange
from harness.scratch import scratch_directory


class Workspace:
    """The work trees of one repository."""

    def __init__(self, repository: Repository, cache_dir: Path) -> None:
        self._source = repository
        digest = hashlib.sha256(str(repository.common_dir).encode()).hexdigest()[:16]
        self.root = cache_dir / "work" / digest
        self._store = self.root / "store.git"

    def checkout(self, worker: str, revision: str) -> Path:
        """Check a revision out in a worker's tree, always the same; no other file is left."""
        tree = self.root / worker
        store = self._open_store()
        try:
            if not (tree / ".git").exists():
                shutil.rmtree(tree, ignore_errors=True)
                store.git.execute([*_GIT, "worktree", "prune"])
                store.git.execute(
                    [*_GIT, "worktree", "add", "--detach", "--force", "--no-checkout", str(tree),
                     revision]
                )  # fmt: skip
            work = git.Repo(tree)
            work.git.update_environment(**_QUIET)
            # A process that was killed leaves its locks; this tree is used by one worker only.
            for lock in Path(work.git_dir).glob("*.lock"):
                lock.unlink(missing_ok=True)
            work.git.execute([*_GIT, "reset", "-q", "--hard", revision])
            work.git.execute([*_GIT, "clean", "-q", "-ffdx"])
            if (tree / ".gitmodules").is_file():
                # As far as their commits can be had; Go reports what is missing.
                with contextlib.suppress(GitCommandError):
                    work.git.execute(
                        [*_GIT, "submodule", "update", "--quiet", "--init", "--recursive"]
                    )
        except GitCommandError as err:
            raise RepositoryError(
                f"cannot check out {revision[:8]} in {tree}: {reason(err)}"
            ) from None
        return tree

    def scratch(self) -> AbstractContextManager[Path]:
        """A new directory, as long as it is needed."""
        return scratch_directory(self.root / "run", "esv-")

    def graft(self, onto: str, source: str, changes: Sequence[FileChange]) -> str:
        """A commit with the tree of ``onto`` in which some files are as in ``source``.

        It exists in the store only and has the same hash wherever it is made; the repository given
        to this workspace can read it from then on.

        Args:
            changes: files, from ``onto`` (``old``) to ``source`` (``new``).
        """
        with self._index(f"put the tests of {source[:8]} on {onto[:8]}") as command:
            command.execute([*_GIT, "read-tree", onto])
            for change in changes:
                if change.old is not None:
                    command.execute([*_GIT, "update-index", "--force-remove", "--", change.old])
            for change in changes:
                if change.new is not None:
                    entry = command.execute([*_GIT, "ls-tree", source, "--", change.new])
                    mode, _, oid = str(entry).split("\t", 1)[0].split()
                    info = f"{mode},{oid},{change.new}"
                    command.execute([*_GIT, "update-index", "--add", "--cacheinfo", info])
            tree = str(command.execute([*_GIT, "write-tree"]))
            message = f"{onto[:12]} with the tests of {source[:12]}"
            return str(command.execute([*_GIT, "commit-tree", tree, "-p", onto, "-m", message]))

    def snapshot(self) -> str:
        """A commit of the user's work tree as it is: uncommitted and untracked files included.

        What ``git status`` takes as unchanged is as in the index, so a clean work tree is the tree
        of ``HEAD``. The commit exists in the store only, its parent is the user's ``HEAD``, and its
        hash is that of the content. Files that git ignores are left out.
        """
        head = self._source.resolve("HEAD")
        names = self._source.work_tree_changes()
        with self._index("take in the work tree", self._source) as command:
            with tempfile.TemporaryFile() as listed:
                listed.write(b"".join(os.fsencode(name) + b"\0" for name in names))
                listed.seek(0)
                command.execute(
                    [*_AS_THE_USER, "update-index", "-z", "--add", "--remove", "--replace",
                     "--stdin"],
                    istream=listed,
                )  # fmt: skip
            tree = str(command.execute([*_AS_THE_USER, "write-tree"]))
            changed = tree != self._source.git("rev-parse", f"{head}^{{tree}}")
            message = f"{WORK_TREE}{'' if changed else 'out'} uncommitted changes on"
            commit = [*_GIT, "commit-tree", tree, "-p", head, "-m", f"{message} {head[:12]}"]
            return str(command.execute(commit))

    @contextlib.contextmanager
    def _index(self, purpose: str, source: Repository | None = None) -> Iterator[git.Git]:
        """Git commands with an index of their own, for making a commit in the store.

        Args:
            source: whose work tree and settings count, and of whose index it is a copy; without
                one those of the store, and the index is empty.
        """
        self._open_store()
        self._source.borrow(self._store / "objects")
        index = self.root / "commit.index"
        for left in (index, index.with_name(f"{index.name}.lock")):
            left.unlink(missing_ok=True)
        if source is not None and (source.git_dir / "index").is_file():
            # With its time, by which git tells whether a file may have changed just after it.
            shutil.copy2(source.git_dir / "index", index)
        # update-index wants a work tree, also where it looks at none.
        tree = source.directory if source is not None else self.root
        command = git.Git(tree)
        command.update_environment(
            GIT_DIR=str(source.git_dir if source is not None else self._store),
            GIT_WORK_TREE=str(tree),
            GIT_INDEX_FILE=str(index),
            GIT_OBJECT_DIRECTORY=str(self._store / "objects"),
            **_FIXED,
            **_QUIET,
        )
        try:
            yield command
        except GitCommandError as err:
            raise RepositoryError(f"cannot {purpose}: {reason(err)}") from None
        finally:
            index.unlink(missing_ok=True)

    def _open_store(self) -> git.Repo:
        if not (self._store / "HEAD").is_file():
            self._store.parent.mkdir(parents=True, exist_ok=True)
            git.Repo.init(self._store, bare=True)
        info = self._store / "objects" / "info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "alternates").write_text(f"{self._source.common_dir / 'objects'}\n", "utf-8")
        shallow = self._source.boundary()
        if shallow:
            (self._store / "shallow").write_text(shallow, "ascii")
        else:
            (self._store / "shallow").unlink(missing_ok=True)
        store = git.Repo(self._store)
        store.git.update_environment(**_QUIET)
        return store


_GIT = (
    "git",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "core.autocrlf=false",
    "-c", "core.symlinks=true",
    "-c", "advice.detachedHead=false",
    "-c", "filter.lfs.smudge=git-lfs smudge --skip -- %f",
    "-c", "filter.lfs.required=false",
)  # fmt: skip
# The user's settings decide what a file of the work tree is in a commit, as for `git status`; but
# nothing of theirs runs, and nothing is written to their repository.
_AS_THE_USER = (
    "git",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "core.splitIndex=false",
    "-c", "filter.lfs.required=false",
)  # fmt: skip
# A grafted commit must have the same hash wherever it is made.
_FIXED = {
    "GIT_AUTHOR_NAME": "esv",
    "GIT_AUTHOR_EMAIL": "esv@localhost",
    "GIT_AUTHOR_DATE": "1000000000 +0000",
    "GIT_COMMITTER_NAME": "esv",
    "GIT_COMMITTER_EMAIL": "esv@localhost",
    "GIT_COMMITTER_DATE": "1000000000 +0000",
}
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C"}
