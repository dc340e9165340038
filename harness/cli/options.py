"""The options of a verb: a frozen dataclass whose fields say how they are given.

A verb declares each option once, with its type::

    @dataclass(frozen=True, kw_only=True)
    class Options(CommonOptions):
        html_dir: str | None = option(metavar="DIR", help="where to (default: html_dir)")

`add_arguments` gives them to argparse under the name of the field (``--html-dir``), and
`read_options` makes the dataclass of what argparse has parsed. Settings are those of
`argparse.ArgumentParser.add_argument`.
"""

from __future__ import annotations

import argparse
from dataclasses import MISSING, dataclass, field, fields
from functools import partial
from typing import Any, TypeVar

OptionsT = TypeVar("OptionsT", bound="CommonOptions")


def argument(*, default: Any = MISSING, **settings: Any) -> Any:
    """A field that is given by its place; optional with ``nargs`` and a default."""
    return field(default=default, metadata={"flags": None, "settings": settings})


def option(*short: str, default: Any = None, **settings: Any) -> Any:
    """A field that is given by its name; ``short`` are further names."""
    return field(default=default, metadata={"flags": short, "settings": settings})


def formats(*names: str) -> Any:
    """The field of ``--format``; the first is the default."""
    return option(default=names[0], choices=names, help=f"default: {names[0]}")


flag = partial(option, default=False, action="store_true")
repeated = partial(option, default=(), action="append")

# Options that mean the same for several verbs.
bench = partial(option, metavar="RE", help="benchmarks, as go test -bench takes it")
packages = partial(repeated, metavar="PATTERN", help="such as ./parse/...; repeatable")
releases = partial(repeated, metavar="VERSION", help="Go release; repeatable")
release = partial(option, metavar="VERSION", help="Go release")
machine = partial(option, metavar="NAME", help="machine (default: this one first)")
base_go = partial(
    option,
    metavar="VERSION",
    help="Go release of the base, if another one: the base is measured with both, and what is"
    " the compiler's is told from what is the code's",
)


@dataclass(frozen=True, kw_only=True)
class CommonOptions:
    """The options that every verb has."""

    config: str | None = option(
        metavar="FILE", help="configuration (default: asv.conf.json, found upwards)"
    )
    quiet: bool = flag(help="print results and errors only")
    verbose: bool = flag(help="print every step")
    no_progress: bool = flag(help="no progress bar")


@dataclass(frozen=True, kw_only=True)
class ResultOptions(CommonOptions):
    """The options of a verb that prints a result."""

    format: str = formats("text", "json")
    output: str | None = option(metavar="FILE", help="write there, not to the terminal")


def add_arguments(parser: argparse.ArgumentParser, options: type[CommonOptions]) -> None:
    """Give the fields of a dataclass to a parser, in their order."""
    for each in fields(options):
        short = each.metadata["flags"]
        names = [each.name] if short is None else [f"--{each.name.replace('_', '-')}", *short]
        # What is not given is left to the defaults of the dataclass.
        parser.add_argument(*names, default=argparse.SUPPRESS, **each.metadata["settings"])


def read_options(options: type[OptionsT], parsed: argparse.Namespace) -> OptionsT:
    """The dataclass with what argparse has parsed for its fields."""
    values: dict[str, Any] = {}
    for each in fields(options):
        if each.name in parsed:
            value = getattr(parsed, each.name)
            values[each.name] = tuple(value) if isinstance(value, list) else value
    return options(**values)


def positive(text: str) -> int:
    """A number above 0, as the type of an option."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number
