"""Measuring one revision: check out, compile, link what is new, run, put the record together."""

import errno
import os
import re
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from harness import __version__
from harness.diagnostics.collect import BuiltPackage, select_packages
from harness.diagnostics.parse import PackageDiagnostics
from harness.engine.base.answers import narrowed_package, retried
from harness.engine.base.progress import Progress
from harness.engine.revision.build import Builder, BuiltTree
from harness.engine.revision.carry import CarryIndex, code_of, package_key
from harness.engine.revision.code import CodeReader, PackageCode, merged
from harness.engine.revision.packages import PackageRunner, ToLink
from harness.errors import MeasurementError, RepositoryError
from harness.model import (
    RECORD_SCHEMA,
    Environment,
    Machine,
    PackageOutcome,
    PackageResult,
    Record,
    Revision,
    RunSettings,
    TreeDiff,
)
from harness.model.record import outcome_of, with_failures
from harness.model.selection import enters
from harness.process import processors
from harness.store.merging import rerun_package
from harness.toolchain.overlay import without_heap_costs
from harness.words import plural

# As the system says it, which Go repeats in lower case.
_FULL = re.compile("|".join(map(os.strerror, (errno.ENOSPC, errno.EDQUOT))), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """A revision to measure, where, and how."""

    revision: Revision
    environment: Environment
    settings: RunSettings


@dataclass(frozen=True, slots=True)
class Begun:
    """A measurement that has begun."""

    request: Request
    started: float  # in seconds since the epoch
    clock: float  # the same on the clock of durations
    built: Future[BuiltTree]


@dataclass(frozen=True, slots=True)
class Measurer:
    """Measures revisions of one repository with one toolchain."""

    _builder: Builder
    _machine: Machine
    _carry: CarryIndex
    _progress: Progress

    def begin(self, request: Request) -> Begun:
        """Check a revision out and compile it in another thread, for :meth:`measure`.

        The work tree is in use until then.
        """
        started, clock = time.time(), time.monotonic()
        self._progress.step(f"{request.revision.short} compile")
        pool = ThreadPoolExecutor(1)
        built = pool.submit(self._builder.build, request.revision, request.environment)
        pool.shutdown(wait=False)
        return Begun(request, started, clock, built)

    def compile_only(self, request: Request) -> Record:
        """A record of what the compiler says; nothing is linked or run."""
        begun = self.begin(request)
        whole = begun.built.result()
        outcomes = (PackageOutcome.NOT_SELECTED, PackageOutcome.BUILD_FAILED)
        packages = [_package_result(p, outcomes[bool(p.errors)]) for _, p in whole.packages]
        diagnostics = [d for m in whole.modules for d in m.build.diagnostics]
        return self._record(begun, packages, diagnostics)

    def measure(self, begun: Begun, known: Record | None = None) -> Record:
        """Measure a revision.

        Args:
            known: a record of the same revision, environment and benchmarks; only what failed in
                it, or is not in it, is run.
        """
        request, whole = begun.request, begun.built.result()
        reader = CodeReader(whole)
        packages, codes, todo = self._without_run(request, whole, reader, known)
        with ThreadPoolExecutor(1) as pool:
            # Read while packages are linked, which is the work of other processes.
            reading = pool.submit(lambda: [d for m in whole.modules for d in m.build.diagnostics])
            if todo:
                pool.submit(reader.load)
            for result, code in self._run(request, whole, todo, reader) if todo else ():
                packages.append(result)
                codes.append(code)
            diagnostics = reading.result()
        code = merged(codes)
        failures = [f for p in packages for f in p.failures if f.kind == "link"]
        messages = [*(e.message for e in whole.errors), *(f.message for f in failures)]
        _refuse_full_disk(request.revision, messages)
        plans = [m.plan for m in whole.modules]
        release = request.environment.toolchain.release
        return replace(
            self._record(begun, packages, diagnostics),
            overlays=tuple(plan.overlay for plan in plans if plan.overlay is not None),
            diff=self._diff(request.revision),
            calls=code.calls,
            functions=code.functions,
            support=tuple(s for m in whole.modules for s in m.build.support),
            unread=tuple(sorted({c.unread for c in codes if c.unread}, key=lambda e: e.package)),
            notes=() if self._builder.heap_costs else (without_heap_costs(release),),
        )

    def _record(
        self,
        begun: Begun,
        packages: Iterable[PackageResult],
        diagnostics: Sequence[PackageDiagnostics],
    ) -> Record:
        packages = tuple(sorted(packages, key=lambda p: (p.path, p.directory)))
        errors = with_failures(begun.built.result().errors, packages)
        return Record(
            schema=RECORD_SCHEMA,
            revision=begun.request.revision,
            environment=begun.request.environment,
            machine=self._machine,
            settings=begun.request.settings,
            outcome=outcome_of(packages, errors),
            started=begun.started,
            duration=time.monotonic() - begun.clock,
            packages=packages,
            errors=errors,
            escapes=tuple(s for d in diagnostics for s in d.sites),
            inlining=tuple(x for d in diagnostics for x in d.decisions if not x.test),
            inlining_calls=tuple(x for d in diagnostics for x in d.calls if not x.test),
            unparsed=tuple(x for d in diagnostics for x in d.unparsed),
            harness=__version__,
        )

    def _diff(self, revision: Revision) -> TreeDiff | None:
        parent = revision.parent
        if parent is None or not self._builder.repository.exists(parent):
            return None
        try:
            changes = self._builder.repository.diff(parent, revision.hash)
        except RepositoryError:
            return None  # the clone lacks a tree or a file of the parent
        return TreeDiff(parent, revision.hash, changes)

    def _without_run(
        self, request: Request, whole: BuiltTree, reader: CodeReader, known: Record | None
    ) -> tuple[list[PackageResult], list[PackageCode], list[ToLink]]:
        """Results and compiled code of the packages that need no run, and the packages that do."""
        selected = self._selected(request, whole)
        results: list[PackageResult] = []
        codes: list[PackageCode] = []
        todo: list[ToLink] = []
        in_known = {p.path: p for p in known.packages if p.key} if known is not None else {}
        machine, environment = self._machine.machine, request.environment.name
        neighbours = [request.revision.hash, *request.revision.parents[:1]]
        self._carry.look_at(machine, environment, neighbours)
        for module, package in whole.packages:
            outcome = _outcome_without_run(package, selected, request.settings.bench)
            if outcome is not None:
                results.append(_package_result(package, outcome))
                continue
            key = package_key(package.binary_id, package.directory, whole.blobs)
            before = in_known.get(package.path)
            if known is not None and before is not None and before.key == key:
                failed = retried(before, request.settings.bench)
                if failed:
                    todo.append(ToLink(module, package, key, failed, before))
                else:
                    results.append(before)
                    codes.append(code_of(known, before.path, reader.linked(package)))
                continue
            carried = self._carry.find(
                machine, environment, key, request.settings, request.revision.hash
            )
            if carried is not None:
                origin, result = carried
                moved = replace(result, path=package.path, directory=package.directory)
                results.append(moved)
                # An equal test binary has equal code on equal lines.
                codes.append(code_of(origin, result.path, reader.linked(package)))
            else:
                todo.append(ToLink(module, package, key))
        return results, codes, todo

    def _selected(self, request: Request, whole: BuiltTree) -> set[str] | None:
        """Import paths that the package patterns match, ``None`` for all."""
        if request.settings.packages == ("./...",):
            return None
        patterns = request.settings.packages
        found = (select_packages(whole.command(m.plan), patterns) for m in whole.modules)
        return set().union(*found)

    def _run(
        self, request: Request, whole: BuiltTree, todo: list[ToLink], reader: CodeReader
    ) -> list[tuple[PackageResult, PackageCode]]:
        """Link and run; linking and counting go side by side, timing waits for a quiet machine."""
        with self._builder.workspace.scratch() as scratch:
            runner = PackageRunner(whole, scratch, request.settings)
            short = request.revision.short
            self._progress.step(f"{short} link and count {plural(len(todo), 'package')}")
            runner.link(todo)
            # Each waits for processors when it has something to run.
            with ThreadPoolExecutor(4 * processors()) as pool:
                prepared = list(pool.map(lambda item: runner.count(item, reader), todo))
            results = []
            for wanted, item in zip(todo, prepared, strict=True):
                result = item.result
                if request.settings.count and result.benchmarks:
                    self._progress.step(f"{short} time {result.path}")
                    result = runner.time(item)
                if wanted.before is not None:
                    result = narrowed_package(result, request.settings.bench)
                    result = rerun_package(wanted.before, result, wanted.bench)
                results.append((result, item.code))
            return results


def _package_result(package: BuiltPackage, outcome: PackageOutcome) -> PackageResult:
    """The result of a package without numbers."""
    return PackageResult(package.path, package.directory, outcome, declared=package.benchmarks)


def _refuse_full_disk(revision: Revision, messages: Iterable[str]) -> None:
    """Refuse a build that failed for a full disk: it says nothing of the code."""
    for line in (line for message in messages for line in message.splitlines()):
        if _FULL.search(line):
            raise MeasurementError(f"cannot build {revision.short}: {line.strip()}")


def _outcome_without_run(
    package: BuiltPackage, selected: set[str] | None, bench: str
) -> PackageOutcome | None:
    """The outcome of a package that is not to be run, ``None`` for one that is."""
    if package.errors:
        return PackageOutcome.BUILD_FAILED
    if selected is not None and package.path not in selected:
        return PackageOutcome.NOT_SELECTED
    if not package.tests:
        return PackageOutcome.NO_TESTS
    if not package.benchmarks:
        return PackageOutcome.NO_BENCHMARKS
    if not any(enters(bench, name) for name in package.benchmarks):
        return PackageOutcome.NOT_SELECTED
    return None
