"""The verbs and their options, from the words of a command line to the typed options."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import get_args, get_origin, get_type_hints

import pytest

from harness import cli
from harness.cli.main import VERBS, main, parse
from harness.cli.options import (
    CheckOptions,
    CompareOptions,
    FindOptions,
    GateOptions,
    RmOptions,
    RunOptions,
)
from harness.model import ALLOCS, BYTES

# What a verb cannot do without.
REQUIRED = {
    "compare": ["A"],
    "find": ["A..B", "--bench", "X"],
    "import": ["bench.txt", "--revision", "HEAD"],
    "rm": ["HEAD"],
}


def fits(value: object, hint: object) -> bool:
    """True if a value is of the annotated type."""
    if get_origin(hint) is tuple:
        element, *rest = get_args(hint)
        if rest == [...]:
            return isinstance(value, tuple) and all(fits(v, element) for v in value)
        return isinstance(value, tuple) and list(map(fits, value, get_args(hint))) == [True] * 2
    kinds = get_args(hint) or (hint,)
    return type(value) in kinds


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_can_be_loaded_and_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([name, "--help"])
    assert end.value.code == 0
    out = " ".join(capsys.readouterr().out.split())
    assert out.startswith(f"usage: esv {name} ")
    assert f" {VERBS[name][0].__doc__} " in out


@pytest.mark.parametrize("name", VERBS)
def test_every_option_has_help_and_a_field_of_its_type(name: str) -> None:
    options = VERBS[name][0]
    hints = get_type_hints(options)
    _, given = parse([name, *REQUIRED.get(name, ())])
    assert type(given) is options
    for field in fields(options):
        assert fits(getattr(given, field.name), hints[field.name]), field.name
        settings = field.metadata["settings"]
        assert settings.get("help") or settings.get("metavar") in ("A", "B", "REV", "REV|RANGE")
        if field.metadata["names"] is not None and settings.get("action") != "store_true":
            text = settings["choices"][-1] if "choices" in settings else "7"
            text = "json=7" if field.name == "report" else text
            flag = f"--{field.name.replace('_', '-')}"
            value = getattr(parse([name, *REQUIRED.get(name, ()), flag, text])[1], field.name)
            assert fits(value, hints[field.name]), field.name
            assert value is not None


def test_options_are_typed_and_frozen() -> None:
    _, options = parse(["gate", "--go", "1.26", "--go", "1.27", "--report", "json=a=b", "--time"])
    assert isinstance(options, GateOptions)
    assert options.go == ("1.26", "1.27")
    assert options.report == (("json", "a=b"),)
    assert options.time
    assert not options.compile_only
    assert (options.head, options.base, options.count) == ("HEAD", None, None)
    with pytest.raises(AttributeError):
        options.head = "main"  # type: ignore[misc]


def test_one_verb_leaves_no_trace_in_the_options_of_another() -> None:
    assert parse(["check", "--go", "1.26"])[1] == CheckOptions(go=("1.26",))
    assert parse(["check"])[1] == CheckOptions()


@pytest.mark.parametrize(
    ("words", "value"),
    [(["-k"], True), (["--skip-existing"], True), ([], False)],
)
def test_short_names(words: Sequence[str], value: bool) -> None:
    _, options = parse(["run", *words])
    assert isinstance(options, RunOptions)
    assert options.skip_existing is value
    assert parse(["rm", "HEAD", "-y"])[1] == RmOptions(revisions=("HEAD",), yes=True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gates"], "esv: error: argument VERB: invalid choice: 'gates'"),
        (["gate", "--bogus"], "esv: error: unrecognized arguments: --bogus"),
        (["run", "--steps", "0"], "argument --steps: '0' is not a number above 0"),
        (["find", "A..B"], "esv find: error: the following arguments are required: --bench"),
        (["show", "--format", "xml"], "argument --format: invalid choice: 'xml'"),
        (
            ["gate", "--report", "pdf=x"],
            "argument --report: 'pdf=x' is not FORMAT=FILE with one of text, markdown, json,"
            " sarif, github, junit, gitlab, html",
        ),
    ],
)
def test_a_wrong_command_line_exits_with_2(
    words: Sequence[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_without_a_verb_the_verbs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([])
    assert end.value.code == 2
    out = " ".join(capsys.readouterr().out.split())
    for name, (options, _) in VERBS.items():
        assert options.__doc__
        assert f" {name} {options.__doc__[0].lower()}{options.__doc__[1:-1]}" in out


@pytest.mark.parametrize("name", VERBS)
def test_the_module_of_a_verb_is_found_when_it_is_used(name: str) -> None:
    module = getattr(cli, "import_" if name == "import" else name)
    hints = get_type_hints(module.run)
    assert hints == {"options": VERBS[name][0], "return": int}


def test_find_bisects_what_is_counted() -> None:
    unit = next(f for f in fields(FindOptions) if f.name == "unit")
    assert (unit.metadata["settings"]["choices"], unit.default) == ((ALLOCS, BYTES), ALLOCS)


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["gate", "--help"]])
def test_help_loads_nothing_that_measures(words: Sequence[str]) -> None:
    """Each of these takes longer to load than Python takes to start."""
    code = (
        f"import sys\nfrom harness.cli.main import parse\ntry: parse({words!r})\n"
        "except SystemExit: pass\n"
        "print(*{'git', 'msgspec', 'asv', 'pandas', 'harness.engine'} & sys.modules.keys(),"
        " file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.split() == []


def test_the_value_of_gcflags_may_begin_with_a_dash() -> None:
    _, options = parse(["compare", "A", "--gcflags", "-m", "--gcflags", "-l"])
    assert options == CompareOptions(base="A", gcflags=("-m", "-l"))
