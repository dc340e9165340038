"""Compiled code over history: allocation calls and stack frames, by package.

Both are of what was linked (:mod:`harness.engine.revision.code` says what that is), so heap-calls
and the largest frame of a package may also move because more or less of it is linked or inlined.
A package with only inlined functions has no frame. None of it is a verdict: a call that is added
may never be executed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from typing import Any

from harness.analysis.history.history import History
from harness.analysis.series.series import Point, PointRuns, PointState, Series, Slot
from harness.model import (
    ESCAPES,
    FRAME_BYTES,
    HEAP_CALLS,
    CodePart,
    Lane,
    Measurement,
    PackageOutcome,
    Record,
)

CODE_UNITS = (ESCAPES, HEAP_CALLS, FRAME_BYTES)

_NOT_MEASURED = Point(PointState.NOT_MEASURED)
_ABSENT = Point(PointState.ABSENT)
_DOES_NOT_BUILD = Point(PointState.DOES_NOT_BUILD)
_NOT_TAKEN = Point(PointState.NOT_TAKEN)

# By source package, file, line and callee: in how many calls of one function, at most.
_Calls = Mapping[tuple[str, str, int, str], int]


@dataclass(frozen=True, slots=True)
class _Count:
    """The counts of one package's code.

    Attributes:
        linked: whether any of its functions is in a test binary.
        frame: the largest stack frame in bytes, ``None`` without functions outside of tests.
        calls: number of allocation calls written in the package; ``own`` has them by line.
        foreign: those written elsewhere and inlined here.
    """

    escapes: int
    linked: bool
    frame: int | None
    calls: int
    own: _Calls
    foreign: _Calls


# One series while it is collected: the places where another point begins, and that point.
_Line = list[tuple[int, Point]]


def _put(line: _Line, place: int, point: Point) -> None:
    """Add the point of the next place."""
    last = line[-1][1] if line else None
    # An equal one is another object where the line was pickled in between.
    if last is not point and last != point:
        line.append((place, point))


def _runs(line: _Line, places: int) -> PointRuns:
    """The points of :class:`Series`, for so many places."""
    ends = [*(start for start, _ in line[1:]), places]
    return tuple((point, end - start) for (start, point), end in zip(line, ends, strict=True))


class PackageCounts:
    """Collects series of every package: escape sites, allocation calls and the largest frame.

    Test files are left out. A package that does not compile has no value, and one that is in no
    test binary none of the compiled code. A package is counted once for as long as it stays the
    same.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._count_of_places = 0
        # Why a package that has not been seen has no value: first places, and points from there on.
        self._unseen: _Line = []
        # By package, in the order of CODE_UNITS.
        self._lines: dict[str, tuple[_Line, ...]] = {}
        self._known: dict[str, tuple[CodePart, dict[str, str], _Count]] = {}
        self._directories: dict[str, str] = {}
        self._points: dict[tuple[str, float], Point] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_known": {}}

    def add(self, slot: Slot) -> None:
        """Take the next place, oldest first."""
        place = self._count_of_places
        self._count_of_places += 1
        if slot.record is None:
            for line in (self._unseen, *chain.from_iterable(self._lines.values())):
                _put(line, place, _NOT_MEASURED)
            return
        values = self._values(slot.record, self._history.parts(slot.revision))
        why = {
            p.path: _DOES_NOT_BUILD if p.outcome is PackageOutcome.BUILD_FAILED else _NOT_TAKEN
            for p in slot.record.packages
        }
        for package in why.keys() | {package for package, _ in values}:
            if package not in self._lines:
                self._lines[package] = tuple(list(self._unseen) for _ in CODE_UNITS)
        _put(self._unseen, place, _ABSENT)
        for package, lines in self._lines.items():
            without = why.get(package, _ABSENT)
            for unit, line in zip(CODE_UNITS, lines, strict=True):
                number = values.get((package, unit))
                _put(line, place, without if number is None else self._point(unit, number))

    def series(self, pending: int = 0) -> dict[str, tuple[Series, ...]]:
        """The series of all places so far, and of some that follow and are not measured."""
        places = self._count_of_places
        found: dict[str, tuple[Series, ...]] = {}
        for package, lines in sorted(self._lines.items()):
            own: list[Series] = []
            for unit, line in zip(CODE_UNITS, lines, strict=True):
                values = [p.measurement for _, p in line if p.measurement is not None]
                if values:
                    whole = list(line)
                    if pending:
                        _put(whole, places, _NOT_MEASURED)
                    runs = partial(_runs, whole, places + pending)
                    own.append(Series(package, "", unit, values[0], values[-1], runs))
            if own:
                found[package] = tuple(own)
        return found

    def _values(
        self, record: Record, parts: Mapping[str, CodePart]
    ) -> dict[tuple[str, str], float]:
        """Values of a record by package and unit."""
        built = {p.path for p in record.packages if p.outcome is not PackageOutcome.BUILD_FAILED}
        directories = {p.directory: p.path for p in record.packages}
        if directories != self._directories:
            self._directories = directories
        counts = {package: self._count(package, c) for package, c in parts.items()}
        found = {
            (package, ESCAPES): float(counts[package].escapes if package in counts else 0)
            for package in built
        }
        calls: dict[str, int] = {}
        for package, count in counts.items():
            if count.linked:
                # Also of a package that is inlined into its tests and has no function left.
                calls.setdefault(package, 0)
            if count.frame is not None:
                found[package, FRAME_BYTES] = float(count.frame)
            if count.own:
                calls[package] = calls.get(package, 0) + count.calls
        # A line that is inlined to several functions counts as often as in that which has it most.
        more: dict[tuple[str, str, int, str], int] = {}
        for count in counts.values():
            for key, number in count.foreign.items():
                owner = counts.get(key[0])
                least = max(more.get(key, 0), owner.own.get(key, 0) if owner else 0)
                if number > least:
                    calls[key[0]] = calls.get(key[0], 0) + number - least
                    more[key] = number
        return found | {(package, HEAP_CALLS): float(n) for package, n in calls.items()}

    def _point(self, unit: str, number: float) -> Point:
        """The point of a value, one object for equal ones."""
        known = self._points.get((unit, number))
        if known is None:
            measurement = Measurement(unit, Lane.ALLOCATION, (number,), True)
            known = self._points[unit, number] = Point(PointState.MEASURED, measurement)
        return known

    def _count(self, package: str, part: CodePart) -> _Count:
        known = self._known.get(package)
        if known is not None and known[0] is part and known[1] is self._directories:
            return known[2]
        calls = _calls_by_source(part, self._directories)
        own = {key: n for key, n in calls.items() if key[0] == package}
        count = _Count(
            escapes=len(part.in_code),
            linked=bool(part.functions),
            frame=max((f.frame_bytes for f in part.functions if not f.test), default=None),
            calls=sum(own.values()),
            own=own,
            foreign={key: n for key, n in calls.items() if key[0] != package},
        )
        self._known[package] = (part, self._directories, count)
        return count


def _calls_by_source(part: CodePart, directories: Mapping[str, str]) -> _Calls:
    """Allocation calls by the package in which they are written, wherever they are inlined to.

    A call inlined from a library counts for the line that calls the library.
    """
    counts: dict[tuple[str, str, int, str, str], int] = {}

    @cache
    def owner(file: str) -> str | None:
        return directories.get(file.rpartition("/")[0] or ".")

    for call in part.calls:
        file, line = call.file, call.line
        package = owner(file)
        if package is None:
            file, line = call.outer_file, call.outer_line
            package = owner(file)
        if package is not None and not file.endswith("_test.go"):
            key = (package, file, line, call.callee, call.function)
            counts[key] = counts.get(key, 0) + 1
    most: dict[tuple[str, str, int, str], int] = defaultdict(int)
    for (package, file, line, callee, _), number in counts.items():
        place = (package, file, line, callee)
        most[place] = max(most[place], number)
    return most
