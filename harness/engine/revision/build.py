"""Checking out and compiling one revision: its modules, and a ``go.mod`` where it has none."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from harness.config import Config
from harness.diagnostics.collect import BuiltPackage, ModuleBuild, compile_module, compiler_output
from harness.engine.revision.modules import (
    ModulePlan,
    guess_module_path,
    module_directories,
    module_path_of,
    plan_with_mended_go_mod,
    plan_without_go_mod,
    workspace_modules,
)
from harness.git import Repository, Workspace
from harness.gobench.link import link
from harness.model import Diagnostic, Environment, PackageError, Revision
from harness.process import processors, tool_environment
from harness.store.cache import FileCache
from harness.toolchain import Go, GoCommand
from harness.toolchain.overlay import with_heap_costs, with_overlay

WORKER = "w0"
# GOGC of the go command, the compiler and the linker, which live for a second or two: about a fifth
# of the processor time of a small compile is their collector's. No benchmark sees it.
_COLLECTIONS = "300"


@dataclass(frozen=True, slots=True)
class BuiltModule:
    """A module that was compiled, and how."""

    plan: ModulePlan
    build: ModuleBuild


@dataclass(frozen=True, slots=True)
class BuiltTree:
    """A revision, checked out and compiled."""

    config: Config
    go: Go
    environment: Environment
    tree: Path
    blobs: Mapping[str, str]  # object id of every file
    env: Mapping[str, str]
    modules: tuple[BuiltModule, ...]

    @property
    def packages(self) -> list[tuple[BuiltModule, BuiltPackage]]:
        """All packages, each with its module."""
        return [(module, package) for module in self.modules for package in module.build.packages]

    @property
    def errors(self) -> list[PackageError]:
        """The modules and packages that Go refuses."""
        found = [e for m in self.modules for e in m.build.errors]
        found += [e for _, package in self.packages for e in package.errors]
        if not self.modules:
            message = "the revision has no Go module and no Go files"
            found.append(PackageError("", "module", message))
        return found

    def command(self, plan: ModulePlan) -> GoCommand:
        """The go command in one module."""
        return go_command(self.go, self.config, self.tree, plan, self.env)

    def link(
        self,
        module: BuiltModule,
        package: BuiltPackage,
        binary: Path,
        flags: Sequence[str] | None = None,
    ) -> str:
        """Link the test binary of a package; return Go's message if it failed."""
        go = self.command(module.plan)
        return link(go if flags is None else replace(go, flags=flags), package.path, binary)


def go_command(
    go: Go, config: Config, tree: Path, plan: ModulePlan, env: Mapping[str, str]
) -> GoCommand:
    """The go command in one module of a work tree."""
    env = {**env, "GOWORK": plan.workspace}
    return GoCommand(go.binary, tree / plan.directory, env, config.build_timeout, plan.flags)


class Builder:
    """Compiles revisions of one repository with one toolchain, in the work tree of a worker."""

    def __init__(
        self,
        config: Config,
        go: Go,
        repository: Repository,
        workspace: Workspace,
        worker: str = WORKER,
    ) -> None:
        self.config = config
        self.go = go
        self.repository = repository
        self.workspace = workspace
        self._worker = worker
        self._overlays = workspace.root / "overlays"
        self._messages = FileCache(config.cache_dir / "diagnostics")

    def build(self, revision: Revision, environment: Environment) -> BuiltTree:
        """Check a revision out and compile it; what does not compile is part of the result."""
        tree = self.workspace.checkout(self._worker, revision.hash)
        blobs = self.repository.blobs(revision.hash)
        env = self._tool_env(environment)
        plans = [self._with_heap_costs(plan) for plan in self._plans(tree, revision, blobs)]
        with ThreadPoolExecutor(processors()) as pool:
            modules = tuple(pool.map(lambda plan: self._compile(tree, plan, env), plans))
        return BuiltTree(self.config, self.go, environment, tree, blobs, env, modules)

    @cached_property
    def heap_costs(self) -> Mapping[str, str]:
        """Files that print :data:`HEAP_COSTS`, in every build, so that all agree on content ids."""
        return with_heap_costs(self.go, self.config.cache_dir)

    def diagnostics(
        self, revision: Revision, environment: Environment, gcflags: str
    ) -> list[Diagnostic]:
        """The compiler's output for a revision with other flags."""
        tree = self.workspace.checkout(self._worker, revision.hash)
        env = self._tool_env(environment)
        found: list[Diagnostic] = []
        for plan in self._plans(tree, revision, self.repository.blobs(revision.hash)):
            go = go_command(self.go, self.config, tree, plan, env)
            found += compiler_output(go, tree, gcflags)
        return found

    def _with_heap_costs(self, plan: ModulePlan) -> ModulePlan:
        flags = with_overlay(plan.flags, self.heap_costs, self._overlays)
        return replace(plan, flags=tuple(flags))

    def _tool_env(self, environment: Environment) -> dict[str, str]:
        base = tool_environment(self.config.go.pass_env)
        own = environment.build_variables
        return {**self.go.environment(base), "GOGC": _COLLECTIONS, **own}

    def _plans(self, tree: Path, revision: Revision, blobs: Mapping[str, str]) -> list[ModulePlan]:
        directories = module_directories(blobs, self.config.repo_subdir, self.config.go.modules)
        go_work = tree / "go.work"
        used = workspace_modules(go_work.read_text("utf-8")) if go_work.is_file() else []
        plans = [
            ModulePlan(d, (), str(go_work) if d in used else "off")
            for d in directories
            if f"{d}/go.mod".removeprefix("./") in blobs
        ]
        if plans or not any(file.endswith(".go") for file in blobs):
            return plans
        directory = self.config.repo_subdir or "."
        path = self._module_path(tree, directory, revision, blobs)
        return [plan_without_go_mod(tree, directory, path, self._overlays)]

    def _module_path(
        self, tree: Path, directory: str, revision: Revision, blobs: Mapping[str, str]
    ) -> str:
        """Import path of a module from before ``go.mod``."""
        if self.config.go.module_path:
            return self.config.go.module_path
        prefix = "" if directory == "." else f"{directory}/"
        later = ""
        for tip in self.repository.branch_tips(self.config.branches):
            first = self.repository.first_with(f"{prefix}go.mod", tip)
            text = self.repository.file_text(first, f"{prefix}go.mod") if first else None
            later = later or module_path_of(text or "")
        files = [f for f in blobs if f.endswith(".go") and "vendor/" not in f]
        inside = [f for f in files if f.startswith(prefix)]
        folders = {f.removeprefix(prefix).rpartition("/")[0] for f in inside} - {""}
        texts = [(tree / f).read_text("utf-8", "replace") for f in inside]
        name_of_project = "".join(c if c.isalnum() else "-" for c in self.config.project)
        return guess_module_path(texts, folders, later, name_of_project or revision.short)

    def _compile(self, tree: Path, plan: ModulePlan, env: Mapping[str, str]) -> BuiltModule:
        """Compile a module; where Go refuses its ``go.mod``, once more with a mended copy."""
        build = self._compile_once(tree, plan, env)
        refusal = next(
            (e.message for e in build.errors),
            next((e.message for p in build.packages for e in p.errors), ""),
        )
        if refusal:
            mended = plan_with_mended_go_mod(plan, tree, refusal, self._overlays)
            if mended is not None:
                mended = self._with_heap_costs(mended)
                again = self._compile_once(tree, mended, env)
                if not again.errors:
                    return BuiltModule(mended, again)
        return BuiltModule(plan, build)

    def _compile_once(self, tree: Path, plan: ModulePlan, env: Mapping[str, str]) -> ModuleBuild:
        go = go_command(self.go, self.config, tree, plan, env)
        return compile_module(go, tree, plan.directory, self._messages)
