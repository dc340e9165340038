"""Runs and compiles that go on at the same time."""

from __future__ import annotations

from harness.engine.base.environments import EnvironmentSpec
from harness.model import (
    Outcome,
)
from tests.engine.conftest import GO_MOD, OpenSession, allocs, bench
from tests.repos import Project

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
