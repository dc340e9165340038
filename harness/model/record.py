"""The record: everything measured of one revision, in one environment, on one machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from harness.model.allocation import Account, Exchange
from harness.model.benchmark import BenchmarkResult, PackageOutcome, PackageResult
from harness.model.compiled import AllocationCall, FunctionCode
from harness.model.diagnostic import (
    Diagnostic,
    EscapeSite,
    InliningCall,
    InliningDecision,
    SiteExecution,
)
from harness.model.environment import Environment, Machine
from harness.model.revision import Revision, Support, TreeDiff
from harness.model.selection import covers

RECORD_SCHEMA = 2
# Behind the version in ``Record.harness`` where a saved output was read.
IMPORT_MARK = " import"


class Outcome(StrEnum):
    """The outcome of a revision as a whole."""

    MEASURED = "measured"
    PARTIAL = "partial"  # some benchmark gave no number, or a package without any does not compile
    NO_BENCHMARKS = "no-benchmarks"  # compiles, and there is nothing to run
    BROKEN = "broken"  # something to measure does not compile; what does is measured all the same


@dataclass(frozen=True, slots=True)
class PackageError:
    """A package that Go refuses, in Go's own words.

    Attributes:
        package: import path; empty where the error is of the module as a whole.
        stage: ``module`` (go.mod, dependencies), ``build``, ``link``, ``run``, or ``code`` (the
            compiled code cannot be read).
        message: without its ``# package`` header.
        file, line: of the first message; empty and 0 without one.
    """

    package: str
    stage: str
    message: str
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class ModuleOverlay:
    """A go.mod that the harness put in place of the revision's, without writing to its tree."""

    directory: str  # of the module, relative to the repository's root
    reason: str  # with the tool's words where a release refused the original
    go_mod: str


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Settings that decide which benchmarks run and how.

    ``benchtime`` and ``count`` are of the time lane, ``None`` and 0 with ``--alloc-only``.
    """

    bench: str
    packages: tuple[str, ...]
    alloc_benchtime: str
    benchtime: str | None
    count: int

    def covers(self, other: RunSettings) -> bool:
        """Return whether all benchmarks that ``other`` selects are known to be selected here."""
        whole = self.packages in (other.packages, ("./...",))
        return whole and covers(self.bench, other.bench)

    @property
    def alloc_iterations(self) -> int:
        """Operations of a run of the allocation lane, by which its allocations are divided."""
        return int(self.alloc_benchtime.removesuffix("x"))


@dataclass(frozen=True, slots=True)
class View:
    """The compiler's output with other flags than those of the record, word for word.

    ``gcflags`` are as given on the command line (``-m -l``); the lines are in the order of package,
    file and line.
    """

    gcflags: str
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class CodePart:
    """The fields of :class:`Record` that are of one package; same names."""

    escapes: tuple[EscapeSite, ...] = ()
    inlining: tuple[InliningDecision, ...] = ()
    inlining_calls: tuple[InliningCall, ...] = ()
    calls: tuple[AllocationCall, ...] = ()
    functions: tuple[FunctionCode, ...] = ()

    @property
    def package(self) -> str:
        """Import path; empty if there is nothing in it."""
        lists = (getattr(self, name) for name in CODE_LISTS)
        return next((items[0].package for items in lists if items), "")

    @cached_property
    def in_code(self) -> tuple[EscapeSite, ...]:
        """The escape sites that :meth:`Record.code_escapes` gives."""
        return tuple(s for s in self.escapes if not s.test and not s.position.generated)


# The fields of a record that are of single packages.
CODE_LISTS = tuple(field.name for field in fields(CodePart))


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that was measured of one revision in one environment on one machine.

    Attributes:
        schema: version of this form, :data:`RECORD_SCHEMA`.
        started, duration: seconds since the epoch, and wall seconds.
        packages: every package of the revision, sorted by import path.
        escapes: every escape site, test files included, in a fixed order.
        diff: the lines that changed from the first parent; ``None`` for a root commit or where
            the parent is not in the clone.
        unparsed: heap-related lines that the parser does not know; never dropped.
        harness: version of the harness, with :data:`IMPORT_MARK` where a saved output was read.
        accounts: benchmarks whose allocations were accounted for line by line; only those in which
            a step was seen.
        calls: the calls of the compiled code that allocate, read from the linked test binaries;
            outside of test files, and in benchmark functions.
        functions: likewise every function with the size of its stack frame.
        unread: packages whose compiled code could not be read from their test binary, and why.
        executions: whether benchmarks execute an escape site; of sites that are new in the revision
            and that no account has.
        notes: what this release could not measure, a sentence each.
        exchanges: what of its steps the benchmarks themselves caused, where tests changed.
        support: files of tests that no name tells.
    """

    schema: int
    revision: Revision
    environment: Environment
    machine: Machine
    settings: RunSettings
    outcome: Outcome
    started: float
    duration: float
    packages: tuple[PackageResult, ...] = ()
    errors: tuple[PackageError, ...] = ()
    overlays: tuple[ModuleOverlay, ...] = ()
    escapes: tuple[EscapeSite, ...] = ()
    inlining: tuple[InliningDecision, ...] = ()
    inlining_calls: tuple[InliningCall, ...] = ()
    unparsed: tuple[Diagnostic, ...] = ()
    diff: TreeDiff | None = None
    harness: str = ""
    accounts: tuple[Account, ...] = ()
    calls: tuple[AllocationCall, ...] = ()
    functions: tuple[FunctionCode, ...] = ()
    views: tuple[View, ...] = ()
    unread: tuple[PackageError, ...] = ()
    executions: tuple[SiteExecution, ...] = ()
    notes: tuple[str, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    support: tuple[Support, ...] = ()

    @property
    def imported(self) -> bool:
        """Return whether the numbers are from a saved output and not measured by the harness."""
        return self.harness.endswith(IMPORT_MARK)

    @property
    def compiled(self) -> frozenset[str]:
        """Import paths of the packages that compile."""
        return frozenset(p.path for p in self.packages) - self.uncompiled

    @property
    def uncompiled(self) -> frozenset[str]:
        """Import paths of the packages that do not."""
        failed = PackageOutcome.BUILD_FAILED
        return frozenset(p.path for p in self.packages if p.outcome is failed)

    def benchmarks(self) -> list[tuple[str, BenchmarkResult]]:
        """All benchmarks as ``(import path, result)``, in the record's order."""
        return [(p.path, b) for p in self.packages for b in p.benchmarks]

    def account(self, package: str, benchmark: str) -> Account | None:
        """The account of a benchmark, ``None`` if there is none."""
        key = (package, benchmark)
        return next((a for a in self.accounts if (a.package, a.benchmark) == key), None)

    def exchange(self, previous: str, package: str, benchmark: str) -> Exchange | None:
        """The result of exchanging the tests with an earlier revision, if that was done."""
        key = (previous, package, benchmark)
        return next(
            (e for e in self.exchanges if (e.previous, e.package, e.benchmark) == key), None
        )

    def code_escapes(self) -> list[EscapeSite]:
        """The escape sites in the project's source outside ``_test.go`` files.

        Left out is also what the compiler or cgo generates: wrappers repeat the sites of the
        methods they wrap, and come and go with the interfaces in use.
        """
        return [site for site in self.escapes if not site.test and not site.position.generated]

    def parts(self) -> dict[str, CodePart]:
        """The compiler's output and code, by package."""
        found: dict[str, dict[str, list[Any]]] = {}
        for name in CODE_LISTS:
            for item in getattr(self, name):
                found.setdefault(item.package, {}).setdefault(name, []).append(item)
        return {
            package: CodePart(**{name: tuple(items) for name, items in lists.items()})
            for package, lists in found.items()
        }

    def with_parts(self, parts: Iterable[CodePart]) -> Record:
        """The record with the compiler's output and code of these packages, and of no others."""
        chosen = list(parts)
        lists: dict[str, Any] = {
            name: tuple(x for part in chosen for x in getattr(part, name)) for name in CODE_LISTS
        }
        return replace(self, **lists)


def with_failures(
    errors: Iterable[PackageError], packages: Iterable[PackageResult]
) -> tuple[PackageError, ...]:
    """The errors of a record: these, and one for each benchmark that failed."""
    failed = (PackageError(p.path, "run", f.described) for p in packages for f in p.failures)
    return tuple(dict.fromkeys((*errors, *failed)))


def outcome_of(packages: Iterable[PackageResult], errors: Iterable[PackageError]) -> Outcome:
    """The outcome of a revision, from its packages and errors."""
    packages, errors = list(packages), list(errors)
    numbers = any(p.benchmarks for p in packages)
    refused = [p for p in packages if p.outcome is PackageOutcome.BUILD_FAILED]
    if any(p.declared for p in refused) or (not numbers and any(e.stage != "run" for e in errors)):
        return Outcome.BROKEN
    if errors:
        return Outcome.PARTIAL
    return Outcome.MEASURED if numbers else Outcome.NO_BENCHMARKS
