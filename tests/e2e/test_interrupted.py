"""A command that is ended keeps what was finished, and leaves nothing running."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model import Outcome
from tests.e2e.support import (
    Project,
    command,
    commit,
    running_from,
    untouched,
    wait_until,
)


@pytest.fixture(autouse=True)
def guarded(small: Project) -> Iterator[None]:
    """In every test here the repository stays as it is, to the byte."""
    with untouched(small.repo):
        yield
    assert small.leftovers() == []


class TestInterrupted:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
    def test_what_was_finished_is_kept(
        self, small: Project, tmp_path: Path, number: signal.Signals
    ) -> None:
        repo = tmp_path / "long"
        shutil.copytree(small.repo, repo)
        text = (repo / "keep" / "keep_test.go").read_text("utf-8")
        for i in range(4):
            commit(repo, f"more {i}", {"keep/keep_test.go": f"{text}\nconst version = {i}\n"})
        total = 8
        small.configure(repo=str(repo))
        with untouched(repo):
            code, err = interrupt(small, number)
            if number is signal.SIGKILL:
                assert code == -number
            else:
                assert code == 130, err
                assert err[-1] == "esv run: interrupted; what was finished is kept"
                assert "Traceback" not in "\n".join(err)
                assert running_from(small) == []
            finished = [m[1] for line in err if (m := re.match(r"\[\d+/\d+\] (\w{8}) ", line))]
            kept = small.records()  # each can be read
            assert {r[:8] for r in kept} >= set(finished)
            assert 1 <= len(kept) < total
            wait_until(lambda: not running_from(small))
            run = small.esv("run", "ALL", "--alloc-only", "--skip-existing")
        assert run.code == 0, run.err
        assert f"{total - len(kept)} revision" in run.err.splitlines()[-1]
        assert f"{len(kept)} had a record" in run.err.splitlines()[-1]
        records = small.records()
        assert len(records) == total
        assert {r.outcome for r in records.values()} == {Outcome.MEASURED}
        assert all(records[r] == kept[r] for r in kept)
        for path in small.store().paths():
            # asv's file is there for every record, after a kill too.
            assert path.with_name(path.name.removesuffix(".esv.gz") + ".json").is_file()
        for left in small.results.rglob(".*.json*"):
            left.unlink()  # what a kill leaves is no record

    def test_a_benchmark_that_takes_long_is_ended(self, small: Project, tmp_path: Path) -> None:
        """Two packages are counted side by side, in threads that Python waits for."""
        repo = tmp_path / "slow"
        shutil.copytree(small.repo, repo)
        slow = (
            'package {0}\n\nimport (\n\t"testing"\n\t"time"\n)\n\n'
            "func BenchmarkSlow(b *testing.B) {{\n"
            "\tfor i := 0; i < b.N; i++ {{\n\t\ttime.Sleep(time.Second)\n\t}}\n}}\n"
        )
        files = {f"{name}/slow_test.go": slow.format(name) for name in ("keep", "other")}
        commit(repo, "slow", files)
        small.configure(repo=str(repo), default_benchmark_timeout=600)
        with subprocess.Popen(
            command("run", "HEAD^!", "--alloc-only", "--quiet"),
            cwd=small.directory,
            env=dict(small.environment),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            wait_until(
                lambda: any("BenchmarkSlow" in x or ".test " in x for x in running_from(small)), 120
            )
            begun = time.monotonic()
            child.send_signal(signal.SIGTERM)
            assert child.wait(60) == 130
            assert time.monotonic() - begun < 20
        assert running_from(small) == []
        assert small.records() == {}


def interrupt(project: Project, number: signal.Signals) -> tuple[int, list[str]]:
    """Begin ``esv run ALL``, and send a signal while the second revision is measured."""
    with subprocess.Popen(
        command("run", "ALL", "--alloc-only", "--verbose", "--no-carry"),
        cwd=project.directory,
        env=dict(project.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests run in the background of a shell, SIGINT is ignored, and inherited so.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as child:
        assert child.stderr is not None
        lines = []
        done = 0
        for line in child.stderr:
            lines.append(line.rstrip("\n"))
            done += line.startswith("[")
            if done and " link and count " in line:
                time.sleep(0.1)
                child.send_signal(number)
                break
        lines += child.stderr.read().splitlines()
        return child.wait(60), lines
