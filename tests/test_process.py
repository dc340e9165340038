"""Processes: limits, descendants, environment."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import process
from harness.errors import MeasurementError
from harness.process import (
    Completed,
    base_environment,
    run,
    tool_environment,
)

PYTHON = sys.executable


def python(
    code: str, tmp_path: Path, timeout: float = 30, idle_timeout: float | None = None
) -> Completed:
    return run(
        [PYTHON, "-c", code],
        cwd=tmp_path,
        env=base_environment(),
        timeout=timeout,
        idle_timeout=idle_timeout,
    )


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie is dead; it waits for whoever adopted it.
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def gone(pid: int, within: float = 5) -> bool:
    end = time.monotonic() + within
    while alive(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_both_streams_and_the_status_are_kept(tmp_path: Path) -> None:
    done = python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)", tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 3)
    assert done.timed_out is None
    assert not done.ok


def test_streams_larger_than_a_pipe_are_read_whole(tmp_path: Path) -> None:
    code = "import sys; sys.stderr.write('e' * 3_000_000); sys.stdout.write('o' * 3_000_000)"
    done = python(code, tmp_path)
    assert done.ok
    assert (len(done.stdout), len(done.stderr)) == (3_000_000, 3_000_000)


def test_undecodable_bytes_are_replaced(tmp_path: Path) -> None:
    done = python(r"import os; os.write(1, b'a\xffb')", tmp_path)
    assert done.stdout == "a\ufffdb"


def test_standard_input_is_empty(tmp_path: Path) -> None:
    assert python("import sys; print(repr(sys.stdin.read()))", tmp_path).stdout == "''\n"


def test_it_runs_in_the_given_directory(tmp_path: Path) -> None:
    done = run(
        [PYTHON, "-c", "import os, sys; print(os.path.samefile('.', sys.argv[1]))", tmp_path],
        cwd=tmp_path,
        env={},
        timeout=30,
    )
    assert done.stdout == "True\n"


def test_a_signal_is_a_negative_status(tmp_path: Path) -> None:
    done = python("import os, signal; os.kill(os.getpid(), signal.SIGABRT)", tmp_path)
    assert done.returncode == -signal.SIGABRT


def test_total_time_out_keeps_what_was_printed(tmp_path: Path) -> None:
    code = "import time; print('begun', flush=True)\nwhile True: time.sleep(0.05); print('.')"
    done = python(code, tmp_path, timeout=1.0)
    assert done.timed_out == "total"
    assert not done.ok
    assert done.stdout.startswith("begun\n")
    assert done.seconds < 5


def test_idle_time_out_only_after_silence(tmp_path: Path) -> None:
    code = """
import sys, time
for stream in (sys.stdout, sys.stderr, sys.stdout):
    time.sleep(0.6)
    print('x', file=stream, flush=True)
time.sleep(60)
"""
    done = python(code, tmp_path, timeout=30, idle_timeout=1.2)
    assert done.timed_out == "idle"
    assert (done.stdout, done.stderr) == ("x\nx\n", "x\n")
    assert done.seconds < 10


def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    code = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), flush=True)
time.sleep(60)
"""
    done = python(code, tmp_path, timeout=1.0)
    assert done.timed_out == "total"
    assert done.returncode == -signal.SIGKILL
    assert gone(int(done.stdout))


GRANDCHILD = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
print(child.pid, flush=True)
{then}
"""


def test_descendants_end_with_a_time_out(tmp_path: Path) -> None:
    done = python(GRANDCHILD.format(then="time.sleep(60)"), tmp_path, timeout=1.5)
    assert done.timed_out == "total"
    assert gone(int(done.stdout))


def test_a_descendant_that_outlives_the_child_neither_hangs_nor_survives(tmp_path: Path) -> None:
    done = python(GRANDCHILD.format(then="print('done')"), tmp_path, timeout=30)
    pid, last = done.stdout.split()
    assert last == "done"
    assert done.ok, "the child ended by itself"
    assert done.seconds < 10
    assert gone(int(pid))


def test_a_noisy_descendant_that_outlives_the_child_does_not_hang(tmp_path: Path) -> None:
    code = """
import subprocess, sys
noise = "import time\\nwhile True: print('x', flush=True); time.sleep(0.01)"
child = subprocess.Popen([sys.executable, '-c', noise])
print(child.pid, flush=True)
"""
    done = python(code, tmp_path, timeout=30)
    assert done.ok
    assert done.seconds < 10
    assert gone(int(done.stdout.split()[0]))


def test_a_child_that_has_ended_is_not_timed_out_by_its_descendants(tmp_path: Path) -> None:
    done = run(
        ["sh", "-c", "sleep 60 & echo $!"],
        cwd=tmp_path,
        env=base_environment(),
        timeout=30,
        idle_timeout=0.4,
    )
    assert done.ok, "the silence is that of the descendant that holds the streams"
    assert gone(int(done.stdout))


def test_a_child_that_closes_its_streams_still_counts_as_running(tmp_path: Path) -> None:
    code = "import os, time; os.close(1); os.close(2); time.sleep(0.8); os._exit(7)"
    done = python(code, tmp_path)
    assert done.returncode == 7
    assert done.seconds >= 0.8


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="cannot start no-such-program"):
        run(["no-such-program"], cwd=tmp_path, env={"PATH": "/nowhere"}, timeout=5)


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="cannot start"):
        run([PYTHON, "-c", ""], cwd=tmp_path / "nowhere", env={}, timeout=5)


def test_the_environment_is_an_allow_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = ("GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "GOFLAGS", "LD_PRELOAD", "ESV_SECRET")
    for name in secrets:
        monkeypatch.setenv(name, "s3cret")
    monkeypatch.setenv("ESV_WANTED", "yes")
    monkeypatch.setenv("GOPROXY", "off")
    for environment in (base_environment, tool_environment):
        assert not set(secrets) & set(environment())
        assert environment(("ESV_WANTED", "ESV_UNSET"))["ESV_WANTED"] == "yes"
        assert "ESV_UNSET" not in environment(("ESV_UNSET",))
    assert "GOPROXY" not in base_environment()
    assert tool_environment()["GOPROXY"] == "off"
    done = python("import os; print(sorted(os.environ))", tmp_path)
    assert "s3cret" not in done.stdout
    assert not [name for name in secrets if name in done.stdout]


def test_what_it_is_given_to_read(tmp_path: Path) -> None:
    data = b"x" * 300_000  # more than a pipe holds
    code = "import sys; print(len(sys.stdin.buffer.read()))"
    for given in (data, b""):
        done = run(
            [PYTHON, "-c", code], cwd=tmp_path, env=base_environment(), timeout=60, stdin=given
        )
        assert done.stdout.strip() == str(len(given))
    deaf = run([PYTHON, "-c", ""], cwd=tmp_path, env=base_environment(), timeout=60, stdin=data)
    assert deaf.ok


def test_stop_ends_what_other_threads_run_and_lets_nothing_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool of threads is left by waiting for them; each has to come to its end."""
    monkeypatch.setattr(process, "_stopping", threading.Event())
    silent = ["sh", "-c", "exec >&- 2>&-; sleep 60"]  # it closes its streams and stays
    with ThreadPoolExecutor(2) as pool:
        running = [
            pool.submit(run, command, cwd=tmp_path, env=base_environment(), timeout=60)
            for command in (["sleep", "60"], silent)
        ]
        time.sleep(0.5)
        started = time.monotonic()
        process.stop()
        for each in running:
            with pytest.raises(KeyboardInterrupt):
                each.result(20)
    assert time.monotonic() - started < 20
    with pytest.raises(KeyboardInterrupt):
        run(["true"], cwd=tmp_path, env=base_environment(), timeout=5)


# Runs what it is given in two threads, as the harness runs packages, then ends or sleeps.
PARENT = """
import sys, threading, time
from pathlib import Path
from harness.process import base_environment, run
def each(number):
    done = run(sys.argv[2:], cwd=Path(sys.argv[1]), env=base_environment(), timeout=60)
    print(done.stdout.strip(), flush=True)
run(["true"], cwd=Path("/"), env=base_environment(), timeout=60)
threads = [threading.Thread(target=each, args=(n,)) for n in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def running(marker: str) -> set[int]:
    """Processes with a text in their command line, the dead and this one left out."""
    found = set()
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if marker.encode() in place.read_bytes() and int(place.parent.name) != os.getpid():
                found.add(int(place.parent.name))
    return found


def guards_of(pid: int) -> list[int]:
    """The guard of a process: its child that is a shell with the script."""
    ids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(i) for i in ids if b"groups=" in Path(f"/proc/{i}/cmdline").read_bytes()]


@pytest.mark.parametrize("then", ["time.sleep(60)", "\nwhile True: pass"])
def test_what_a_killed_process_had_running_ends_with_it(tmp_path: Path, then: str) -> None:
    """Also its grandchildren, and what was started from a thread; within a second."""
    marker = f"guarded-{os.getpid()}-{len(then)}"
    inner = f"import time; '{marker}'; {then}"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    with subprocess.Popen(
        [PYTHON, "-c", PARENT, str(tmp_path), PYTHON, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(process.__file__).parents[1])},
    ) as parent:
        own = {parent.pid}
        end = time.monotonic() + 60
        # Two children and their two.
        while len(running(marker) - own) < 4 and time.monotonic() < end:
            time.sleep(0.05)
        assert len(running(marker) - own) == 4
        (guard,) = guards_of(parent.pid)
        parent.kill()
        parent.wait()
        killed = time.monotonic()
        while running(marker) or alive_or_gone(guard):
            assert time.monotonic() - killed < 10, running(marker)
            time.sleep(0.01)
    # A second on a machine with nothing else to do.
    assert time.monotonic() - killed < 5


def alive_or_gone(pid: int) -> bool:
    try:
        return alive(pid)
    except FileNotFoundError:
        return False


def test_a_process_that_ends_takes_its_guard_along(tmp_path: Path) -> None:
    tail = "import os\nfrom tests.test_process import guards_of\nprint(*guards_of(os.getpid()))"
    done = subprocess.run(
        [PYTHON, "-c", f"{PARENT}\n{tail}", str(tmp_path), "echo", "done"],
        env={**os.environ, "PYTHONPATH": str(Path(process.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    *outputs, guard = done.stdout.split()
    assert outputs == ["done", "done"]
    assert not alive_or_gone(int(guard))
