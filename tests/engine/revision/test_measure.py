"""Measuring revisions of a real repository with the real Go."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from harness.analysis.history.history import History
from harness.analysis.series.steps import steps
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.jobs.ranges import select_revisions
from harness.engine.jobs.walk.measuring import walk
from harness.errors import RepositoryError, UsageError
from harness.model import (
    ALLOCS,
    ALLOCS_EXACT,
    BYTES,
    GC_CYCLES,
    GC_PAUSE,
    HEAP_INUSE,
    HEAP_LIVE,
    SECONDS,
    STACK_INUSE,
    Lane,
    Outcome,
    PackageOutcome,
)
from tests.conftest import ROOT
from tests.engine.conftest import GO_MOD, OpenSession, allocs, bench, outcomes
from tests.repos import Project

SECRET = """package secret

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func BenchmarkSecret(b *testing.B) {
	for _, entry := range os.Environ() {
		if strings.Contains(entry, "hunter2") {
			b.Fatal("sees " + strings.SplitN(entry, "=", 2)[0])
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		b.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(home, ".netrc")); err == nil {
		b.Fatal("sees the user's home")
	}
	if os.Getenv("ESV_WANTED") != "yes" {
		b.Fatal("does not see what pass_env names")
	}
	if os.Getenv("BUILT") != "1" || os.Getenv("RAN") != "1" {
		b.Fatal("does not see the matrix")
	}
	// It may write where it likes to: the next revision begins anew.
	if err := os.WriteFile("left-behind.go", []byte("package broken!"), 0o600); err != nil {
		b.Fatal(err)
	}
}
"""


def test_a_record_holds_everything(project: Project, open_session: OpenSession) -> None:
    parent = project.commit({"go.mod": GO_MOD, "p/p.go": "package p\n"})
    head = project.commit(
        {"p/p.go": "package p\n\nfunc New() *int { v := 1; return &v }\n",
         "p/p_test.go": bench("p", 2), "q/q.go": "package q\n"},
        "subject\n\nbody",
    )  # fmt: skip
    with open_session(count=3, benchtime="10ms") as session:
        record = session.measure(head)
        assert session.record(head) == record, "what is kept is what was returned"
        assert session.record(parent) is None
    assert record.outcome is Outcome.MEASURED
    assert (record.revision.hash, record.revision.parent) == (head, parent)
    assert record.revision.message == "subject\n\nbody"
    assert record.environment.name == f"go{record.environment.toolchain.release[2:]}"
    assert outcomes(record) == {"p": PackageOutcome.MEASURED, "q": PackageOutcome.NO_TESTS}
    (package, _) = record.packages
    assert package.declared == ("BenchmarkX",)
    (result,) = package.benchmarks
    assert [(m.unit, m.lane, len(m.samples)) for m in result.measurements] == [
        (SECONDS, Lane.TIME, 3), (BYTES, Lane.ALLOCATION, 2), (ALLOCS, Lane.ALLOCATION, 2),
        (ALLOCS_EXACT, Lane.TIME, 3), (GC_CYCLES, Lane.TIME, 3), (GC_PAUSE, Lane.TIME, 3),
        (HEAP_LIVE, Lane.ALLOCATION, 2), (HEAP_INUSE, Lane.ALLOCATION, 2),
        (STACK_INUSE, Lane.ALLOCATION, 2),
    ]  # fmt: skip
    assert allocs(record) == {"p.BenchmarkX": 2}
    assert package.raw is not None
    assert package.raw[Lane.TIME].count("ns/op") == 3
    assert "pkg: example.com/m/p" in package.raw[Lane.ALLOCATION]
    assert [str(s.position) for s in record.code_escapes()] == ["p/p.go:3:19"]
    assert record.diff is not None
    assert {c.new for c in record.diff.files} == {"p/p.go", "p/p_test.go", "q/q.go"}
    assert (record.errors, record.overlays, record.unparsed) == ((), (), ())


def state(repository: Path) -> dict[str, str]:
    return {
        str(path.relative_to(repository)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(repository.rglob("*"))
        if path.is_file()
    }


def test_the_users_repository_is_left_as_it_was(
    project: Project, open_session: OpenSession
) -> None:
    project.commit({"go.mod": GO_MOD, "p/p_test.go": bench("p", 1)})
    project.commit({"p/p_test.go": bench("p", 2)})
    (project.path / "p" / "p_test.go").write_text("stashed")
    project.git("stash", "--quiet")
    (project.path / "p" / "p_test.go").write_text("not committed")
    (project.path / "staged").write_text("x")
    project.git("add", "staged")
    (project.path / "untracked.go").write_text("package broken!")
    words = ("status --porcelain", "worktree list", "stash list", "rev-parse HEAD", "for-each-ref")
    before = [project.git(*w.split()) for w in words]
    files = state(project.path)
    with open_session() as session:
        hashes = select_revisions(session, "ALL", [])
        report = walk(session, hashes, session.environments(), alloc_only=True)
        session.diffs(hashes[1], hashes[0])
        assert select_revisions(session, "NEW", hashes) == []
    assert (report.measured, report.run, report.broken) == (2, 2, 0)
    assert state(project.path) == files, "the index and all other files of .git included"
    assert [project.git(*w.split()) for w in words] == before


def test_benchmarks_see_no_secret_and_leave_nothing_behind(
    project: Project, open_session: OpenSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    head = project.commit({"go.mod": GO_MOD, "secret/s_test.go": SECRET})
    second = project.commit({"secret/x_test.go": bench("secret", 3)})
    for name in ("GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "GOFLAGS_X", "NETRC", "SSH_AUTH_SOCK",
                 "HTTPS_PROXY", "GOPRIVATE"):  # fmt: skip
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("ESV_WANTED", "yes")
    (tmp_path / "home" / ".netrc").write_text("hunter2")
    matrix = {"env": {"BUILT": ["1"]}, "env_nobuild": {"RAN": ["1"]}}
    with open_session(pass_env=["ESV_WANTED"], asv={"matrix": matrix}) as session:
        for revision in (head, second):
            spec = EnvironmentSpec(None, {"BUILT": "1"}, {"RAN": "1"})
            record = session.measure(revision, spec, alloc_only=True)
            assert [f.message for p in record.packages for f in p.failures] == []
            assert record.outcome is Outcome.MEASURED
    assert "hunter2" not in repr(record)


def test_selecting_benchmarks_and_packages(project: Project, open_session: OpenSession) -> None:
    head = project.commit(
        {"go.mod": GO_MOD, "p/p_test.go": bench("p", 1, "BenchmarkA"),
         "p/q_test.go": bench("p", 2, "BenchmarkB"), "q/q_test.go": bench("q", 3, "BenchmarkA"),
         "r/r_test.go": bench("r", 4, "BenchmarkC")},
    )  # fmt: skip
    with open_session(bench="^BenchmarkA$") as session:
        record = session.measure(head, alloc_only=True)
    assert allocs(record) == {"p.BenchmarkA": 1, "q.BenchmarkA": 3}
    assert outcomes(record)["r"] is PackageOutcome.NOT_SELECTED
    with open_session(packages=["./p", "./nowhere/..."]) as session:
        record = session.measure(head, alloc_only=True, write=False)
        assert allocs(record) == {"p.BenchmarkA": 1, "p.BenchmarkB": 2}
        assert outcomes(record)["q"] is PackageOutcome.NOT_SELECTED
        record = session.measure(head, alloc_only=True)
    assert allocs(record) == {"p.BenchmarkA": 1, "p.BenchmarkB": 2, "q.BenchmarkA": 3}


def test_counts_that_do_not_repeat_keep_their_range(
    project: Project, open_session: OpenSession
) -> None:
    # Each run of the binary finds what the one before has left in its directory.
    setup = """import (
	"os"
	"testing"
)

var runs int

func init() {
	text, _ := os.ReadFile("runs.txt")
	runs = len(text) + 1
	os.WriteFile("runs.txt", append(text, 'x'), 0o600)
}
"""
    test = bench("p", 1).replace("j < 1;", "j < runs;").replace('import "testing"', setup)
    head = project.commit({"go.mod": GO_MOD, "p/p_test.go": test})
    with open_session() as session:
        record = session.measure(head, alloc_only=True)
    measurement = record.packages[0].benchmarks[0].measurement(ALLOCS)
    assert measurement is not None
    # Both of the first two wrote there, side by side, so they do not count.
    first, *others = measurement.samples
    assert first in (2, 3)
    assert (others, measurement.exact) == ([first + 1, first + 2], False)


# Each run of the binary has a home of its own, whose name decides by how many objects the hundred
# operations differ: as one with a random seed, but the same at every test.
SEEDED = """package p

import (
	"os"
	"path/filepath"
	"testing"
)

var sink []byte

func BenchmarkSeeded(b *testing.B) {
	more := map[string]int{"home": %d, "hom1": %d, "hom2": %d}[filepath.Base(os.Getenv("HOME"))]
	for i := 0; i < b.N; i++ {
		for j := 0; j < 10; j++ {
			sink = make([]byte, 64)
		}
		for k := i; k < more; k += 100 {
			sink = make([]byte, 64)
		}
	}
}
"""


def test_a_number_that_is_cut_to_either_of_two_is_no_step(
    project: Project, open_session: OpenSession
) -> None:
    """10 at one commit, 11 at the next two, and 10 again: all are about 11 before they are cut."""
    rows = [(6, 90, 85), (103, 176, 170), (101, 102, 101), (95, 96, 95)]
    hashes = [project.commit({"go.mod": GO_MOD, "p/p_test.go": SEEDED % row}) for row in rows]
    with open_session() as session:
        records = [session.measure(h, alloc_only=True) for h in hashes]
    found = [r.packages[0].benchmarks[0].measurement(ALLOCS) for r in records]
    assert steps(History.build(records)) == ()
    assert [m and (int(m.value), m.exact) for m in found] == [
        (10, False), (11, False), (11, True), (10, True),
    ]  # fmt: skip
    assert found[1] is not None
    assert found[1].samples == pytest.approx((11.03, 11.76, 11.70), abs=0.02)


def test_a_shallow_clone(project: Project, open_session: OpenSession, tmp_path: Path) -> None:
    old = project.commit({"go.mod": GO_MOD, "p/p_test.go": bench("p", 1)})
    head = project.commit({"p/p_test.go": bench("p", 2)})
    clone = tmp_path / "clone"
    project.git("clone", "--quiet", "--depth=1", project.path.as_uri(), str(clone))
    with open_session(asv={"repo": str(clone)}) as session:
        record = session.measure(head, alloc_only=True)
        with pytest.raises(UsageError, match="shallow"):
            session.resolve(old)
        with pytest.raises(RepositoryError):
            session.measure(old, alloc_only=True)
    assert allocs(record) == {"p.BenchmarkX": 2}
    assert record.diff is None


def test_a_project_in_a_directory_of_its_repository(
    project: Project, open_session: OpenSession
) -> None:
    head = project.commit(
        {"sub/go.mod": GO_MOD, "sub/p/p_test.go": bench("p", 1),
         "go.mod": "module example.com/outer\n", "outer_test.go": bench("outer", 2)},
    )  # fmt: skip
    with open_session(asv={"repo_subdir": "sub"}) as session:
        record = session.measure(head, alloc_only=True)
    assert [p.directory for p in record.packages] == ["sub/p"]


def test_the_newest_revision_of_the_fixture_is_as_its_ground_truth_says(
    timeline: Path, open_session: OpenSession
) -> None:
    truth = json.loads((ROOT / "go_fixtures" / "timeline" / "truth.json").read_text("utf-8"))
    newest = truth["commits"][-1]
    with open_session(asv={"repo": str(timeline)}) as session:
        record = session.measure(session.resolve("HEAD"), alloc_only=True)
    assert record.revision.hash == newest["revision"]
    assert (record.outcome, record.errors, record.unparsed) == (Outcome.MEASURED, (), ())
    assert allocs(record) == {
        f"{package}.{name}": value
        for package, values in newest["allocs"].items()
        for name, value in values.items()
    }
