"""The command line: the verbs, and what every one of them does before and after its work."""

import argparse
import contextlib
import gc
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

from harness import __version__, cli
from harness.cli import options
from harness.cli.options import CommonOptions, OptionsT, add_arguments, read_options
from harness.errors import EXIT_ERROR, EXIT_INTERRUPTED, EscapeVelocityError, RecordWarning
from harness.process import stop


def _verb(
    options: type[OptionsT], run: Callable[[OptionsT], int]
) -> tuple[type[CommonOptions], Callable[[Any], int]]:
    """A verb: its options, whose docstring is its help, and the function that takes them."""
    return options, run


VERBS = {
    "init": _verb(options.InitOptions, lambda given: cli.init.run(given)),
    "run": _verb(options.RunOptions, lambda given: cli.run.run(given)),
    "show": _verb(options.ShowOptions, lambda given: cli.show.run(given)),
    "compare": _verb(options.CompareOptions, lambda given: cli.compare.run(given)),
    "explain": _verb(options.ExplainOptions, lambda given: cli.explain.run(given)),
    "find": _verb(options.FindOptions, lambda given: cli.find.run(given)),
    "steps": _verb(options.StepsOptions, lambda given: cli.steps.run(given)),
    "gate": _verb(options.GateOptions, lambda given: cli.gate.run(given)),
    "publish": _verb(options.PublishOptions, lambda given: cli.publish.run(given)),
    "preview": _verb(options.PreviewOptions, lambda given: cli.preview.run(given)),
    "nightly": _verb(options.NightlyOptions, lambda given: cli.nightly.run(given)),
    "export": _verb(options.ExportOptions, lambda given: cli.export.run(given)),
    "import": _verb(options.ImportOptions, lambda given: cli.import_.run(given)),
    "check": _verb(options.CheckOptions, lambda given: cli.check.run(given)),
    "rebuild": _verb(options.RebuildOptions, lambda given: cli.rebuild.run(given)),
    "rm": _verb(options.RmOptions, lambda given: cli.rm.run(given)),
}
# So many new objects until Python looks for circles among them; 700 by itself.
_OBJECTS = 100_000


def main(argv: Sequence[str]) -> int:
    """Run one command; the exit code, see the epilog of the help."""
    # A git hook sets these for its own repository; ours is named by the configuration.
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"):
        os.environ.pop(variable, None)
    # Records are many small objects without circles: to look for some takes a tenth of the time.
    gc.set_threshold(_OBJECTS)
    name, given = parse(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        with _record_warnings(name):
            status = VERBS[name][1](given)
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
        if given.verbose:
            traceback.print_exc()
        print(
            f"esv {name}: internal error: {type(err).__name__}: {err};"
            " please report it with the output of --verbose",
            file=sys.stderr,
        )
        return EXIT_ERROR


def parse(argv: Sequence[str]) -> tuple[str, CommonOptions]:
    """The verb and its options; SystemExit after help, and where something is wrong."""
    parser = argparse.ArgumentParser(
        prog="esv",
        description="Which heap escape caused which change in allocs/op, commit by commit.",
        epilog="exit codes: 0 clean, 1 regression, 2 could not measure or wrong usage,"
        " 3 machine unfit for timing, 130 interrupted",
    )
    parser.add_argument("--version", action="version", version=f"esv {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for name, (declared, _) in VERBS.items():
        text = declared.__doc__ or ""
        short = f"{text[:1].lower()}{text[1:].rstrip('.')}"
        add_arguments(verbs.add_parser(name, help=short, description=text), declared)
    parsed = parser.parse_args(_joined(argv))
    if parsed.verb is None:
        parser.print_help()
        raise SystemExit(EXIT_ERROR)
    return parsed.verb, read_options(VERBS[parsed.verb][0], parsed)


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
