"""Measuring one revision: check out, compile, link what is new, run, put the record together."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from harness import __version__
from harness.config import Config
from harness.diagnostics.collect import (
    BuiltPackage,
    ModuleBuild,
    compile_module,
    compiler_output,
    select_packages,
)
from harness.engine.carry import CarryIndex, package_key
from harness.engine.modules import (
    ModulePlan,
    guess_module_path,
    module_directories,
    module_path_of,
    plan_with_mended_go_mod,
    plan_without_go_mod,
    workspace_modules,
    workspace_of,
)
from harness.engine.packages import PackageRunner, matches_bench, processors
from harness.engine.progress import Progress
from harness.git import Repository, Workspace
from harness.model import (
    RECORD_SCHEMA,
    Diagnostic,
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
from harness.process import tool_environment
from harness.toolchain import Go

WORKER = "w0"


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be measured, where, and how."""

    revision: Revision
    environment: Environment
    settings: RunSettings


@dataclass(frozen=True, slots=True)
class _Built:
    """A module that was compiled, and how."""

    plan: ModulePlan
    build: ModuleBuild


class Measurer:
    """Measures revisions of one repository with one toolchain.

    Args:
        config: of the project.
        go: the toolchain.
        repository: the user's repository, only read.
        workspace: where revisions are checked out.
        machine: that this runs on.
        carry: results that can be taken over.
        progress: told what goes on.
    """

    def __init__(
        self,
        config: Config,
        go: Go,
        repository: Repository,
        workspace: Workspace,
        machine: Machine,
        carry: CarryIndex,
        progress: Progress,
    ) -> None:
        self._config = config
        self._go = go
        self._repository = repository
        self._workspace = workspace
        self._machine = machine
        self._carry = carry
        self._progress = progress
        self._overlays = workspace.root / "overlays"

    def measure(self, request: Request) -> Record:
        """Measure one revision.

        Raises:
            RepositoryError: it cannot be checked out.
            MeasurementError: Go cannot be started.
        """
        started, clock = time.time(), time.monotonic()
        revision = request.revision
        self._progress.step(f"{revision.short} checkout")
        tree = self._workspace.checkout(WORKER, revision.hash)
        blobs = self._repository.blobs(revision.hash)
        env = self._tool_env(request.environment)
        self._progress.step(f"{revision.short} compile")
        built = [self._compile(tree, plan, env) for plan in self._plans(tree, revision, blobs)]
        packages = self._packages(request, tree, built, blobs, env)
        errors = [e for b in built for e in b.build.errors]
        errors += [e for b in built for p in b.build.packages for e in p.errors]
        errors += [PackageError(p.path, "run", f.described) for p in packages for f in p.failures]
        if not built:
            errors.append(
                PackageError("", "module", "the revision has no Go module and no Go files")
            )
        diagnostics = [d for b in built for d in b.build.diagnostics]
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
        )

    def diagnostics(self, request: Request, gcflags: str) -> list[Diagnostic]:
        """What the compiler says of a revision with other flags.

        Raises:
            MeasurementError: the flags are wrong, or it does not compile.
        """
        revision = request.revision
        tree = self._workspace.checkout(WORKER, revision.hash)
        env = self._tool_env(request.environment)
        found: list[Diagnostic] = []
        for plan in self._plans(tree, revision, self._repository.blobs(revision.hash)):
            found += compiler_output(
                self._go.binary,
                tree,
                plan.directory,
                gcflags,
                {**env, "GOWORK": plan.workspace},
                self._config.build_timeout,
                plan.flags,
            )
        return found

    def _tool_env(self, environment: Environment) -> dict[str, str]:
        base = tool_environment(self._config.go.pass_env)
        return {**self._go.environment(base), **environment.build_variables}

    def _diff(self, revision: Revision) -> TreeDiff | None:
        parent = revision.parent
        if parent is None or not self._repository.exists(parent):
            return None
        return TreeDiff(parent, revision.hash, self._repository.diff(parent, revision.hash))

    # Modules

    def _plans(self, tree: Path, revision: Revision, blobs: Mapping[str, str]) -> list[ModulePlan]:
        directories = module_directories(blobs, self._config.repo_subdir, self._config.go.modules)
        go_work = tree / "go.work"
        used = workspace_modules(go_work.read_text("utf-8")) if go_work.is_file() else []
        plans = [
            ModulePlan(d, (), workspace_of(tree, d, used))
            for d in directories
            if f"{d}/go.mod".removeprefix("./") in blobs
        ]
        if plans or not any(file.endswith(".go") for file in blobs):
            return plans
        directory = self._config.repo_subdir or "."
        path = self._module_path(tree, directory, revision, blobs)
        return [plan_without_go_mod(tree, directory, path, self._overlays)]

    def _module_path(
        self, tree: Path, directory: str, revision: Revision, blobs: Mapping[str, str]
    ) -> str:
        """Import path of a module from before ``go.mod``."""
        if self._config.go.module_path:
            return self._config.go.module_path
        later = ""
        name = "go.mod" if directory == "." else f"{directory}/go.mod"
        for tip in self._repository.branch_tips(self._config.branches):
            first = self._repository.first_with(name, tip)
            text = self._repository.file_text(first, name) if first else None
            later = later or module_path_of(text or "")
        files = [f for f in blobs if f.endswith(".go") and "vendor/" not in f]
        inside = [f for f in files if directory == "." or f.startswith(f"{directory}/")]
        prefix = "" if directory == "." else f"{directory}/"
        folders = {f.removeprefix(prefix).rpartition("/")[0] for f in inside} - {""}
        texts = [(tree / f).read_text("utf-8", "replace") for f in inside]
        name_of_project = "".join(c if c.isalnum() else "-" for c in self._config.project)
        return guess_module_path(texts, folders, later, name_of_project or revision.short)

    def _compile(self, tree: Path, plan: ModulePlan, env: Mapping[str, str]) -> _Built:
        """Compile a module; where Go refuses its ``go.mod``, once more with a mended copy."""
        build = self._compile_once(tree, plan, env)
        refusal = next(
            (e.message for e in build.errors),
            next((e.message for p in build.packages for e in p.errors), ""),
        )
        if refusal:
            mended = plan_with_mended_go_mod(plan, tree, refusal, self._overlays)
            if mended is not None:
                again = self._compile_once(tree, mended, env)
                if not again.errors:
                    return _Built(mended, again)
        return _Built(plan, build)

    def _compile_once(self, tree: Path, plan: ModulePlan, env: Mapping[str, str]) -> ModuleBuild:
        return compile_module(
            self._go.binary,
            tree,
            plan.directory,
            {**env, "GOWORK": plan.workspace},
            self._config.build_timeout,
            plan.flags,
        )

    # Packages

    def _packages(
        self,
        request: Request,
        tree: Path,
        built: list[_Built],
        blobs: Mapping[str, str],
        env: Mapping[str, str],
    ) -> list[PackageResult]:
        selected = self._selected(request, tree, built, env)
        results: list[PackageResult] = []
        todo: list[tuple[BuiltPackage, ModulePlan, str]] = []
        machine, environment = self._machine.machine, request.environment.name
        neighbours = [request.revision.hash, *request.revision.parents[:1]]
        self._carry.look_at(machine, environment, neighbours)
        for module in built:
            for package in module.build.packages:
                outcome = _without_running(package, selected, request.settings.bench)
                if outcome is not None:
                    results.append(
                        PackageResult(
                            package.path, package.directory, outcome, declared=package.benchmarks
                        )
                    )
                    continue
                key = package_key(package.binary_id, package.directory, blobs)
                carried = self._carry.find(
                    machine, environment, key, request.settings, request.revision.hash
                )
                if carried is not None:
                    moved = replace(carried, path=package.path, directory=package.directory)
                    results.append(moved)
                else:
                    todo.append((package, module.plan, key))
        if todo:
            results.extend(self._run(request, tree, todo, env))
        return sorted(results, key=lambda p: (p.path, p.directory))

    def _selected(
        self, request: Request, tree: Path, built: list[_Built], env: Mapping[str, str]
    ) -> set[str] | None:
        """Import paths that the package patterns match, ``None`` for all."""
        if request.settings.packages == ("./...",):
            return None
        found: set[str] = set()
        for module in built:
            found |= select_packages(
                self._go.binary,
                tree,
                module.plan.directory,
                request.settings.packages,
                {**env, "GOWORK": module.plan.workspace},
                self._config.build_timeout,
                module.plan.flags,
            )
        return found

    def _run(
        self,
        request: Request,
        tree: Path,
        todo: list[tuple[BuiltPackage, ModulePlan, str]],
        env: Mapping[str, str],
    ) -> list[PackageResult]:
        """Link and run; linking and counting go side by side, timing waits for a quiet machine."""
        root = self._workspace.root / "run"
        root.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix="esv-", dir=root))
        try:
            runner = PackageRunner(
                self._config, self._go, tree, scratch, request.settings, request.environment
            )
            short = request.revision.short
            with ThreadPoolExecutor(processors()) as pool:
                self._progress.step(f"{short} link and count {len(todo)} packages")
                prepared = list(
                    pool.map(
                        lambda item: runner.count(
                            item[0], item[1].flags, {**env, "GOWORK": item[1].workspace}, item[2]
                        ),
                        todo,
                    )
                )
            results = []
            for item in prepared:
                if request.settings.count and item.result.benchmarks:
                    self._progress.step(f"{short} time {item.result.path}")
                    results.append(runner.time(item))
                else:
                    results.append(item.result)
            return results
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


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
