"""The options of every verb: frozen dataclasses, each field with what argparse shall know of it.

    html_dir: str | None = option("DIR", "where to (default: html_dir)")

is ``--html-dir DIR`` on the command line. The docstring of a class is the help of its verb.
"""

import argparse
from dataclasses import MISSING, dataclass, field, fields
from functools import partial
from typing import Any, TypeVar

from harness.outputs.gate.registry import FORMATS

OptionsT = TypeVar("OptionsT", bound="CommonOptions")
# Those of `harness.model`, which takes too long to load for a line of help.
_COUNTED = ("allocs/op", "B/op")


def option(
    metavar: str | None, text: str, *short: str, default: Any = None, **settings: Any
) -> Any:
    """A field that is given by its name; settings as `ArgumentParser.add_argument` takes them."""
    settings |= {"help": text} if metavar is None else {"metavar": metavar, "help": text}
    return field(default=default, metadata={"names": short, "settings": settings})


def argument(
    metavar: str | None, text: str = "", *, default: Any = MISSING, nargs: Any = None
) -> Any:
    """A field that is given by its place."""
    settings = {"metavar": metavar, "help": text or None, "nargs": nargs}
    return field(default=default, metadata={"names": None, "settings": settings})


def flag(text: str, *short: str) -> Any:
    """A field that is true if its name is given."""
    return option(None, text, *short, default=False, action="store_true")


def formats(*names: str) -> Any:
    """The field of ``--format``; the first is the default."""
    return option(None, f"default: {names[0]}", default=names[0], choices=names)


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


repeated = partial(option, default=(), action="append")
number = partial(option, type=_positive)
# What several verbs have.
bench = partial(option, "RE", "benchmarks, as go test -bench takes it")
packages = partial(repeated, "PATTERN", "such as ./parse/...; repeatable")
releases = partial(repeated, "VERSION", "Go release; repeatable")
release = partial(option, "VERSION", "Go release")
machine = partial(option, "NAME", "machine (default: this one first)")
base_go = partial(
    option,
    "VERSION",
    "Go release of the base, if another one: the base is measured with both, and what is"
    " the compiler's is told from what is the code's",
)


@dataclass(frozen=True, kw_only=True)
class CommonOptions:
    """The options that every verb has."""

    config: str | None = option("FILE", "configuration (default: asv.conf.json, found upwards)")
    quiet: bool = flag("print results and errors only")
    verbose: bool = flag("print every step")
    no_progress: bool = flag("no progress bar")


@dataclass(frozen=True, kw_only=True)
class ResultOptions(CommonOptions):
    """The options of a verb that prints a result."""

    format: str = formats("text", "json")
    output: str | None = option("FILE", "write there, not to the terminal")


@dataclass(frozen=True, kw_only=True)
class InitOptions(CommonOptions):
    """Write asv.conf.json for a Go project."""

    dir: str = argument(None, "of the Go module (default: here)", nargs="?", default=".")
    force: bool = flag("replace an asv.conf.json")


@dataclass(frozen=True, kw_only=True)
class RunOptions(CommonOptions):
    """Measure revisions."""

    range: str = argument(
        None,
        "NEW (default), ALL, EXISTING, HASHFILE:f, A..B, REV (it and what is before it),"
        " REV^! (it alone); newest first",
        nargs="?",
        default="NEW",
    )
    steps: int | None = number("N", "at most N, evenly spread")
    skip_existing: bool = flag("not those with a record", "-k")
    alloc_only: bool = flag("leave the time lane out")
    no_carry: bool = flag("measure even where the test binary is the same")
    no_explain: bool = flag("do not account for steps line by line")
    bench: str | None = bench()
    packages: tuple[str, ...] = packages()
    go: tuple[str, ...] = releases()
    benchtime: str | None = option("T", "of the time lane, as go test takes it")
    count: int | None = number("N", "repetitions in the time lane")


@dataclass(frozen=True, kw_only=True)
class ShowOptions(ResultOptions):
    """Show one revision."""

    revision: str = argument("REV", nargs="?", default="HEAD")
    gcflags: str | None = option(
        "FLAGS", "print what the compiler says with these flags, word for word (such as '-m -l')"
    )
    erased: bool = flag("list every escape that inlining erases")
    go: str | None = release()
    machine: str | None = machine()


@dataclass(frozen=True, kw_only=True)
class CompareOptions(ResultOptions):
    """Compare two revisions, like benchstat."""

    base: str = argument("A")
    head: str | None = argument("B", nargs="?", default=None)
    gcflags: tuple[str, ...] = repeated(
        "FLAGS",
        "compare what the compiler says with these flags; given twice, the first are A's and"
        " the second B's, and without B both are of A",
    )
    base_go: str | None = base_go()
    go: str | None = release()
    machine: str | None = machine()


@dataclass(frozen=True, kw_only=True)
class ExplainOptions(ResultOptions):
    """Account for what changed from the parent."""

    revision: str = argument("REV", nargs="?", default="HEAD")
    base: str | None = option("REV", "compare with this, not with the parent")
    bench: str | None = option("RE", "only these, as go test -bench takes it")
    go: str | None = release()
    base_go: str | None = base_go()


@dataclass(frozen=True, kw_only=True)
class FindOptions(ResultOptions):
    """Bisect a step to its commit."""

    range: str = argument("A..B", "A has the old value, B the new one")
    bench: str = option(
        "RE",
        "the benchmark, as go test -bench takes it; of several that with the largest step",
        required=True,
    )
    unit: str = option(None, "default: allocs/op", choices=_COUNTED, default=_COUNTED[0])
    go: str | None = release()


@dataclass(frozen=True, kw_only=True)
class StepsOptions(ResultOptions):
    """List every step of the history."""

    unit: tuple[str, ...] = repeated(
        "U", "allocs/op (default), B/op, sec/op or any other recorded unit, or all; repeatable"
    )
    correlation: bool = flag("how changes of the units go with escapes that come and go")


@dataclass(frozen=True, kw_only=True)
class GateOptions(ResultOptions):
    """Say whether a change may be merged."""

    format: str = formats(*FORMATS)
    report: tuple[tuple[str, str], ...] = repeated(
        "FORMAT=FILE",
        "one more report of the same measurement, - for standard output; repeatable",
        type=_report,
    )
    base: str | None = option("REV", "default: merge base with the branch")
    head: str = option(
        "REV",
        "default: HEAD; WORKTREE for the files as they are, uncommitted changes included",
        default="HEAD",
    )
    policy: str | None = option("FILE", "default: escape-velocity.toml of the head")
    explain_policy: bool = flag("say which rule applies to what, and stop")
    time: bool = flag("the time lane, too")
    benchtime: str | None = option("T", "of one sample of the time lane")
    count: int | None = number("N", "samples of the time lane; counts need none")
    compile_only: bool = flag(
        "run nothing: judge the new escape sites by the policy; for a hook before a commit"
    )
    bench: str | None = bench()
    packages: tuple[str, ...] = packages()
    go: tuple[str, ...] = releases()
    base_go: str | None = base_go()


@dataclass(frozen=True, kw_only=True)
class PublishOptions(CommonOptions):
    """Write the site."""

    html_dir: str | None = option("DIR", "where to (default: html_dir)")


@dataclass(frozen=True, kw_only=True)
class PreviewOptions(CommonOptions):
    """Serve the site on this machine."""

    port: int = option(None, "default: 8080", type=int, default=8080)


@dataclass(frozen=True, kw_only=True)
class NightlyOptions(ResultOptions):
    """Fetch, measure what is new, publish, tell the new steps."""

    format: str = formats("text", "markdown", "json")
    budget: str | None = option("TIME", "begin no revision after it: 2h, 90m")
    results_branch: str | None = option("NAME", "keep the records on a git branch as well")
    push: str | None = option("REMOTE", "where the branch is (default: the measured repository)")
    notify: str | None = option("CMD", "run it with the report as JSON on standard input")
    notify_env: tuple[str, ...] = repeated("NAME", "variable that CMD may see; repeatable")
    wait: bool = flag("for another nightly run to end")
    no_fetch: bool = flag("do not fetch the repository")
    no_publish: bool = flag("do not write the site")
    no_explain: bool = flag("do not account for new steps")
    alloc_only: bool = flag("leave the time lane out")
    bench: str | None = bench()
    packages: tuple[str, ...] = packages()
    go: tuple[str, ...] = releases()


@dataclass(frozen=True, kw_only=True)
class ExportOptions(ResultOptions):
    """Write records for other tools."""

    format: str = formats("benchfmt", "csv", "parquet")
    revisions: tuple[str, ...] = argument(
        "REV|RANGE",
        "REV (it alone), A..B, ALL, EXISTING (default), HASHFILE:f",
        nargs="*",
        default=("EXISTING",),
    )
    go: str | None = release()
    machine: str | None = machine()


@dataclass(frozen=True, kw_only=True)
class ImportOptions(CommonOptions):
    """Make a record of a saved `go test -bench` output."""

    file: str = argument("FILE", "what go test printed; - for standard input")
    revision: str = option("REV", "the commit that ran", required=True)
    go: str | None = option("VERSION", "Go release that ran")
    machine: str | None = option("NAME", "default: made of the cpu: line")
    package: str | None = option("PATH", "where the file has no pkg: line")
    force: bool = flag("replace a record that was measured")


@dataclass(frozen=True, kw_only=True)
class CheckOptions(CommonOptions):
    """Measure a module whose numbers are known; look at the set-up."""

    go: tuple[str, ...] = repeated("VERSION", "repeatable")


@dataclass(frozen=True, kw_only=True)
class RebuildOptions(CommonOptions):
    """Make asv's files again from the records."""


@dataclass(frozen=True, kw_only=True)
class RmOptions(CommonOptions):
    """Delete records."""

    revisions: tuple[str, ...] = argument("REV|RANGE", nargs="+")
    yes: bool = flag("do not ask", "-y")
    go: str | None = option("VERSION", "only of this Go release")
    machine: str | None = option("NAME", "only of this machine")


def add_arguments(parser: argparse.ArgumentParser, options: type[CommonOptions]) -> None:
    """Give the fields of a dataclass to a parser, in their order."""
    for each in fields(options):
        short = each.metadata["names"]
        names = [each.name] if short is None else [f"--{each.name.replace('_', '-')}", *short]
        # What is not given is left to the defaults of the dataclass.
        parser.add_argument(*names, default=argparse.SUPPRESS, **each.metadata["settings"])


def read_options(options: type[OptionsT], parsed: argparse.Namespace) -> OptionsT:
    """The dataclass with what argparse has parsed for its fields."""
    given = {f.name: getattr(parsed, f.name) for f in fields(options) if f.name in parsed}
    values: dict[str, Any] = {k: tuple(v) if type(v) is list else v for k, v in given.items()}
    return options(**values)
