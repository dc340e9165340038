"""Standard streams and a home as they may be: one clear line, and the documented exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness import config as config_module
from harness.config import user_cache_dir
from harness.errors import ConfigError
from tests.builders import ENVIRONMENT
from tests.cli.test_publishing import Published

VERBS = (
    ("show", "HEAD"), ("compare", "HEAD~1", "HEAD"), ("steps",), ("steps", "--format", "json"),
    ("publish",), ("rebuild",), ("export",),
)  # fmt: skip
NO_SPACE = "cannot write to standard output: No space left on device"
CLOSED = "cannot write to standard output: it is closed"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A project with records that were written, not measured."""
    made = Published(tmp_path_factory.mktemp("streams"))
    for number in range(6):
        made.store.write(made.record(number, ENVIRONMENT))
    return made


def esv(
    project: Published, *arguments: str, redirect: str = "", env: Mapping[str, str] | None = None
) -> tuple[int, bytes, str]:
    """Exit code and streams of a command with the shell's redirections."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" "$@" {redirect}', sys.executable, "-m", "harness",
         *arguments, *([] if arguments[-1] == "--help" else ["--config", "cache.json"])],
        cwd=project.directory,
        env=dict(os.environ if env is None else env)
        | {"PYTHONPATH": str(Path(config_module.__file__).parents[1])},
        stdin=None if "<&-" in redirect else subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr.decode()


@pytest.mark.parametrize(
    ("redirect", "says", "verbs"),
    [(">/dev/full", NO_SPACE, VERBS), (">&-", CLOSED, VERBS[3:6]), ("<&- >&-", CLOSED, VERBS[:1])],
)
def test_output_that_cannot_be_written(
    project: Published, redirect: str, says: str, verbs: tuple[tuple[str, ...], ...]
) -> None:
    for verb, *arguments in verbs:
        code, _, err = esv(project, verb, *arguments, redirect=redirect)
        assert (code, err) == (2, f"esv {verb}: {says}\n"), (verb, arguments)
    code, _, err = esv(project, "--help", redirect=redirect)
    assert (code, err) == (2, f"esv: {says}\n")
    # What prints nothing has nothing to lose.
    assert esv(project, "rebuild", "--quiet", redirect=redirect) == (0, b"", "")


def test_a_reader_that_has_gone_is_no_failure(project: Published) -> None:
    assert esv(project, "export", redirect="| true")[0] == 0


@pytest.mark.parametrize("redirect", ["2>/dev/full", "<&- 2>&-"])
def test_the_exit_code_stands_where_nobody_hears_why(project: Published, redirect: str) -> None:
    """Python's own 1 would read as a regression."""
    assert esv(project, "show", "no-such", redirect=redirect) == (2, b"", "")
    assert esv(project, "--no-such", redirect=redirect) == (2, b"", "")
    code, out, _ = esv(project, "show", "HEAD", redirect=redirect)
    assert (code, out) == esv(project, "show", "HEAD")[:2]
    assert code == 0


def test_a_closed_input_is_an_empty_one(project: Published) -> None:
    code, _, err = esv(project, "import", "-", "--revision", "HEAD", redirect="<&-")
    assert (code, err.count("\n")) == (2, 1)
    code, _, err = esv(project, "rm", "HEAD", redirect="<&-")
    assert code == 2
    assert "say so with --yes" in err


def test_ascii_output(project: Published) -> None:
    unicode, given = ({**os.environ, "PYTHONIOENCODING": name} for name in ("utf-8", "ascii"))
    of_the_locale = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    for arguments in (("steps",), ("steps", "--format", "json"), ("show", "HEAD"), ("export",)):
        plain = esv(project, *arguments, env=unicode)[1]
        if arguments[0] != "export" and "json" not in arguments:
            text = plain.decode()
            # The last column of `steps` says which way with a sign.
            assert arguments != ("steps",) or any(c > "\x7f" for c in text)
            plain = text.encode("ascii", "backslashreplace")
            assert esv(project, *arguments, env=of_the_locale) == (0, plain, "")
        assert esv(project, *arguments, env=given) == (0, plain, "")


def test_without_home_the_user_database_serves(project: Published) -> None:
    bare = {k: v for k, v in os.environ.items() if not k.startswith(("HOME", "XDG_"))}
    for arguments in VERBS:
        assert esv(project, *arguments, env=bare)[::2] == (0, "")
    assert not (project.directory / "~").exists()


def test_a_user_without_a_home_is_told_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(ConfigError, match='"cache_dir" in the "go" section'):
        user_cache_dir()
