"""Arguments of ``esv``; each verb's own module does the work."""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

from harness import __version__
from harness.errors import EXIT_ERROR, EXIT_INTERRUPTED, EscapeVelocityError, RecordWarning
from harness.model import ALLOCS, BYTES
from harness.outputs.gate.registry import FORMATS
from harness.process import stop

_COUNTED = (ALLOCS, BYTES)
# So many new objects until Python looks for circles among them; 700 by itself.
_OBJECTS = 100_000
_Handler = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str]) -> int:
    """Run one command.

    Args:
        argv: the arguments after the program's name.

    Returns:
        the exit code: 0 clean, 1 regression, 2 usage or could not measure, 3 machine unfit, 130
        interrupted.
    """
    # A git hook sets these for its own repository; ours is named by the configuration.
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"):
        os.environ.pop(name, None)
    # Records are many small objects without circles: to look for some takes a tenth of the time.
    gc.set_threshold(_OBJECTS)
    parser = build_parser()
    arguments = parser.parse_args(_joined(argv))
    handler: str | None = getattr(arguments, "handler", None)
    if handler is None:
        parser.print_help()
        return EXIT_ERROR
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        with _record_warnings(arguments.verb):
            status = _handler(handler)(arguments)
        sys.stdout.flush()
        return status
    except EscapeVelocityError as err:
        print(f"esv {arguments.verb}: {err}", file=sys.stderr)
        return err.exit_code
    except KeyboardInterrupt:
        print(f"esv {arguments.verb}: interrupted; what was finished is kept", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`esv show | head`); that is no failure.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as err:
        what = f" {err.filename}" if err.filename else ""
        print(f"esv {arguments.verb}:{what}: {err.strerror or err}", file=sys.stderr)
        return EXIT_ERROR
    except Exception as err:
        # Python would exit with 1, which means a regression.
        if arguments.verbose:
            traceback.print_exc()
        print(
            f"esv {arguments.verb}: internal error: {type(err).__name__}: {err};"
            " please report it with the output of --verbose",
            file=sys.stderr,
        )
        return EXIT_ERROR


@contextlib.contextmanager
def _record_warnings(verb: str) -> Iterator[None]:
    """Name each record that is set aside, once, on standard error."""
    told: set[str] = set()
    with warnings.catch_warnings():
        others = warnings.showwarning

        def show(message: Any, category: type[Warning], *args: Any, **kwargs: Any) -> None:
            if not issubclass(category, RecordWarning):
                others(message, category, *args, **kwargs)
            elif str(message) not in told:
                told.add(str(message))
                print(f"esv {verb}: warning: {message}", file=sys.stderr)

        warnings.simplefilter("always", RecordWarning)
        warnings.showwarning = show
        yield


def _handler(name: str) -> _Handler:
    """The function of a verb; each verb loads what it needs and no more."""
    module, function = name.split(".")
    handler: _Handler = getattr(importlib.import_module(f"harness.cli.{module}"), function)
    return handler


def _joined(argv: Sequence[str]) -> list[str]:
    """``--gcflags -m`` as ``--gcflags=-m``: argparse takes the value for an option otherwise."""
    joined: list[str] = []
    for argument in argv:
        if joined and joined[-1] in ("--gcflags", "--bench") and argument.startswith("-"):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _interrupt(number: int, frame: FrameType | None) -> None:
    stop()
    raise KeyboardInterrupt


def build_parser() -> argparse.ArgumentParser:
    """The parser with every verb."""
    parser = argparse.ArgumentParser(
        prog="esv",
        description="Which heap escape caused which change in allocs/op, commit by commit.",
        epilog="exit codes: 0 clean, 1 regression, 2 could not measure or wrong usage,"
        " 3 machine unfit for timing, 130 interrupted",
    )
    parser.add_argument("--version", action="version", version=f"esv {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    _init(verbs)
    _run(verbs)
    _show(verbs)
    _compare(verbs)
    _explain(verbs)
    _find(verbs)
    _steps(verbs)
    _gate(verbs)
    _publish(verbs)
    _preview(verbs)
    _nightly(verbs)
    _export(verbs)
    _import(verbs)
    _check(verbs)
    _rebuild(verbs)
    _rm(verbs)
    return parser


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    text: str,
    handler: str,
    *,
    result: Sequence[str] = (),
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.set_defaults(handler=handler)
    parser.add_argument(
        "--config", metavar="FILE", help="configuration (default: asv.conf.json, found upwards)"
    )
    parser.add_argument("--quiet", action="store_true", help="print results and errors only")
    parser.add_argument("--verbose", action="store_true", help="print every step")
    parser.add_argument("--no-progress", action="store_true", help="no progress bar")
    if result:
        parser.add_argument(
            "--format", choices=result, default=result[0], help=f"default: {result[0]}"
        )
        parser.add_argument("--output", metavar="FILE", help="write there, not to the terminal")
    return parser


def _init(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(verbs, "init", "write asv.conf.json for a Go project", "project.init")
    parser.add_argument("dir", nargs="?", default=".", help="of the Go module (default: here)")
    parser.add_argument("--force", action="store_true", help="replace an asv.conf.json")


def _run(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(verbs, "run", "measure revisions", "measure.run")
    parser.add_argument(
        "range",
        nargs="?",
        default="NEW",
        help="NEW (default), ALL, EXISTING, HASHFILE:f, A..B, REV (it and what is before it),"
        " REV^! (it alone); newest first",
    )
    parser.add_argument("--steps", type=_positive, metavar="N", help="at most N, evenly spread")
    parser.add_argument(
        "--skip-existing", "-k", action="store_true", help="not those with a record"
    )
    parser.add_argument("--alloc-only", action="store_true", help="leave the time lane out")
    parser.add_argument(
        "--no-carry", action="store_true", help="measure even where the test binary is the same"
    )
    parser.add_argument(
        "--no-explain", action="store_true", help="do not account for steps line by line"
    )
    _measuring(parser)
    parser.add_argument("--benchtime", metavar="T", help="of the time lane, as go test takes it")
    parser.add_argument("--count", type=_positive, metavar="N", help="repetitions in the time lane")


def _measuring(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bench", metavar="RE", help="benchmarks, as go test -bench takes it")
    parser.add_argument(
        "--packages", action="append", metavar="PATTERN", help="such as ./parse/...; repeatable"
    )
    parser.add_argument(
        "--go", action="append", metavar="VERSION", default=[], help="Go release; repeatable"
    )


def _show(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(verbs, "show", "show one revision", "report.show", result=("text", "json"))
    parser.add_argument("revision", nargs="?", default="HEAD", metavar="REV")
    parser.add_argument(
        "--gcflags",
        metavar="FLAGS",
        help="print what the compiler says with these flags, word for word (such as '-m -l')",
    )
    parser.add_argument(
        "--erased", action="store_true", help="list every escape that inlining erases"
    )
    _recorded(parser)


def _recorded(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--go", metavar="VERSION", help="Go release")
    parser.add_argument("--machine", metavar="NAME", help="machine (default: this one first)")


def _compare(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs, "compare", "compare two revisions, like benchstat", "report.compare_revisions",
        result=("text", "json"),
    )  # fmt: skip
    parser.add_argument("base", metavar="A")
    parser.add_argument("head", nargs="?", metavar="B")
    parser.add_argument(
        "--gcflags",
        action="append",
        metavar="FLAGS",
        help="compare what the compiler says with these flags; given twice, the first are A's and"
        " the second B's, and without B both are of A",
    )
    _base_go(parser)
    _recorded(parser)


def _base_go(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--base-go",
        metavar="VERSION",
        help="Go release of the base, if another one: the base is measured with both, and what is"
        " the compiler's is told from what is the code's",
    )


def _explain(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs, "explain", "account for what changed from the parent", "explain.explain_revision",
        result=("text", "json"),
    )  # fmt: skip
    parser.add_argument("revision", nargs="?", default="HEAD", metavar="REV")
    parser.add_argument("--base", metavar="REV", help="compare with this, not with the parent")
    parser.add_argument("--bench", metavar="RE", help="only these, as go test -bench takes it")
    parser.add_argument("--go", metavar="VERSION", help="Go release")
    _base_go(parser)


def _find(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs, "find", "bisect a step to its commit", "history.find", result=("text", "json")
    )
    parser.add_argument("range", metavar="A..B", help="A has the old value, B the new one")
    parser.add_argument(
        "--bench",
        metavar="RE",
        required=True,
        help="the benchmark, as go test -bench takes it; of several that with the largest step",
    )
    parser.add_argument("--unit", choices=_COUNTED, default=ALLOCS, help="default: allocs/op")
    parser.add_argument("--go", metavar="VERSION", help="Go release")


def _steps(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs, "steps", "list every step of the history", "history.show_steps",
        result=("text", "json"),
    )  # fmt: skip
    parser.add_argument(
        "--unit",
        action="append",
        metavar="U",
        help="allocs/op (default), B/op, sec/op or any other recorded unit, or all; repeatable",
    )
    parser.add_argument(
        "--correlation",
        action="store_true",
        help="how changes of the units go with escapes that come and go",
    )


def _gate(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(verbs, "gate", "say whether a change may be merged", "gate.gate", result=FORMATS)
    parser.add_argument(
        "--report",
        action="append",
        type=_report,
        metavar="FORMAT=FILE",
        help="one more report of the same measurement, - for standard output; repeatable",
    )
    parser.add_argument("--base", metavar="REV", help="default: merge base with the branch")
    parser.add_argument(
        "--head",
        metavar="REV",
        default="HEAD",
        help="default: HEAD; WORKTREE for the files as they are, uncommitted changes included",
    )
    parser.add_argument(
        "--policy", metavar="FILE", help="default: escape-velocity.toml of the head"
    )
    parser.add_argument(
        "--explain-policy", action="store_true", help="say which rule applies to what, and stop"
    )
    parser.add_argument("--time", action="store_true", help="the time lane, too")
    parser.add_argument("--benchtime", metavar="T", help="of one sample of the time lane")
    parser.add_argument(
        "--count", type=_positive, metavar="N", help="samples of the time lane; counts need none"
    )
    parser.add_argument(
        "--compile-only",
        action="store_true",
        help="run nothing: judge the new escape sites by the policy; for a hook before a commit",
    )
    _measuring(parser)
    _base_go(parser)


def _publish(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(verbs, "publish", "write the site", "site.publish_site")
    parser.add_argument("--html-dir", metavar="DIR", help="where to (default: html_dir)")


def _preview(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(verbs, "preview", "serve the site on this machine", "preview.preview")
    parser.add_argument("--port", type=int, default=8080, help="default: 8080")


def _check(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs,
        "check",
        "measure a module whose numbers are known; look at the set-up",
        "check.check",
    )
    parser.add_argument("--go", action="append", metavar="VERSION", default=[], help="repeatable")


def _rebuild(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    _verb(verbs, "rebuild", "make asv's files again from the records", "project.rebuild")


def _report(text: str) -> tuple[str, str]:
    name, _, file = text.partition("=")
    if name not in FORMATS or not file:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not FORMAT=FILE with one of {', '.join(FORMATS)}"
        )
    return name, file


def _nightly(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs, "nightly", "fetch, measure what is new, publish, tell the new steps",
        "nightly.nightly", result=("text", "markdown", "json"),
    )  # fmt: skip
    parser.add_argument("--budget", metavar="TIME", help="begin no revision after it: 2h, 90m")
    parser.add_argument(
        "--results-branch", metavar="NAME", help="keep the records on a git branch as well"
    )
    parser.add_argument(
        "--push", metavar="REMOTE", help="where the branch is (default: the measured repository)"
    )
    parser.add_argument(
        "--notify", metavar="CMD", help="run it with the report as JSON on standard input"
    )
    parser.add_argument(
        "--notify-env", metavar="NAME", action="append", default=[],
        help="variable that CMD may see; repeatable",
    )  # fmt: skip
    parser.add_argument("--wait", action="store_true", help="for another nightly run to end")
    parser.add_argument("--no-fetch", action="store_true", help="do not fetch the repository")
    parser.add_argument("--no-publish", action="store_true", help="do not write the site")
    parser.add_argument("--no-explain", action="store_true", help="do not account for new steps")
    parser.add_argument("--alloc-only", action="store_true", help="leave the time lane out")
    _measuring(parser)


def _export(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs, "export", "write records for other tools", "data.export",
        result=("benchfmt", "csv", "parquet"),
    )  # fmt: skip
    parser.add_argument(
        "revisions",
        nargs="*",
        metavar="REV|RANGE",
        help="REV (it alone), A..B, ALL, EXISTING (default), HASHFILE:f",
    )
    _recorded(parser)


def _import(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(
        verbs, "import", "make a record of a saved `go test -bench` output", "data.import_file"
    )
    parser.add_argument("file", metavar="FILE", help="what go test printed; - for standard input")
    parser.add_argument("--revision", metavar="REV", required=True, help="the commit that ran")
    parser.add_argument("--go", metavar="VERSION", help="Go release that ran")
    parser.add_argument("--machine", metavar="NAME", help="default: made of the cpu: line")
    parser.add_argument("--package", metavar="PATH", help="where the file has no pkg: line")
    parser.add_argument("--force", action="store_true", help="replace a record that was measured")


def _rm(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _verb(verbs, "rm", "delete records", "data.remove")
    parser.add_argument("revisions", nargs="+", metavar="REV|RANGE")
    parser.add_argument("--yes", "-y", action="store_true", help="do not ask")
    parser.add_argument("--go", metavar="VERSION", help="only of this Go release")
    parser.add_argument("--machine", metavar="NAME", help="only of this machine")


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number
