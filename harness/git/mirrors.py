"""Repositories given by URL, mirrored in the cache."""

import re
from pathlib import Path

import git
from git.exc import GitCommandError

from harness.errors import RepositoryError
from harness.git.reading import reason
from harness.git.repository import Repository


def open_repository(location: str, mirrors: Path) -> Repository:
    """Open a repository given by directory or URL; a URL is mirrored in ``mirrors``.

    Raises:
        RepositoryError: it is not a git repository, or the URL cannot be cloned.
    """
    if not re.match(r"[a-z][a-z0-9+.-]*://|[^/]+@[^/]+:", location):
        return Repository(Path(location))
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", location).strip("-.")[-120:]
    path = mirrors / name
    try:
        if (path / "HEAD").is_file():
            git.Repo(path).git.fetch("--prune", "origin")
        else:
            mirrors.mkdir(parents=True, exist_ok=True)
            git.Repo.clone_from(location, path, mirror=True)
    except GitCommandError as err:
        raise RepositoryError(f"cannot clone or fetch {location}: {reason(err)}") from None
    return Repository(path)
