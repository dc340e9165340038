"""The work trees of a repository: one process at a time uses them."""

from concurrent.futures import wait
from pathlib import Path

from filelock import FileLock, Timeout

from harness.config import Config
from harness.engine.base.progress import Progress
from harness.engine.revision.build import WORKER, Builder
from harness.engine.revision.measure import Begun
from harness.errors import MeasurementError
from harness.git import Repository, Workspace
from harness.toolchain import Go


class WorkTrees:
    """The work trees, the lock on them, and the builders that use them.

    Attributes:
        workspace: makes and checks out the work trees; :meth:`acquire` comes before its use.
        ahead: a measurement that compiles in another thread. Any other use of the work trees ends
            it.
    """

    def __init__(self, config: Config, repository: Repository, progress: Progress) -> None:
        self.workspace = Workspace(repository, config.cache_dir)
        self.ahead: Begun | None = None
        self._config = config
        self._repository = repository
        self._progress = progress
        self._lock: FileLock | None = None
        self._builders: dict[tuple[Path, str], Builder] = {}

    def acquire(self) -> None:
        """Wait until no other process uses the work trees; none does until :meth:`release`."""
        self._end_ahead()
        if self._lock is None:
            self._lock = hold(self.workspace.root / "lock", self._progress)

    def release(self) -> None:
        """Let other processes use the work trees."""
        self._end_ahead()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def builder(self, go: Go, worker: str = WORKER) -> Builder:
        """The builder for a toolchain and a work tree; :meth:`acquire` comes before its use."""
        key = go.binary, worker
        if key not in self._builders:
            place = self._repository, self.workspace, worker
            self._builders[key] = Builder(self._config, go, *place)
        return self._builders[key]

    def snapshot(self) -> str:
        """Hash of a revision that is the user's work tree as it is."""
        self.acquire()
        return self.workspace.snapshot()

    def _end_ahead(self) -> None:
        ahead, self.ahead = self.ahead, None
        if ahead is not None:
            wait([ahead.built])


def hold(path: Path, progress: Progress) -> FileLock:
    """Acquire the lock. A process that has to wait says so."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            progress.step("waiting for another esv that measures this repository")
            lock.acquire()
    except OSError as err:
        raise MeasurementError(
            f"cannot use the cache {path.parent}: {err.strerror or err};"
            ' set "cache_dir" in the "go" section of asv.conf.json'
        ) from None
    return lock
