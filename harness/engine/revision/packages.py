"""Linking and running the benchmarks of one package, lane by lane."""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.diagnostics.collect import BuiltPackage
from harness.engine.revision.build import BuiltModule, BuiltTree
from harness.engine.revision.code import CodeReader, PackageCode
from harness.gobench.benchfmt import BenchmarkLine
from harness.gobench.lanes import agree, measurements
from harness.gobench.link import link_together
from harness.gobench.run import LaneRun, LaneSettings, run_lane
from harness.model import BenchmarkFailure, Lane, PackageOutcome, PackageResult, RunSettings
from harness.process import base_environment, processors
from harness.store.files import Stamp, stamp
from harness.toolchain.versions import parse_version

# With more than one processor other goroutines' allocations fall into the count.
_ALLOCATION_PROCS = 1
# Two runs that agree are exact; where they do not, one more shows the range.
_MAX_ALLOCATION_RUNS = 3
# The first release whose `go test -c` takes several packages.
_LINKS_TOGETHER = (1, 21)


@dataclass(frozen=True, slots=True)
class Counted:
    """A package after the allocation lane, ready for the time lane."""

    result: PackageResult
    binary: Path
    lines: tuple[BenchmarkLine, ...]  # result lines of the allocation lane
    code: PackageCode = field(default_factory=PackageCode)
    bench: str = ""  # which benchmarks to run, instead of those of the settings


@dataclass(frozen=True, slots=True)
class ToLink:
    """A package whose test binary is wanted."""

    module: BuiltModule
    package: BuiltPackage
    key: str  # identity of the binary; it is linked once for each
    bench: str = ""  # which benchmarks to run, instead of those of the settings
    # Earlier results of the other benchmarks, where only `bench` runs again.
    before: PackageResult | None = None


class PackageRunner:
    """Runs packages of one revision; several at a time, but no more than there are processors."""

    def __init__(self, whole: BuiltTree, scratch: Path, settings: RunSettings) -> None:
        self._whole = whole
        self._scratch = scratch
        self._settings = settings
        self._processors = threading.BoundedSemaphore(processors())

    def link(self, wanted: Sequence[ToLink]) -> None:
        """Link several packages at a time, for :meth:`count`, which reports what failed."""
        version = parse_version(self._whole.go.toolchain.release)
        if version is None or version.line < _LINKS_TOGETHER:
            return
        by_module: dict[str, list[ToLink]] = {}
        for item in wanted:
            by_module.setdefault(item.package.module, []).append(item)
        for items in by_module.values():
            outputs = {item.package.path: self._binary(item.key) for item in items}
            link_together(self._whole.command(items[0].module.plan), outputs)

    def count(self, item: ToLink, reader: CodeReader | None = None) -> Counted:
        """Link a package if it is not yet, read its compiled code and run the allocation lane."""
        package, binary = item.package, self._binary(item.key)
        message = ""
        if not binary.is_file():
            with self._processors:
                message = self._whole.link(item.module, package, binary)
        outcome = PackageOutcome.MEASURED
        result = PackageResult(
            package.path, package.directory, outcome, item.key, declared=package.benchmarks
        )
        if message:
            failure = BenchmarkFailure("", Lane.ALLOCATION, "link", message)
            return Counted(_failed(result, (failure,), {}), binary, ())
        linked = Counted(result, binary, (), bench=item.bench)
        if reader is None:
            return self.recount(linked)
        with ThreadPoolExecutor(1) as pool:
            # The runs are other processes.
            code = pool.submit(reader.read, binary, item.module, package)
            return replace(self.recount(linked), code=code.result())

    def recount(self, linked: Counted) -> Counted:
        """Run the allocation lane of a package that has been linked."""
        result, binary = linked.result, linked.binary
        runs = self._allocation_runs(result, binary, linked.bench)
        lines = tuple(line for run in runs for line in run.lines)
        benchmarks = measurements(lines)
        # A benchmark that failed in one run and not in another has not been measured.
        failures = tuple({(f.name, f.kind): f for run in runs for f in run.failures}.values())
        raw = {Lane.ALLOCATION: "".join(run.raw for run in runs)}
        failed = {f.name for f in failures}
        good = tuple(b for b in benchmarks if b.name not in failed)
        if not good and failures:
            return replace(linked, result=_failed(result, failures, raw), lines=())
        outcome = PackageOutcome.MEASURED if good else PackageOutcome.NO_BENCHMARKS
        result = replace(result, outcome=outcome, benchmarks=good, failures=failures, raw=raw)
        return replace(linked, result=result, lines=lines)

    def time(self, counted: Counted) -> PackageResult:
        """Run the time lane of a package that has been counted."""
        result = counted.result
        run = self.time_lane(counted.binary, result.directory, self._settings.count, counted.bench)
        known = {b.name for b in result.benchmarks}
        lines = [line for line in run.lines if line.name in known]
        benchmarks = measurements([x for x in counted.lines if x.name in known], lines)
        raw = {**(result.raw or {}), Lane.TIME: run.raw}
        failures = (*result.failures, *(f for f in run.failures if f not in result.failures))
        return replace(result, benchmarks=benchmarks, failures=failures, raw=raw)

    def time_lane(self, binary: Path, directory: str, count: int, bench: str = "") -> LaneRun:
        """Run a test binary in the time lane; ``directory`` is that of the package."""
        benchtime = self._settings.benchtime or "1s"
        lane = self._lane(Lane.TIME, benchtime, count, processors(), bench)
        return run_lane(binary, self._whole.tree / directory, lane, self.environment(directory))

    def _allocation_runs(self, result: PackageResult, binary: Path, bench: str) -> list[LaneRun]:
        benchtime = self._settings.alloc_benchtime
        lane = self._lane(Lane.ALLOCATION, benchtime, 1, _ALLOCATION_PROCS, bench)
        directory = self._whole.tree / result.directory

        def run(number: int) -> LaneRun:
            with self._processors:
                return run_lane(binary, directory, lane, self.environment(result.directory, number))

        before = _stamps(directory)
        with ThreadPoolExecutor(2) as pool:
            runs = list(pool.map(run, range(2)))
        failures = [f for r in runs for f in r.failures]
        # They may have been in each other's way: one port, one file. What hung hangs again.
        met = bool(failures) or _stamps(directory) != before
        if met and not any(f.kind == "timeout" for f in failures):
            runs = [run(0), run(1)]
        while len(runs) < _MAX_ALLOCATION_RUNS and not agree(runs[-2].lines, runs[-1].lines):
            runs.append(run(len(runs)))
        return runs

    def _binary(self, key: str) -> Path:
        return self._scratch / f"{key[:24]}.test"

    def _lane(self, lane: Lane, benchtime: str, count: int, procs: int, bench: str) -> LaneSettings:
        idle = self._whole.config.benchmark_timeout
        return LaneSettings(
            lane=lane,
            bench=bench or self._settings.bench,
            benchtime=benchtime,
            count=count,
            procs=procs,
            idle_timeout=idle,
            timeout=run_timeout(idle),
        )

    def environment(self, directory: str, run: int = 0) -> dict[str, str]:
        """The environment of a benchmark: nothing of the caller's but the needed, its own home.

        Args:
            run: below 10; concurrent runs have numbers and homes of their own. All names have one
                length, which may show in B/op.
        """
        go, environment = self._whole.go, self._whole.environment
        home = self._scratch / (f"hom{run}" if run else "home")
        temporary = self._scratch / (f"tm{run}" if run else "tmp")
        home.mkdir(exist_ok=True)
        temporary.mkdir(exist_ok=True)
        base = base_environment(self._whole.config.go.pass_env)
        path = os.pathsep.join([str(go.goroot / "bin"), base.get("PATH", os.defpath)])
        return {
            **base,
            "PATH": path,
            "GOROOT": str(go.goroot),
            "HOME": str(home),
            "TMPDIR": str(temporary),
            "PWD": str(self._whole.tree / directory),
            **environment.build_variables,
            **environment.run_variables,
        }


def run_timeout(idle: float) -> float:
    """Seconds that a whole run of a test binary may take, from those that it may be silent."""
    return max(idle * 60, 600.0)


def _stamps(directory: Path) -> dict[str, Stamp]:
    """Stamps that differ if anything below was written, made or removed, even if it is gone."""
    stamps = {}
    for path, _, files in os.walk(directory):
        for name in (path, *(f"{path}/{file}" for file in files)):
            with suppress(OSError):
                stamps[name] = stamp(name, follow_symlinks=False)
    return stamps


def _failed(
    result: PackageResult, failures: tuple[BenchmarkFailure, ...], raw: dict[Lane, str]
) -> PackageResult:
    return replace(result, outcome=PackageOutcome.RUN_FAILED, failures=failures, raw=raw)
