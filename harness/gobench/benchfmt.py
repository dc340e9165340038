"""The Go benchmark format, line by line, and the output of a test binary. Pure.

Format: https://go.dev/design/14313-benchmark-format. Like golang.org/x/perf/benchfmt the readers
never fail on a line. :func:`read_output` is for a test binary that the harness ran: it finds the
benchmark that was running when the output ended, since with ``-test.v`` each is announced before it
runs. Files that somebody kept are read by :mod:`harness.gobench.saved`.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.model import SECONDS

# With -test.v a benchmark's name is alone on a line before it runs. With blanks after it, it is the
# beginning of a result line that a crash cut off.
ANNOUNCED = re.compile(r"(?P<name>Benchmark\S*)")
FAIL = re.compile(r"\s*--- FAIL: (?P<name>Benchmark\S*)(?: \(.*\))?\s*")
_SKIP = re.compile(r"\s*--- SKIP: (?P<name>Benchmark\S*)(?: \(.*\))?\s*")
_KEY = re.compile(r"[a-z][^\sA-Z:]*")
# More iterations than 64 bits can count are none.
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class BenchmarkLine:
    """One result line; ``name`` has the ``-GOMAXPROCS`` suffix.

    ``values`` are finite and by unit, ``ns/op`` converted to ``sec/op`` and ``MB/s`` to ``B/s``.
    """

    name: str
    iterations: int
    values: dict[str, float]


@dataclass(slots=True)
class TestOutput:
    """The output of one run of a test binary.

    Attributes:
        config: the ``key: value`` lines (``goos``, ``pkg``, ``cpu``).
        failed: benchmarks that said ``--- FAIL``, with what they logged.
        started: benchmarks in the order in which they began, parents before their children.
        running: the benchmark that had begun and not ended when the output stopped.
        complete: the binary came to its end (``PASS`` or ``FAIL`` as the last word).
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
    """Read the standard output of a test binary that ran with ``-test.v``.

    ``procs`` is GOMAXPROCS of the run; its ``-N`` suffix is taken off to name the benchmark.
    """
    output = TestOutput()
    started: dict[str, None] = {}
    current = ""  # announced last; with -test.count it gives several results
    failing: str | None = None
    details: list[str] = []
    log: list[str] = []
    # A line without a newline at its end was cut off, and may say anything.
    for line in text.split("\n")[:-1]:
        stripped = line.rstrip("\r")
        result = parse_result(stripped) or _after_text(stripped, current)
        marker = ANNOUNCED.fullmatch(stripped)
        fail = FAIL.fullmatch(stripped)
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
            started.setdefault(current)
        elif fail is not None:
            failing = _ended_name(fail["name"], current, started, procs)
            details = log  # what it logged comes before with -test.v, and after in old releases
            output.running = ""
        elif skip is not None:
            output.skipped.append(_ended_name(skip["name"], current, started, procs))
            output.running = ""
        elif stripped in _LAST:
            output.complete = True
        elif failing is not None:
            details.append(stripped.strip())
        elif stripped.startswith(_LOG_INDENT):
            log.append(stripped.strip())
        elif (config := setting_of(stripped)) is not None and config[1]:
            output.config.setdefault(*config)
        if event:
            log = []
    if failing is not None:
        output.failed[failing] = "\n".join(details).strip()
    output.started = list(started)
    return output


def _after_text(line: str, current: str) -> BenchmarkLine | None:
    """Read a result line after text that the benchmark has printed without a newline."""
    at = line.rfind(current) if current else -1
    return parse_result(line[at:]) if at > 0 else None


def _ended_name(name: str, current: str, started: Mapping[str, None], procs: int) -> str:
    """Return the benchmark of a ``--- FAIL`` line, which has a suffix only after the first run.

    ``size-2`` with two processors is ``size`` or ``size-2``: the one that is running, else the one
    that was announced.
    """
    plain = base_name(name, procs)
    if current in (name, plain):
        return current
    return name if name in started else plain


def parse_result(line: str) -> BenchmarkLine | None:
    """Read one result line; ``None`` if it is not of the format."""
    fields = line.split()
    if len(fields) < 4 or len(fields) % 2 or not line.startswith("Benchmark"):
        return None
    name, iterations, *fields = fields
    if len(iterations) > _MOST_DIGITS or not iterations.isdecimal():
        return None
    values: dict[str, float] = {}
    for number, unit in zip(fields[::2], fields[1::2], strict=True):
        try:
            value = float(number)
        except ValueError:
            return None
        # A metric that divides by zero: no number, and nothing that a record could hold.
        if math.isfinite(value):
            unit, factor = standard_unit(unit)
            values[unit] = value * factor
    return BenchmarkLine(name, int(iterations), values)


def setting_of(line: str) -> tuple[str, str] | None:
    """Return key and value of a ``key: value`` line, ``None`` if it is not of the form."""
    key, colon, value = line.partition(":")
    if not colon or value[:1].strip() or _KEY.fullmatch(key) is None:
        return None
    return key, value.strip()


def standard_unit(unit: str) -> tuple[str, float]:
    """Return a unit as results have it, and the factor of its values: ``sec/op``, 1e-9."""
    return _NORMAL.get(unit, (unit, 1.0))


def base_name(name: str, procs: int) -> str:
    """Return the name without its ``-GOMAXPROCS`` suffix, which is printed only above 1."""
    return name.removesuffix(f"-{procs}") if procs > 1 else name


_LAST = ("PASS", "FAIL")
_LOG_INDENT = "    "
# ns → s by multiplication with 1e-9 is how golang.org/x/perf/benchunit "tidies" it.
_NORMAL = {"ns/op": (SECONDS, 1e-9), "MB/s": ("B/s", 1e6)}
