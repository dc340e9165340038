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


def make_accounts(
    builder: Builder, progress: Progress, record: Record, benchmarks: Sequence[tuple[str, str]]
) -> list[Account]:
    """Accounts of these benchmarks (import path, full name), as far as they can be made."""
    whole = builder.build(record.revision, record.environment)
    found: list[Account] = []
    with builder.workspace.scratch() as scratch:
        runner = PackageRunner(whole, scratch, record.settings)
        for module, package in whole.packages:
            names = [name for path, name in benchmarks if path == package.path]
            if not names or package.errors:
                continue
            usual, counting = _link(builder, progress, whole, module, package, scratch)
            if usual is None:
                continue
            relative = in_repository(module.build.module_paths)
            for name in names:
                progress.step(f"account {name}")
                job = ProfileJob(
                    whole.tree / package.directory,
                    package.path,
                    name,
                    runner.environment(package.directory),
                    scratch,
                    _PROFILE_TIMEOUT,
                    timed=bool(builder.heap_costs),
                )
                try:
                    found.append(measure_account(usual, counting, job, relative))
                except MeasurementError as err:
                    progress.step(str(err))
    return found


def _link(
    builder: Builder,
    progress: Progress,
    whole: BuiltTree,
    module: BuiltModule,
    package: BuiltPackage,
    scratch: Path,
) -> tuple[Path | None, Path | None]:
    """The test binary as usual and without the tiny allocator, as far as they can be linked."""

    def link(name: str, flags: Sequence[str]) -> Path | None:
        message = whole.link(module, package, scratch / name, flags)
        if message:
            progress.step(f"{package.path}: {message}")
        return None if message else scratch / name

    flags = module.plan.flags
    replaced = without_tiny_allocator(builder.go, builder.config.cache_dir)
    with ThreadPoolExecutor(2) as pool:
        usual = pool.submit(link, "usual.test", flags)
        if not replaced:
            return usual.result(), None
        counting = pool.submit(link, "counting.test", with_overlay(flags, replaced, scratch))
        return usual.result(), counting.result()
