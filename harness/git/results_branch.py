"""Results on a git branch that several machines write.

The branch holds files only, no history of a project: its commits are made by plumbing in a bare
store of our own in the cache and pushed from there. The repository of the user gives its remotes
and credentials (its configuration is read); its work tree, index and branches are not touched,
unless it is itself what is pushed to.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import git
from filelock import FileLock
from git.exc import GitCommandError

from harness.errors import RepositoryError, UsageError
from harness.git.repository import Repository
from harness.scratch import scratch_directory

# A push that says nothing for so long is not going to.
_TIMEOUT = 300
_QUIET = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_AUTHOR = {
    "GIT_AUTHOR_NAME": "esv",
    "GIT_AUTHOR_EMAIL": "esv@localhost",
    "GIT_COMMITTER_NAME": "esv",
    "GIT_COMMITTER_EMAIL": "esv@localhost",
}


def blob_id(data: bytes) -> str:
    """The id under which git stores these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


class ResultsBranch:
    """One branch of one remote, for files.

    Args:
        remote: name of one of its remotes, a URL, or a path.
        branch: name of the branch; it need not be there yet.
    """

    def __init__(self, repository: Repository, remote: str, branch: str, cache_dir: Path) -> None:
        self._cwd = repository.directory
        self._url = repository.remote_url(remote)
        if (self._cwd / self._url).is_dir():
            self._url = str((self._cwd / self._url).resolve())
        self.name = f"{branch} of {remote}"
        self._ref = f"refs/heads/{branch}"
        digest = hashlib.sha256(f"{self._url}\0{branch}".encode()).hexdigest()[:16]
        self._store = cache_dir / "results" / digest
        self._config = repository.common_dir / "config"
        self._tip = ""
        self._opened: git.Repo | None = None
        if branch.startswith("-") or not self._valid():
            raise UsageError(f"no branch can have the name {branch!r}")

    def fetch(self) -> dict[str, str]:
        """Ids of the files on the branch as it is now, by path; none if there is no branch."""
        self._store.parent.mkdir(parents=True, exist_ok=True)
        # Others may have the same store: the jobs of several configurations.
        with FileLock(f"{self._store}.lock"):
            return self._fetch()

    def _fetch(self) -> dict[str, str]:
        listed = self._git("ls-remote", self._url, self._ref)
        lines = [line.split("\t") for line in listed.splitlines()]
        self._tip = next((oid for oid, name in lines if name == self._ref), "")
        if not self._tip:
            return {}
        # Under a name of our own, so that the objects stay and the next fetch is small.
        self._git(
            "fetch", "--quiet", "--no-tags", "--force", self._url, f"{self._ref}:refs/esv/tip"
        )
        self._tip = self._git("rev-parse", "refs/esv/tip")
        found = {}
        for entry in self._git("ls-tree", "-r", "-z", self._tip).split("\0"):
            meta, _, path = entry.partition("\t")
            if meta.split()[1:2] == ["blob"]:
                found[path] = meta.split()[2]
        return found

    def read(self, oid: str) -> bytes:
        """The bytes of a file that :meth:`fetch` listed."""
        repo = self._repo()  # its process ends with it
        return bytes(repo.odb.stream(bytes.fromhex(oid)).read())

    def add(self, files: Mapping[str, bytes], message: str) -> bool:
        """Commit files on top of the branch as it was fetched, and push it.

        Returns:
            whether the branch has the commit; ``False`` if it has moved since it was fetched, and
            nothing was done.
        """
        commit = self._commit(files, message)
        lease = f"--force-with-lease={self._ref}:{self._tip}"
        try:
            self._git("push", "--quiet", lease, self._url, f"{commit}:{self._ref}")
        except RepositoryError as err:
            before, self._tip = self._tip, ""
            now = self._git("ls-remote", self._url, self._ref).split("\t")[0]
            if now == commit:
                return True  # the answer got lost
            # Two pushes at the same moment fail on the remote's lock, and the branch may be as
            # it was when we look.
            if now == before and not _RACE.search(str(err)):
                raise
            return False
        return True

    def _commit(self, files: Mapping[str, bytes], message: str) -> str:
        self._repo()
        with scratch_directory(self._store, "esv-branch-") as directory:
            places = []
            for number, data in enumerate(files.values()):
                places.append(directory / str(number))
                places[-1].write_bytes(data)
            index = {"GIT_INDEX_FILE": str(directory / "index")}
            text = "".join(f"{place}\n" for place in places)
            oids = self._git("hash-object", "-w", "--no-filters", "--stdin-paths", text=text)
            if self._tip:
                self._git("read-tree", self._tip, **index)
            entries = "".join(
                f"100644 {oid}\t{path}\0" for oid, path in zip(oids.split(), files, strict=True)
            )
            self._git("update-index", "-z", "--add", "--index-info", text=entries, **index)
            tree = self._git("write-tree", **index)
        parent = ["-p", self._tip] if self._tip else []
        return self._git("commit-tree", tree, *parent, "-m", message, **_AUTHOR)

    def _valid(self) -> bool:
        try:
            git.Git().execute(["git", "check-ref-format", self._ref])
        except GitCommandError:
            return False
        return True

    def _repo(self) -> git.Repo:
        if not (self._store / "HEAD").is_file():
            self._store.parent.mkdir(parents=True, exist_ok=True)
            git.Repo.init(self._store, bare=True)
        if self._opened is None:
            self._opened = git.Repo(self._store)
        return self._opened

    def _git(self, *arguments: str, text: str | None = None, **variables: str) -> str:
        """Output of a git command in the store, with the user's remotes and credentials."""
        self._repo()
        command = git.Git(self._cwd)
        # `update-index` wants a work tree, though it looks at none here.
        places = {"GIT_DIR": str(self._store), "GIT_WORK_TREE": str(self._store)}
        command.update_environment(**places, **_QUIET, **variables)
        line = [
            "git",
            "-c", f"include.path={self._config}",
            "-c", "core.hooksPath=/dev/null",
            "-c", "gc.auto=0",
            "-c", "maintenance.auto=false",
            "-c", "push.gpgSign=false",
            *arguments,
        ]  # fmt: skip
        try:
            if text is None:
                return str(command.execute(line, kill_after_timeout=_TIMEOUT))
            with tempfile.TemporaryFile() as stream:
                stream.write(os.fsencode(text))
                stream.seek(0)
                return str(command.execute(line, istream=stream))
        except GitCommandError as err:
            reason = [x for x in str(err.stderr or "").strip("\n '").splitlines() if x.strip()]
            words = "; ".join(x.strip() for x in reason[-3:]) or f"exit status {err.status}"
            raise RepositoryError(f"results branch {self.name}: {words}") from None


_RACE = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|incorrect old"
    r"|already exists|File exists"
)
