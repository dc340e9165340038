"""Changes of a record: a new run replaces numbers, later findings are added. Pure.

A record is the truth about a revision, so it only grows. A run replaces the numbers that it
measures anew and leaves the others. Later findings (accounts, executions, exchanges,
views) are added. :func:`lost` tells what a write would take away; the store refuses such a write.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from harness.model import (
    AllocationCall,
    BenchmarkResult,
    FunctionCode,
    Lane,
    PackageOutcome,
    PackageResult,
    Record,
    RunSettings,
)
from harness.model.record import outcome_of, with_failures
from harness.model.selection import enters
from harness.store.encoding import encode

T = TypeVar("T")


def lost(old: Record, new: Record) -> str:
    """Something of a record that its replacement lacks, in words; empty for nothing.

    Numbers, samples, failures, errors, settings and outcome count.
    """
    missing = missing_numbers(old, new)
    if missing:
        return missing
    gone = next((e for e in old.errors if e not in new.errors), None)
    if gone is not None:
        return f"the error of {gone.package or 'the module'}: {gone.message.partition(chr(10))[0]}"
    same = (old.settings, old.outcome) == (new.settings, new.outcome)
    return "" if same else "its settings or outcome"


def missing_numbers(old: Record, new: Record) -> str:
    """A number, sample or failure of a record that another one lacks; empty for none."""
    there = {(path, b.name): b for path, b in new.benchmarks()}
    for path, benchmark in old.benchmarks():
        found = there.get((path, benchmark.name))
        if found is None:
            return f"{path}.{benchmark.name}"
        for measurement in benchmark.measurements:
            now = found.measurement(measurement.unit)
            if now is None:
                return f"{measurement.unit} of {path}.{benchmark.name}"
            if Counter(measurement.samples) - Counter(now.samples):
                return f"samples of {measurement.unit} of {path}.{benchmark.name}"
    failures = {(p.path, f) for p in new.packages for f in p.failures}
    for package in old.packages:
        for failure in package.failures:
            if (package.path, failure) not in failures:
                return f"the failure of {package.path}.{failure.name}"
    return ""


def union(one: Record, two: Record) -> Record:
    """The union of two records of one revision; of what both measured, the later.

    The order of the two makes no difference, and the union with one of them is the union again, so
    that machines which exchange their files come to the same ones.
    """
    older, newer = sorted((one, two), key=lambda r: (r.started, encode(r)))
    if missing_numbers(older, newer):
        return rerun(older, newer)
    return supplement(supplement(newer, older), newer)


def rerun(old: Record, new: Record) -> Record:
    """The record after a revision was measured once more.

    What gave numbers now replaces what it gave before. What was not asked for this time, or fails
    now, keeps the numbers that it had, as do the units of a time lane that was left out this time.
    What is known about the binaries (accounts and the like) stays where these are the same.
    """
    before = {p.path: p for p in old.packages}
    bench = new.settings.bench
    packages = [
        rerun_package(before[p.path], p, bench) if p.path in before else p for p in new.packages
    ]
    now = {p.path for p in packages}
    packages += [p for p in old.packages if p.path not in now and (p.benchmarks or p.failures)]
    packages.sort(key=lambda p: (p.path, p.directory))
    errors = with_failures((e for e in new.errors if e.stage != "run"), packages)
    calls, functions = _code(old, new)
    read = {f.package for f in functions}
    unread = {e.package: e for e in (*old.unread, *new.unread)}
    merged = replace(
        new,
        settings=_settings(old.settings, new.settings),
        packages=tuple(packages),
        errors=errors,
        outcome=outcome_of(packages, errors),
        calls=calls,
        functions=functions,
        unread=tuple(e for p, e in sorted(unread.items()) if e in new.unread or p not in read),
    )
    return supplement(supplement(merged, old), new)


def supplement(record: Record, other: Record) -> Record:
    """Add the accounts, executions, exchanges and views of another record of the same revision.

    Accounts and exchanges are taken over where the benchmark is there and the test binary is the
    same; whether benchmarks execute a site, where both have the same benchmarks. The numbers are
    those of ``record``; findings of ``other`` replace its own.
    """
    keys = {p.path: p.key for p in record.packages}
    others = {p.path: p.key for p in other.packages}
    there = {(path, b.name) for path, b in record.benchmarks()}

    def concerns(package: str, benchmark: str) -> bool:
        return (package, benchmark) in there and keys[package] == others.get(package)

    one, two = record.settings, other.settings
    same = (one.bench, one.packages) == (two.bench, two.packages)
    accounts = [a for a in other.accounts if concerns(a.package, a.benchmark)]
    exchanges = [e for e in other.exchanges if concerns(e.package, e.benchmark)]
    seen = other.executions if same else ()
    executions = _union(record.executions, seen, lambda e: (e.package, e.position))
    return replace(
        record,
        accounts=_union(record.accounts, accounts, lambda a: (a.package, a.benchmark)),
        exchanges=_union(
            record.exchanges, exchanges, lambda e: (e.previous, e.package, e.benchmark)
        ),
        executions=tuple(sorted(executions)),
        views=_union(record.views, other.views, lambda v: v.gcflags)
        if record.harness == other.harness
        else record.views,
    )


def rerun_package(old: PackageResult, new: PackageResult, bench: str) -> PackageResult:
    """The result of a package after its benchmarks that ``bench`` selects ran once more."""
    if not (old.benchmarks or old.failures):
        return new
    if not (new.benchmarks or new.failures):
        return replace(old, declared=new.declared or old.declared)
    timed = Lane.TIME in (new.raw or {}) or any(_timed(b) for b in new.benchmarks)
    fresh = {b.name: b for b in new.benchmarks}
    numbers = {b.name: b for b in old.benchmarks}
    for name, benchmark in fresh.items():
        known = numbers.get(name)
        numbers[name] = (
            benchmark if known is None or _timed(benchmark) else _counted(known, benchmark)
        )
    failures = [
        f
        for f in old.failures
        if (f.name and not enters(bench, f.name)) or (f.lane is Lane.TIME and not timed)
    ]
    # One key means one binary, from which all numbers are; else nothing is carried from here.
    same = old.key == new.key or numbers.keys() == fresh.keys()
    return replace(
        new,
        key=new.key if same else "",
        outcome=PackageOutcome.MEASURED if numbers else new.outcome,
        carried_from=new.carried_from if fresh.keys() == numbers.keys() else None,
        benchmarks=tuple(numbers.values()),
        failures=tuple(dict.fromkeys((*failures, *new.failures))),
        raw=_raw(old.raw or {}, new.raw or {}, set(fresh)),
    )


def _timed(benchmark: BenchmarkResult) -> bool:
    return any(m.lane is Lane.TIME for m in benchmark.measurements)


def _counted(old: BenchmarkResult, new: BenchmarkResult) -> BenchmarkResult:
    """A benchmark's old times and new counts, where only the allocation lane ran again."""
    units = {m.unit: m for m in old.measurements}
    for measurement in new.measurements:
        known = units.get(measurement.unit)
        if known is None or known.lane is not Lane.TIME:
            units[measurement.unit] = measurement
    return replace(new, measurements=tuple(units.values()))


def _code(old: Record, new: Record) -> tuple[tuple[AllocationCall, ...], tuple[FunctionCode, ...]]:
    """The compiled code of both; each has linked what it ran."""
    if not old.functions or set(old.functions) <= set(new.functions):
        return new.calls, new.functions
    from harness.compiled.gather import CompiledCode, merge

    code = merge(CompiledCode(r.calls, r.functions) for r in (old, new))
    return code.calls, code.functions


def _raw(old: Mapping[Lane, str], new: Mapping[Lane, str], replaced: set[str]) -> dict[Lane, str]:
    """The verbatim output of both runs, without that of replaced numbers."""
    found = dict(old)
    for lane, text in new.items():
        rows = [r for r in old.get(lane, "").splitlines(keepends=True) if not _is_of(r, replaced)]
        rest = any(row.startswith("Benchmark") for row in rows)
        found[lane] = "".join(rows) + text if rest else text
    return found


def _is_of(row: str, names: set[str]) -> bool:
    """Return whether a line of output is about one of these benchmarks."""
    if not row.startswith("Benchmark"):
        return False
    name = row.split(maxsplit=1)[0]
    plain, dash, procs = name.rpartition("-")
    return name in names or bool(dash and procs.isdigit() and plain in names)


def _settings(old: RunSettings, new: RunSettings) -> RunSettings:
    """Settings of the union: those that cover the others."""
    wide = new if new.covers(old) else old
    timed = new if new.count else old
    return replace(wide, benchtime=timed.benchtime, count=timed.count)


def _union(old: Iterable[T], new: Iterable[T], key: Callable[[T], object]) -> tuple[T, ...]:
    """Both, in the order of the old; of what both have, the new."""
    return tuple({**{key(x): x for x in old}, **{key(x): x for x in new}}.values())
