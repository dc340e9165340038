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

from harness.outputs.gate.registry import FORMATS

# Those of `harness.model`, which takes too long to load for a line of help.
_COUNTED = ("allocs/op", "B/op")
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


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _report(text: str) -> tuple[str, str]:
    name, _, file = text.partition("=")
    if name not in FORMATS or not file:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not FORMAT=FILE with one of {', '.join(FORMATS)}"
        )
    return name, file


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


@dataclass(frozen=True, kw_only=True)
class InitOptions(CommonOptions):
    """Write asv.conf.json for a Go project."""

    dir: str = argument(nargs="?", default=".", help="of the Go module (default: here)")
    force: bool = flag(help="replace an asv.conf.json")


@dataclass(frozen=True, kw_only=True)
class RunOptions(CommonOptions):
    """Measure revisions."""

    range: str = argument(
        nargs="?",
        default="NEW",
        help="NEW (default), ALL, EXISTING, HASHFILE:f, A..B, REV (it and what is before it),"
        " REV^! (it alone); newest first",
    )
    steps: int | None = option(type=_positive, metavar="N", help="at most N, evenly spread")
    skip_existing: bool = flag("-k", help="not those with a record")
    alloc_only: bool = flag(help="leave the time lane out")
    no_carry: bool = flag(help="measure even where the test binary is the same")
    no_explain: bool = flag(help="do not account for steps line by line")
    bench: str | None = bench()
    packages: tuple[str, ...] = packages()
    go: tuple[str, ...] = releases()
    benchtime: str | None = option(metavar="T", help="of the time lane, as go test takes it")
    count: int | None = option(type=_positive, metavar="N", help="repetitions in the time lane")


@dataclass(frozen=True, kw_only=True)
class ShowOptions(ResultOptions):
    """Show one revision."""

    revision: str = argument(nargs="?", default="HEAD", metavar="REV")
    gcflags: str | None = option(
        metavar="FLAGS",
        help="print what the compiler says with these flags, word for word (such as '-m -l')",
    )
    erased: bool = flag(help="list every escape that inlining erases")
    go: str | None = release()
    machine: str | None = machine()


@dataclass(frozen=True, kw_only=True)
class CompareOptions(ResultOptions):
    """Compare two revisions, like benchstat."""

    base: str = argument(metavar="A")
    head: str | None = argument(nargs="?", default=None, metavar="B")
    gcflags: tuple[str, ...] = repeated(
        metavar="FLAGS",
        help="compare what the compiler says with these flags; given twice, the first are A's and"
        " the second B's, and without B both are of A",
    )
    base_go: str | None = base_go()
    go: str | None = release()
    machine: str | None = machine()


@dataclass(frozen=True, kw_only=True)
class ExplainOptions(ResultOptions):
    """Account for what changed from the parent."""

    revision: str = argument(nargs="?", default="HEAD", metavar="REV")
    base: str | None = option(metavar="REV", help="compare with this, not with the parent")
    bench: str | None = bench(help="only these, as go test -bench takes it")
    go: str | None = release()
    base_go: str | None = base_go()


@dataclass(frozen=True, kw_only=True)
class FindOptions(ResultOptions):
    """Bisect a step to its commit."""

    range: str = argument(metavar="A..B", help="A has the old value, B the new one")
    bench: str = bench(
        required=True,
        help="the benchmark, as go test -bench takes it; of several that with the largest step",
    )
    unit: str = option(choices=_COUNTED, default=_COUNTED[0], help="default: allocs/op")
    go: str | None = release()


@dataclass(frozen=True, kw_only=True)
class StepsOptions(ResultOptions):
    """List every step of the history."""

    unit: tuple[str, ...] = repeated(
        metavar="U",
        help="allocs/op (default), B/op, sec/op or any other recorded unit, or all; repeatable",
    )
    correlation: bool = flag(help="how changes of the units go with escapes that come and go")


@dataclass(frozen=True, kw_only=True)
class GateOptions(ResultOptions):
    """Say whether a change may be merged."""

    format: str = formats(*FORMATS)
    report: tuple[tuple[str, str], ...] = repeated(
        type=_report,
        metavar="FORMAT=FILE",
        help="one more report of the same measurement, - for standard output; repeatable",
    )
    base: str | None = option(metavar="REV", help="default: merge base with the branch")
    head: str = option(
        metavar="REV",
        default="HEAD",
        help="default: HEAD; WORKTREE for the files as they are, uncommitted changes included",
    )
    policy: str | None = option(metavar="FILE", help="default: escape-velocity.toml of the head")
    explain_policy: bool = flag(help="say which rule applies to what, and stop")
    time: bool = flag(help="the time lane, too")
    benchtime: str | None = option(metavar="T", help="of one sample of the time lane")
    count: int | None = option(
        type=_positive, metavar="N", help="samples of the time lane; counts need none"
    )
    compile_only: bool = flag(
        help="run nothing: judge the new escape sites by the policy; for a hook before a commit"
    )
    bench: str | None = bench()
    packages: tuple[str, ...] = packages()
    go: tuple[str, ...] = releases()
    base_go: str | None = base_go()


@dataclass(frozen=True, kw_only=True)
class PublishOptions(CommonOptions):
    """Write the site."""

    html_dir: str | None = option(metavar="DIR", help="where to (default: html_dir)")


@dataclass(frozen=True, kw_only=True)
class PreviewOptions(CommonOptions):
    """Serve the site on this machine."""

    port: int = option(type=int, default=8080, help="default: 8080")


@dataclass(frozen=True, kw_only=True)
class NightlyOptions(ResultOptions):
    """Fetch, measure what is new, publish, tell the new steps."""

    format: str = formats("text", "markdown", "json")
    budget: str | None = option(metavar="TIME", help="begin no revision after it: 2h, 90m")
    results_branch: str | None = option(
        metavar="NAME", help="keep the records on a git branch as well"
    )
    push: str | None = option(
        metavar="REMOTE", help="where the branch is (default: the measured repository)"
    )
    notify: str | None = option(
        metavar="CMD", help="run it with the report as JSON on standard input"
    )
    notify_env: tuple[str, ...] = repeated(
        metavar="NAME", help="variable that CMD may see; repeatable"
    )
    wait: bool = flag(help="for another nightly run to end")
    no_fetch: bool = flag(help="do not fetch the repository")
    no_publish: bool = flag(help="do not write the site")
    no_explain: bool = flag(help="do not account for new steps")
    alloc_only: bool = flag(help="leave the time lane out")
    bench: str | None = bench()
    packages: tuple[str, ...] = packages()
    go: tuple[str, ...] = releases()


@dataclass(frozen=True, kw_only=True)
class ExportOptions(ResultOptions):
    """Write records for other tools."""

    format: str = formats("benchfmt", "csv", "parquet")
    revisions: tuple[str, ...] = argument(
        nargs="*",
        default=("EXISTING",),
        metavar="REV|RANGE",
        help="REV (it alone), A..B, ALL, EXISTING (default), HASHFILE:f",
    )
    go: str | None = release()
    machine: str | None = machine()


@dataclass(frozen=True, kw_only=True)
class ImportOptions(CommonOptions):
    """Make a record of a saved `go test -bench` output."""

    file: str = argument(metavar="FILE", help="what go test printed; - for standard input")
    revision: str = option(metavar="REV", required=True, help="the commit that ran")
    go: str | None = release(help="Go release that ran")
    machine: str | None = machine(help="default: made of the cpu: line")
    package: str | None = option(metavar="PATH", help="where the file has no pkg: line")
    force: bool = flag(help="replace a record that was measured")


@dataclass(frozen=True, kw_only=True)
class CheckOptions(CommonOptions):
    """Measure a module whose numbers are known; look at the set-up."""

    go: tuple[str, ...] = releases(help="repeatable")


@dataclass(frozen=True, kw_only=True)
class RebuildOptions(CommonOptions):
    """Make asv's files again from the records."""


@dataclass(frozen=True, kw_only=True)
class RmOptions(CommonOptions):
    """Delete records."""

    revisions: tuple[str, ...] = argument(nargs="+", metavar="REV|RANGE")
    yes: bool = flag("-y", help="do not ask")
    go: str | None = release(help="only of this Go release")
    machine: str | None = machine(help="only of this machine")


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
