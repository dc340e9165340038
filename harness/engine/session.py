"""A session: one project, its repository, toolchains, caches and records."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from concurrent.futures import wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType

from filelock import FileLock

from harness.config import Config
from harness.engine.base.answers import answers, none_matched
from harness.engine.base.environments import EnvironmentSpec, environments
from harness.engine.base.ledger import Ledger, with_accounts
from harness.engine.base.lock import hold
from harness.engine.base.progress import Progress, Silent
from harness.engine.base.records import Records
from harness.engine.revision.build import WORKER, Builder, BuiltTree
from harness.engine.revision.carry import CarryIndex
from harness.engine.revision.measure import Begun, Measurer, Request
from harness.errors import MeasurementError, NewerRecordError
from harness.git import Repository, Workspace, open_repository
from harness.model import (
    Account,
    Diagnostic,
    Environment,
    FileChange,
    Machine,
    Record,
    RunSettings,
    TreeDiff,
)
from harness.store import RecordKey, RecordStore
from harness.store.asv.machine import machine as asv_machine
from harness.toolchain import Go, find_go

# An expression that is the name of no benchmark.
_NO_BENCHMARK = "^$"


class Session:
    """Measures revisions of one project and keeps their records.

    Args:
        config: of the project.
        progress: told what goes on.
        bench: overrides ``go.bench``.
        packages: overrides ``go.packages``.
        benchtime: overrides ``go.benchtime``.
        count: overrides ``go.count``.
        carry: whether results may be taken over from a revision with the same test binary.

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
        self._settings = RunSettings(
            bench=config.go.bench if bench is None else bench,
            packages=tuple(packages) if packages else config.go.packages,
            alloc_benchtime=config.go.alloc_benchtime,
            benchtime=benchtime or config.go.benchtime,
            count=count or config.go.count,
        )
        self._asked = bench is not None or bool(packages)
        self._carry = CarryIndex(self.store, enabled=carry)
        self._workspace = Workspace(self.repository, self.cache_dir)
        self._records = Records(self.store, self._workspace.root / "answers", config.hash_length)
        self._lock: FileLock | None = None
        self._ahead: Begun | None = None
        self._builders: dict[tuple[Path, str], Builder] = {}
        self._ledger = Ledger()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the work tree."""
        self._settle()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @cached_property
    def machine(self) -> Machine:
        """This machine, as asv names it."""
        return asv_machine(results_dir=self.config.results_dir)

    def environments(self, releases: Sequence[str] = ()) -> list[EnvironmentSpec]:
        """The environments of the configuration: every release with every variable's values.

        Args:
            releases: instead of the configured ones.
        """
        return environments(self.config, releases)

    def older_release(
        self, base_release: str | None, spec: EnvironmentSpec
    ) -> EnvironmentSpec | None:
        """The environment of a base of which the release is named; ``None`` if it is the same one.

        Raises:
            ToolchainError: the release cannot be had.
        """
        if base_release is None:
            return None
        releases = {self.go(r).toolchain.release for r in (base_release, spec.release)}
        return replace(spec, release=base_release) if len(releases) > 1 else None

    def go(self, release: str | None) -> Go:
        """The toolchain of a release.

        Raises:
            ToolchainError: it cannot be had.
        """
        return find_go(release, self.cache_dir)

    def environment(
        self,
        release: str | None,
        build_variables: Mapping[str, str] | None = None,
        run_variables: Mapping[str, str] | None = None,
    ) -> Environment:
        """The environment that a measurement in this release is recorded under."""
        return Environment(
            self.go(release).toolchain, dict(build_variables or {}), dict(run_variables or {})
        )

    def resolve(self, name: str) -> str:
        """Full hash of a revision.

        Raises:
            UsageError: there is none of that name.
        """
        return self.repository.resolve(name)

    def record(
        self,
        revision: str,
        release: str | None = None,
        build_variables: Mapping[str, str] | None = None,
        run_variables: Mapping[str, str] | None = None,
    ) -> Record | None:
        """The record that is there already.

        Raises:
            StoreError: it cannot be read.
        """
        environment = self.environment(release, build_variables, run_variables)
        return self.store.read(RecordKey(self.machine.machine, revision, environment.name))

    def records(self, spec: EnvironmentSpec) -> list[Record]:
        """All records of this machine in one environment that can be read."""
        environment = self.environment(spec.release, spec.build_variables, spec.run_variables)
        found = []
        for record in self.store.records():
            if (record.machine.machine, record.environment.name) == (
                self.machine.machine,
                environment.name,
            ):
                found.append(record)
                self._ledger.remember(record)
        return found

    def settings(self, *, alloc_only: bool = False) -> RunSettings:
        """What a measurement of this session asks for."""
        base = self._settings
        if not alloc_only:
            return base
        return RunSettings(base.bench, base.packages, base.alloc_benchtime, None, 0)

    @property
    def carries(self) -> bool:
        """Whether results may be taken over."""
        return self._carry.enabled

    @contextmanager
    def asking(self, settings: RunSettings, *, carry: bool) -> Iterator[None]:
        """Measure with the settings of an earlier run for a while, those of its lanes included."""
        before = self._settings, self._carry
        if carry != self.carries:
            self._carry = CarryIndex(self.store, enabled=carry)
        self._settings = settings
        try:
            yield
        finally:
            self._settings, self._carry = before

    def recall(self, revisions: Sequence[str], spec: EnvironmentSpec) -> None:
        """Have at hand what can be taken over from these revisions, as if just measured."""
        name = self.environment(spec.release, spec.build_variables, spec.run_variables).name
        self._carry.look_at(self.machine.machine, name, revisions)

    def take_turn(self) -> None:
        """Wait until no other process measures this repository; none does until :meth:`close`.

        What is to be measured is only certain from then on.

        Raises:
            MeasurementError: the cache cannot be used.
        """
        self._acquire()

    def measure(
        self,
        revision: str,
        release: str | None = None,
        *,
        build_variables: Mapping[str, str] | None = None,
        run_variables: Mapping[str, str] | None = None,
        alloc_only: bool = False,
        keep: bool = True,
    ) -> Record:
        """Measure a revision and write its record; what is recorded of other benchmarks stays.

        A revision that does not build, or a benchmark that fails, is part of the record and not an
        error. Nothing is written where ``bench`` or ``packages`` of the session select nothing.

        Args:
            revision: full hash.
            release: Go release, ``None`` for the one that is there.
            build_variables: set while compiling and running.
            run_variables: set only while running.
            alloc_only: leave the time lane out.
            keep: write the record.

        Raises:
            ToolchainError: the release cannot be had.
            RepositoryError: the revision cannot be checked out.
            MeasurementError: its record is of a newer harness, so that it must not be replaced.
            StoreError: the record cannot be written.
        """
        spec = EnvironmentSpec(release, build_variables or {}, run_variables or {})
        if keep:
            self._require_replaceable(revision, spec)
        record = self._measure(revision, spec, alloc_only=alloc_only)
        if keep and not (self._asked and none_matched(record)):
            record = self._records.write_run(record)
        self._carry.add(record)
        return record

    def _measure(
        self, revision: str, spec: EnvironmentSpec, *, alloc_only: bool, known: Record | None = None
    ) -> Record:
        ahead, self._ahead = self._ahead, None
        measurer, request = self._prepare(spec, revision, alloc_only)
        if ahead is not None and ahead.request != request:
            wait([ahead.built])  # and after it the work tree is used for another revision
            ahead = None
        return measurer.measure(ahead or measurer.begin(request), known)

    def _require_replaceable(self, revision: str, spec: EnvironmentSpec) -> None:
        name = self.environment(spec.release, spec.build_variables, spec.run_variables).name
        try:
            self.store.require_replaceable(RecordKey(self.machine.machine, revision, name))
        except NewerRecordError as err:
            raise MeasurementError(str(err)) from None

    def compile_ahead(self, revision: str, spec: EnvironmentSpec, known: str) -> None:
        """Begin to measure a revision in another thread if :meth:`ensure_counted` has to.

        Nothing happens where another revision, asked for before, has no record yet and needs the
        work tree first. What fails is raised when the revision is asked for.

        Args:
            revision: full hash.
            spec: its environment.
            known: full hash of the revision that is asked for before.

        Raises:
            As :meth:`measure`.
        """
        name = self.environment(spec.release, spec.build_variables, spec.run_variables).name
        keys = (RecordKey(self.machine.machine, r, name) for r in (known, revision))
        wanted = self.settings(alloc_only=True)
        if [self._records.has(key, wanted) for key in keys] == [True, False]:
            measurer, request = self._prepare(spec, revision, alloc_only=True)
            self._ahead = measurer.begin(request)

    def ensure_counted(self, revision: str, spec: EnvironmentSpec) -> Record:
        """The counts of a revision for what this session asks, from a record or measured now.

        Only what no record holds, or has as a failure, is run. What is measured is an answer and
        goes into the cache; the project's record stays as it is.

        Raises:
            As :meth:`measure`.
        """
        environment = self.environment(spec.release, spec.build_variables, spec.run_variables)
        key = RecordKey(self.machine.machine, revision, environment.name)
        wanted = self.settings(alloc_only=True)
        known = self._records.answer(key, wanted)
        if known is not None and answers(known, wanted):
            self._carry.add(known)
            return known
        record = self._measure(revision, spec, alloc_only=True, known=known)
        self._carry.add(record)
        return self._records.write_answer(record, self._nothing())

    def _nothing(self) -> RunSettings:
        """The question that runs nothing: what does the compiler say?"""
        return replace(self.settings(alloc_only=True), bench=_NO_BENCHMARK)

    def diagnostics(
        self, revision: str, gcflags: str, spec: EnvironmentSpec
    ) -> tuple[Diagnostic, ...]:
        """What the compiler says of a revision with other flags, such as ``-m -l``; not kept.

        Raises:
            MeasurementError: the flags are wrong, or it does not compile.
        """
        self._acquire()
        environment = self.environment(spec.release, spec.build_variables, spec.run_variables)
        return tuple(
            self._builder(spec.release).diagnostics(
                self.repository.revision(revision), environment, gcflags
            )
        )

    def kept(self, revision: str, spec: EnvironmentSpec) -> Record | None:
        """The record of a revision, of the project or else an answer; a damaged one is none."""
        environment = self.environment(spec.release, spec.build_variables, spec.run_variables)
        key = RecordKey(self.machine.machine, revision, environment.name)
        return self._records.known(key, self.settings(alloc_only=True), self._nothing())

    def learn(self, record: Record) -> None:
        """Keep what was learnt about a revision's benchmarks in the records that it has.

        Raises:
            StoreError: it cannot be written.
        """
        self._records.learn(record)

    def compiled(self, revision: str, spec: EnvironmentSpec) -> Record:
        """What the compiler says of a revision, in a record of the cache; nothing is run.

        Raises:
            As :meth:`measure`.
        """
        measurer, request = self._prepare(spec, revision, alloc_only=True)
        begun = measurer.begin(replace(request, settings=self._nothing()))
        return self._records.write_answer(measurer.measure(begun))

    def diffs(self, base: str, head: str) -> tuple[TreeDiff, ...]:
        """The step from one revision to another, from git."""
        return (TreeDiff(base, head, self.repository.diff(base, head)),)

    def account(
        self, record: Record, benchmarks: Sequence[tuple[str, str]], spec: EnvironmentSpec
    ) -> Record:
        """The record with the accounts of these benchmarks, as far as they can be made.

        What is made is kept where the record is, so that it is made once.

        Args:
            record: of the revision.
            benchmarks: ``(import path, full name)``.
            spec: environment of the record.
        """
        made, wanted = self._ledger.look_up(
            record, benchmarks, lambda account: self._is_current(account, spec)
        )
        if wanted:
            self._acquire()
            # With protobuf and the analysis a tenth of a second, which most gates need not spend.
            from harness.engine.revision.accounting import Accountant

            accountant = Accountant(self._builder(spec.release), self.progress)
            made += accountant.accounts(
                record.revision, record.environment, record.settings, wanted
            )
        if not made:
            return record
        record = with_accounts(record, made)
        self._ledger.remember(record)
        self.learn(record)
        return record

    def _is_current(self, account: Account, spec: EnvironmentSpec) -> bool:
        """Whether an account has today's form: what an older one has more would be a change."""
        return account.timed or not self._builder(spec.release).heap_costs

    def look_at_new_sites(
        self, base: Record, head: Record, diffs: Sequence[TreeDiff] | None, spec: EnvironmentSpec
    ) -> Record:
        """The newer record, and whether its benchmarks execute the escape sites that it brings.

        Sites that an account has need no run. What is found is kept where the record is.

        Args:
            base: the older record.
            head: the newer one.
            diffs: the steps between them, ``None`` if not known.
            spec: environment of the records.
        """
        from harness.engine.revision.coverage import with_executions

        def builder() -> Builder:
            self._acquire()
            return self._builder(spec.release)

        found = with_executions(builder, self.progress, base, head, diffs)
        if found is not head:
            self.learn(found)
        return found

    def with_tests_of(self, onto: str, source: str, tests: Container[str]) -> str | None:
        """A revision with the code of one and the tests of another; ``None`` if they agree.

        Args:
            onto: hash of the revision whose code it is.
            source: hash of the revision whose tests it has.
            tests: the files of tests.

        Raises:
            RepositoryError: git cannot make it.
        """
        changed = [
            c for c in self.repository.diff(onto, source) if c.old in tests or c.new in tests
        ]
        parts = [
            FileChange(c.old if c.old in tests else None, c.new if c.new in tests else None)
            for c in changed
        ]
        return self._workspace.graft(onto, source, parts) if parts else None

    def snapshot(self) -> str:
        """Hash of a revision that is the user's work tree as it is.

        Raises:
            RepositoryError: it cannot be read.
        """
        self._acquire()
        return self._workspace.snapshot()

    def build(self, revision: str, spec: EnvironmentSpec, worker: str) -> BuiltTree:
        """Check out and compile a revision in the work tree of a worker, without measuring it.

        Raises:
            RepositoryError: it cannot be checked out.
            MeasurementError: Go cannot be started.
        """
        self._acquire()
        environment = self.environment(spec.release, spec.build_variables, spec.run_variables)
        builder = self._builder(spec.release, worker)
        return builder.build(self.repository.revision(revision), environment)

    def scratch(self) -> AbstractContextManager[Path]:
        """A new directory, as long as it is needed."""
        return self._workspace.scratch()

    def branch_lines(self) -> list[tuple[str, list[str]]]:
        """Each configured branch with its first-parent history, oldest first.

        The name is empty where no branch is configured, and the line that of what is checked out.
        """
        found = []
        for name in self.config.branches or ("",):
            tips = self.repository.branch_tips([name] if name else [])
            found.append((name, self.repository.first_parents(tips)[::-1]))
        return found

    def first_parent_line(self) -> list[str]:
        """The first-parent history of the configured branches, oldest first."""
        tips = self.repository.branch_tips(self.config.branches)
        return list(reversed(self.repository.first_parents(tips)))

    def _builder(self, release: str | None, worker: str = WORKER) -> Builder:
        key = self.go(release).binary, worker
        if key not in self._builders:
            self._builders[key] = Builder(
                self.config, self.go(release), self.repository, self._workspace, worker
            )
        return self._builders[key]

    def _prepare(
        self, spec: EnvironmentSpec, revision: str, alloc_only: bool
    ) -> tuple[Measurer, Request]:
        self._acquire()
        request = Request(
            revision=self.repository.revision(revision),
            environment=self.environment(spec.release, spec.build_variables, spec.run_variables),
            settings=self.settings(alloc_only=alloc_only),
        )
        measurer = Measurer(
            builder=self._builder(spec.release),
            machine=self.machine,
            carry=self._carry,
            progress=self.progress,
        )
        return measurer, request

    def _acquire(self) -> None:
        """One process at a time works in the work tree of a repository; others wait."""
        self._settle()
        if self._lock is not None:
            return
        self._lock = hold(self._workspace.root / "lock", self.progress)

    def _settle(self) -> None:
        """Wait for what compiles ahead in the work tree, and forget it: the tree has other use."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            wait([ahead.built])
