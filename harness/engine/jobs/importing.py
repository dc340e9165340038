"""A record from a saved ``go test -bench`` output. Pure but for the clock."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness import __version__
from harness.errors import MeasurementError, UsageError
from harness.gobench.benchfmt import BenchmarkLine, setting_of
from harness.gobench.lanes import measurements
from harness.gobench.saved import SavedFailure, SavedLine, SavedOutput, read_saved
from harness.gobench.test2json import is_events, read_events
from harness.model import (
    IMPORT_MARK,
    RECORD_SCHEMA,
    BenchmarkFailure,
    Environment,
    Lane,
    Machine,
    PackageError,
    PackageOutcome,
    PackageResult,
    Record,
    Revision,
    RunSettings,
    Toolchain,
    TreeDiff,
)
from harness.model.record import outcome_of, with_failures

_RELEASE = re.compile(r"(?:go)?(\d{1,4}\.\d{1,4}(?:(?:\.|rc|beta)\d{1,4})?)")
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# No standard header; files that were made for perf.golang.org have one of these.
_RELEASE_KEYS = ("toolchain", "go-version", "goversion")


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a saved output, as far as the command line names it."""

    revision: Revision
    diff: TreeDiff | None
    machine: str  # name of the machine; empty to make one of the `cpu:` line
    release: str  # Go release; empty to look for it in the file
    default_release: str  # of the configuration, for a file that does not tell
    package: str = ""  # import path of results without a `pkg:` line


@dataclass(frozen=True, slots=True)
class Imported:
    """A saved output as a record."""

    # Marked as imported; its packages have no key, so nothing is ever carried from it.
    record: Record
    warnings: tuple[str, ...]  # for a person, each with the number of the line where there is one


def text_of(data: bytes, name: str) -> str:
    """The text of a file in UTF-8 or UTF-16, which is what PowerShell writes.

    Raises:
        MeasurementError: it is no text.
    """
    encoding = next((e for mark, e in _MARKS if data.startswith(mark)), "")
    if not encoding and data.count(0) * 4 > len(data):  # without a mark, and Go's output is ASCII
        encoding = "utf-16-le" if data[1::2].count(0) > data[::2].count(0) else "utf-16-be"
    text = data.decode(encoding or "utf-8", "replace").removeprefix("\ufeff")
    strange = sum(text.count(x) for x in ("\0", "\ufffd"))
    if strange * 10 > len(text):
        what = "is compressed" if data.startswith(b"\x1f\x8b") else "is no text"
        raise MeasurementError(
            f"{name}: {what}; esv import reads what go test -bench printed, in UTF-8 or UTF-16"
        )
    return text


def import_output(text: str, name: str, origin: Origin) -> Imported:
    """Make a record of what ``go test -bench`` printed, with ``-json`` or without.

    Counts (allocs/op, B/op) become measurements of the allocation lane, everything else of the time
    lane; nothing of them is known to repeat on one processor, so that a single sample is not exact.

    Raises:
        MeasurementError: nothing in it is a result.
        UsageError: it does not tell its package or machine, and the command line does not either.
    """
    warnings: list[str] = []
    events = is_events(text)
    if events:
        text, unread = read_events(text)
        warnings += [f"{name}:{number}: not an event of go test -json" for number in unread]
        name = f"{name} (as text)"
    saved = read_saved(text, ends=events)
    warnings += [f"{name}:{number}: {message}" for number, message in saved.warnings]
    warnings += [f"{name}:{failure.number}: {_missing(failure)}" for failure in saved.failed]
    if not saved.lines and not saved.failed:
        first = f" (line {saved.warnings[0][0]}: {saved.warnings[0][1]})" if saved.warnings else ""
        raise MeasurementError(f"{name}: no benchmark result in it{first}")
    results: list[SavedLine | SavedFailure] = [*saved.lines, *saved.failed]
    unnamed = next((x for x in results if not (x.package or origin.package)), None)
    if unnamed is not None:
        raise UsageError(
            f"{name}:{unnamed.number}: no pkg: line before this result;"
            " name the import path with --package"
        )
    lines = [
        x if x.package else replace(x, config={**x.config, "pkg": origin.package})
        for x in saved.lines
    ]
    config = lines[0].config if lines else {}
    release, told = _release(config, origin)
    if not told:
        warnings.append(
            f"{name}: does not say which Go release ran; taken for go{release}, name it with --go"
        )
    toolchain = Toolchain(
        f"go{release}", config.get("goos", ""), config.get("goarch", ""), "import", False
    )
    packages = _packages(text, saved, lines, origin.package)
    for place in sorted({x.config.get("cpu", "") for x in lines} - {config.get("cpu", "")}):
        warnings.append(f"{name}: also has results of another processor, {place!r}")
    unbuilt = [f for f in saved.failed if f.kind == "build"]
    refused = (PackageError(f.package or origin.package, "build", f.message) for f in unbuilt)
    errors = with_failures(refused, packages)
    samples = [m.samples for p in packages for b in p.benchmarks for m in b.measurements]
    repetitions = max(map(len, samples), default=1)
    record = Record(
        schema=RECORD_SCHEMA,
        revision=origin.revision,
        environment=Environment(toolchain),
        machine=_machine(config, name, origin.machine),
        settings=RunSettings(".", ("./...",), "", "", repetitions),
        outcome=outcome_of(packages, errors),
        started=time.time(),
        duration=0.0,
        packages=tuple(packages),
        errors=errors,
        diff=origin.diff,
        harness=__version__ + IMPORT_MARK,
    )
    return Imported(record, tuple(warnings))


def _release(config: Mapping[str, str], origin: Origin) -> tuple[str, bool]:
    """The Go release, and whether the file or the command line names it."""
    given = origin.release or next((config[k] for k in _RELEASE_KEYS if k in config), "")
    match = _RELEASE.fullmatch(given)
    if origin.release and match is None:
        raise UsageError(f"--go {origin.release!r} is not a Go release such as 1.27.3")
    return (match[1], True) if match else (origin.default_release.removeprefix("go"), False)


def _machine(config: Mapping[str, str], name: str, given: str) -> Machine:
    cpu = config.get("cpu", "")
    chosen = given or re.sub(r"[^A-Za-z0-9._]+", "-", cpu).strip("-.")[:60]
    if not chosen:
        raise UsageError(f"{name}: has no cpu: line to name the machine by; name it with --machine")
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._+-]*", chosen):
        raise UsageError(f"--machine {given!r} cannot be the name of a directory")
    return Machine(chosen, config.get("goos", ""), config.get("goarch", ""), cpu, "", "")


def _packages(
    text: str, saved: SavedOutput, lines: Sequence[SavedLine], default: str
) -> list[PackageResult]:
    texts = _texts(text, default)
    results: dict[str, list[BenchmarkLine]] = {}
    failures: dict[str, list[SavedFailure]] = {}
    for line in lines:
        results.setdefault(line.package, []).append(line.result)
    for failure in saved.failed:
        failures.setdefault(failure.package or default, []).append(failure)
    found = []
    for path in sorted({*results, *failures}):
        own, listed = results.get(path, []), failures.get(path, [])
        missing = tuple(
            BenchmarkFailure(f.name, Lane.TIME, f.kind, f"line {f.number}: {f.message}")
            for f in listed
            if f.kind != "build"
        )
        failed = {f.name for f in missing}
        benchmarks = tuple(b for b in measurements(own, own) if b.name not in failed)
        outcome = PackageOutcome.MEASURED if benchmarks else PackageOutcome.RUN_FAILED
        if not benchmarks and not missing:
            outcome = PackageOutcome.BUILD_FAILED
        raw = {Lane.TIME: texts.get(path, "")}
        found.append(
            PackageResult(path, ".", outcome, benchmarks=benchmarks, failures=missing, raw=raw)
        )
    return found


def _missing(failure: SavedFailure) -> str:
    """A warning about results that a saved output lacks."""
    package = failure.package or "a package that is not named"
    if failure.kind == "build":
        return f"{package} has no results, as it did not build: {failure.message}"
    if failure.name:
        return f"{failure.name} of {package} has no result: {failure.message}"
    return f"{package} may lack results, as it did not come to its end: {failure.message}"


def _texts(text: str, default: str) -> dict[str, str]:
    """The file cut at its ``pkg:`` lines, each with the header lines right before it."""
    parts: dict[str, list[str]] = {}
    header: list[str] = []
    path = default
    for row in text.splitlines(keepends=True):
        if setting_of(row.rstrip("\r\n")) is not None:
            header.append(row)
            if row.startswith("pkg:"):
                path = row.removeprefix("pkg:").strip() or default
            continue
        parts.setdefault(path, []).extend([*header, row])
        header = []
    parts.setdefault(path, []).extend(header)
    return {key: "".join(rows) for key, rows in parts.items()}
