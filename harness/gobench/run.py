"""Running the benchmarks of one test binary.

One process runs all benchmarks of a package. Where one of them panics, exits, or is silent for too
long, it is recorded as a failure and the binary is started again without it and without those that
are done: the other benchmarks of the package, and the other sub-benchmarks of the same one, are
still measured.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.gobench.benchfmt import BenchmarkLine, TestOutput, base_name, read_output
from harness.model import BenchmarkFailure, Lane
from harness.model.selection import exactly
from harness.process import Completed, run

_PANIC = re.compile(r"^(?:panic: |fatal error: )", re.MULTILINE)
# The runtime's message; the output before it may look like that of a whole run.
_EXIT_0 = "panic: unexpected call to os.Exit(0) during test"
_LEFT = "a benchmark leaves a process behind, which may have run beside the others; it was ended"
_MESSAGE_LINES = 12
_MESSAGE_CHARS = 2000
# The first flags of each run of a test binary. As in `go test`, os.Exit(0) in mid-run is a panic.
BENCHMARKS_ONLY = ("-test.run=^$", "-test.paniconexit0")
# A benchmark of which so many sub-benchmarks crash or hang is not started again.
_MAX_CRASHES = 3


@dataclass(frozen=True, slots=True)
class LaneSettings:
    """The flags and limits of one lane; the limits are seconds.

    ``idle_timeout`` is the time without output after which a benchmark counts as hanging,
    ``timeout`` that of all benchmarks of the package.
    """

    lane: Lane
    bench: str
    benchtime: str
    count: int
    procs: int
    idle_timeout: float
    timeout: float


@dataclass(frozen=True, slots=True)
class LaneRun:
    """The results of one lane of one package.

    ``lines`` are of the benchmarks that did not fail, without the ``-GOMAXPROCS`` suffix; ``raw``
    is the standard output of all runs, verbatim.
    """

    lines: tuple[BenchmarkLine, ...]
    failures: tuple[BenchmarkFailure, ...]
    raw: str


def run_lane(
    binary: Path, directory: Path, settings: LaneSettings, env: Mapping[str, str]
) -> LaneRun:
    """Run all benchmarks of a test binary once in a lane, in the package's directory."""
    lines: list[BenchmarkLine] = []
    failures: list[BenchmarkFailure] = []
    raw: list[str] = []
    skip: dict[str, None] = {}
    crashes: Counter[str] = Counter()
    while True:
        done = run(
            _command(binary, settings, skip),
            cwd=directory,
            env=env,
            timeout=settings.timeout,
            idle_timeout=settings.idle_timeout,
        )
        output = read_output(done.stdout, settings.procs)
        raw.append(done.stdout)
        announced = _announced(output, settings.procs)
        lines.extend(announced)
        failures.extend(_forged(announced, settings))
        failures.extend(
            BenchmarkFailure(name, settings.lane, "fail", _clip(message))
            for name, message in output.failed.items()
            # A benchmark fails with its sub-benchmarks, without a message of its own.
            if message or not any(other.startswith(f"{name}/") for other in output.failed)
        )
        if done.left_behind:
            failures.append(BenchmarkFailure("", settings.lane, "left", _LEFT))
        if _came_to_its_end(output, done):
            break
        culprit = _culprit(output, done, settings)
        failures.append(
            BenchmarkFailure(culprit, settings.lane, *_diagnose(done, output, settings))
        )
        if not culprit or culprit in skip:
            break
        top = _top(culprit)
        crashes[top] += 1
        if crashes[top] >= _MAX_CRASHES:
            culprit = top
        skip.update(dict.fromkeys([*_over(output, culprit, settings.procs), culprit]))
    unique = {(f.name, f.kind): f for f in reversed(failures)}
    failed = {f.name for f in failures}
    return LaneRun(
        lines=tuple(line for line in lines if line.name not in failed),
        failures=tuple(reversed(unique.values())),
        raw="".join(raw),
    )


def _command(binary: Path, settings: LaneSettings, skip: Iterable[str]) -> list[str]:
    return [
        str(binary),
        *BENCHMARKS_ONLY,
        f"-test.bench={settings.bench}",
        "-test.benchmem",
        f"-test.benchtime={settings.benchtime}",
        f"-test.count={settings.count}",
        f"-test.cpu={settings.procs}",
        "-test.timeout=0",
        "-test.v",
        *([f"-test.skip={exactly(skip)}"] if skip else []),
    ]


def _culprit(output: TestOutput, done: Completed, settings: LaneSettings) -> str:
    """Return the benchmark during which the binary ended; empty if not known.

    While a panic unwinds, the testing package may still print a result of the benchmark.
    """
    if output.running or not output.started:
        return output.running
    last = output.started[-1]
    results = sum(base_name(x.name, settings.procs) == last for x in output.lines)
    panicked = _PANIC.search(done.stderr) is not None
    return last if 0 < results < settings.count or (results and panicked) else _top(last)


def _over(output: TestOutput, culprit: str, procs: int) -> list[str]:
    """Return what need not run again: all other benchmarks, and the culprit's finished children."""
    top = _top(culprit)
    ended = {*(base_name(x.name, procs) for x in output.lines), *output.failed, *output.skipped}
    return [
        s if _top(s) == top else _top(s) for s in output.started if _top(s) != top or s in ended
    ]


def _top(name: str) -> str:
    return name.split("/", 1)[0]


def _announced(output: TestOutput, procs: int) -> list[BenchmarkLine]:
    """Return results under their names, without lines that the code under test printed."""
    lines = [BenchmarkLine(base_name(x.name, procs), x.iterations, x.values) for x in output.lines]
    known = set(output.started)
    return [line for line in lines if line.name in known]


def _forged(lines: Iterable[BenchmarkLine], settings: LaneSettings) -> list[BenchmarkFailure]:
    """Return benchmarks with more results than there were runs: any of them may be forged."""
    return [
        BenchmarkFailure(
            name,
            settings.lane,
            "forged",
            f"{number} result lines for {settings.count} of -test.count: the code under test prints"
            " lines in the form of results, so none of them counts",
        )
        for name, number in Counter(line.name for line in lines).items()
        if number > settings.count
    ]


def _came_to_its_end(output: TestOutput, done: Completed) -> bool:
    """True if all benchmarks were run.

    Where the last word is ``FAIL`` and no benchmark failed, the code under test printed the word,
    or a failure was reported in the middle of another line. The same holds for the word before the
    panic of a benchmark. A panic of ``TestMain`` after the benchmarks takes nothing back.
    """
    if done.timed_out is not None or not output.complete or _panicked_in_mid_run(done.stderr):
        return False
    last = done.stdout.rstrip().rpartition("\n")[2]
    return done.returncode == 0 or bool(output.failed) or last != "FAIL"


def _panicked_in_mid_run(stderr: str) -> bool:
    """True if the goroutine that panicked was running a benchmark, or called ``os.Exit(0)``."""
    at = _PANIC.search(stderr)
    if at is None:
        return False
    message, *traces = stderr[at.start() :].split("\n\ngoroutine ", 2)
    return message.startswith(_EXIT_0) or any("\ntesting.(*B)." in t for t in traces[:1])


def _diagnose(done: Completed, output: TestOutput, settings: LaneSettings) -> tuple[str, str]:
    """Return kind and message of a run that did not come to its end."""
    if done.timed_out == "idle":
        return "timeout", f"no result after {settings.idle_timeout:g} s"
    if done.timed_out == "total":
        return "timeout", f"the package's benchmarks took more than {settings.timeout:g} s"
    text = done.stderr or done.stdout
    at = _PANIC.search(text)
    if at is not None:
        return "panic", _clip(text[at.start() :].split("\n\ngoroutine ", 1)[0])
    if done.returncode < 0:
        return "exit", f"ended by signal {-done.returncode}"
    # If the error stream is empty, the output since the benchmark was announced.
    last = done.stderr.strip() or done.stdout.rpartition(f"\n{output.running}\n")[2].strip()
    tail = _clip("\n".join(last.splitlines()[-_MESSAGE_LINES:]))
    status = f"the test binary exited with status {done.returncode} in mid-run"
    return "exit", f"{status}\n{tail}".strip()


def _clip(text: str) -> str:
    return "\n".join(text.strip().splitlines()[:_MESSAGE_LINES])[:_MESSAGE_CHARS]
