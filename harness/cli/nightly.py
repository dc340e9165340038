"""``esv nightly``."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace

from filelock import FileLock, Timeout

from harness.analysis.causes.explain import explain_steps
from harness.analysis.verdict.news import NightlyReport, counted_steps
from harness.analysis.verdict.regressions import Standard
from harness.cli.context import Reporter, configuration, emit, reporter
from harness.cli.gate import newest_policy
from harness.cli.publishing import Publishing
from harness.config import Config, check_bench, seconds
from harness.engine.jobs.nightly import Nightly, NightlySettings
from harness.engine.jobs.results_sync import synchronise
from harness.engine.session import Session
from harness.errors import EXIT_CLEAN, EscapeVelocityError, StoreError, UsageError
from harness.git.results_branch import ResultsBranch
from harness.outputs.nightly.document import nightly_json
from harness.outputs.nightly.report import (
    FEED_NAME,
    FeedSource,
    atom_feed,
    nightly_markdown,
    nightly_text,
)
from harness.outputs.text.format import one_line
from harness.policy.model import Policy
from harness.process import run, tool_environment
from harness.store.asv.layout import rebuild
from harness.store.nightly import read_state, state_path

_LOCK = ".esv-nightly.lock"
# A machine that is thrown away when its time is over has given away no more than this.
_SYNC_SECONDS = 600.0
_NOTIFY_TIMEOUT = 300.0


def nightly(arguments: argparse.Namespace) -> int:
    """Fetch, measure what is new, publish, tell the new steps; the exit code is by these."""
    config = configuration(arguments)
    if arguments.bench:
        check_bench(arguments.bench, "--bench")
    if arguments.push and not arguments.results_branch:
        raise UsageError("--push needs --results-branch NAME")
    budget = seconds(arguments.budget, "--budget") if arguments.budget else None
    with reporter(arguments) as report:
        lock = _lock(config, report, wait=arguments.wait)
        if lock is None:
            return EXIT_CLEAN
        with lock:
            return _run(arguments, config, report, budget)


def _lock(config: Config, report: Reporter, *, wait: bool) -> FileLock | None:
    """The right to run; ``None`` if another run has it and this one does not wait."""
    path = config.results_dir / _LOCK
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not wait:
                report.say(f"another esv nightly is at work on {config.results_dir}; it will tell")
                return None
            report.say(f"waiting for another esv nightly on {config.results_dir}")
            lock.acquire()
    except OSError as err:
        raise StoreError(f"cannot write {path}: {err.strerror or err}") from None
    return lock


def _run(
    arguments: argparse.Namespace, config: Config, report: Reporter, budget: float | None
) -> int:
    problems: list[str] = []
    with Session(
        config, progress=report, bench=arguments.bench, packages=arguments.packages
    ) as session:
        fetched = arguments.no_fetch
        if not fetched:
            with _noted(problems):
                session.repository.fetch()
                fetched = True
        sync = _Sync(arguments, session, report, problems)
        sync()
        job = Nightly(
            session,
            NightlySettings(budget, arguments.alloc_only, not arguments.no_explain, fetched),
            session.environments(arguments.go),
            pause=sync.now_and_then,
        )
        try:
            job.measure()
        finally:
            rebuild(session.store)
        problems += [f"record set aside: {err}" for err in session.store.set_aside.values()]
        policy, unread = Policy(), ""
        try:
            policy = newest_policy(session)
        except EscapeVelocityError as err:
            unread = str(err)
            problems.append(unread)
        found = job.report()
        problems += found.problems
        found = replace(found, problems=tuple(problems), policy=policy)
        delivered = _notify(arguments, config, found)
        if delivered:
            problems.append(delivered)
        else:
            job.told(found)
        if not arguments.no_publish:
            with _noted(problems):
                standard = replace(Standard.on(policy, found.today), problem=unread)
                _publish(config, session, found, standard)
        sync()
    found = replace(found, problems=tuple(dict.fromkeys(problems)))
    write = {"json": nightly_json, "markdown": nightly_markdown}.get(arguments.format, nightly_text)
    emit(arguments, write(found))
    return found.exit_code


@contextlib.contextmanager
def _noted(problems: list[str]) -> Iterator[None]:
    """An error becomes a line of the report; the rest of the night goes on."""
    try:
        yield
    except EscapeVelocityError as err:
        problems.append(str(err))


class _Sync:
    """Keeps the results branch and the results directory the same, if there is such a branch."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        session: Session,
        report: Reporter,
        problems: list[str],
    ) -> None:
        self._branch: ResultsBranch | None = None
        if arguments.results_branch:
            # Without a remote the branch is one of the measured repository itself.
            remote = arguments.push or str(session.repository.common_dir)
            self._branch = ResultsBranch(
                session.repository, remote, arguments.results_branch, session.cache_dir
            )
        self._session = session
        self._report = report
        self._problems = problems
        self._last = time.monotonic()

    def __call__(self) -> None:
        if self._branch is None:
            return
        with _noted(self._problems):
            done = synchronise(self._branch, self._session.config.results_dir, push=True)
            self._problems += [w for w in done.warnings if w not in self._problems]
            self._report.say(f"{self._branch.name}: {done.fetched} fetched, {done.pushed} pushed")
        self._last = time.monotonic()

    def now_and_then(self) -> None:
        """After each revision."""
        if time.monotonic() - self._last > _SYNC_SECONDS:
            self()


def _notify(arguments: argparse.Namespace, config: Config, found: NightlyReport) -> str:
    """Run the hook if there is something to tell; what went wrong, empty if nothing."""
    if not arguments.notify or found.quiet:
        return ""
    try:
        done = run(
            ["/bin/sh", "-c", arguments.notify],
            cwd=config.path.parent,
            env=tool_environment(tuple(arguments.notify_env)),
            timeout=_NOTIFY_TIMEOUT,
            stdin=nightly_json(found).encode(),
        )
    except EscapeVelocityError as err:
        return f"--notify: {err}"
    if done.ok:
        return ""
    why = "took too long" if done.timed_out else f"exit status {done.returncode}"
    words = one_line(done.stderr, 200)
    return f"--notify: {why}{f': {words}' if words else ''}; what is new will be told again"


def _publish(config: Config, session: Session, found: NightlyReport, standard: Standard) -> None:
    """The site, and beside its pages the report and the feed."""
    try:
        publishing = Publishing(session, config.html_dir)
    except UsageError:
        return  # nothing is recorded yet
    state = read_state(state_path(config.results_dir, session.machine.machine))
    sources = []
    fed: dict[str, set[str]] = {}  # by environment; branches share commits
    for history in publishing.histories:
        entry = state.environments.get(history.environment)
        if entry is None or history.machine != session.machine.machine:
            continue
        seen = fed.setdefault(history.environment, set())
        reported = tuple(r for r in entry.reported if r.revision not in seen)
        seen |= history.by_hash.keys()
        told = {r.revision for r in reported if r.at}
        steps = [s for s in counted_steps(history) if s.revision in told]
        explained = {}
        for revision in dict.fromkeys(s.revision for s in steps):
            own = [s for s in steps if s.revision == revision]
            explained.update(explain_steps(history, revision, own))
        sources.append(FeedSource(history, reported, explained))
    extra = {
        FEED_NAME: atom_feed(config.project, sources, config.show_commit_url),
        "nightly.md": nightly_markdown(found).encode(),
        "nightly.json": nightly_json(found).encode(),
    }
    publishing.publish(standard, extra)
