"""``esv nightly``: fetch, measure what is new, publish, and report the new steps."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from harness import process
from harness.analysis.causes.explain import explain_steps
from harness.analysis.verdict.news import NightlyReport, reported_steps
from harness.analysis.verdict.regressions import Standard
from harness.cli.context import TerminalProgress, configuration, emit
from harness.cli.lookup import newest_policy
from harness.cli.options import NightlyOptions
from harness.cli.publishing import Publishing
from harness.config import Config, check_bench, seconds
from harness.engine.jobs.nightly import Nightly, NightlySettings
from harness.engine.jobs.results_sync import synchronise
from harness.engine.session import Session
from harness.errors import EXIT_CLEAN, EscapeVelocityError, StoreError, UsageError
from harness.git.results_branch import ResultsBranch
from harness.outputs.nightly.feed import FEED_NAME, FeedEntry, commits_feed
from harness.outputs.nightly.json import nightly_json
from harness.outputs.nightly.report import nightly_markdown, nightly_text
from harness.outputs.text.format import one_line
from harness.policy.model import Policy
from harness.store.asv.layout import rebuild
from harness.store.nightly import read_state, state_path

_LOCK = ".esv-nightly.lock"
# A machine that is thrown away when its time is over has given away no more than this.
_SYNC_SECONDS = 600.0
_NOTIFY_TIMEOUT = 300.0


def run(options: NightlyOptions) -> int:
    """Run the night; the exit code is by the new steps."""
    config = configuration(options)
    if options.bench:
        check_bench(options.bench, "--bench")
    if options.push and not options.results_branch:
        raise UsageError("--push needs --results-branch NAME")
    budget = seconds(options.budget, "--budget") if options.budget else None
    with TerminalProgress(options) as progress:
        lock = _lock(config, progress, wait=options.wait)
        if lock is None:
            return EXIT_CLEAN
        with lock:
            return _run(options, config, progress, budget)


def _lock(config: Config, progress: TerminalProgress, *, wait: bool) -> FileLock | None:
    """The lock of the results; ``None`` if another run has it and this one does not wait."""
    results = config.results_dir
    path = results / _LOCK
    try:
        results.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not wait:
                progress.say(f"another esv nightly is at work on {results}; it will tell")
                return None
            progress.say(f"waiting for another esv nightly on {results}")
            lock.acquire()
    except OSError as err:
        raise StoreError(f"cannot write {path}: {err.strerror or err}") from None
    return lock


def _run(
    options: NightlyOptions, config: Config, progress: TerminalProgress, budget: float | None
) -> int:
    problems: list[str] = []
    with Session(
        config, progress=progress, bench=options.bench, packages=options.packages
    ) as session:
        fetched = options.no_fetch
        if not fetched:
            with _noted(problems):
                session.repository.fetch()
                fetched = True
        branch = None
        if options.results_branch:
            # Without a remote the branch is one of the measured repository itself.
            remote = options.push or str(session.repository.common_dir)
            name = options.results_branch
            branch = ResultsBranch(session.repository, remote, name, session.cache_dir)
        sync = _Sync(branch, config.results_dir, progress, problems)
        sync()
        job = Nightly(
            session,
            NightlySettings(budget, options.alloc_only, not options.no_explain, fetched),
            session.environments(options.go),
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
        delivered = _notify(options, config, found)
        if delivered:
            problems.append(delivered)
        else:
            job.told(found)
        if not options.no_publish:
            with _noted(problems):
                standard = replace(Standard.on(policy, found.today), problem=unread)
                _publish(config, session, found, standard)
        sync()
    found = replace(found, problems=tuple(dict.fromkeys(problems)))
    write = {"json": nightly_json, "markdown": nightly_markdown}.get(options.format, nightly_text)
    emit(options, write(found))
    return found.exit_code


@contextlib.contextmanager
def _noted(problems: list[str]) -> Iterator[None]:
    """An error becomes a line of the report; the rest of the night goes on."""
    try:
        yield
    except EscapeVelocityError as err:
        problems.append(str(err))


@dataclass
class _Sync:
    """Keeps the results branch and the results directory the same, if there is such a branch."""

    branch: ResultsBranch | None
    directory: Path
    progress: TerminalProgress
    problems: list[str]
    last: float = field(default_factory=time.monotonic)

    def __call__(self) -> None:
        if self.branch is None:
            return
        with _noted(self.problems):
            done = synchronise(self.branch, self.directory, push=True)
            self.problems += [w for w in done.warnings if w not in self.problems]
            self.progress.say(f"{self.branch.name}: {done.fetched} fetched, {done.pushed} pushed")
        self.last = time.monotonic()

    def now_and_then(self) -> None:
        """After each revision."""
        if time.monotonic() - self.last > _SYNC_SECONDS:
            self()


def _notify(options: NightlyOptions, config: Config, found: NightlyReport) -> str:
    """Run the hook if there is something new; the error as a text, empty if there is none."""
    if not options.notify or found.quiet:
        return ""
    try:
        done = process.run(
            ["/bin/sh", "-c", options.notify],
            cwd=config.path.parent,
            env=process.tool_environment(options.notify_env),
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
    """Write the site, and the report and the feed next to its pages."""
    try:
        publishing = Publishing(session, config.html_dir)
    except UsageError:
        return  # nothing is recorded yet
    state = read_state(state_path(config.results_dir, session.machine.machine))
    entries = []
    fed: dict[str, set[str]] = {}  # by environment; branches share commits
    for history in publishing.histories:
        entry = state.environments.get(history.environment)
        if entry is None or history.machine != session.machine.machine:
            continue
        seen = fed.setdefault(history.environment, set())
        reported = [r for r in entry.reported if r.revision not in seen]
        seen |= history.by_hash.keys()
        entries += [
            FeedEntry(history, explain_steps(history, steps), revision, steps, at)
            for revision, (at, steps) in reported_steps(history, reported).items()
        ]
    feed = commits_feed(
        config.project, entries, "steps", "steps in allocations", config.show_commit_url
    )
    extra = {
        FEED_NAME: feed,
        "nightly.md": nightly_markdown(found).encode(),
        "nightly.json": nightly_json(found).encode(),
    }
    publishing.publish(standard, extra)
