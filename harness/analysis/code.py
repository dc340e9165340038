"""The compiled code over history: allocation calls and stack frames, by package. Pure.

Both are of what was linked (:mod:`harness.engine.code` says what that is), so heap-calls and the
largest frame of a package may also move because more or less of it is linked or inlined. A package
of which everything is inlined has no frame.
Differences of two revisions are therefore taken function by function, of those that both have. None
of it is a verdict: a call that is added may never be executed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from harness.analysis.history import History
from harness.analysis.series import Point, PointState, Series, slots
from harness.model import (
    ESCAPES,
    FRAME_BYTES,
    HEAP_CALLS,
    FunctionCode,
    Lane,
    Measurement,
    PackageOutcome,
    Record,
)

CODE_UNITS = (ESCAPES, HEAP_CALLS, FRAME_BYTES)


@dataclass(frozen=True, slots=True)
class FunctionChange:
    """A function that was compiled otherwise.

    Attributes:
        package: import path.
        function: in the compiler's words.
        file: where it is declared at head, relative to the repository's root.
        line: likewise.
        before: at base, bytes of its stack frame or allocation calls.
        after: at head.
    """

    package: str
    function: str
    file: str
    line: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class CodeDiff:
    """How functions outside of test files that both revisions have differ, the largest first.

    Attributes:
        frames: those whose stack frame has another size, in bytes.
        calls: those with more or fewer allocation calls.
        known: whether both records have compiled code.
    """

    frames: tuple[FunctionChange, ...] = ()
    calls: tuple[FunctionChange, ...] = ()
    known: bool = False


def diff_code(base: Record, head: Record) -> CodeDiff:
    """Compare the compiled functions of two records by package and name."""
    before, after = _functions(base), _functions(head)
    old, new = _calls(base), _calls(head)
    frames, calls = [], []
    for name, function in after.items():
        earlier = before.get(name)
        if earlier is None:
            continue
        place = (*name, function.file, function.line)
        if earlier.frame_bytes != function.frame_bytes:
            frames.append(FunctionChange(*place, earlier.frame_bytes, function.frame_bytes))
        if old[name] != new[name]:
            calls.append(FunctionChange(*place, old[name], new[name]))
    return CodeDiff(_largest(frames), _largest(calls), bool(before and after))


def package_series(history: History) -> dict[str, tuple[Series, ...]]:
    """Escape sites, allocation calls and the largest frame of every package over a history.

    Test files are left out. The series of a package come in the order of :data:`CODE_UNITS`; they
    have no benchmark. A package that does not compile has no value, and one that is in no test
    binary none of the compiled code.
    """
    places = [(slot.record, _values(slot.record)) for slot in slots(history)]
    known: dict[str, set[str]] = defaultdict(set)
    for _, values in places:
        for package, unit in values:
            known[package].add(unit)
    return {
        package: tuple(
            Series(
                package,
                "",
                unit,
                tuple(
                    _point(record, package, values.get((package, unit)))
                    for record, values in places
                ),
            )
            for unit in CODE_UNITS
            if unit in known[package]
        )
        for package in sorted(known)
    }


def _values(record: Record | None) -> Mapping[tuple[str, str], Measurement]:
    if record is None:
        return {}
    escapes = {p.path: 0 for p in record.packages if p.outcome is not PackageOutcome.BUILD_FAILED}
    for site in record.code_escapes():
        if site.package in escapes:
            escapes[site.package] += 1
    found = {(package, ESCAPES): float(n) for package, n in escapes.items()}
    # Benchmark functions are among them, so a package that is inlined into its tests is known.
    found |= {(f.package, HEAP_CALLS): 0.0 for f in record.functions}
    for package, number in _calls_by_source(record).items():
        found[package, HEAP_CALLS] = float(number)
    for (package, _), function in _functions(record).items():
        key = (package, FRAME_BYTES)
        found[key] = max(found.get(key, 0.0), float(function.frame_bytes))
    return {
        key: Measurement(key[1], Lane.ALLOCATION, (number,), True) for key, number in found.items()
    }


def _calls_by_source(record: Record) -> Counter[str]:
    """Allocation calls by the package in which they are written, wherever they are inlined to.

    A line that is inlined to several functions counts as often as in that which has it most often.
    What is inlined from a library counts for the line that calls it.
    """
    packages = {p.directory: p.path for p in record.packages}
    counts: Counter[tuple[str, str, int, str, str]] = Counter()
    for call in record.calls:
        for file, line in ((call.file, call.line), (call.outer_file, call.outer_line)):
            package = packages.get(file.rpartition("/")[0] or ".")
            if package is not None:
                if not file.endswith("_test.go"):
                    where = f"{call.package}.{call.function}"
                    counts[package, file, line, call.callee, where] += 1
                break
    most: dict[tuple[str, str, int, str], int] = defaultdict(int)
    for (package, file, line, callee, _), number in counts.items():
        key = (package, file, line, callee)
        most[key] = max(most[key], number)
    found: Counter[str] = Counter()
    for (package, *_), number in most.items():
        found[package] += number
    return found


def _point(record: Record | None, package: str, measurement: Measurement | None) -> Point:
    if record is None:
        return Point(PointState.NOT_MEASURED)
    if measurement is not None:
        return Point(PointState.MEASURED, measurement)
    result = next((p for p in record.packages if p.path == package), None)
    if result is None:
        return Point(PointState.ABSENT)
    if result.outcome is PackageOutcome.BUILD_FAILED:
        return Point(PointState.DOES_NOT_BUILD)
    return Point(PointState.NOT_TAKEN)


def _functions(record: Record) -> dict[tuple[str, str], FunctionCode]:
    """By package and name; of several of one name (``init``) that with the largest frame."""
    found: dict[tuple[str, str], FunctionCode] = {}
    for function in record.functions:
        if function.test:
            continue
        name = (function.package, function.function)
        if name not in found or found[name].frame_bytes < function.frame_bytes:
            found[name] = function
    return found


def _calls(record: Record) -> Counter[tuple[str, str]]:
    return Counter((c.package, c.function) for c in record.calls if not c.test)


def _largest(changes: list[FunctionChange]) -> tuple[FunctionChange, ...]:
    return tuple(sorted(changes, key=lambda c: (-abs(c.after - c.before), c.package, c.function)))
