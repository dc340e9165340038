"""One bad record, or a killed harness, as the command line has it."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import RECORD_SCHEMA, Record
from harness.store import key_of
from harness.store.encoding import encode
from tests.e2e.support import Project, cache_of, command, commit, head, wait_until
from tests.e2e.test_gate_faults import digest


@pytest.fixture
def three(small: Project) -> Project:
    """The project ``small`` with three of its four revisions recorded."""
    assert small.esv("run", "HEAD~3..HEAD", "--alloc-only", "--no-explain").code == 0
    return small


def flipped(record: Record, data: bytes) -> bytes:
    place = len(data) - 12
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def newer(record: Record, data: bytes) -> bytes:
    return encode(replace(record, schema=RECORD_SCHEMA + 1))


def test_a_record_that_cannot_be_read_stops_nothing(three: Project) -> None:
    """Named in each command; only what asks for that very record is refused."""
    revision = head(three.repo, "HEAD~1")
    record = three.records()[revision]
    path = three.store().path(key_of(record))
    good = path.read_bytes()
    spoils: list[Callable[[Record, bytes], bytes]] = [flipped, newer]
    for spoil in spoils:
        path.write_bytes(spoil(record, good))
        bad = path.read_bytes()
        for verb, *arguments in (("show", "HEAD"), ("steps",), ("export",), ("publish",)):
            run = three.esv(verb, *arguments)
            assert run.code == 0, (verb, run)
            warned = [x for x in run.err.splitlines() if path.name in x]
            assert len(warned) == (verb != "show"), (verb, run)
            assert all(x.startswith(f"esv {verb}: warning: record set aside: ") for x in warned)
        assert "set aside: 1 record that cannot be read" in run.out
        assert path.name in three.esv("show", "HEAD~1").refused("show")
        assert three.esv("compare", "HEAD~1", "HEAD").code == 2
        run = three.esv("rebuild")
        assert (run.code, run.err.count(path.name)) == (2, 1)
        assert path.with_name(path.name.removesuffix(".esv.gz") + ".json").is_file()
        run = three.esv("nightly", "--no-fetch", "--alloc-only", "--no-publish", "--quiet")
        assert run.code == 2
        assert path.name in run.out
        assert path.read_bytes() == bad
        run = three.esv("run", "HEAD~1^!", "--alloc-only", "--quiet")
        assert path.name in run.err
        if spoil is newer:
            assert run.code == 2
            assert "newer harness" in run.err
            assert path.read_bytes() == bad
        else:
            assert run.code == 0
            assert three.records()[revision].benchmarks() == record.benchmarks()


def test_a_record_of_a_clock_that_was_ahead_is_used(three: Project) -> None:
    record = three.records()[head(three.repo)]
    for started in (4e9, 1e12):  # in 2096, and in no year that a calendar has
        three.store().write(replace(record, started=started))
        for verb in ("show", "steps", "publish", "rebuild"):
            run = three.esv(verb)
            assert (run.code, run.err) == (0, ""), (verb, run)
        (line,) = (x for x in three.esv("check").out.splitlines() if "records: " in x)
        assert line.startswith("ok ")
        assert "measured in the future" in line


def test_a_killed_run_leaves_nothing_running_and_nothing_behind(
    small: Project, tmp_path: Path
) -> None:
    repo = tmp_path / "slow"
    shutil.copytree(small.repo, repo)
    slow = (
        'package keep\n\nimport (\n\t"testing"\n\t"time"\n)\n\n'
        "func BenchmarkSlow(b *testing.B) {\n\ttime.Sleep(time.Minute)\n}\n"
    )
    commit(repo, "slow", {"keep/slow_test.go": slow})
    small.configure(repo=str(repo), default_benchmark_timeout=600)
    place = cache_of(small.environment) / "work" / digest(repo)
    with subprocess.Popen(
        command("run", "HEAD^!", "--alloc-only", "--quiet"),
        cwd=small.directory,
        env=dict(small.environment),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        wait_until(lambda: any(".test " in x for x in working_in(place)), 120)
        child.send_signal(signal.SIGKILL)
        child.wait()
        killed = time.monotonic()
        wait_until(lambda: not working_in(place), 5)
        assert time.monotonic() - killed < 5
    (left,) = (place / "run").iterdir()
    assert small.esv("run", "HEAD~1^!", "--alloc-only", "--quiet").code == 0
    assert not left.exists()


def working_in(place: Path) -> list[str]:
    """Command lines of the processes that work below a directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if Path(entry / "cwd").readlink().is_relative_to(place):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found
