"""The time lane of the gate: base and head in turn, on the same machine, in the same minutes."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.analysis.compare.timing import Timed
from harness.diagnostics.collect import BuiltPackage
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.revision.build import BuiltModule, BuiltTree
from harness.engine.revision.carry import package_key
from harness.engine.revision.packages import PackageRunner
from harness.engine.session import Session
from harness.gobench.run import LaneRun
from harness.model import SECONDS, BenchmarkFailure, Lane, RunSettings
from harness.model.selection import enters

# Of base, base again and head, each in each place as often; every other time around backwards.
_TURNS = ("ahb", "bha", "hba", "abh", "bah", "hab")


@dataclass(frozen=True, slots=True)
class TimeLane:
    """Result of running two revisions in turn."""

    timed: tuple[Timed, ...]  # every benchmark that gave all its samples on both sides
    # By hash of the revision and import path, what did not.
    failures: tuple[tuple[str, str, BenchmarkFailure], ...]
    # Packages whose test binary is the same on both sides; these were not run.
    same: tuple[str, ...]


def run_in_turn(
    session: Session, base: str, head: str, spec: EnvironmentSpec, *, even_if_same: bool = False
) -> TimeLane:
    """Time the benchmarks that both revisions have, but for test binaries that are the same."""
    trees = {
        "base": session.build(base, spec, worker="w0"),
        "head": session.build(head, spec, worker="w1"),
    }
    found: list[Timed] = []
    failures: list[tuple[str, str, BenchmarkFailure]] = []
    same: list[str] = []
    with session.trees.workspace.scratch() as scratch:
        sides = {
            name: _Side(session.settings(), tree, scratch / name) for name, tree in trees.items()
        }
        both = [p for p in sides["head"].packages if p in sides["base"].packages]
        for number, path in enumerate(both, 1):
            if not even_if_same and sides["base"].key(path) == sides["head"].key(path):
                same.append(path)
                continue
            session.progress.step(f"time {path} ({number} of {len(both)})")
            timed, failed = _package(sides, path, session.settings().count)
            found += timed
            failures += [({"base": base, "head": head}[side], path, f) for side, f in failed]
    return TimeLane(tuple(found), tuple(failures), tuple(same))


class _Side:
    """One revision, checked out and compiled, whose packages are linked and run."""

    def __init__(self, settings: RunSettings, tree: BuiltTree, scratch: Path) -> None:
        scratch.mkdir(parents=True)
        self._tree = tree
        self._binary = scratch / "package.test"
        self._runner = PackageRunner(tree, scratch, settings)
        self.packages: dict[str, tuple[BuiltPackage, BuiltModule]] = {
            p.path: (p, m)
            for m, p in tree.packages
            if any(enters(settings.bench, b) for b in p.benchmarks) and not p.errors
        }

    def key(self, path: str) -> str:
        package, _ = self.packages[path]
        return package_key(package.binary_id, package.directory, self._tree.blobs)

    def link(self, path: str) -> str:
        package, module = self.packages[path]
        return self._tree.link(module, package, self._binary)

    def time(self, path: str) -> LaneRun:
        package, _ = self.packages[path]
        return self._runner.time_lane(self._binary, package.directory, 1)


def _package(
    sides: Mapping[str, _Side], path: str, count: int
) -> tuple[list[Timed], list[tuple[str, BenchmarkFailure]]]:
    """The samples of one package, and what failed on which side."""
    failures: list[tuple[str, BenchmarkFailure]] = []
    for name, side in sides.items():
        message = side.link(path)
        if message:
            failures.append((name, BenchmarkFailure("", Lane.TIME, "link", message)))
    if failures:
        return [], failures
    samples: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for turn in range(count):
        for letter in _TURNS[turn % len(_TURNS)]:
            which = "head" if letter == "h" else "base"
            run = sides[which].time(path)
            failures += [(which, failure) for failure in run.failures]
            for line in run.lines:
                if SECONDS in line.values:
                    samples[line.name][letter].append(line.values[SECONDS])
        if failures:
            break
    bad = {failure.name for _, failure in failures}
    timed = [
        Timed(path, name, *(tuple(taken[letter]) for letter in "abh"))
        for name, taken in samples.items()
        if name not in bad and all(len(taken[letter]) == count for letter in "abh")
    ]
    return timed, list(dict.fromkeys(failures))
