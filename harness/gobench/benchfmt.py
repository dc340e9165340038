"""The Go benchmark format, read. Pure.

Format: https://go.dev/design/14313-benchmark-format. Like golang.org/x/perf/benchfmt this reader
never fails on a line: what is not of the format is passed over. Beside the results it tells which
benchmark was running when the output ended: with ``-test.v`` each is announced before it runs.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

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


def base_name(name: str, procs: int) -> str:
    """The name without its ``-GOMAXPROCS`` suffix, which is printed only above 1."""
    return name.removesuffix(f"-{procs}") if procs > 1 else name


_LAST = ("PASS", "FAIL")
_LOG_INDENT = "    "
# ns → s by multiplication with 1e-9 is how golang.org/x/perf/benchunit "tidies" it.
_NORMAL = {"ns/op": (SECONDS, 1e-9), "MB/s": ("B/s", 1e6)}
