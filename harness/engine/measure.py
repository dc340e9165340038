"""Measuring one revision: check out, compile, link what is new, run, put the record together."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from harness import __version__
from harness.diagnostics.collect import BuiltPackage, select_packages
from harness.engine.build import Builder, BuiltTree
from harness.engine.carry import CarryIndex, package_key
from harness.engine.code import CodeReader, PackageCode, merged
from harness.engine.packages import PackageRunner, ToLink, matches_bench
from harness.engine.progress import Progress
from harness.model import (
    RECORD_SCHEMA,
    Environment,
    Machine,
    Outcome,
    PackageError,
    PackageOutcome,
    PackageResult,
    Record,
    Revision,
    RunSettings,
    TreeDiff,
)
from harness.process import processors
from harness.toolchain.overlay import without_heap_costs
from harness.words import plural


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be measured, where, and how."""

    revision: Revision
    environment: Environment
    settings: RunSettings


@dataclass(frozen=True, slots=True)
class Begun:
    """A measurement that has begun.

    Attributes:
        request: what is measured.
        started: when, in seconds since 1970.
        clock: the same on the clock of durations.
        built: the revision, once it is compiled.
    """

    request: Request
    started: float
    clock: float
    built: Future[BuiltTree]


class Measurer:
    """Measures revisions of one repository with one toolchain.

    Args:
        builder: checks out and compiles.
        machine: that this runs on.
        carry: results that can be taken over.
        progress: told what goes on.
    """

    def __init__(
        self,
        builder: Builder,
        machine: Machine,
        carry: CarryIndex,
        progress: Progress,
    ) -> None:
        self._builder = builder
        self._machine = machine
        self._carry = carry
        self._progress = progress

    def begin(self, request: Request) -> Begun:
        """Check a revision out and compile it in another thread, for :meth:`measure`.

        The work tree is in use until then.
        """
        began = time.time(), time.monotonic()
        self._progress.step(f"{request.revision.short} compile")
        pool = ThreadPoolExecutor(1)
        built = pool.submit(self._builder.build, request.revision, request.environment)
        pool.shutdown(wait=False)
        return Begun(request, *began, built)

    def measure(self, begun: Begun) -> Record:
        """Measure a revision.

        Raises:
            RepositoryError: it cannot be checked out.
            MeasurementError: Go cannot be started.
        """
        request, started, clock = begun.request, begun.started, begun.clock
        revision = request.revision
        whole = begun.built.result()
        built = whole.modules
        reader = self._reader(whole)
        packages, codes, todo = self._carried(request, whole, reader)
        with ThreadPoolExecutor(1) as pool:
            # Read while packages are linked, which is the work of other processes.
            reading = pool.submit(lambda: [d for b in built for d in b.build.diagnostics])
            if todo:
                pool.submit(reader.load)
            for result, code in self._run(request, whole, todo, reader) if todo else ():
                packages.append(result)
                codes.append(code)
            packages.sort(key=lambda p: (p.path, p.directory))
            diagnostics = reading.result()
        code = merged(codes)
        errors = [e for b in built for e in b.build.errors]
        errors += [e for b in built for p in b.build.packages for e in p.errors]
        errors += [PackageError(p.path, "run", f.described) for p in packages for f in p.failures]
        if not built:
            errors.append(
                PackageError("", "module", "the revision has no Go module and no Go files")
            )
        return Record(
            schema=RECORD_SCHEMA,
            revision=revision,
            environment=request.environment,
            machine=self._machine,
            settings=request.settings,
            outcome=outcome_of(packages, errors),
            started=started,
            duration=time.monotonic() - clock,
            packages=tuple(packages),
            errors=tuple(dict.fromkeys(errors)),
            overlays=tuple(b.plan.overlay for b in built if b.plan.overlay is not None),
            escapes=tuple(s for d in diagnostics for s in d.sites),
            inlining=tuple(x for d in diagnostics for x in d.decisions if not x.test),
            inlining_calls=tuple(x for d in diagnostics for x in d.calls if not x.test),
            unparsed=tuple(x for d in diagnostics for x in d.unparsed),
            diff=self._diff(revision),
            harness=__version__,
            calls=code.calls,
            functions=code.functions,
            support=tuple(s for b in built for s in b.build.support),
            unread=tuple(sorted({c.unread for c in codes if c.unread}, key=lambda e: e.package)),
            notes=()
            if self._builder.heap_costs
            else (without_heap_costs(request.environment.toolchain.release),),
        )

    def _diff(self, revision: Revision) -> TreeDiff | None:
        parent = revision.parent
        if parent is None or not self._builder.repository.exists(parent):
            return None
        return TreeDiff(parent, revision.hash, self._builder.repository.diff(parent, revision.hash))

    # Packages

    def _carried(
        self, request: Request, whole: BuiltTree, reader: CodeReader
    ) -> tuple[list[PackageResult], list[PackageCode], list[ToLink]]:
        """Results and compiled code of the packages that need no run, and those that do."""
        selected = self._selected(request, whole)
        results: list[PackageResult] = []
        codes: list[PackageCode] = []
        todo: list[ToLink] = []
        machine, environment = self._machine.machine, request.environment.name
        neighbours = [request.revision.hash, *request.revision.parents[:1]]
        self._carry.look_at(machine, environment, neighbours)
        for module in whole.modules:
            for package in module.build.packages:
                outcome = _without_running(package, selected, request.settings.bench)
                if outcome is not None:
                    results.append(
                        PackageResult(
                            package.path, package.directory, outcome, declared=package.benchmarks
                        )
                    )
                    continue
                key = package_key(package.binary_id, package.directory, whole.blobs)
                carried = self._carry.find(
                    machine, environment, key, request.settings, request.revision.hash
                )
                if carried is not None:
                    moved = replace(carried, path=package.path, directory=package.directory)
                    results.append(moved)
                    linked = reader.linked(package)
                    codes.append(self._carry.code(machine, environment, carried, linked))
                else:
                    env = whole.module_env(module.plan)
                    todo.append(ToLink(package, module.plan.flags, env, key))
        return results, codes, todo

    def _reader(self, whole: BuiltTree) -> CodeReader:
        builds = [m.build for m in whole.modules]
        paths = dict.fromkeys(pair for b in builds for pair in b.module_paths)
        return CodeReader(
            self._builder.go,
            [p.path for b in builds for p in b.packages],
            # The longest first: a module may lie inside another.
            sorted(paths, key=lambda pair: len(pair[0]), reverse=True),
            self._builder.config.build_timeout,
        )

    def _selected(self, request: Request, whole: BuiltTree) -> set[str] | None:
        """Import paths that the package patterns match, ``None`` for all."""
        if request.settings.packages == ("./...",):
            return None
        found: set[str] = set()
        for module in whole.modules:
            found |= select_packages(
                self._builder.go.binary,
                whole.tree,
                module.plan.directory,
                request.settings.packages,
                whole.module_env(module.plan),
                self._builder.config.build_timeout,
                module.plan.flags,
            )
        return found

    def _run(
        self,
        request: Request,
        whole: BuiltTree,
        todo: list[ToLink],
        reader: CodeReader,
    ) -> list[tuple[PackageResult, PackageCode]]:
        """Link and run; linking and counting go side by side, timing waits for a quiet machine."""
        with self._builder.workspace.scratch() as scratch:
            runner = PackageRunner(
                self._builder.config,
                self._builder.go,
                whole.tree,
                scratch,
                request.settings,
                request.environment,
            )
            short = request.revision.short
            self._progress.step(f"{short} link and count {plural(len(todo), 'package')}")
            runner.link(todo)
            # Each waits for processors when it has something to run.
            with ThreadPoolExecutor(4 * processors()) as pool:
                prepared = list(pool.map(lambda item: runner.count(item, reader), todo))
            results = []
            for item in prepared:
                if request.settings.count and item.result.benchmarks:
                    self._progress.step(f"{short} time {item.result.path}")
                    results.append((runner.time(item), item.code))
                else:
                    results.append((item.result, item.code))
            return results


def _without_running(
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
    if not matches_bench(package.benchmarks, bench):
        return PackageOutcome.NOT_SELECTED
    return None


def outcome_of(packages: list[PackageResult], errors: list[PackageError]) -> Outcome:
    """What became of a revision, from its packages and what Go refused."""
    numbers = any(p.benchmarks for p in packages)
    refused = [p for p in packages if p.outcome is PackageOutcome.BUILD_FAILED]
    if any(p.declared for p in refused) or (not numbers and any(e.stage != "run" for e in errors)):
        return Outcome.BROKEN
    if errors:
        return Outcome.PARTIAL
    return Outcome.MEASURED if numbers else Outcome.NO_BENCHMARKS
