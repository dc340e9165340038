"""The real ``asv`` command on a small Go repository, with a Go that is not on PATH."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from asv.results import Results
from asv_runner.discovery import disc_benchmarks

from harness import asv_plugin
from harness.model import Outcome
from harness.store import RecordStore
from harness.store.asv.layout import describe, rebuild
from harness.store.asv.suite import ITSELF, Suite, Track
from tests.store.few import PARSE, package, record, write

ROOT = Path(__file__).resolve().parent.parent
RELEASE = "1.27.3"
ALLOCS = "small.track_BenchmarkMake_allocs_op"

GO_MOD = "module example.com/small\n\ngo 1.21\n"
STACK = "package small\n\nfunc Make(n int) int {\n\tv := [4]int{n}\n\treturn sum(&v)\n}\n"
HEAP = (
    "package small\n\nvar kept *[4]int\n\nfunc Make(n int) int {\n\tv := [4]int{n}\n\tkept = &v\n"
)
HEAP += "\treturn sum(&v)\n}\n"
SUM = "package small\n\nfunc sum(v *[4]int) int { return v[0] + v[1] }\n"
TEST = """package small

import "testing"

func BenchmarkMake(b *testing.B) {
	for _, name := range []string{SUBS} {
		b.Run(name, func(b *testing.B) {
			for i := 0; i < b.N; i++ {
				Make(i)
			}
		})
	}
}
"""
LATE = """package small

import "testing"

func BenchmarkLate(b *testing.B) {
	for i := 0; i < b.N; i++ {
		Make(i)
	}
}
"""
TWO_SUBS = TEST.replace("SUBS", '"n=2", "n=16"')
# What each commit changes, oldest first: 0 allocs/op, 0, does not compile, 0, 1, 1, 0.
HISTORY: list[tuple[str, dict[str, str]]] = [
    ("begin", {"go.mod": GO_MOD, "make.go": STACK, "sum.go": SUM, "make_test.go": TWO_SUBS}),
    ("explain", {"README": "small\n"}),
    ("break", {"sum.go": SUM + "\nvar x int = undefined\n"}),
    ("mend", {"sum.go": SUM}),
    ("keep", {"make.go": HEAP}),
    ("explain more", {"README": "very small\n"}),
    (
        "repair",
        {
            "make.go": STACK,
            "make_test.go": TEST.replace("SUBS", '"n=2"'),
            "late_test.go": LATE,
        },
    ),
]
SUITE = "from harness.asv_plugin import tracked\n\nglobals().update(tracked())\n"


@dataclass(frozen=True)
class Project:
    """A configured project; ``commits`` oldest first."""

    directory: Path
    commits: tuple[str, ...]

    def asv(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "asv", *args],
            cwd=self.directory,
            env={
                "PATH": str(self.directory.parent / "bin"),
                "HOME": str(self.directory.parent / "home"),
                "LANG": "C.UTF-8",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )

    @property
    def store(self) -> RecordStore:
        return RecordStore(self.directory / "results")

    def result(self, index: int) -> Results:
        (path,) = self.directory.glob(f"results/*/{self.commits[index][:8]}-go{RELEASE}.json")
        return Results.load(str(path))

    def series(self, name: str, param: str) -> list[float | None]:
        params = self.benchmarks()[name]["params"]
        place = params[0].index(repr(param))
        return [
            self.result(i).get_result_value(name, params)[place] for i in range(len(self.commits))
        ]

    def benchmarks(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            (self.directory / "results" / "benchmarks.json").read_text("utf-8")
        )
        del found["version"]
        return found

    def configure(self, name: str = "asv.conf.json", **changes: object) -> None:
        settings: dict[str, object] = {
            "version": 1,
            "project": "small",
            "repo": "repo",
            "dvcs": "git",
            "branches": ["main"],
            "environment_type": "go",
            "pythons": [RELEASE],
            "plugins": [".harness.asv_plugin"],
            "go": {"count": 2, "benchtime": "1ms", "cache_dir": "../cache"},
        }
        (self.directory / name).write_text(json.dumps({**settings, **changes}), "utf-8")


def make_repository(directory: Path) -> tuple[str, ...]:
    directory.mkdir()
    who = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com"}
    who |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.com"}
    env = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*args: str, **more: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(directory), *args],
            env={**env, **more},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    git("init", "-q", "-b", "main")
    commits = []
    for day, (subject, files) in enumerate(HISTORY, 1):
        for name, text in files.items():
            (directory / name).write_text(text, "utf-8")
        date = f"2024-01-{day:02}T12:00:00Z"
        git("add", "-A")
        git("commit", "-qm", subject, GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)
        commits.append(git("rev-parse", "HEAD"))
    return tuple(commits)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that nothing has been run in."""
    top = tmp_path_factory.mktemp("asv")
    directory = top / "a project"
    (directory / "benchmarks").mkdir(parents=True)
    (directory / "benchmarks" / "__init__.py").write_text(SUITE, "utf-8")
    (top / "home").mkdir()
    (top / "bin").mkdir()
    git = shutil.which("git")
    assert git is not None
    (top / "bin" / "git").symlink_to(git)
    made = Project(directory, make_repository(directory / "repo"))
    made.configure()
    return made


@pytest.fixture(scope="module")
def measured(project: Project) -> tuple[Project, subprocess.CompletedProcess[str]]:
    """The same after ``asv run ALL``."""
    return project, project.asv("run", "ALL")


@pytest.fixture
def ran(measured: tuple[Project, subprocess.CompletedProcess[str]]) -> Project:
    return measured[0]


def test_run_all_in_a_fresh_home(
    measured: tuple[Project, subprocess.CompletedProcess[str]],
) -> None:
    project, done = measured
    # 2 is asv's own status for "some benchmark failed": one revision does not compile.
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stdout
    assert "undefined: undefined" in done.stdout
    assert project.series(ALLOCS, "n=2") == [0, 0, None, 0, 1, 1, 0]
    home = project.directory.parent / "home"
    assert (home / ".asv-machine.json").is_file()


def test_sub_benchmarks_that_come_and_go(ran: Project) -> None:
    gone = ran.series(ALLOCS, "n=16")
    assert gone[:6] == [0, 0, None, 0, 1, 1]
    assert math.isnan(gone[6] or 0)
    late = ran.series("small.track_BenchmarkLate_allocs_op", ITSELF)
    assert late[2] is None
    assert all(math.isnan(v) for v in late[:6] if v is not None)
    assert late[6] == 0


def test_time_has_samples_and_escapes_are_counted(ran: Project) -> None:
    name = "small.track_BenchmarkMake_sec_op"
    samples = ran.result(0).get_result_samples(name, ran.benchmarks()[name]["params"])
    assert [len(s) for s in samples] == [2, 2]
    assert ran.series("small.track_escapes", "Make") == [0, 0, None, 0, 1, 1, 0]


def test_asv_and_the_records_say_the_same_in_the_same_place(ran: Project) -> None:
    records = list(ran.store.records())
    assert {r.revision.hash for r in records} == set(ran.commits)
    assert {r.environment.name for r in records} == {ran.result(0).env_name}
    assert {r.outcome for r in records} >= {Outcome.MEASURED}
    assert rebuild(ran.store).written == ()


def test_run_again_measures_nothing(ran: Project) -> None:
    before = {p: p.stat().st_mtime_ns for p in ran.store.paths()}
    assert ran.asv("run", "ALL").returncode == 2
    assert {p: p.stat().st_mtime_ns for p in ran.store.paths()} == before
    assert ran.asv("run", f"{ran.commits[3]}..").returncode == 0
    assert rebuild(ran.store).written == ()


def test_run_of_a_revision_that_does_not_build(ran: Project) -> None:
    done = ran.asv("run", f"{ran.commits[2]}^!")
    assert done.returncode == 2, done.stdout
    assert f"{ran.commits[2][:8]} does not build: " in done.stdout
    assert "Traceback" not in done.stdout
    assert ran.series(ALLOCS, "n=2")[2] is None


def test_publish_draws_every_benchmark(ran: Project) -> None:
    done = ran.asv("publish")
    assert done.returncode == 0, done.stdout
    html = ran.directory / "html"
    index = json.loads((html / "index.json").read_text("utf-8"))
    assert index["benchmarks"].keys() == ran.benchmarks().keys()
    for name in ran.benchmarks():
        assert list(html.glob(f"graphs/**/{name}.json")), name
    assert index["benchmarks"][ALLOCS]["pretty_name"] == "example.com/small BenchmarkMake allocs/op"


def test_show_and_compare(ran: Project) -> None:
    done = ran.asv("show", ran.commits[4][:8])
    assert done.returncode == 0, done.stdout
    assert ALLOCS in done.stdout
    done = ran.asv("compare", ran.commits[3], ran.commits[4])
    assert done.returncode == 0, done.stdout
    (row,) = [line for line in done.stdout.splitlines() if f"{ALLOCS}('n=2')" in line]
    assert [cell.strip() for cell in row.split("|")[1:4]] == ["+", "0", "1"]


def test_continuous(ran: Project) -> None:
    only = ("--bench", "allocs_op")
    done = ran.asv("continuous", *only, ran.commits[3], ran.commits[4])
    assert done.returncode == 1, done.stdout
    assert "PERFORMANCE DECREASED" in done.stdout
    done = ran.asv("continuous", *only, ran.commits[0], ran.commits[1])
    assert done.returncode == 0, done.stdout


def test_find_names_the_planted_commit(ran: Project) -> None:
    done = ran.asv("find", f"{ran.commits[0]}..{ran.commits[5]}", ALLOCS)
    assert done.returncode == 0, done.stdout
    assert f"Greatest regression found: {ran.commits[4][:8]}" in done.stdout
    done = ran.asv("find", "--invert", f"{ran.commits[3]}..main", ALLOCS)
    assert done.returncode == 0, done.stdout
    assert f"Greatest improvement found: {ran.commits[6][:8]}" in done.stdout


def test_find_passes_over_a_revision_that_does_not_build(ran: Project) -> None:
    done = ran.asv("find", f"{ran.commits[0]}..{ran.commits[4]}", ALLOCS)
    assert done.returncode == 0, done.stdout
    assert "undefined: undefined" in done.stdout
    assert f"Greatest regression found: {ran.commits[4][:8]}" in done.stdout


def test_check_and_parallel(ran: Project) -> None:
    done = ran.asv("check")
    assert done.returncode == 0, done.stdout
    before = ran.store.paths()[0]
    before.unlink()
    done = ran.asv("run", "ALL", "--parallel", "2", "--bench", "allocs_op")
    assert done.returncode == 2, done.stdout
    assert before.is_file()
    assert rebuild(ran.store).written == ()


def test_another_machine_and_another_file(ran: Project) -> None:
    entry = {"machine": "ci", "os": "L", "arch": "a", "cpu": "c", "num_cpu": "4", "ram": "1"}
    path = ran.directory.parent / "home" / ".asv-machine.json"
    known = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**known, "ci": entry}), "utf-8")
    ran.configure("other.json", results_dir="other")
    done = ran.asv("run", "--config", "other.json", "--machine", "ci", f"{ran.commits[0]}^!")
    assert done.returncode == 0, done.stdout
    names = sorted(p.name for p in (ran.directory / "other" / "ci").iterdir())
    start = f"{ran.commits[0][:8]}-go{RELEASE}"
    assert names == sorted([f"{start}.esv.gz", f"{start}.json", "machine.json"])
    path.write_text(json.dumps(known), "utf-8")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pythons": ["1.2.99"]}, "1.2.99"),
        ({"go": {"bnech": "."}}, 'did you mean "bench"?'),
        ({"matrix": {"req": {"numpy": []}}}, "may hold"),
        ({"launch_method": "forkserver"}, "has no meaning for Go"),
    ],
)
def test_a_wrong_configuration_is_one_line(
    ran: Project, changes: dict[str, object], message: str
) -> None:
    ran.configure("wrong.json", **changes)
    done = ran.asv("run", "--config", "wrong.json", f"{ran.commits[0]}^!")
    assert done.returncode == 1, done.stdout
    assert message in done.stdout
    assert "Traceback" not in done.stdout


def test_a_suite_that_cannot_be_imported(ran: Project) -> None:
    broken = ran.directory / "broken"
    broken.mkdir()
    (broken / "__init__.py").write_text("import nothing_of_that_name\n", "utf-8")
    ran.configure("wrong.json", benchmark_dir="broken")
    done = ran.asv("run", "--config", "wrong.json", f"{ran.commits[0]}^!")
    assert done.returncode == 1
    assert "nothing_of_that_name" in done.stdout


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Suite]:
    """A process that has frozen a suite, and forgets what it has imported."""
    tracks = [
        Track("m.track_BenchmarkA_sec_op", "example.com/m", "BenchmarkA", "sec/op", ("a", "b")),
        Track("m.track_escapes", "example.com/m", "", "escapes", ("(*T).M",)),
    ]
    suite = Suite(tracks)
    state = asv_plugin._Process()
    state.suite = suite
    monkeypatch.setattr(asv_plugin, "_process", state)
    monkeypatch.syspath_prepend(str(ROOT))
    yield suite
    for module in [m for m in sys.modules if m.split(".")[0] == "benchmarks"]:
        del sys.modules[module]


def test_the_suite_of_this_repository_is_what_the_adapter_describes(frozen: Suite) -> None:
    found = {b.name: b for b in disc_benchmarks(str(ROOT / "benchmarks"))}
    assert found.keys() == frozen.tracks.keys()
    for name, track in frozen.tracks.items():
        for key, value in describe(track).items():
            assert getattr(found[name], key) == value, (name, key)


@pytest.mark.parametrize(
    ("argv", "config", "machine"),
    [
        (["/bin/asv", "run", "ALL"], None, None),
        (["/bin/asv", "--config", "x/a.json", "run"], "x/a.json", None),
        (["/lib/asv/__main__.py", "run", "-m", "ci", "--config=a.json", "-n"], "a.json", "ci"),
        (["/bin/asv", "find", "--machine=ci", "A..B", "name", "--invert"], None, "ci"),
        (["/bin/pytest", "-m", "slow", "--config", "pytest.ini"], None, None),
    ],
)
def test_arguments_of_asv(
    argv: list[str], config: str | None, machine: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    assert asv_plugin._argument("config") == config
    assert asv_plugin._argument("machine") == machine


def test_a_record_is_read_again_when_its_file_is_another(tmp_path: Path) -> None:
    process, item = asv_plugin._Process(), record(1, package(PARSE))
    store = write(tmp_path, item)
    (path,) = store.paths()
    assert process.read(store, path) is process.read(store, path)
    store.write(replace(item, outcome=Outcome.PARTIAL), replace=True)
    again = process.read(store, path)
    assert again is not None
    assert again.outcome is Outcome.PARTIAL
    path.unlink()
    assert process.read(store, path) is None


def test_outside_of_asv_nothing_is_tracked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asv_plugin, "_process", asv_plugin._Process())
    assert asv_plugin.tracked() == {}
