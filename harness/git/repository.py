"""A git repository that is only read: revisions, ranges, trees and diffs.

Nothing here writes to the repository that the user named: worktrees are made from a bare store of
our own that borrows its objects (see :mod:`harness.git.worktrees`).
"""

import os
import re
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import git
from git.exc import GitCommandError, InvalidGitRepositoryError, NoSuchPathError

from harness.errors import RepositoryError, UsageError
from harness.git.diffs import parse_diff
from harness.git.reading import LOG_FORMAT, parse_log, readable_line, reason, verb
from harness.model import FileChange, Revision

_PLAIN_RANGE = re.compile(r"(?:(?P<old>[^\s^.]+)\.\.)?(?P<new>[^\s^]*)")
_HASH = re.compile(r"[0-9a-f]{40}")
# A gate asks for the same few again and again; a walk over a history never does.
_CACHED_DIFFS = 16
# The user's configuration must not change what diffs look like; hooks and fsmonitor never run.
_NEUTRAL = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "core.quotePath=true")

# In a git hook these name the hook's repository. Left in the environment they would make every git
# command here work on that one, the checkout of a revision too.
_HOOK_VARIABLES = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_PREFIX", "GIT_NAMESPACE", "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE",
)  # fmt: skip


def open_repository(location: str, mirrors: Path) -> "Repository":
    """Open a repository given by directory or URL; a URL is mirrored in ``mirrors``."""
    if not re.match(r"[a-z][a-z0-9+.-]*://|[^/]+@[^/]+:", location):
        return Repository(Path(location))
    path = mirrors / re.sub(r"[^A-Za-z0-9._-]+", "-", location).strip("-.")[-120:]
    try:
        if (path / "HEAD").is_file():
            git.Repo(path).git.fetch("--prune", "origin")
        else:
            mirrors.mkdir(parents=True, exist_ok=True)
            git.Repo.clone_from(location, path, mirror=True)
    except GitCommandError as err:
        raise RepositoryError(f"cannot clone or fetch {location}: {reason(err)}") from None
    return Repository(path)


class Repository:
    """Read access to one repository, from a directory in the work tree or a bare repository.

    Attributes:
        holes: commits that cannot be read and at which a listing of the history ended.
    """

    def __init__(self, path: Path) -> None:
        for name in _HOOK_VARIABLES:
            os.environ.pop(name, None)
        try:
            self._repo = git.Repo(path, search_parent_directories=True)
        except (InvalidGitRepositoryError, NoSuchPathError):
            raise RepositoryError(
                f'{path} is not a git repository; set "repo" in asv.conf.json to one'
            ) from None
        self.holes: set[str] = set()
        self._trees: dict[str, dict[str, str]] = {}
        self._diffs: dict[tuple[str, str], tuple[FileChange, ...]] = {}
        # Looking at a repository must not so much as refresh its index.
        self._repo.git.update_environment(
            GIT_OPTIONAL_LOCKS="0", GIT_TERMINAL_PROMPT="0", LC_ALL="C"
        )

    @property
    def directory(self) -> Path:
        """The work tree's top, or the repository itself where it is bare."""
        return Path(self._repo.working_tree_dir or self._repo.common_dir)

    @property
    def git_dir(self) -> Path:
        """The git directory of this work tree, which holds its index."""
        return Path(self._repo.git_dir)

    @property
    def common_dir(self) -> Path:
        """The git directory that holds the objects, the same from every linked worktree."""
        return Path(os.path.realpath(self._repo.common_dir))

    def git(self, *arguments: str, strip: bool = True) -> str:
        """Output of a git command; configuration that changes output is neutralised."""
        options = [part for setting in _NEUTRAL for part in ("-c", setting)]
        try:
            return str(
                self._repo.git.execute(
                    ["git", *options, *arguments],
                    strip_newline_in_stdout=strip,
                    stdout_as_string=True,
                )
            )
        except GitCommandError as err:
            raise RepositoryError(f"git {verb(arguments)} failed: {reason(err)}") from None

    def _try(self, *arguments: str, strip: bool = True) -> str | None:
        """Output of a git command, ``None`` if it fails."""
        try:
            return self.git(*arguments, strip=strip)
        except RepositoryError:
            return None

    def borrow(self, objects: Path) -> None:
        """Read from another object directory too; nothing is written."""
        self._repo.git.update_environment(GIT_ALTERNATE_OBJECT_DIRECTORIES=str(objects))

    def resolve(self, name: str) -> str:
        """Full hash of a commit."""
        if name.endswith("-dirty"):
            raise UsageError(
                f"{name!r} names a work tree with uncommitted changes, not a revision;"
                " commit them, or name a commit"
            )
        if name and not name.startswith("-"):
            found = self._try("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
            if found is not None:
                return found
        hint = (
            "the clone is shallow and does not reach it; fetch it (git fetch --unshallow)"
            if self.boundary()
            else "check the name, or fetch it first"
        )
        raise UsageError(f"unknown revision {name!r} in {self.directory}: {hint}")

    def boundary(self) -> str:
        """The commits at which a shallow clone ends, which differ from those of a deeper one."""
        try:
            return (self.common_dir / "shallow").read_text("ascii")
        except OSError:
            return ""

    def work_tree_changes(self) -> list[str]:
        """Files in which the work tree differs from the index, according to ``git status``.

        Changed and deleted files, those with conflicts, and new ones that are not ignored, whatever
        ``status.showUntrackedFiles`` is. Files that ``git status`` ignores are left out: outside of
        a sparse checkout, with the bits ``skip-worktree`` or ``assume-unchanged``, modes without
        ``core.fileMode``, converted line ends.
        """
        if not self._repo.working_tree_dir:
            raise UsageError(f"{self.directory} is a bare repository; it has no work tree")
        listing = self.git(
            "-C", str(self.directory), "status", "--porcelain", "-z", "--no-renames",
            "--untracked-files=all", strip=False,
        )  # fmt: skip
        # `XY name`, where Y is the state of the work tree against the index.
        entries = [(e[:2], e[3:]) for e in listing.split("\0") if e]
        # Another repository inside, which is no submodule, ends in a slash.
        return [name for state, name in entries if state[1] != " " and not name.endswith("/")]

    def revisions(self, hashes: Sequence[str]) -> list[Revision]:
        """The commits of these hashes, in the same order."""
        found: list[Revision] = []
        for start in range(0, len(hashes), 500):
            part = hashes[start : start + 500]
            text = self.git("log", "--no-walk=unsorted", f"--format={LOG_FORMAT}", *part, "--")
            found.extend(parse_log(text))
        return found

    def revision(self, hash_: str) -> Revision:
        """One commit."""
        return self.revisions([hash_])[0]

    def committed(self, hash_: str) -> float:
        """Committer date of a commit, in seconds since the epoch."""
        return float(self.git("show", "--no-patch", "--format=%ct", hash_, "--"))

    def first_parents(self, tips: Iterable[str]) -> list[str]:
        """The first-parent history of the tips, newest first, each commit once.

        Where the clone lacks a commit the history ends, and :attr:`holes` has an entry.
        """
        seen: dict[str, None] = {}
        for tip in tips:
            try:
                listed = self.git("rev-list", "--first-parent", tip, "--").split()
            except RepositoryError:
                listed = self._as_far_as_readable(tip)
            seen.update(dict.fromkeys(listed))
        return list(seen)

    def _as_far_as_readable(self, tip: str) -> list[str]:
        read = partial(self._object, "commit")
        found, hole = readable_line(read, self.resolve(tip), self.boundary().split())
        self.holes.update([hole] if hole else [])
        return found

    def _object(self, wanted: str, oid: str) -> bytes | None:
        """An object of a kind, ``None`` if the clone lacks it or it is damaged."""
        try:
            _, kind, _, data = self._repo.git.get_object_data(oid)
        except (ValueError, GitCommandError):
            self._repo.git.clear_cache()  # at a damaged one git has ended
            return None
        return bytes(data) if kind in (wanted, wanted.encode()) else None

    def range(self, spec: str) -> list[str]:
        """The commits of a range, newest first, along first parents as asv does.

        A single revision means that commit and everything before it, as in ``git rev-list``.
        """
        parts = spec.split()
        if any(p.startswith("-") and p not in ("--merges", "--no-merges") for p in parts):
            raise UsageError(f"range {spec!r} has an option that is not allowed in a range")
        for part in parts:
            for name in re.split(r"\.{2,3}", part.removesuffix("^!")):
                if name and not name.startswith("-"):
                    self.resolve(name.removeprefix("^"))
        try:
            return self.git("rev-list", "--first-parent", *parts, "--").split()
        except RepositoryError as err:
            plain = _PLAIN_RANGE.fullmatch(spec.strip())
            if plain is None:
                raise UsageError(f"range {spec!r}: {err}") from None
            below = set(self.first_parents([plain["old"]] if plain["old"] else []))
            return [h for h in self.first_parents([plain["new"] or "HEAD"]) if h not in below]

    def default_branch(self) -> str:
        """The remote's default branch, else the current one."""
        remote = self._try("rev-parse", "--abbrev-ref", "origin/HEAD")
        if remote is not None:
            return remote.removeprefix("origin/")
        return self._try("symbolic-ref", "--short", "HEAD") or "HEAD"

    def branch_tips(self, branches: Sequence[str]) -> list[str]:
        """Hashes of the configured branches, or of HEAD where none are configured."""
        names = list(branches) or ["HEAD"]
        return list(dict.fromkeys(self._branch_tip(name) for name in names))

    def branch_lines(self, branches: Sequence[str]) -> list[tuple[str, list[str]]]:
        """Each branch with its first-parent history, oldest first.

        Where no branch is configured, the history of ``HEAD`` under an empty name.
        """
        found = []
        for name in branches or ("",):
            tips = self.branch_tips([name] if name else [])
            found.append((name, self.first_parents(tips)[::-1]))
        return found

    def _branch_tip(self, name: str) -> str:
        """Hash of the local branch, or of the fetched one where that is ahead."""
        found = []
        for candidate in (name, f"origin/{name}"):
            try:
                found.append(self.resolve(candidate))
            except UsageError:
                continue
        if not found:
            raise UsageError(
                f'branch {name!r} is not in {self.directory}; set "branches" in asv.conf.json'
            )
        return found[-1] if self.is_ancestor(found[0], found[-1]) else found[0]

    def is_ancestor(self, old: str, new: str) -> bool:
        """Return whether ``new`` is ``old`` or a descendant of it."""
        return self._try("merge-base", "--is-ancestor", old, new) is not None

    def fetch(self) -> bool:
        """Update the remote-tracking branches, nothing else; return whether there is a remote."""
        names = self.git("remote").split()
        if not names:
            return False
        self.git(
            "-c", "gc.auto=0", "-c", "maintenance.auto=false", "fetch", "--quiet",
            "origin" if "origin" in names else names[0],
        )  # fmt: skip
        return True

    def remote_url(self, name: str) -> str:
        """The push URL of a remote; a name that is no remote is a URL or a path itself."""
        return self._try("remote", "get-url", "--push", name) or name

    def merge_base(self, branch: str, head: str) -> str | None:
        """The common ancestor of a branch and ``head``, ``None`` if there is none."""
        for name in (f"origin/{branch}", branch):
            try:
                return self.git("merge-base", self.resolve(name), head)
            except (RepositoryError, UsageError):
                continue
        return None

    def diff(self, base: str, head: str) -> tuple[FileChange, ...]:
        """The changes from one tree to another, with renames; cached for two full hashes."""
        if (base, head) in self._diffs:
            return self._diffs[base, head]
        text = self.git(
            "diff", "-U0", "--inter-hunk-context=0", "--diff-algorithm=myers", "--find-renames",
            "--no-color", "--no-ext-diff", "--no-textconv",
            "--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules=none", base, head, "--",
            strip=False,
        )  # fmt: skip
        changes = parse_diff(text)
        if _HASH.fullmatch(base) and _HASH.fullmatch(head):
            if len(self._diffs) >= _CACHED_DIFFS:
                self._diffs.clear()
            self._diffs[base, head] = changes
        return changes

    def exists(self, hash_: str) -> bool:
        """Return whether the commit's object is in the clone."""
        return self._try("cat-file", "-e", f"{hash_}^{{commit}}") is not None

    def blobs(self, revision: str) -> dict[str, str]:
        """Object id of every file in the tree of a revision, by path."""
        listing = self.git("ls-tree", "-r", "-z", revision, strip=False)
        entries = (entry.split("\t", 1) for entry in listing.split("\0") if entry)
        return {path: meta.split()[2] for meta, path in entries}

    def file_text(self, revision: str, path: str) -> str | None:
        """Text of a file at a revision, ``None`` if it is not there."""
        return self._try("show", f"{revision}:{path}", strip=False)

    def file_bytes(self, revision: str, path: str) -> bytes | None:
        """Content of a file at a revision, ``None`` if the commit or the file is not there.

        Made for many files: one listing for each revision, and one process for all contents.
        """
        if revision not in self._trees:
            try:
                self._trees[revision] = self.blobs(revision)
            except RepositoryError:
                self._trees[revision] = {}
        blob = self._trees[revision].get(path)
        return None if blob is None else self._object("blob", blob)

    def files_with(self, revision: str, text: str, pattern: str) -> list[str]:
        """Files of a revision that match a path pattern and hold a text."""
        # git grep fails where nothing is found.
        found = self._try("grep", "-l", "-z", "-F", "-e", text, revision, "--", pattern) or ""
        return [name.partition(":")[2] for name in found.split("\0") if name]

    def first_with(self, path: str, tip: str) -> str | None:
        """The oldest commit before ``tip`` that has ``path``; ``None`` if none has."""
        found = self.git("log", "--diff-filter=A", "--format=%H", tip, "--", path).split()
        return found[-1] if found else None
