"""The asv benchmarks of a set of records: their names, parameters and values.

One asv benchmark represents one unit of one Go benchmark function, with one parameter axis
``sub``: the names of its sub-benchmarks. One more per package counts escape sites, with one
parameter axis ``function``. asv knows parameters by position, and Go's sub-benchmarks come and go,
so a suite is always the union over all records.

What the heap costs besides the allocation makes no asv benchmarks: six more per function would
triple what ``asv publish`` takes (0.2 s a series), and asv, which knows no noise below its
thresholds, would list the jitter of pauses and spans as regressions. They are in the record, in
``esv show`` and on the site.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from harness.model import (
    ESCAPES,
    HEAP_COSTS,
    BenchmarkFailure,
    Lane,
    Measurement,
    Outcome,
    PackageOutcome,
    PackageResult,
    Record,
)

# Names of parameters that are no sub-benchmark and no function. Go puts ``_`` for every blank in
# the name of a sub-benchmark, so a name with a blank in it is free.
ITSELF = "(the function itself)"
WHOLE_PACKAGE = "(whole package)"
PACKAGE_LEVEL = "(package level)"

_MAX_PART = 90  # of a benchmark's name: asv makes a file name of it
_Key = tuple[str, str, str]  # package, benchmark function or "", unit


@dataclass(frozen=True, slots=True)
class Track:
    """One asv benchmark."""

    name: str
    package: str
    function: str  # Go benchmark function; empty for the escape sites of the package
    unit: str
    params: tuple[str, ...]  # values of the one parameter, in asv's order

    @property
    def axis(self) -> str:
        """Name of the parameter."""
        return "sub" if self.function else "function"

    @property
    def title(self) -> str:
        """The title that asv's pages show in place of the name."""
        what = f"{self.function} {self.unit}" if self.function else "escape sites"
        return f"{self.package} {what}"

    @property
    def source(self) -> str:
        """The text that asv's pages show as the benchmark's code."""
        if self.function:
            return f'import "{self.package}"\n\nfunc {self.function}(b *testing.B)  // {self.unit}'
        return f'import "{self.package}"\n\n// escape sites outside _test.go files, per function'


@dataclass(frozen=True, slots=True)
class Value:
    """The value of one revision for one parameter of a track."""

    # The value; `None` where it failed, NaN where the revision has no such thing.
    number: float | None
    # Samples of the time lane; empty for a number that is no statistic.
    samples: tuple[float, ...] = ()
    reason: str = ""  # why it failed, in the tool's words


ABSENT = Value(math.nan)


class Suite:
    """The union of what a set of records tracks."""

    def __init__(self, tracks: Iterable[Track]) -> None:
        self.tracks: dict[str, Track] = {t.name: t for t in tracks}

    @classmethod
    def of(cls, records: Iterable[Record]) -> Suite:
        """The suite of some records; it does not depend on their order."""
        found: dict[_Key, set[str]] = defaultdict(set)
        for record in records:
            for key, params in Numbers(record).keys.items():
                found[key].update(params)
        names = track_names(found)
        return cls(
            Track(names[key], *key, params=tuple(sorted(found[key], key=_natural)))
            for key in sorted(found)
        )


def track_name(package: str, function: str, unit: str) -> str:
    """Name of an asv benchmark, ``timeline.parse.track_BenchmarkScan_allocs_op``.

    The host of the import path (``github.com``) is left out, and what a name cannot hold becomes
    ``_``, so two keys can get the same name: see :func:`track_names`.

    ``function`` is empty for the escape sites of the package.
    """
    parts = package.split("/")
    if len(parts) > 1 and "." in parts[0]:
        parts = parts[1:]
    what = f"{function}_{unit}" if function else unit
    dotted = ".".join(_identifier(part) for part in parts)
    return f"{dotted}.track_{_identifier(what)}"


def track_names(keys: Iterable[_Key]) -> dict[_Key, str]:
    """Unique names: those that would be the same, or too long for a file, get a hash added.

    Case does not tell names apart, because asv makes files of them.
    """
    plain = {key: track_name(*key) for key in keys}
    used = Counter(name.casefold() for name in plain.values())
    result = {}
    for key, name in plain.items():
        if used[name.casefold()] == 1 and len(name) <= 2 * _MAX_PART:
            result[key] = name
            continue
        digest = hashlib.sha256("\0".join(key).encode()).hexdigest()[:8]
        package, _, what = name.rpartition(".")
        result[key] = f"{package[-_MAX_PART:].strip('.')}.{what[:_MAX_PART]}_{digest}"
    return result


class Numbers:
    """All values of one record, by key and parameter."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self._packages: dict[str, PackageResult] = {p.path: p for p in record.packages}

    @property
    def keys(self) -> dict[_Key, set[str]]:
        """Every key of the record with its parameters."""
        keys: dict[_Key, set[str]] = defaultdict(set)
        for key, param in self._measured:
            keys[key].add(param)
        for package, counts in self._escapes.items():
            keys[package, "", ESCAPES].update(counts)
        return keys

    def value(self, track: Track, param: str) -> Value:
        """The value of the record for ``param`` of ``track``."""
        if self.record.outcome is Outcome.BROKEN:
            return Value(None, reason=_first_error(self.record, ""))
        package = self._packages.get(track.package)
        if package is None:
            return ABSENT
        if package.outcome is PackageOutcome.BUILD_FAILED:
            return Value(None, reason=_first_error(self.record, package.path))
        if not track.function:
            # A function without a site counts 0, so that its first site is a step from 0 to 1.
            sites = self._escapes.get(track.package)
            return Value(sites[param] if sites is not None else 0)
        measured = self._measured.get(((track.package, track.function, track.unit), param))
        if measured is not None:
            samples = measured.samples if measured.lane is Lane.TIME else ()
            # A count prints as one: asv shows 5.0 for a float.
            number = measured.printed
            count = (measured.exact or measured.untruncated) and number.is_integer()
            return Value(int(number) if count else number, samples)
        name = track.function if param == ITSELF else f"{track.function}/{param}"
        for failure in package.failures:
            if _concerns(failure, name):
                return Value(None, reason=failure.message)
        if package.outcome is PackageOutcome.RUN_FAILED:
            return Value(None, reason=_first_error(self.record, package.path))
        return ABSENT

    @cached_property
    def _measured(self) -> dict[tuple[_Key, str], Measurement]:
        return {
            ((package.path, b.function, m.unit), b.sub or ITSELF): m
            for package in self.record.packages
            for b in package.benchmarks
            for m in b.measurements
            if m.unit not in HEAP_COSTS
        }

    @cached_property
    def _escapes(self) -> Mapping[str, Counter[str]]:
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for site in self.record.escapes:
            if not site.test and site.package in self._packages:
                counts[site.package][site.function or PACKAGE_LEVEL] += 1
                counts[site.package][WHOLE_PACKAGE] += 1
        return dict(counts)


def _concerns(failure: BenchmarkFailure, name: str) -> bool:
    """Return whether a failure explains why the benchmark ``name`` gave no number.

    A function that fails takes its sub-benchmarks with it; where the name is not known, any
    benchmark of the package may be the one.
    """
    return not failure.name or name == failure.name or name.startswith(f"{failure.name}/")


def _first_error(record: Record, package: str) -> str:
    """The message of the first error of a package, of any package if it has none of its own."""
    own = [e for e in record.errors if e.package == package]
    return next((e.message for e in own or record.errors), "could not be measured")


def _identifier(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z_]", "_", text)


def _natural(param: str) -> tuple[bool, list[tuple[int, str]], str]:
    """Sort key that puts ``n=16`` before ``n=128``, and the names of our own first."""
    # Longer runs of digits are cut: no number of a benchmark has so many.
    parts = re.findall(r"\d{1,18}|\D+", param)
    ours = param in (ITSELF, WHOLE_PACKAGE, PACKAGE_LEVEL)
    key = [(int(p), "") if p.isascii() and p.isdigit() else (0, p) for p in parts]
    return (not ours, key, param)
