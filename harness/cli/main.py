"""The command line: the verbs, and what every one of them does before and after its work.

A verb is a module with `Options` and `run`. Starting Python and parsing takes a tenth of a second,
loading what measures half of one: so only the verb that is asked for is loaded, and its module
imports what is large inside of its functions.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, Generic

from harness import __version__
from harness.cli.options import CommonOptions, OptionsT, add_arguments, read_options
from harness.errors import EXIT_ERROR, EXIT_INTERRUPTED, EscapeVelocityError, RecordWarning
from harness.process import stop

VERBS = {
    "init": "write asv.conf.json for a Go project",
    "run": "measure revisions",
    "show": "show one revision",
    "compare": "compare two revisions, like benchstat",
    "explain": "account for what changed from the parent",
    "find": "bisect a step to its commit",
    "steps": "list every step of the history",
    "gate": "say whether a change may be merged",
    "publish": "write the site",
    "preview": "serve the site on this machine",
    "nightly": "fetch, measure what is new, publish, tell the new steps",
    "export": "write records for other tools",
    "import": "make a record of a saved `go test -bench` output",
    "check": "measure a module whose numbers are known; look at the set-up",
    "rebuild": "make asv's files again from the records",
    "rm": "delete records",
}
# So many new objects until Python looks for circles among them; 700 by itself.
_OBJECTS = 100_000


@dataclass(frozen=True)
class Verb(Generic[OptionsT]):
    """What a verb's module has."""

    options: type[OptionsT]
    run: Callable[[OptionsT], int]


def load(name: str) -> Verb[Any]:
    """Load one verb."""
    match name:
        case "init":
            from harness.cli import init

            return Verb(init.Options, init.run)
        case "run":
            from harness.cli import run

            return Verb(run.Options, run.run)
        case "show":
            from harness.cli import show

            return Verb(show.Options, show.run)
        case "compare":
            from harness.cli import compare

            return Verb(compare.Options, compare.run)
        case "explain":
            from harness.cli import explain

            return Verb(explain.Options, explain.run)
        case "find":
            from harness.cli import find

            return Verb(find.Options, find.run)
        case "steps":
            from harness.cli import steps

            return Verb(steps.Options, steps.run)
        case "gate":
            from harness.cli import gate

            return Verb(gate.Options, gate.run)
        case "publish":
            from harness.cli import publish

            return Verb(publish.Options, publish.run)
        case "preview":
            from harness.cli import preview

            return Verb(preview.Options, preview.run)
        case "nightly":
            from harness.cli import nightly

            return Verb(nightly.Options, nightly.run)
        case "export":
            from harness.cli import export

            return Verb(export.Options, export.run)
        case "import":
            from harness.cli import import_

            return Verb(import_.Options, import_.run)
        case "check":
            from harness.cli import check

            return Verb(check.Options, check.run)
        case "rebuild":
            from harness.cli import rebuild

            return Verb(CommonOptions, rebuild.run)
        case "rm":
            from harness.cli import rm

            return Verb(rm.Options, rm.run)
        case _:
            raise KeyError(name)


def main(argv: Sequence[str]) -> int:
    """Run one command.

    Args:
        argv: the arguments after the program's name.

    Returns:
        the exit code: 0 clean, 1 regression, 2 usage or could not measure, 3 machine unfit, 130
        interrupted.
    """
    # A git hook sets these for its own repository; ours is named by the configuration.
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"):
        os.environ.pop(variable, None)
    # Records are many small objects without circles: to look for some takes a tenth of the time.
    gc.set_threshold(_OBJECTS)
    name, options = parse(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        with _record_warnings(name):
            status = load(name).run(options)
        sys.stdout.flush()
        return status
    except EscapeVelocityError as err:
        print(f"esv {name}: {err}", file=sys.stderr)
        return err.exit_code
    except KeyboardInterrupt:
        print(f"esv {name}: interrupted; what was finished is kept", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`esv show | head`); that is no failure.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as err:
        what = f" {err.filename}" if err.filename else ""
        print(f"esv {name}:{what}: {err.strerror or err}", file=sys.stderr)
        return EXIT_ERROR
    except Exception as err:
        # Python would exit with 1, which means a regression.
        if options.verbose:
            traceback.print_exc()
        print(
            f"esv {name}: internal error: {type(err).__name__}: {err};"
            " please report it with the output of --verbose",
            file=sys.stderr,
        )
        return EXIT_ERROR


def parse(argv: Sequence[str]) -> tuple[str, CommonOptions]:
    """The verb and its options.

    Raises:
        SystemExit: after ``--help`` and ``--version``, and where something is wrong.
    """
    # What stands before the verb has no values.
    asked = next((word for word in argv if not word.startswith("-")), None)
    parser = argparse.ArgumentParser(
        prog="esv",
        description="Which heap escape caused which change in allocs/op, commit by commit.",
        epilog="exit codes: 0 clean, 1 regression, 2 could not measure or wrong usage,"
        " 3 machine unfit for timing, 130 interrupted",
    )
    parser.add_argument("--version", action="version", version=f"esv {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for name, text in VERBS.items():
        own = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if name == asked:
            add_arguments(own, load(name).options)
    parsed = parser.parse_args(_joined(argv))
    if parsed.verb is None:
        parser.print_help()
        raise SystemExit(EXIT_ERROR)
    return parsed.verb, read_options(load(parsed.verb).options, parsed)


def _joined(argv: Sequence[str]) -> list[str]:
    """``--gcflags -m`` as ``--gcflags=-m``: argparse takes the value for an option otherwise."""
    joined: list[str] = []
    for argument in argv:
        if joined and joined[-1] in ("--gcflags", "--bench") and argument.startswith("-"):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


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


def _interrupt(number: int, frame: FrameType | None) -> None:
    stop()
    raise KeyboardInterrupt
