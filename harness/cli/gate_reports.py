"""The reports of ``esv gate``, written to the files that were asked for and to the CI host."""

import os
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from harness.analysis.verdict.gate import GateReport
from harness.cli.context import to_standard_output
from harness.cli.gate import STDOUT
from harness.errors import EXIT_ERROR, EscapeVelocityError, UsageError
from harness.git import Repository
from harness.outputs.gate import markdown
from harness.outputs.gate.base import Failure, LineText, Surroundings
from harness.outputs.gate.registry import reporter
from harness.store.files import write_atomic


def deliver(
    reports: Sequence[tuple[str, str]], result: GateReport | Failure, repository: Repository | None
) -> None:
    """Write every report that was asked for; all of them even if one cannot be written.

    Raises:
        UsageError: a file is a directory.
        StoreError: a file cannot be written.
    """
    around = Surroundings(_source(repository), _links(os.environ)) if repository else Surroundings()
    problems: list[EscapeVelocityError] = []
    for name, file in reports:
        form = reporter(name)
        try:
            if not isinstance(result, Failure):
                _put(file, form.report(result, around), name)
            elif (name, file) != ("text", STDOUT):  # standard error says it already
                _put(file, form.failure(result), name)
        except EscapeVelocityError as err:
            problems.append(err)
    if "github" in dict(reports):
        _append_summary(os.environ.get("GITHUB_STEP_SUMMARY", ""), result, around)
    if problems:
        raise problems[0]


def failure_of(error: Exception) -> Failure:
    """The result of a gate that ended in an error."""
    code = error.exit_code if isinstance(error, EscapeVelocityError) else EXIT_ERROR
    message = str(error) or type(error).__name__
    if not isinstance(error, (EscapeVelocityError, OSError)):
        message = f"internal error: {type(error).__name__}: {message}"
    return Failure(message, code)


def _put(file: str, text: str, form: str) -> None:
    if file == STDOUT:
        to_standard_output(text, form)
        return
    if Path(file).is_dir():
        raise UsageError(f"{file} is a directory; name a file for the report")
    write_atomic(Path(file), text.encode("utf-8", "replace"))


def _append_summary(file: str, result: GateReport | Failure, around: Surroundings) -> None:
    """Add to the summary of the job's step, which the host drops whole if it is too large."""
    if not file:
        return
    path = Path(file)
    try:
        room = markdown.SUMMARY_LIMIT - (path.stat().st_size if path.exists() else 0)
        with path.open("a", encoding="utf-8", errors="replace") as stream:
            if isinstance(result, Failure):
                stream.write(markdown.failure(result))
            else:
                stream.write(markdown.render(result, around, room))
    except OSError as err:
        # Nothing depends on it: the annotations and the exit code say the same.
        print(f"esv gate: cannot write {path}: {err.strerror or err}", file=sys.stderr)


def _source(repository: Repository) -> LineText:
    @lru_cache
    def lines(revision: str, file: str) -> list[str]:
        return (repository.file_text(revision, file) or "").split("\n")

    def source(revision: str, file: str, line: int) -> str:
        if not file or line < 1:
            return ""
        found = lines(revision, file)
        return found[line - 1] if line <= len(found) else ""

    return source


def _links(env: Mapping[str, str]) -> LineText:
    """Addresses of source lines where the job's host is known."""
    root = ""
    if env.get("GITHUB_SERVER_URL") and env.get("GITHUB_REPOSITORY"):
        root = f"{env['GITHUB_SERVER_URL']}/{env['GITHUB_REPOSITORY']}/blob"
    elif env.get("CI_PROJECT_URL"):
        root = f"{env['CI_PROJECT_URL']}/-/blob"

    def link(revision: str, file: str, line: int) -> str:
        if not root or not file or file.startswith("<"):
            return ""
        place = f"#L{line}" if line > 0 else ""
        return f"{root}/{revision}/{quote(file, errors='replace')}{place}"

    return link
