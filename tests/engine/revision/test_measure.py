"""Measuring revisions of a real repository with the real Go."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from harness.analysis.history.history import History
from harness.analysis.series.steps import steps
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.jobs.ranges import pick, select_revisions
from harness.engine.jobs.walk.measuring import walk
from harness.engine.revision.carry import package_key
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
    Record,
)
from tests.conftest import ROOT
from tests.engine.conftest import GO_MOD, OpenSession, allocs, bench
from tests.repos import Project

READS = """package p

import (
	"os"
	"testing"
)

var sink []byte

func BenchmarkReads(b *testing.B) {
	text, err := os.ReadFile("testdata/in.txt")
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; i < b.N; i++ {
		for range text {
			sink = make([]byte, 64)
		}
	}
}
"""

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


def outcomes(record: Record) -> dict[str, PackageOutcome]:
    return {p.directory: p.outcome for p in record.packages}


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


def test_a_package_is_carried_while_nothing_that_it_is_made_of_changes(
    project: Project, open_session: OpenSession
) -> None:
    first = project.commit(
        {
            "go.mod": GO_MOD, "p/p_test.go": READS, "p/testdata/in.txt": "ab",
            "lib/lib.go": "package lib\n\nfunc F() int { return 1 }\n",
            "q/q.go": 'package q\n\nimport "example.com/m/lib"\n\nvar X = lib.F()\n',
            "q/q_test.go": bench("q", 1), "docs/a.md": "x",
        }
    )  # fmt: skip
    elsewhere = project.commit({"docs/a.md": "y", "README.md": "z"})
    data = project.commit({"p/testdata/in.txt": "abc"})
    library = project.commit({"lib/lib.go": "package lib\n\nfunc F() int { return 2 }\n"})
    back = project.commit({"lib/lib.go": "package lib\n\nfunc F() int { return 1 }\n"})
    measured, carried = PackageOutcome.MEASURED, PackageOutcome.CARRIED
    with open_session() as session:
        records = {
            r: session.measure(r, alloc_only=True) for r in (first, elsewhere, data, library)
        }
    found = {r: outcomes(records[r]) for r in records}
    assert found[first] == {
        "p": measured, "q": measured, "lib": PackageOutcome.NO_TESTS,
    }  # fmt: skip
    assert (found[elsewhere]["p"], found[elsewhere]["q"]) == (carried, carried)
    assert {p.carried_from for p in records[elsewhere].packages if p.benchmarks} == {first}
    assert allocs(records[elsewhere]) == allocs(records[first])
    assert (found[data]["p"], found[data]["q"]) == (measured, carried)
    assert allocs(records[data]) == {"p.BenchmarkReads": 3, "q.BenchmarkX": 1}
    assert (found[library]["p"], found[library]["q"]) == (carried, measured)
    # Another process finds what the parent carried from further back.
    with open_session() as session:
        again = session.measure(back, alloc_only=True)
    assert outcomes(again)["p"] is carried
    assert {p.carried_from for p in again.packages if p.directory == "p"} == {data}
    with open_session(carry=False) as session:
        anew = session.measure(elsewhere, alloc_only=True)
    assert (outcomes(anew)["p"], outcomes(anew)["q"]) == (measured, measured)
    with open_session(alloc_benchtime="50x") as session:
        other = session.measure(elsewhere, alloc_only=True)
    assert outcomes(other)["p"] is measured, "counted in another way"


def test_a_failure_is_not_carried(project: Project, open_session: OpenSession) -> None:
    test = bench("p", 1).replace("for i", 'if b.N > 0 { panic("now") }\n\tfor i')
    first = project.commit({"go.mod": GO_MOD, "p/p_test.go": test})
    second = project.commit({"docs": "x"})
    with open_session() as session:
        records = [session.measure(r, alloc_only=True) for r in (first, second)]
    for record in records:
        assert outcomes(record) == {"p": PackageOutcome.RUN_FAILED}
        (failure,) = record.packages[0].failures
        assert (failure.name, failure.kind, failure.message) == (
            "BenchmarkX",
            "panic",
            "panic: now",
        )
        assert record.errors[0].stage == "run"
        assert record.outcome is Outcome.PARTIAL


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


def test_merges_roots_and_ranges(project: Project, open_session: OpenSession) -> None:
    root = project.commit({"go.mod": GO_MOD, "p/p_test.go": bench("p", 1)})
    project.git("checkout", "--quiet", "-b", "side")
    side = project.commit({"side.md": "x", "p/p_test.go": bench("p", 5)}, "on the side")
    project.git("checkout", "--quiet", "main")
    main = project.commit({"main.md": "x"}, "on main")
    merge = project.merge("side")
    with open_session() as session:
        assert session.repository.branch_lines(session.config.branches)[0][1] == [root, main, merge]
        assert select_revisions(session, "ALL", []) == [merge, main, root]
        assert select_revisions(session, "NEW", [main]) == [merge]
        assert select_revisions(session, "EXISTING", [root, side]) == [root, side]
        assert select_revisions(session, f"{root}..{merge}", []) == [merge, main]
        assert select_revisions(session, f"{side}^!", []) == [side]
        assert select_revisions(session, "ALL", [], steps=2) == [merge, root]
        for spec in ("nope..HEAD", "HASHFILE:/no/such/file", "--all"):
            with pytest.raises(UsageError):
                select_revisions(session, spec, [])
        merged, first = (session.measure(r, alloc_only=True) for r in (merge, root))
    assert merged.revision.parents == (main, side)
    assert merged.diff is not None
    assert merged.diff.base == main
    assert {c.new for c in merged.diff.files} == {"side.md", "p/p_test.go"}
    assert (first.revision.parent, first.diff) == (None, None)
    assert (allocs(merged), allocs(first)) == ({"p.BenchmarkX": 5}, {"p.BenchmarkX": 1})


def test_a_hash_file(project: Project, open_session: OpenSession, tmp_path: Path) -> None:
    hashes = [project.commit({"a": str(n)}) for n in range(3)]
    (tmp_path / "hashes").write_text(f"{hashes[0][:10]}\n\n{hashes[2]}\n")
    with open_session() as session:
        spec = f"HASHFILE:{tmp_path / 'hashes'}"
        assert select_revisions(session, spec, []) == [hashes[0], hashes[2]]


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


def test_walk_skips_what_has_a_record(project: Project, open_session: OpenSession) -> None:
    first = project.commit({"go.mod": GO_MOD, "p/p_test.go": bench("p", 1)})
    broken = project.commit({"p/p_test.go": "package p\n\nfunc {\n"})
    with open_session() as session:
        report = walk(session, [broken, first], session.environments(), alloc_only=True)
        assert (report.measured, report.skipped, report.broken) == (2, 0, 1)
        report = walk(
            session, [broken, first], session.environments(), alloc_only=True, skip_existing=True
        )
        assert (report.measured, report.skipped) == (0, 2)
        assert {r.revision.hash for r in session.store.records()} == {first, broken}


def test_after_a_change_of_the_environment_the_parent_is_measured_too(
    project: Project, open_session: OpenSession
) -> None:
    """So the first commit in the new one has a number to be compared with."""
    first = project.commit({"go.mod": GO_MOD, "p/p_test.go": bench("p", 1)})
    old = project.commit({"p/p_test.go": bench("p", 2)})
    with open_session() as session:
        walk(session, [old, first], session.environments(), alloc_only=True)
    head = project.commit({"p/p_test.go": bench("p", 3)})
    # Another release is another environment as well; one of variables is had without a download.
    matrix = {"env": {"GOGC": ["50"]}}
    with open_session(asv={"matrix": matrix}) as session:
        (spec,) = session.environments()
        hashes = select_revisions(
            session, "NEW", [r.revision.hash for r in session.store.records()]
        )
        assert hashes == [head]
        done = walk(session, hashes, [spec], alloc_only=True, baselines=True)
        assert done.measured == 2
        records = session.records(spec)
        found = steps(
            History.build(records, session.repository.branch_lines(session.config.branches)[0][1])
        )
        assert [(s.previous, s.revision, s.before, s.after) for s in found] == [(old, head, 2, 3)]
        again = walk(session, hashes, [spec], alloc_only=True, baselines=True, skip_existing=True)
        assert (again.measured, again.skipped) == (0, 1)


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


# Pure parts


def test_what_a_package_key_is_made_of() -> None:
    blobs = {
        "p/p.go": "1", "p/testdata/a": "2", "p/testdata/gen/x.go": "3", "p/data/b": "4",
        "p/inner/i.go": "5", "p/inner/testdata/c": "6", "q/q.go": "7", "README": "8", "px/x": "9",
    }  # fmt: skip
    key = package_key("binary", "p", blobs)

    def changes(file: str) -> bool:
        return package_key("binary", "p", {**blobs, file: "changed"}) != key

    read = {"p/p.go", "p/testdata/a", "p/testdata/gen/x.go", "p/data/b", "p/new", "p/data/d/new"}
    assert all(changes(f) for f in read)
    assert not any(changes(f) for f in {*blobs, "new", "p/inner/new"} - read)
    assert package_key("other", "p", blobs) != key
    assert package_key("binary", ".", blobs) != package_key("binary", ".", {**blobs, "README": "x"})
    assert package_key("binary", ".", blobs) == package_key("binary", ".", {**blobs, "q/q.go": "x"})


def test_pick_spreads_evenly_and_keeps_the_ends() -> None:
    items = [str(n) for n in range(10)]
    for count in range(2, 12):
        picked = pick(items, count)
        assert len(picked) == min(count, 10)
        assert (picked[0], picked[-1]) == ("0", "9")
        assert len(set(picked)) == len(picked)
    assert pick(items, 1) == ["0"]
    assert pick([], 3) == []


# One copy at a time may hold the lock; who comes too early fails.
ALONE = """package p

import (
	"os"
	"testing"
	"time"
)

func BenchmarkAlone(b *testing.B) {
	file, err := os.OpenFile("alone.lock", os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	defer os.Remove(file.Name())
	time.Sleep(300 * time.Millisecond)
}
"""


def test_runs_that_are_in_each_others_way_run_one_after_the_other(
    open_session: OpenSession, project: Project
) -> None:
    revision = project.commit({"go.mod": GO_MOD, "p/p_test.go": ALONE})
    with open_session() as session:
        record = session.measure(revision, alloc_only=True)
    assert record.outcome is Outcome.MEASURED, record.errors
    assert list(allocs(record)) == ["p.BenchmarkAlone"]


SEEN = """package p

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

var sink []byte

func BenchmarkSeen(b *testing.B) {
	for _, directory := range []string{os.Getenv("HOME"), os.TempDir()} {
		name := filepath.Join(directory, "seen")
		pid := strconv.Itoa(os.Getpid())
		if found, err := os.ReadFile(name); err == nil && string(found) != pid {
			b.Fatal("another run was here")
		}
		if err := os.WriteFile(name, []byte(pid), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		sink = make([]byte, 64)
	}
}
"""


def test_runs_at_the_same_time_have_homes_of_their_own(
    open_session: OpenSession, project: Project
) -> None:
    revision = project.commit({"go.mod": GO_MOD, "p/p_test.go": SEEN})
    with open_session() as session:
        record = session.measure(revision, alloc_only=True)
    assert allocs(record) == {"p.BenchmarkSeen": 1.0}


def test_a_revision_compiles_ahead_and_is_measured_as_ever(
    open_session: OpenSession, project: Project
) -> None:
    base = project.commit(
        {"go.mod": GO_MOD, "p/p_test.go": bench("p", 1), "q/q_test.go": bench("q", 5)}
    )
    head = project.commit({"p/p_test.go": bench("p", 2)})
    spec = EnvironmentSpec(None, {}, {})
    with open_session() as session:
        session.compile_ahead(head, spec, known=base)  # the base needs the work tree first
        assert allocs(session.ensure_counted(base, spec)) == {"p.BenchmarkX": 1, "q.BenchmarkX": 5}
    with open_session() as session:
        session.compile_ahead(head, spec, known=base)
        session.ensure_counted(base, spec)
        # Something else comes between, so that what lies in the work tree is of no use.
        between = session.measure(base, alloc_only=True, write=False)
        assert between.revision.hash == base
        record = session.ensure_counted(head, spec)
    assert allocs(record) == {"p.BenchmarkX": 2, "q.BenchmarkX": 5}
    assert [p.carried_from for p in record.packages] == [None, base]
    newest = project.commit({"p/p_test.go": bench("p", 3)})
    with open_session() as session:
        session.compile_ahead(newest, spec, known=head)
        session.ensure_counted(head, spec)
        record = session.ensure_counted(newest, spec)
    assert allocs(record) == {"p.BenchmarkX": 3, "q.BenchmarkX": 5}
