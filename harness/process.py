"""The only place that starts a process.

Every child gets its own session (so that all of its descendants can be ended with it), an
environment made from an allow-list (the caller's secrets never reach a benchmark), no standard
input but what it is given, and a time limit. If this process is killed, a guard ends its children.
"""

import atexit
import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import MeasurementError

# What Go, git and a C compiler need of the caller's environment; nothing here carries a secret.
_BASE_VARIABLES = (
    "PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT", "DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH",
)  # fmt: skip
# Where the go command gets modules from.
MODULE_VARIABLES = (
    "GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOMODCACHE",
)  # fmt: skip
# What the go command needs in addition to fetch modules and compile cgo.
_GO_VARIABLES = (
    *MODULE_VARIABLES, "HOME", "GOPATH",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC", "SSH_AUTH_SOCK",
    "CC", "CXX", "CGO_ENABLED", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_LDFLAGS",
    "PKG_CONFIG_PATH",
)  # fmt: skip
_KILL_GRACE = 2.0
# What a child has killed may need a moment to be gone.
_LEFT_GRACE = 0.5
# Set when the command is interrupted: the children of other threads are ended.
_stopping = threading.Event()
_MAX_OUTPUT = 256 * 1024 * 1024


class _Guard:
    """A small process that ends the children of this one if it is killed.

    It reads which process groups run from a pipe, which ends with this process however that ends.
    PR_SET_PDEATHSIG would end a child with the *thread* that started it, and no grandchildren.
    """

    _SCRIPT = """trap '' HUP INT TERM
groups=' '
while read -r what group; do
  case $what in
    +) groups="$groups$group " ;;
    -) groups="${groups%% $group *} ${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -9 "-$group"; done"""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the guard, unless it runs. A system without a shell has none."""
        with self._lock, contextlib.suppress(OSError):
            if self._process is None:
                self._process = subprocess.Popen(
                    ["/bin/sh", "-c", self._SCRIPT],
                    bufsize=0,
                    cwd="/",
                    env={},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
                atexit.register(self._process.communicate)

    def tell(self, what: str, group: int) -> None:
        """Tell the guard that a process group runs (``+``), or has ended (``-``)."""
        with self._lock, contextlib.suppress(OSError):
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.write(f"{what} {group}\n".encode())


_guard = _Guard()


@dataclass(frozen=True, slots=True)
class Completed:
    """A process that has ended; undecodable bytes of its output are replaced."""

    returncode: int  # exit status; negative for the signal that ended it
    stdout: str
    stderr: str
    timed_out: str | None  # `"total"` or `"idle"` if a limit ended it, else `None`
    seconds: float
    # It ended by itself while a descendant was still running, which was ended.
    left_behind: bool = False

    @property
    def ok(self) -> bool:
        """True if it ended by itself with status 0."""
        return self.returncode == 0 and self.timed_out is None


def base_environment(pass_env: Sequence[str] = ()) -> dict[str, str]:
    """Return the environment of a benchmark: the few variables it needs and the named ones."""
    return {k: os.environ[k] for k in (*_BASE_VARIABLES, *pass_env) if k in os.environ}


def tool_environment(pass_env: Sequence[str] = ()) -> dict[str, str]:
    """Return the environment of the ``go`` command, which has to reach modules and a C compiler."""
    return base_environment((*_GO_VARIABLES, *pass_env))


def stop() -> None:
    """End the children of other threads, and start nothing more: the command is over.

    Python ends a pool of threads by waiting for them, and a benchmark may take minutes.
    """
    _stopping.set()


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float,
    idle_timeout: float | None = None,
    grace: float = 0.0,
    stdin: bytes = b"",
) -> Completed:
    """Run a command, never a shell line, to its end and keep what it prints.

    ``env`` is the whole environment. The limits are seconds: ``timeout`` in all, ``idle_timeout``
    of silence on both streams, ``grace`` for descendants that keep the streams open after its end.

    Raises:
        MeasurementError: the program cannot be started.
        KeyboardInterrupt: :func:`stop` was called.
    """
    argv = tuple(str(part) for part in command)
    started = time.monotonic()
    if _stopping.is_set():
        raise KeyboardInterrupt
    _guard.start()
    try:
        # A file and not a pipe: a child that does not read must not hold us up.
        with tempfile.TemporaryFile() if stdin else Path(os.devnull).open("rb") as source:
            if stdin:
                source.write(stdin)
                source.seek(0)
            child = subprocess.Popen(
                argv,
                cwd=cwd,
                env=dict(env),
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
    except OSError as err:
        raise MeasurementError(f"cannot start {argv[0]}: {err.strerror or err}") from None
    with child:
        try:
            _guard.tell("+", child.pid)
            out, err_out, timed_out = _collect(child, started, timeout, idle_timeout, grace)
            left_behind = timed_out is None and _has_descendants(child)
        finally:
            _end_group(child)
            _guard.tell("-", child.pid)
    return Completed(
        returncode=child.returncode,
        stdout=out.decode("utf-8", "replace"),
        stderr=err_out.decode("utf-8", "replace"),
        timed_out=timed_out,
        seconds=time.monotonic() - started,
        left_behind=left_behind,
    )


def _collect(
    child: subprocess.Popen[bytes],
    started: float,
    timeout: float,
    idle_timeout: float | None,
    grace: float,
) -> tuple[bytes, bytes, str | None]:
    """Read both streams until they close, a limit passes, or the child is gone."""
    assert child.stdout is not None
    assert child.stderr is not None
    chunks: dict[str, list[bytes]] = {"out": [], "err": []}
    size = 0
    last = started
    ended: float | None = None
    timed_out: str | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ, "out")
        selector.register(child.stderr, selectors.EVENT_READ, "err")
        while selector.get_map():
            if ended is None and child.poll() is not None:
                ended = time.monotonic()
            if _stopping.is_set():
                raise KeyboardInterrupt
            now = time.monotonic()
            if ended is not None:
                # A descendant that outlives the child may hold the streams open for ever.
                if now - ended > grace + 0.5:
                    break
            elif now - started > timeout:
                timed_out = "total"
                break
            elif idle_timeout is not None and now - last > idle_timeout:
                timed_out = "idle"
                break
            for key, _ in selector.select(0.1):
                data = os.read(key.fd, 1 << 16)
                if not data:
                    selector.unregister(key.fileobj)
                    continue
                last = time.monotonic()
                size += len(data)
                if size <= _MAX_OUTPUT:
                    chunks[key.data].append(data)
    if timed_out is None and child.poll() is None:
        timed_out = _wait(child, max(started + timeout, time.monotonic() + 0.1))
    return b"".join(chunks["out"]), b"".join(chunks["err"]), timed_out


def _wait(child: subprocess.Popen[bytes], deadline: float) -> str | None:
    """Wait for a child that has closed its streams; return :attr:`Completed.timed_out`."""
    while time.monotonic() < deadline:
        if _stopping.is_set():
            raise KeyboardInterrupt
        try:
            child.wait(min(0.2, max(deadline - time.monotonic(), 0.0)))
        except subprocess.TimeoutExpired:
            continue
        return None
    return "total"


def _has_descendants(child: subprocess.Popen[bytes]) -> bool:
    """True if anything of its process group still runs shortly after a child has ended."""
    deadline = time.monotonic() + _LEFT_GRACE
    while _runs(child.pid):
        if time.monotonic() > deadline:
            return True
        time.sleep(0.05)
    return False


def _runs(group: int) -> bool:
    """True if a process group has a process that is no zombie."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # After the name, which may contain anything: state, parent, process group.
            state, _, own = stat.read_text("utf-8", "replace").rpartition(")")[2].split()[:3]
            if int(own) == group and state not in "ZX":
                return True
    return not Path("/proc/self/stat").is_file()


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """End the child and every descendant that stayed in its session's process group."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, sig)
        except (ProcessLookupError, PermissionError):
            break
        if child.poll() is None:
            try:
                child.wait(_KILL_GRACE)
            except subprocess.TimeoutExpired:
                continue


def processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
