"""The reports of ``esv gate``, written to the files that were asked for and to the CI host."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from harness.analysis.verdict.gate import GateReport
from harness.cli.context import to_standard_output
from harness.cli.gate import STDOUT
from harness.errors import EXIT_ERROR, EscapeVelocityError, UsageError
from harness.git import Repository
from harness.outputs.gate import markdown
from harness.outputs.gate.base import Failure, Reporter, Surroundings
from harness.outputs.gate.registry import reporter
from harness.store.files import write_atomic


def deliver(reports: Sequence[tuple[str, str]], report: GateReport, repository: Repository) -> None:
    """Write every report that was asked for; all of them even if one cannot be written.

    Args:
        reports: format and file of each.
        report: of the gate.
        repository: gives source lines.

    Raises:
        UsageError: a file is a directory, or named twice.
        StoreError: a file cannot be written.
    """
    around = _surroundings(repository, os.environ)
    _write(
        reports,
        lambda reporter: reporter.report(report, around),
        lambda room: markdown.render(report, around, room),
    )


def deliver_failure(reports: Sequence[tuple[str, str]], error: BaseException) -> None:
    """Write every report of a gate that has no verdict; its message goes to standard error too.

    Raises:
        As `deliver`.
    """
    code = error.exit_code if isinstance(error, EscapeVelocityError) else EXIT_ERROR
    message = str(error) or type(error).__name__
    if not isinstance(error, (EscapeVelocityError, OSError)):
        message = f"internal error: {type(error).__name__}: {message}"
    failure = Failure(message, code)
    _write(
        reports,
        lambda reporter: reporter.failure(failure),
        lambda _: markdown.failure(failure),
        failed=True,
    )


def _write(
    reports: Sequence[tuple[str, str]],
    render: Callable[[Reporter], str],
    summary: Callable[[int], str],
    *,
    failed: bool = False,
) -> None:
    problems: list[EscapeVelocityError] = []
    for name, file in reports:
        if failed and (name, file) == ("text", STDOUT):
            continue  # standard error says it already
        try:
            _put(file, render(reporter(name)), name)
        except EscapeVelocityError as err:
            problems.append(err)
    if any(name == "github" for name, _ in reports):
        _append_summary(os.environ.get("GITHUB_STEP_SUMMARY", ""), summary)
    if problems:
        raise problems[0]


def _put(file: str, text: str, form: str) -> None:
    if file == STDOUT:
        to_standard_output(text, form)
        return
    if Path(file).is_dir():
        raise UsageError(f"{file} is a directory; name a file for the report")
    write_atomic(Path(file), text.encode("utf-8", "replace"))


def _append_summary(file: str, summary: Callable[[int], str]) -> None:
    """Add to the summary of the job's step, which the host drops whole if it is too large."""
    if not file:
        return
    path = Path(file)
    try:
        there = path.stat().st_size if path.exists() else 0
        text = summary(markdown.SUMMARY_LIMIT - there)
        with path.open("a", encoding="utf-8", errors="replace") as stream:
            stream.write(text)
    except OSError as err:
        # Nothing depends on it: the annotations and the exit code say the same.
        print(f"esv gate: cannot write {path}: {err.strerror or err}", file=sys.stderr)


def _surroundings(repository: Repository, env: Mapping[str, str]) -> Surroundings:
    @lru_cache
    def lines(revision: str, file: str) -> list[str]:
        return (repository.file_text(revision, file) or "").split("\n")

    def source(revision: str, file: str, line: int) -> str:
        if not file or line < 1:
            return ""
        found = lines(revision, file)
        return found[line - 1] if line <= len(found) else ""

    return Surroundings(source, _links(env))


def _links(env: Mapping[str, str]) -> Callable[[str, str, int], str]:
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
