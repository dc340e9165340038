"""Where results and progress go."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from harness.cli.context import TerminalProgress, configuration, emit
from harness.cli.options import CommonOptions, ResultOptions
from harness.errors import ConfigError, UsageError


class Terminal(io.StringIO):
    """A stream that says that people read it."""

    def isatty(self) -> bool:
        return True


def test_a_result_goes_to_the_file_that_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new" / "out.txt"
    file.parent.mkdir()
    emit(ResultOptions(output=str(file)), "größer\n")
    assert file.read_text("utf-8") == "größer\n"
    emit(ResultOptions(output=str(file)), b"\xff\n")
    assert file.read_bytes() == b"\xff\n"
    assert capsys.readouterr().out == ""


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    for result in ("text", b"bytes"):
        with pytest.raises(UsageError, match=r"--output .* is a directory; name a file"):
            emit(ResultOptions(output=str(tmp_path)), result)


def test_bytes_go_to_a_pipe_and_not_to_a_terminal(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    emit(ResultOptions(format="parquet"), b"\xff\n")
    assert capfdbinary.readouterr().out == b"\xff\n"
    monkeypatch.setattr("sys.stdout", Terminal())
    with pytest.raises(UsageError, match="parquet is no text; name a file with --output"):
        emit(ResultOptions(format="parquet"), b"\xff\n")


def test_a_directory_with_a_configuration_may_be_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        configuration(CommonOptions(config=str(tmp_path)))
    (tmp_path / "asv.conf.json").write_text('{"version": 1, "project": "p", "repo": "."}', "utf-8")
    assert configuration(CommonOptions(config=str(tmp_path))).project == "p"


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (CommonOptions(), ["[1/2] one", "said"]),
        (CommonOptions(verbose=True), ["  begun", "[1/2] one", "said"]),
        (CommonOptions(quiet=True, verbose=True), []),
    ],
)
def test_progress_without_a_terminal_is_plain_lines(
    options: CommonOptions, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with TerminalProgress(options) as progress:
        progress.start(2)
        progress.step("begun")
        progress.finish("one")
        progress.say("said")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == lines


@pytest.mark.parametrize(
    ("options", "bar"),
    [
        (CommonOptions(), True),
        (CommonOptions(no_progress=True), False),
        (CommonOptions(quiet=True), False),
    ],
)
def test_a_terminal_has_a_bar_that_goes(
    options: CommonOptions, bar: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with TerminalProgress(options) as progress:
        progress.start(2)
        progress.step("[b]building\x1b[2J")
        progress.finish("one \x1b[2J")
    text = terminal.getvalue()
    assert ("[b]building" in text) is bar  # the markup of rich is not ours
    assert ("1/2" in text) is not options.quiet
    assert "\x1b[2J" not in text
    assert ("\x1b[?25h" in text) is bar  # the cursor is there again
