"""Benchmarks of two records matched by name, across renamed packages and functions.

A module that becomes ``/v2``, or moves to another host, has new import paths in the old
directories; its benchmarks stay the same. So does a benchmark function with another name and the
same source, parameters and body, in the same package. Sub-benchmarks follow their function.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

from harness.model import ALLOCS, BenchmarkFailure, Lane, PackageOutcome, PackageResult, Record
from harness.model.selection import enters

# Import path and full name.
Key = tuple[str, str]

# Fields of a record whose entries name their package.
_OF_PACKAGES = (
    "errors", "escapes", "inlining", "inlining_calls", "accounts", "calls", "functions",
    "executions",
)  # fmt: skip


@dataclass(frozen=True)
class Renames:
    """Names that differ at the head.

    Attributes:
        paths: import path at the base to that at the head.
        functions: import path at the head and function name at the base to the name at the head.
    """

    paths: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[Key, str] = field(default_factory=dict)

    def apply(self, record: Record) -> Record:
        """A record of the base with the names of the head."""
        return _with_functions(with_paths(record, self.paths), self.functions)

    def undo(self, record: Record) -> Record:
        """The reverse of :meth:`apply`."""
        return with_paths(_with_functions(record, self._old_functions), self._old_paths)

    def at_base(self, package: str, benchmark: str) -> Key:
        """Import path and full name at the base of what has these at the head."""
        name = _named(self._old_functions, package, benchmark)
        return self._old_paths.get(package, package), name

    @cached_property
    def _old_paths(self) -> Mapping[str, str]:
        return {new: path for path, new in self.paths.items()}

    @cached_property
    def _old_functions(self) -> Mapping[Key, str]:
        return {(package, new): name for (package, name), new in self.functions.items()}


@dataclass(frozen=True, slots=True)
class GoneBenchmark:
    """A benchmark of the base that the head does not have."""

    package: str  # at the head, where it has another import path there
    benchmark: str  # at the base
    reason: str  # how it is missing, in words
    allocs: float | None = None  # allocs/op at the base


@dataclass(frozen=True, slots=True)
class RenamedBenchmark:
    """A benchmark function that the base has under another name or import path."""

    package: str
    benchmark: str
    old_package: str
    old_benchmark: str


@dataclass(frozen=True, slots=True)
class BenchmarkDiff:
    """The benchmarks that two records share, and those that only one of them has.

    What the other side could not measure, because of a failure or since it was not asked for, is
    neither gone nor added.

    Attributes:
        compared: names at the head of what has allocs/op on both sides.
        renamed: functions with another name; what they measure is compared.
    """

    compared: tuple[Key, ...] = ()
    gone: tuple[GoneBenchmark, ...] = ()
    added: tuple[Key, ...] = ()
    renamed: tuple[RenamedBenchmark, ...] = ()


def diff_benchmarks(
    base: Record, head: Record, renames: Renames, *, declared: bool = False
) -> BenchmarkDiff:
    """Compare the benchmarks of two records.

    Args:
        base: with the names of the head, changed by ``renames``.
        declared: compare the declared benchmark functions, where nothing was run.
    """
    old, new = _Side(base), _Side(head)
    ours, theirs = (side.names(declared=declared) for side in (old, new))
    missing = [k for k in ours if k not in theirs and (k in old.allocs or not new.below(*k))]
    functions = dict.fromkeys((package, _function(name)) for package, name in theirs)
    before = {(package, _function(name)) for package, name in ours}
    renamed = [(key, renames.at_base(*key)) for key in functions if key in before]
    return BenchmarkDiff(
        compared=tuple(k for k, a in new.allocs.items() if None not in (a, old.allocs.get(k))),
        gone=tuple(
            GoneBenchmark(key[0], renames.at_base(*key)[1], reason, old.allocs.get(key))
            for key in missing
            if (reason := new.lacks(*key))
        ),
        added=tuple(
            k for k in (theirs if declared else new.allocs) if k not in ours and old.lacks(*k)
        ),
        renamed=tuple(RenamedBenchmark(*key, *was) for key, was in renamed if was != key),
    )


class _Side:
    """The benchmarks of a record."""

    def __init__(self, record: Record) -> None:
        self._packages: dict[str, PackageResult] = {p.path: p for p in record.packages}
        self._bench = record.settings.bench
        # Of a module that Go refuses no package is known.
        self._refused = any(e.stage == "module" for e in record.errors)
        self.allocs: dict[Key, float | None] = {}
        for path, result in record.benchmarks():
            measurement = result.measurement(ALLOCS)
            self.allocs[path, result.name] = None if measurement is None else measurement.value
        self._ran = {(path, _function(name)) for path, name in self.names(declared=False)}

    def names(self, *, declared: bool) -> dict[Key, None]:
        """The benchmarks that ran, also those without a number; or those that are declared."""
        if declared:
            return {
                (p.path, name): None
                for p in self._packages.values()
                for name in p.declared
                if enters(self._bench, name)
            }
        failed = [
            (p.path, name)
            for p in self._packages.values()
            for name in dict.fromkeys(f.name for f in _failures(p))
            if name
        ]
        return dict.fromkeys([*self.allocs, *failed])

    def below(self, package: str, name: str) -> bool:
        """Return whether there are sub-benchmarks of a benchmark, which fails with any of them."""
        return any(p == package and n.startswith(f"{name}/") for p, n in self.allocs)

    def lacks(self, package: str, name: str) -> str:
        """The way in which a benchmark without a result is missing; empty if not known."""
        found = self._packages.get(package)
        function = _function(name)
        if not enters(self._bench, name):
            return ""
        if found is None:
            return "" if self._refused else "the head does not have its package"
        if found.outcome is PackageOutcome.BUILD_FAILED:
            return ""
        if function not in found.declared and (package, function) not in self._ran:
            return "no test file that the head builds declares it"
        if _failures(found):
            return ""
        if name == function:
            return "the head declares it, and it gives no result there"
        return f"{function} does not run it at the head"


def _failures(package: PackageResult) -> list[BenchmarkFailure]:
    return [f for f in package.failures if f.lane is Lane.ALLOCATION]


def _function(benchmark: str) -> str:
    return benchmark.split("/", 1)[0]


def unmatched_functions(
    base: Record, head: Record, *, declared: bool = False
) -> dict[str, tuple[list[str], list[str]]]:
    """Benchmark functions that only the base has, and only the head, by import path.

    The base has the import paths of the head; ``declared`` is as for :func:`diff_benchmarks`.
    """
    records = (base, head)
    known = [{p.path: p.declared for p in record.packages} for record in records]
    found: dict[str, tuple[list[str], list[str]]] = {path: ([], []) for path in known[1]}
    for number, record in enumerate(records):
        names = _Side(record).names(declared=declared)
        for path, name in dict.fromkeys((path, _function(name)) for path, name in names):
            if path in found and name not in known[1 - number].get(path, ()):
                found[path][number].append(name)
    return {path: both for path, both in found.items() if all(both)}


def same_functions(gone: Mapping[str, bytes], added: Mapping[str, bytes]) -> dict[str, str]:
    """Old names with the new ones of functions with the same source, each once.

    Both arguments have the source by name, without the name in it.
    """
    free = dict(added)
    found = {}
    for name, source in gone.items():
        other = next((n for n, text in free.items() if text == source), None)
        if other is not None:
            found[name] = other
            del free[other]
    return found


def _named(functions: Mapping[Key, str], package: str, benchmark: str) -> str:
    """The full name of a benchmark with another name of its function, if it has one."""
    function, slash, sub = benchmark.partition("/")
    return f"{functions.get((package, function), function)}{slash}{sub}"


def _with_functions(record: Record, functions: Mapping[Key, str]) -> Record:
    """A record with other names of benchmark functions in its results, failures and accounts."""
    if not functions:
        return record

    def moved(package: PackageResult) -> PackageResult:
        named = partial(_named, functions, package.path)
        return replace(
            package,
            benchmarks=tuple(replace(b, name=named(b.name)) for b in package.benchmarks),
            failures=tuple(replace(f, name=named(f.name)) for f in package.failures),
            declared=tuple(named(name) for name in package.declared),
        )

    return replace(
        record,
        packages=tuple(moved(p) for p in record.packages),
        accounts=tuple(
            replace(a, benchmark=_named(functions, a.package, a.benchmark)) for a in record.accounts
        ),
    )


def renamed_packages(base: Record, head: Record) -> dict[str, str]:
    """Import paths of the base with those that the same directories have at head."""
    old = {p.directory: p.path for p in base.packages}
    new = {p.directory: p.path for p in head.packages}
    known = set(old.values()) & set(new.values())
    return {
        path: new[directory]
        for directory, path in old.items()
        if directory in new and path not in known and new[directory] not in known
    }


def with_paths(record: Record, paths: Mapping[str, str]) -> Record:
    """A record with other import paths; ``paths`` has the new ones by the old ones."""
    if not paths:
        return record

    moved: dict[str, Any] = {
        name: tuple(
            replace(e, package=paths[e.package]) if e.package in paths else e
            for e in getattr(record, name)
        )
        for name in _OF_PACKAGES
    }
    packages = (replace(p, path=paths.get(p.path, p.path)) for p in record.packages)
    support = (replace(s, users=tuple(paths.get(p, p) for p in s.users)) for s in record.support)
    return replace(record, packages=tuple(packages), support=tuple(support), **moved)
