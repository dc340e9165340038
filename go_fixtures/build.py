"""Build the fixture repositories from their patch series.

Every fixture is kept as ``<name>/series/*.patch`` and becomes a git repository
whose commit hashes are the same on every machine: names, dates and time zone
come from the patches or are fixed here, and no configuration of the user, the
system or the surrounding repository is read.

    python go_fixtures/build.py                    # all, into go_fixtures/repos
    python go_fixtures/build.py timeline --into DIR
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEFAULT_INTO = HERE / "repos"
BRANCH = "main"
COMMITTER = ("Fixture Author", "author@fixture.invalid")

# Set on the command line as well, for versions of git that do not know
# GIT_CONFIG_GLOBAL.
SETTINGS = (
    "commit.gpgSign=false",
    "core.attributesFile=/dev/null",
    "core.autocrlf=false",
    "core.eol=lf",
    "core.hooksPath=/dev/null",
    "gc.auto=0",
)


class FixtureError(Exception):
    """A fixture is missing, does not apply or has another hash than it should."""


def names() -> list[str]:
    """Return the names of all fixtures."""
    return sorted(path.parent.name for path in HERE.glob("*/truth.json"))


def patches(name: str) -> list[Path]:
    """Return the patches of the fixture ``name`` in order."""
    found = sorted((HERE / name / "series").glob("*.patch"))
    if not found:
        raise FixtureError(f"{name}: no patches; the fixtures are: {', '.join(names())}")
    return found


def expected_head(name: str) -> str | None:
    """Return the hash of the last commit as ``truth.json`` has it, if it does."""
    path = HERE / name / "truth.json"
    if not path.is_file():
        return None
    head = json.loads(path.read_text(encoding="utf-8")).get("head")
    return str(head) if head else None


def environment(home: Path) -> dict[str, str]:
    """Return the environment for git: nothing of the user's reaches it."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return {
        **kept,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_COMMITTER_NAME": COMMITTER[0],
        "GIT_COMMITTER_EMAIL": COMMITTER[1],
        "LC_ALL": "C",
        "TZ": "UTC",
    }


def git(directory: Path, home: Path, *arguments: str) -> str:
    """Run git in ``directory`` and return what it prints."""
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    done = subprocess.run(
        ["git", *settings, *arguments],
        cwd=directory,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise FixtureError(f"git {arguments[0]} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()


def head_of(repository: Path, home: Path) -> str | None:
    """Return the hash of the branch in ``repository``, None if there is none."""
    if not (repository / ".git").is_dir():
        return None
    try:
        return git(repository, home, "rev-parse", "--verify", f"refs/heads/{BRANCH}")
    except FixtureError:
        return None


def build(name: str, into: Path = DEFAULT_INTO, *, check: bool = True) -> Path:
    """Build the fixture ``name`` as ``into/name`` and return that path.

    Nothing happens if it is there with the right HEAD; anything else in that
    place is replaced. ``check=False`` accepts a HEAD that ``truth.json`` does
    not name (after a patch was added) and always builds.
    """
    series = patches(name)
    wanted = expected_head(name) if check else None
    if check and wanted is None:
        raise FixtureError(f"{name}: truth.json names no head; run verify.py --write {name}")
    into = into.resolve()
    into.mkdir(parents=True, exist_ok=True)
    target = into / name
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=into) as scratch:
        home = Path(scratch) / "home"
        home.mkdir()
        if check and head_of(target, home) == wanted:
            return target
        fresh = Path(scratch) / name
        fresh.mkdir()
        git(fresh, home, "init", "--quiet", "--template=", "--object-format=sha1")
        git(fresh, home, "symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")
        git(
            fresh, home, "am", "--quiet", "--no-gpg-sign", "--committer-date-is-author-date",
            *map(str, series),
        )  # fmt: skip
        got = git(fresh, home, "rev-parse", "HEAD")
        if check and got != wanted:
            raise FixtureError(
                f"{name}: built HEAD {got}, but truth.json says {wanted}. Either the series was "
                f"changed (then run verify.py --write {name}) or this git applies it differently."
            )
        if target.exists():
            target.rename(Path(scratch) / "old")
        try:
            fresh.rename(target)
        except OSError:
            # Someone else built the same fixture at the same time.
            if head_of(target, home) != got:
                raise
    return target


def main(arguments: list[str] | None = None) -> int:
    """Build the fixtures named on the command line."""
    parser = argparse.ArgumentParser(description="Build the fixture repositories.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="fixtures (default: all)")
    parser.add_argument("--into", type=Path, default=DEFAULT_INTO, metavar="DIR")
    options = parser.parse_args(arguments)
    if shutil.which("git") is None:
        print("build.py: git is not on PATH", file=sys.stderr)
        return 2
    try:
        for name in options.names or names():
            path = build(name, options.into)
            print(f"{path} {expected_head(name)}")
    except FixtureError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
