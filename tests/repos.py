"""Small git repositories and Go modules that a test writes for itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

Files = Mapping[str, str | bytes | None]

_DATE = 1_767_603_600  # 2026-01-05 09:00 UTC


def write_files(directory: Path, files: Files) -> None:
    """Write files below a directory; ``None`` deletes one. Text loses its common indentation."""
    for name, content in files.items():
        path = directory / name
        if content is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else dedent(content).lstrip("\n").encode()
        path.write_bytes(data)


def git_environment() -> dict[str, str]:
    """Nothing of the user's configuration reaches the git of a test."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "Fixture Author",
        "GIT_AUTHOR_EMAIL": "author@fixture.invalid",
        "GIT_COMMITTER_NAME": "Fixture Author",
        "GIT_COMMITTER_EMAIL": "author@fixture.invalid",
        "LC_ALL": "C",
        "TZ": "UTC",
    }


class Project:
    """A git repository that a test makes commit by commit, each a day after the one before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._clock = _DATE
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        """Output of a git command; it must succeed."""
        date = f"{self._clock} +0000"
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env={**git_environment(), "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def commit(self, files: Files, message: str = "change") -> str:
        """Write files, commit everything, return the hash."""
        write_files(self.path, files)
        self._clock += 86_400
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def merge(self, other: str, message: str = "merge") -> str:
        """Merge a branch with a merge commit, return the hash."""
        self._clock += 86_400
        self.git("merge", "--quiet", "--no-ff", "-m", message, other)
        return self.git("rev-parse", "HEAD")
