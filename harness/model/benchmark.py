"""Results of benchmarks and packages."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Lane(StrEnum):
    """A way to take a number: exactly and quickly, or statistically and slowly."""

    ALLOCATION = "allocation"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Measurement:
    """All samples of one unit of one benchmark.

    Attributes:
        unit: as in the Go benchmark format, ``ns/op`` read as ``sec/op``.
        samples: one value per repetition, in the order of the output. Of allocs/op that is not
            exact, the values before `testing` cuts them to whole numbers, where they are known.
        exact: every repetition of the allocation lane gave this same value; of allocs/op also
            before it was cut, within :data:`harness.model.JITTER`.
        untruncated: of allocs/op, the values before they were cut, in the same order; empty where
            they are not known, or are whole numbers and equal.
    """

    unit: str
    lane: Lane
    samples: tuple[float, ...]
    exact: bool
    untruncated: tuple[float, ...] = ()

    @property
    def rates(self) -> tuple[float, ...]:
        """The samples before truncation, as far as they are known."""
        return self.untruncated or self.samples

    @property
    def spread(self) -> float:
        """The range of the untruncated values; 0 where they are not known."""
        return max(self.untruncated) - min(self.untruncated) if self.untruncated else 0.0

    @property
    def printed(self) -> float:
        """The value as ``go test`` prints it: allocs/op are cut to a whole number."""
        return float(math.floor(self.value)) if self.untruncated else self.value

    @property
    def value(self) -> float:
        """The median of the samples."""
        ordered: Sequence[float] = self.samples
        if ordered.count(ordered[0]) != len(ordered):
            ordered = sorted(ordered)
        middle = len(ordered) // 2
        if len(ordered) % 2:
            return ordered[middle]
        return (ordered[middle - 1] + ordered[middle]) / 2

    @property
    def low(self) -> float:
        """Smallest sample."""
        return min(self.samples)

    @property
    def high(self) -> float:
        """Largest sample."""
        return max(self.samples)


@dataclass(frozen=True, slots=True)
class BenchmarkResult:
    """One benchmark or sub-benchmark of a package.

    ``name`` is complete, ``BenchmarkParse/size=1k``, without the ``-GOMAXPROCS`` suffix.
    """

    name: str
    measurements: tuple[Measurement, ...]

    @property
    def function(self) -> str:
        """The top-level benchmark function: ``BenchmarkParse``."""
        return self.name.split("/", 1)[0]

    @property
    def sub(self) -> str:
        """The rest of the name after the first slash; empty for the function itself."""
        return self.name.partition("/")[2]

    def measurement(self, unit: str) -> Measurement | None:
        """The measurement in ``unit``, ``None`` if there is none."""
        return next((m for m in self.measurements if m.unit == unit), None)


@dataclass(frozen=True, slots=True)
class BenchmarkFailure:
    """A benchmark that gave no number.

    Attributes:
        name: the benchmark that was running; empty if that is not known.
        kind: ``panic``, ``fail``, ``exit``, ``timeout``, ``link``, ``cut`` (a saved output that
            ends, or is broken off, before its result), ``left`` (a process that outlives the
            benchmarks), or ``forged`` (results that the code under test prints).
        message: what the tool said, its first lines.
    """

    name: str
    lane: Lane
    kind: str
    message: str

    @property
    def described(self) -> str:
        """Name and message in one text."""
        said = self.message or {"fail": "failed without a message"}.get(self.kind, self.kind)
        return f"{self.name}: {said}" if self.name else said


class PackageOutcome(StrEnum):
    """The outcome of one package of a revision."""

    MEASURED = "measured"
    CARRIED = "carried"  # same key as an already measured revision
    NO_BENCHMARKS = "no-benchmarks"
    NO_TESTS = "no-tests"
    NOT_SELECTED = "not-selected"  # compiled, but outside --packages or --bench
    BUILD_FAILED = "build-failed"
    RUN_FAILED = "run-failed"  # built, and not one benchmark gave a number


@dataclass(frozen=True, slots=True)
class PackageResult:
    """One package of a revision.

    Attributes:
        directory: relative to the repository's root, ``.`` for the root itself.
        key: identity of everything that the test binary is made from and reads in its directory;
            equal keys give equal binaries. Empty if it was not built.
        carried_from: hash of the revision whose results these are, else ``None``.
        raw: verbatim output per lane, in the Go benchmark format.
        declared: names of the benchmark functions in its test files, run or not.
    """

    path: str
    directory: str
    outcome: PackageOutcome
    key: str = ""
    carried_from: str | None = None
    benchmarks: tuple[BenchmarkResult, ...] = ()
    failures: tuple[BenchmarkFailure, ...] = ()
    raw: dict[Lane, str] | None = None
    declared: tuple[str, ...] = ()
