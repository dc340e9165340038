"""Accounts of benchmarks in which a step was seen: line by line, from two differenced profiles."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.diagnostics.collect import BuiltPackage
from harness.engine.base.progress import Progress
from harness.engine.revision.build import Builder, BuiltModule, BuiltTree
from harness.engine.revision.code import in_repository
from harness.engine.revision.packages import PackageRunner
from harness.errors import MeasurementError
from harness.gobench.profile import ProfileJob, measure_account
from harness.model import Account, Record
from harness.toolchain.overlay import with_overlay, without_tiny_allocator

# A benchmark with heavy set-up takes long when every allocation is profiled.
_PROFILE_TIMEOUT = 300.0


class Accountant:
    """Makes accounts of benchmarks of one revision after the other."""

    def __init__(self, builder: Builder, progress: Progress) -> None:
        self._builder = builder
        self._progress = progress

    def accounts(self, record: Record, benchmarks: Sequence[tuple[str, str]]) -> list[Account]:
        """Accounts of these benchmarks of a record, as far as they can be made.

        Args:
            benchmarks: ``(import path, full name)``.
        """
        whole = self._builder.build(record.revision, record.environment)
        with self._builder.workspace.scratch() as scratch:
            runner = PackageRunner(whole, scratch, record.settings)
            found: list[Account] = []
            for module, package in whole.packages:
                names = [name for path, name in benchmarks if path == package.path]
                if names and not package.errors:
                    found += self._package(whole, module, package, names, runner, scratch)
            return found

    def _package(
        self,
        whole: BuiltTree,
        module: BuiltModule,
        package: BuiltPackage,
        names: Sequence[str],
        runner: PackageRunner,
        scratch: Path,
    ) -> list[Account]:
        plain = list(module.plan.flags)
        changed = self._flags_without_tiny(module, scratch)
        jobs = [(scratch / "usual.test", plain)]
        if changed is not None:
            jobs.append((scratch / "counting.test", changed))
        with ThreadPoolExecutor(len(jobs)) as pool:
            linked = list(pool.map(lambda job: self._link(whole, module, package, *job), jobs))
        usual, counting = linked[0], linked[1] if len(linked) > 1 else None
        if usual is None:
            return []
        relative = in_repository(module.build.module_paths)
        found = []
        for name in names:
            self._progress.step(f"account {name}")
            job = ProfileJob(
                whole.tree / package.directory,
                package.path,
                name,
                runner.environment(package.directory),
                scratch,
                _PROFILE_TIMEOUT,
                timed=bool(self._builder.heap_costs),
            )
            try:
                found.append(measure_account(usual, counting, job, relative))
            except MeasurementError as err:
                self._progress.step(str(err))
        return found

    def _flags_without_tiny(self, module: BuiltModule, scratch: Path) -> list[str] | None:
        """Flags that build without the tiny allocator; ``None`` where it cannot be turned off."""
        replaced = without_tiny_allocator(self._builder.go, self._builder.config.cache_dir)
        return with_overlay(module.plan.flags, replaced, scratch) if replaced else None

    def _link(
        self,
        whole: BuiltTree,
        module: BuiltModule,
        package: BuiltPackage,
        binary: Path,
        flags: Sequence[str],
    ) -> Path | None:
        message = whole.link(module, package, binary, flags)
        if message:
            self._progress.step(f"{package.path}: {message}")
        return None if message else binary
