"""Files that somebody saved, mostly of ``go test -bench``. Pure.

Format: https://go.dev/design/14313-benchmark-format; the last lines of ``go test`` also report the
end of each package. Like golang.org/x/perf/benchfmt the reader never fails on a line.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.gobench.benchfmt import (
    ANNOUNCED,
    FAIL,
    BenchmarkLine,
    base_name,
    parse_result,
    setting_of,
    standard_unit,
)
from harness.model import SECONDS

# `-8` behind a name; Go prints no `-1`.
_SUFFIX = re.compile(r"-([2-9]|[1-9]\d{1,5})$")
# The name of a result line whose rest was never printed, or is not a result.
_BEGUN = re.compile(r"(?P<name>Benchmark[^\sa-z]\S*) *\t\s*(?P<rest>.*)")
# Words of the runtime and of `go test` about a run that ends before its time.
_PANIC = ("panic: ", "fatal error: ", "*** Test killed", "--- FAIL: ")
_STATUS = re.compile(r"exit status -?\d+|signal: .+|Killed|Terminated")
_KINDS = (
    ("panic: test timed out", "timeout"), ("*** Test killed", "timeout"), ("--- FAIL: ", "fail"),
)  # fmt: skip
_NO_END = "neither PASS nor ok follows: the output was cut off"
_ENDED = re.compile(r"(?P<word>ok|FAIL|\?)\s+(?P<package>\S+)\s+(?P<how>[\d.]+s|[\[(].+)(?:\s.*)?")
_COMPILED = re.compile(r"# (?P<package>[^\s[]+)(?: \[\S+\])?")
# `go test` prints far fewer keys.
_MOST_KEYS = 256
_SHOWN = 80
_SAID = 300
_MOST_WORDS = 5


@dataclass(frozen=True, slots=True)
class SavedLine:
    """One result line of a saved file.

    Attributes:
        config: the ``key: value`` lines in force (``goos``, ``goarch``, ``pkg``, ``cpu``).
        procs: GOMAXPROCS by the suffix that was taken off the name; 1 if none was.
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
class SavedFailure:
    """A benchmark or a package that a saved output has no numbers of; unknown names are empty.

    ``kind`` is as of :class:`harness.model.BenchmarkFailure`, or ``build``; ``message`` is in the
    words of the file.
    """

    number: int
    package: str
    name: str
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class SavedOutput:
    """A file in the Go benchmark format.

    Attributes:
        failed: the benchmarks and packages without a result, in the order of the file.
        warnings: number of a line that was ignored, and the reason.
        units: the ``Unit`` lines, by unit as in results.
    """

    lines: tuple[SavedLine, ...]
    failed: tuple[SavedFailure, ...]
    warnings: tuple[tuple[int, str], ...]
    units: dict[str, dict[str, str]]


def read_saved(text: str, *, ends: bool = False) -> SavedOutput:
    """Read the output of ``go test -bench``, or any file in the Go benchmark format.

    The ``-GOMAXPROCS`` suffix is taken off where all timed results have the same one; the names of
    a run with ``-cpu 1,2`` stay as printed, since they are different benchmarks.

    A package whose output ends otherwise than with ``PASS`` or ``ok`` is among those that failed.
    Results alone, as they are kept for benchstat, have no such lines, so that they are missed only
    where another package of the file has them, or with ``ends``.
    """
    return _Reader(ends).read(text)


@dataclass(slots=True)
class _Run:
    """The output of one test binary, as far as it was read.

    Attributes:
        results: names of the benchmarks with results.
        announced: benchmark that ``-test.v`` announced last, if it has no result.
        begun: line, and rest of the line, of names without a result.
        named: a benchmark said ``--- FAIL``.
        reason: line, kind and words of the failure that ended it; ``status`` are those after that.
        last: number of its last line.
    """

    package: str
    results: set[str] = field(default_factory=set)
    announced: str = ""
    begun: dict[str, tuple[int, str]] = field(default_factory=dict)
    named: bool = False
    reason: tuple[int, str, str] | None = None
    status: list[str] = field(default_factory=list)
    passed: bool = False
    last: int = 0

    def say(self, number: int, words: str) -> None:
        """Note a bad end."""
        self.passed, self.last = False, number
        if len(self.status) < _MOST_WORDS:
            self.status.append(words)

    def clear(self) -> None:
        """Note a good end, or one that is reported already."""
        self.passed, self.reason, self.status = True, None, []


class _Reader:
    """Reads a file; a run goes on until its last line, or until the header of the next one."""

    def __init__(self, ends: bool) -> None:
        self._lines: list[SavedLine] = []
        self._failed: list[SavedFailure] = []
        self._warnings: list[tuple[int, str]] = []
        self._units: dict[str, dict[str, str]] = {}
        self._config: dict[str, str] = {}
        self._shared = False  # the configuration is that of a line, so that it must not change
        self._run = _Run("")
        self._ends = ends
        self._endless: list[_Run] = []
        self._compiler: dict[str, str] = {}  # its first line on a package
        self._compiling = ""

    def read(self, text: str) -> SavedOutput:
        rows = text.split("\n")
        for number, row in enumerate(rows, 1):
            row = row.rstrip("\r")
            if row.startswith("Benchmark"):
                self._benchmark(number, row, last=number == len(rows))
            elif not self._word(number, row) and not self._setting(number, row):
                self._compiler_said(row)
        self._close()
        if self._ends:
            self._failed += [
                SavedFailure(r.last, r.package, r.announced, "cut", _NO_END) for r in self._endless
            ]
        lines, failed = self._lines, self._failed
        procs = _common_procs([x for x in lines if SECONDS in x.result.values] or lines)
        if procs > 1:
            lines = _without_suffix(lines, procs)
            failed = [replace(f, name=base_name(f.name, procs)) for f in failed]
        return SavedOutput(tuple(lines), tuple(failed), tuple(sorted(self._warnings)), self._units)

    def _benchmark(self, number: int, row: str, *, last: bool) -> None:
        run = self._run
        run.last, run.package = number, run.package or self._config.get("pkg", "")
        result = parse_result(row)
        if result is not None and result.iterations == 0:
            # `testing` prints it while a panic unwinds.
            run.begun[result.name] = (number, "")
        elif result is not None:
            self._shared = True
            self._lines.append(SavedLine(number, result, self._config))
            run.results.add(result.name)
            run.passed = False  # the word was the benchmark's own
            if run.announced in (result.name, _SUFFIX.sub("", result.name)):
                run.announced = ""
            if last:
                self._warn(number, "the last line has no end: the file may be cut off")
        elif ANNOUNCED.fullmatch(row) is not None:
            run.announced = row
        else:
            begun = _BEGUN.fullmatch(row)
            if begun is not None and FAIL.fullmatch(begun["rest"]) is not None:
                self._word(number, begun["rest"])
            elif begun is not None:
                run.begun[begun["name"]] = (number, begun["rest"])
                self._word(number, begun["rest"])
            else:
                self._warn(number, f"not a result: {row[:_SHOWN]!r}")

    def _setting(self, number: int, row: str) -> bool:
        """Read a line that is about the results to come; False for another."""
        fields = row.split()
        if len(fields) > 1 and fields[0] == "Unit" and row.startswith("Unit"):
            self._unit(number, fields[1], fields[2:])
            return True
        setting = setting_of(row)
        if setting is None:
            return False
        key, value = setting
        if key == "pkg":
            self._close()
            self._run.package = value
        if self._config.get(key, "") == value:
            return True
        if key not in self._config and len(self._config) >= _MOST_KEYS:
            self._warn(number, f"more than {_MOST_KEYS} keys; passed over: {key[:_SHOWN]!r}")
            return True
        if self._shared:
            self._config, self._shared = dict(self._config), False
        if value:
            self._config[key] = value
        else:
            del self._config[key]
        return True

    def _unit(self, number: int, unit: str, pairs: Sequence[str]) -> None:
        name = standard_unit(unit)[0]
        known = self._units.setdefault(name, {})
        for part in pairs:
            key, equals, value = part.partition("=")
            if not equals or not key:
                self._warn(number, f"not a key=value of a unit: {part[:_SHOWN]!r}")
            elif known.setdefault(key, value) != value:
                self._warn(number, f"{key} of {name} is {known[key]} already")

    def _word(self, number: int, row: str) -> bool:
        """Read a line of the testing package, the runtime or ``go test``; False for another."""
        run = self._run
        if (fail := FAIL.fullmatch(row)) is not None:
            run.named, run.last = True, number
            run.package = run.package or self._config.get("pkg", "")
            said = f"--- FAIL: {fail['name']}"
            self._failed.append(SavedFailure(number, run.package, fail["name"], "fail", said))
        elif row.startswith(_PANIC):
            run.passed, run.last = False, number
            if run.reason is None:
                kind = next((k for start, k in _KINDS if row.startswith(start)), "panic")
                run.reason = (number, kind, row.strip()[:_SAID])
        elif row == "PASS":
            self._ends = run.passed = True
        elif row == "FAIL":
            self._ends = True
            if run.results or run.announced or run.begun or run.named or run.reason or run.status:
                run.say(number, row)  # else it is the last word of `go test`
        elif _STATUS.fullmatch(row) is not None:
            run.say(number, row)
        elif (ended := _ENDED.fullmatch(row)) is not None:
            self._ends = True
            self._end(number, ended)
        else:
            return False
        return True

    def _compiler_said(self, row: str) -> None:
        """Keep the first line below a ``# package`` header."""
        if (header := _COMPILED.fullmatch(row)) is not None:
            self._compiling = header["package"]
        elif row and self._compiling:
            self._compiler[self._compiling] = row.strip()[:_SAID]
            self._compiling = ""

    def _end(self, number: int, ended: re.Match[str]) -> None:
        """Read the last line of a package."""
        package, how = ended["package"], ended["how"]
        if self._run.package not in ("", package):
            self._close()
        run = self._run
        run.package = package
        if ended["word"] != "FAIL":
            run.clear()
        elif "failed]" in how:
            run.clear()
            said = [self._compiler.pop(package, ""), f"FAIL {package} {how}"]
            words = "; ".join(filter(None, said))
            self._failed.append(SavedFailure(number, package, "", "build", words))
        else:
            run.say(number, f"FAIL {package}")
        self._close()

    def _close(self) -> None:
        """Report the benchmarks that a finished run has no results of."""
        run, self._run = self._run, _Run("")
        self._compiling = ""
        unfinished: dict[str, tuple[int, str]] = {}
        for name, (number, rest) in run.begun.items():
            if name in run.results:
                self._warn(number, f"not a result of {name}: {rest[:_SHOWN]!r}")
            else:
                unfinished[name] = (number, rest)
        # A benchmark that says that it failed ends the run with status 1, and all others ran.
        stopped = run.reason is not None or (bool(run.status) and not run.named)
        if stopped and not run.passed:
            culprit = next(reversed(unfinished), run.announced)
            unfinished.pop(culprit, None)
            number, kind, words = run.reason or (run.last, "exit", "")
            said = "; ".join(filter(None, [words, *run.status]))
            self._failed.append(SavedFailure(number, run.package, culprit, kind, said))
        elif not run.passed and not run.status and (run.results or run.announced):
            self._endless.append(run)
        for name, (number, rest) in unfinished.items():
            why = f"its line is broken off{f': {rest[:_SHOWN]!r}' if rest else ''}"
            self._failed.append(SavedFailure(number, run.package, name, "cut", why))

    def _warn(self, number: int, message: str) -> None:
        self._warnings.append((number, message))


def _common_procs(lines: Sequence[SavedLine]) -> int:
    """Return the one suffix that all names have, 1 if there is none."""
    found = {m[1] if (m := _SUFFIX.search(x.result.name)) else "" for x in lines}
    return int(found.pop() or 1) if len(found) == 1 else 1


def _without_suffix(lines: Iterable[SavedLine], procs: int) -> list[SavedLine]:
    """Return lines with plain names; one without a time may have been run on one processor."""
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
