"""A session: one project with its repository, toolchains, caches and records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

from harness.config import Config
from harness.engine.base.accounts import AccountCache
from harness.engine.base.answers import answers, none_matched
from harness.engine.base.environments import EnvironmentSpec, environments
from harness.engine.base.progress import Progress, Silent
from harness.engine.base.records import Records
from harness.engine.revision.build import WORKER, Builder, BuiltTree
from harness.engine.revision.carry import CarryIndex
from harness.engine.revision.measure import Measurer, Request
from harness.engine.revision.worktrees import WorkTrees
from harness.errors import MeasurementError, NewerRecordError
from harness.git import Repository, open_repository
from harness.model import Environment, Machine, Record, RunSettings, TreeDiff
from harness.store import RecordKey, RecordStore
from harness.store.asv.machine import machine as asv_machine
from harness.toolchain import Go, find_go

# An expression that is the name of no benchmark.
_NO_BENCHMARK = "^$"
_DEFAULT = EnvironmentSpec()


class Session:
    """Measures revisions of one project and stores their records.

    Args:
        bench, packages, benchtime, count: override those of the ``go`` section.
        carry: whether results may be taken over from a revision with the same test binary.

    Attributes:
        known: the records of ``store``, the project's, together with the answers in the cache.
        accounts: those that were read or made so far.
        carry: the results that can be taken over.

    Raises:
        RepositoryError: the repository is not there.
    """

    def __init__(
        self,
        config: Config,
        *,
        progress: Progress | None = None,
        bench: str | None = None,
        packages: Sequence[str] | None = None,
        benchtime: str | None = None,
        count: int | None = None,
        carry: bool = True,
    ) -> None:
        self.config = config
        self.progress: Progress = progress or Silent()
        self.cache_dir = config.cache_dir
        self.repository: Repository = open_repository(config.repo, self.cache_dir / "mirrors")
        self.store = RecordStore(config.results_dir, config.hash_length)
        self.trees = WorkTrees(config, self.repository, self.progress)
        answers_dir = self.trees.workspace.root / "answers"
        self.known = Records(self.store, answers_dir, config.hash_length)
        self.accounts = AccountCache()
        self.carry = CarryIndex(self.store, enabled=carry)
        self._settings = RunSettings(
            bench=config.go.bench if bench is None else bench,
            packages=tuple(packages) if packages else config.go.packages,
            alloc_benchtime=config.go.alloc_benchtime,
            benchtime=benchtime or config.go.benchtime,
            count=count or config.go.count,
        )
        self._is_selection = bench is not None or bool(packages)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.trees.release()

    # The project

    @cached_property
    def machine(self) -> Machine:
        """This machine, as asv names it."""
        return asv_machine(results_dir=self.config.results_dir)

    def resolve(self, name: str) -> str:
        """Full hash of a revision; see :meth:`Repository.resolve`."""
        return self.repository.resolve(name)

    def diffs(self, base: str, head: str) -> tuple[TreeDiff, ...]:
        """The step from one revision to another, from git."""
        return (TreeDiff(base, head, self.repository.diff(base, head)),)

    # Environments

    def environments(self, releases: Sequence[str] = ()) -> list[EnvironmentSpec]:
        """The configured environments; with ``releases`` in place of the configured releases."""
        return environments(self.config, releases)

    def older_release(
        self, base_release: str | None, spec: EnvironmentSpec
    ) -> EnvironmentSpec | None:
        """The environment of a base with its own release; ``None`` if that is the same one."""
        if base_release is None:
            return None
        releases = {self.go(r).toolchain.release for r in (base_release, spec.release)}
        return replace(spec, release=base_release) if len(releases) > 1 else None

    def go(self, release: str | None) -> Go:
        """The toolchain of a release; see :func:`find_go`."""
        return find_go(release, self.cache_dir)

    def environment(self, spec: EnvironmentSpec) -> Environment:
        """The environment under which a measurement is recorded."""
        toolchain = self.go(spec.release).toolchain
        return Environment(toolchain, dict(spec.build_variables), dict(spec.run_variables))

    # Records

    def key(self, revision: str, spec: EnvironmentSpec) -> RecordKey:
        """The key of a revision's record of this machine."""
        return RecordKey(self.machine.machine, revision, self.environment(spec).name)

    def record(self, revision: str, spec: EnvironmentSpec = _DEFAULT) -> Record | None:
        """The project's record of a revision, if there is one."""
        return self.store.read(self.key(revision, spec))

    def records(self, spec: EnvironmentSpec) -> list[Record]:
        """All readable records of this machine in one environment."""
        wanted = (self.machine.machine, self.environment(spec).name)
        every = self.store.records()
        found = [r for r in every if (r.machine.machine, r.environment.name) == wanted]
        for record in found:
            self.accounts.add(record)
        return found

    def record_or_answer(self, revision: str, spec: EnvironmentSpec) -> Record | None:
        """The project's record of a revision, or else an answer; a damaged one counts as none."""
        key = self.key(revision, spec)
        return self.known.find(key, self.settings(alloc_only=True), self._compile_only_settings())

    # Measuring

    def settings(self, *, alloc_only: bool = False) -> RunSettings:
        """The settings of a measurement by this session."""
        return replace(self._settings, benchtime=None, count=0) if alloc_only else self._settings

    def _compile_only_settings(self) -> RunSettings:
        """Settings that select no benchmark, for a record of what the compiler says."""
        return replace(self.settings(alloc_only=True), bench=_NO_BENCHMARK)

    @contextmanager
    def with_settings(self, settings: RunSettings, *, carry: bool) -> Iterator[None]:
        """Measure with the settings of an earlier run, those of its lanes included."""
        before = self._settings, self.carry
        if carry != self.carry.enabled:
            self.carry = CarryIndex(self.store, enabled=carry)
        self._settings = settings
        try:
            yield
        finally:
            self._settings, self.carry = before

    def measure(
        self,
        revision: str,
        spec: EnvironmentSpec = _DEFAULT,
        *,
        alloc_only: bool = False,
        write: bool = True,
    ) -> Record:
        """Measure a revision and write its record; numbers of other benchmarks in it stay.

        A revision that does not build, or a benchmark that fails, is part of the record and not an
        error. Nothing is written where ``bench`` or ``packages`` of the session select nothing.

        Raises:
            MeasurementError: also if its record is of a newer harness, and must not be replaced.
        """
        if write:
            try:
                self.store.require_replaceable(self.key(revision, spec))
            except NewerRecordError as err:
                raise MeasurementError(str(err)) from None
        record = self._measure(revision, spec, alloc_only=alloc_only)
        if write and not (self._is_selection and none_matched(record)):
            record = self.known.write_run(record)
        self.carry.add(record)
        return record

    def compile_ahead(self, revision: str, spec: EnvironmentSpec, known: str) -> None:
        """Begin to measure a revision in another thread if :meth:`ensure_counted` has to.

        Nothing happens where ``known``, the revision that is asked for before, has no record yet
        and needs the work tree first. What fails is raised when the revision is asked for.
        """
        keys = (self.key(r, spec) for r in (known, revision))
        wanted = self.settings(alloc_only=True)
        if [self.known.has(key, wanted) for key in keys] == [True, False]:
            measurer, request = self.prepare(revision, spec, wanted)
            self.trees.ahead = measurer.begin(request)

    def ensure_counted(self, revision: str, spec: EnvironmentSpec) -> Record:
        """The counts of the session's benchmarks at a revision, from a record or measured now.

        Only what no record holds, or has as a failure, is run. The result is an answer and goes
        into the cache; the project's record stays as it is.
        """
        wanted = self.settings(alloc_only=True)
        known = self.known.answer(self.key(revision, spec), wanted)
        if known is not None and answers(known, wanted):
            self.carry.add(known)
            return known
        record = self._measure(revision, spec, alloc_only=True, known=known)
        self.carry.add(record)
        return self.known.write_answer(record, self._compile_only_settings())

    def ensure_compiled(self, revision: str, spec: EnvironmentSpec) -> Record:
        """A record of what the compiler says of a revision, in the cache; nothing is run."""
        measurer, request = self.prepare(revision, spec, self._compile_only_settings())
        return self.known.write_answer(measurer.measure(measurer.begin(request)))

    def builder(self, spec: EnvironmentSpec, worker: str = WORKER) -> Builder:
        """The builder for an environment; ``trees.acquire`` comes before its use."""
        return self.trees.builder(self.go(spec.release), worker)

    def build(self, revision: str, spec: EnvironmentSpec, worker: str) -> BuiltTree:
        """Check out and compile a revision in the work tree of a worker, without measuring it."""
        self.trees.acquire()
        builder = self.builder(spec, worker)
        return builder.build(self.repository.revision(revision), self.environment(spec))

    def _measure(
        self, revision: str, spec: EnvironmentSpec, *, alloc_only: bool, known: Record | None = None
    ) -> Record:
        ahead, self.trees.ahead = self.trees.ahead, None
        measurer, request = self.prepare(revision, spec, self.settings(alloc_only=alloc_only))
        if ahead is not None and ahead.request != request:
            wait([ahead.built])  # before the work tree is used for another revision
            ahead = None
        return measurer.measure(ahead or measurer.begin(request), known)

    def prepare(
        self, revision: str, spec: EnvironmentSpec, settings: RunSettings, worker: str = WORKER
    ) -> tuple[Measurer, Request]:
        """The measurer for a revision in the work tree of a worker, and the request for it."""
        self.trees.acquire()
        request = Request(self.repository.revision(revision), self.environment(spec), settings)
        builder = self.builder(spec, worker)
        return Measurer(builder, self.machine, self.carry, self.progress), request
