"""The Go benchmark format, read and written. Pure.

Format: https://go.dev/design/14313-benchmark-format. Like golang.org/x/perf/benchfmt the readers
never fail on a line. :func:`read_output` is for a test binary that the harness ran: it tells which
benchmark was running when the output ended, since with ``-test.v`` each is announced before it
runs. :func:`read_saved` is for a file that somebody kept, :func:`write_saved` makes one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.model import SECONDS

_RESULT = re.compile(r"(?P<name>Benchmark\S*)\s+(?P<n>\d+)(?P<values>(?:\s+\S+\s+\S+)+)\s*")
# With -test.v a benchmark's name stands alone on a line before it runs. With blanks behind it, it
# is the beginning of a result line that a crash cut off.
_ANNOUNCED = re.compile(r"(?P<name>Benchmark\S*)")
_FAIL = re.compile(r"\s*--- FAIL: (?P<name>Benchmark\S*)(?: \(.*\))?\s*")
_SKIP = re.compile(r"\s*--- SKIP: (?P<name>Benchmark\S*)(?: \(.*\))?\s*")
_CONFIG = re.compile(r"(?P<key>[a-z][^\sA-Z:]*):\s+(?P<value>.*\S)\s*")


@dataclass(frozen=True, slots=True)
class BenchmarkLine:
    """One result line.

    Attributes:
        name: as printed, with the ``-GOMAXPROCS`` suffix.
        iterations: how often the loop ran.
        values: per unit, ``ns/op`` converted to ``sec/op`` and ``MB/s`` to ``B/s``; finite ones.
    """

    name: str
    iterations: int
    values: dict[str, float]


@dataclass(slots=True)
class TestOutput:
    """What one run of a test binary printed.

    Attributes:
        lines: the results, in order.
        config: the ``key: value`` lines (``goos``, ``pkg``, ``cpu``).
        failed: benchmarks that said ``--- FAIL``, with what they logged.
        skipped: benchmarks that said ``--- SKIP``.
        started: benchmarks in the order in which they began, parents before their children.
        running: the benchmark that had begun and not ended when the output stopped.
        complete: whether the binary came to its end (``PASS`` or ``FAIL`` as the last word).
    """

    __test__ = False  # not a test class, whatever pytest thinks of the name

    lines: list[BenchmarkLine] = field(default_factory=list)
    config: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    running: str = ""
    complete: bool = False


def read_output(text: str, procs: int = 1) -> TestOutput:
    """Read the output of a test binary that ran with ``-test.v``.

    Args:
        text: standard output.
        procs: GOMAXPROCS of the run; its ``-N`` suffix is taken off to name the benchmark.
    """
    output = TestOutput()
    current = ""  # announced last; with -test.count it gives several results
    failing: str | None = None
    details: list[str] = []
    log: list[str] = []
    # What has no newline at its end was cut off, and may say anything.
    for line in text.split("\n")[:-1]:
        stripped = line.rstrip("\r")
        result = parse_result(stripped) or _after_text(stripped, current)
        marker = _ANNOUNCED.fullmatch(stripped)
        fail = _FAIL.fullmatch(stripped)
        skip = _SKIP.fullmatch(stripped)
        event = result or marker or fail or skip
        if failing is not None and (event or stripped in _LAST):
            output.failed[failing] = "\n".join(details).strip()
            failing, details = None, []
        if event:
            output.complete = False  # the word was the benchmark's own
        if result is not None:
            output.lines.append(result)
            if base_name(result.name, procs) == output.running:
                output.running = ""
        elif marker is not None:
            current = output.running = marker["name"]
            if current not in output.started:
                output.started.append(current)
        elif fail is not None:
            failing = _ended_name(fail["name"], current, output.started, procs)
            details = log  # what it logged comes before with -test.v, and after in old releases
            output.running = ""
        elif skip is not None:
            output.skipped.append(_ended_name(skip["name"], current, output.started, procs))
            output.running = ""
        elif stripped in _LAST:
            output.complete = True
        elif failing is not None:
            details.append(stripped.strip())
        elif stripped.startswith(_LOG_INDENT):
            log.append(stripped.strip())
        elif (config := _CONFIG.fullmatch(stripped)) is not None:
            output.config.setdefault(config["key"], config["value"])
        if event:
            log = []
    if failing is not None:
        output.failed[failing] = "\n".join(details).strip()
    return output


def _after_text(line: str, current: str) -> BenchmarkLine | None:
    """A result line in front of which the benchmark has printed something without a newline."""
    at = line.rfind(current) if current else -1
    return parse_result(line[at:]) if at > 0 else None


def _ended_name(name: str, current: str, started: list[str], procs: int) -> str:
    """The benchmark that a ``--- FAIL`` line means, which has the suffix only after the first run.

    ``size-2`` with two processors is ``size`` or ``size-2``: the one that is running, else the one
    that was announced.
    """
    plain = base_name(name, procs)
    if current in (name, plain):
        return current
    return name if name in started else plain


def parse_result(line: str) -> BenchmarkLine | None:
    """One result line, ``None`` if it is not of the format."""
    match = _RESULT.fullmatch(line)
    if match is None:
        return None
    fields = match["values"].split()
    values: dict[str, float] = {}
    for number, unit in zip(fields[::2], fields[1::2], strict=True):
        try:
            value = float(number)
        except ValueError:
            return None
        # A metric that divides by zero: no number, and nothing that a record could hold.
        if math.isfinite(value):
            unit, factor = _NORMAL.get(unit, (unit, 1.0))
            values[unit] = value * factor
    return BenchmarkLine(match["name"], int(match["n"]), values)


@dataclass(frozen=True, slots=True)
class SavedLine:
    """One result line of a saved file.

    Attributes:
        number: of the line, from 1.
        result: with the name as printed, or without its suffix after :func:`read_saved`.
        config: the ``key: value`` lines in force (``goos``, ``goarch``, ``pkg``, ``cpu``).
        procs: GOMAXPROCS, as the suffix of the name tells; 1 without one.
    """

    number: int
    result: BenchmarkLine
    config: Mapping[str, str]
    procs: int = 1

    @property
    def package(self) -> str:
        """Import path, empty where no ``pkg:`` line came before."""
        return self.config.get("pkg", "")


@dataclass(frozen=True, slots=True)
class SavedOutput:
    """A file in the Go benchmark format.

    Attributes:
        lines: the results, in order.
        failed: number of the line, import path and name of what said ``--- FAIL``.
        warnings: number of the line and what is wrong with it; such a line is passed over.
        units: what ``Unit`` lines say, by unit as in results.
    """

    lines: tuple[SavedLine, ...]
    failed: tuple[tuple[int, str, str], ...]
    warnings: tuple[tuple[int, str], ...]
    units: dict[str, dict[str, str]]


def read_saved(text: str) -> SavedOutput:
    """Read what ``go test -bench`` printed, or any file in the Go benchmark format.

    The ``-GOMAXPROCS`` suffix is taken off where all timed results have the same one; the names of
    a run with ``-cpu 1,2`` stay as printed, since they are different benchmarks.
    """
    lines: list[SavedLine] = []
    failed: list[tuple[int, str, str]] = []
    warnings: list[tuple[int, str]] = []
    units: dict[str, dict[str, str]] = {}
    config: dict[str, str] = {}
    rows = text.split("\n")
    for number, row in enumerate(rows, 1):
        row = row.rstrip("\r")
        if row.startswith("Benchmark"):
            result = parse_result(row)
            if result is not None:
                lines.append(SavedLine(number, result, config))
                if number == len(rows):
                    warnings.append((number, "the last line has no end: the file may be cut off"))
            elif _ANNOUNCED.fullmatch(row) is None:
                warnings.append((number, f"not a result: {row[:_SHOWN]!r}"))
        elif (fail := _FAIL.fullmatch(row)) is not None:
            failed.append((number, config.get("pkg", ""), fail["name"]))
        elif (unit := _UNIT.fullmatch(row)) is not None:
            name = _NORMAL.get(unit["unit"], (unit["unit"], 1.0))[0]
            known = units.setdefault(name, {})
            for part in unit["pairs"].split():
                key, equals, value = part.partition("=")
                if not equals or not key:
                    warnings.append((number, f"not a key=value of a unit: {part[:_SHOWN]!r}"))
                elif known.setdefault(key, value) != value:
                    warnings.append((number, f"{key} of {name} is {known[key]} already"))
        elif (setting := _CONFIG.fullmatch(row)) is not None:
            config = {**config, setting["key"]: setting["value"]}
        elif (setting := _NO_CONFIG.fullmatch(row)) is not None:
            config = {k: v for k, v in config.items() if k != setting["key"]}
    procs = _common_procs([x for x in lines if SECONDS in x.result.values] or lines)
    if procs > 1:
        lines = _without_suffix(lines, procs)
        failed = [(n, package, base_name(name, procs)) for n, package, name in failed]
    return SavedOutput(tuple(lines), tuple(failed), tuple(warnings), units)


def _common_procs(lines: Sequence[SavedLine]) -> int:
    """The one suffix that all names have, 1 if there is none."""
    found = {m[1] if (m := _SUFFIX.search(x.result.name)) else "" for x in lines}
    return int(found.pop() or 1) if len(found) == 1 else 1


def _without_suffix(lines: Iterable[SavedLine], procs: int) -> list[SavedLine]:
    """Lines with their plain names; one without a time may have been run on one processor."""
    found = []
    timed = {base_name(x.result.name, procs) for x in lines if SECONDS in x.result.values}
    for line in lines:
        name = line.result.name
        plain = base_name(name, procs)
        if plain == name or (SECONDS not in line.result.values and name in timed):
            found.append(line)
        else:
            found.append(replace(line, result=replace(line.result, name=plain), procs=procs))
    return found


def write_saved(
    lines: Iterable[SavedLine],
    units: Mapping[str, Mapping[str, str]] | None = None,
    notes: Iterable[str] = (),
) -> str:
    """A file in the Go benchmark format, such as ``benchstat`` reads it.

    A value is written so that it comes back to the last bit, ``sec/op`` as ``ns/op`` where that
    can be. The numbers of the lines are not used.

    Args:
        lines: the results; their config is written where it changes.
        units: of each unit what a ``Unit`` line says, such as ``{"assume": "exact"}``.
        notes: for a person; no reader takes them for results.
    """
    text = [f"# {' '.join(note.split())}" for note in notes]
    for unit, says in (units or {}).items():
        text.append(" ".join(["Unit", unit, *(f"{k}={v}" for k, v in says.items())]))
    config: Mapping[str, str] = {}
    for line in lines:
        text += [f"{key}:" for key in config if key not in line.config]
        text += [
            f"{key}: {' '.join(value.split())}"
            for key, value in line.config.items()
            if config.get(key) != value
        ]
        config = line.config
        text.append(format_result(line.result, line.procs))
    return "".join(f"{row}\n" for row in text)


def format_result(line: BenchmarkLine, procs: int = 1) -> str:
    """A result line as the testing package prints it."""
    suffix = f"-{procs}" if procs > 1 else ""
    values = [_printed(value, unit) for unit, value in line.values.items()]
    return "\t".join([f"{line.name}{suffix}", f"{line.iterations:>8}", *values])


def _printed(value: float, unit: str) -> str:
    if unit == SECONDS:
        # The shortest that is read as the same number.
        for digits in range(1, 18):
            text = f"{value * 1e9:.{digits}g}"
            if float(text) * _NORMAL["ns/op"][1] == value:
                return f"{_plain(float(text)):>12} ns/op"
    return f"{_plain(value):>12} {unit}"


def _plain(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


def base_name(name: str, procs: int) -> str:
    """The name without its ``-GOMAXPROCS`` suffix, which is printed only above 1."""
    return name.removesuffix(f"-{procs}") if procs > 1 else name


_LAST = ("PASS", "FAIL")
_UNIT = re.compile(r"Unit\s+(?P<unit>\S+)(?P<pairs>(?:\s+\S+)*)\s*")
_NO_CONFIG = re.compile(r"(?P<key>[a-z][^\sA-Z:]*):\s*")
_SUFFIX = re.compile(r"-([2-9]|[1-9]\d+)$")
_SHOWN = 80
_LOG_INDENT = "    "
# ns → s by multiplication with 1e-9 is how golang.org/x/perf/benchunit "tidies" it.
_NORMAL = {"ns/op": (SECONDS, 1e-9), "MB/s": ("B/s", 1e6)}
