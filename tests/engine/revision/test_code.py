"""Compiled code in records, and whether benchmarks execute what escapes anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

import harness.compiled.binary
import harness.compiled.image
from harness.analysis.compare.costs import Reach
from harness.analysis.compare.escapes import diff_escapes
from harness.analysis.compare.records import record_detail
from harness.cli.check import check_store
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.jobs.on_demand import add_executions
from harness.engine.jobs.walk.measuring import walk
from harness.engine.jobs.walk.steps import account_steps
from harness.engine.session import Session
from harness.errors import MeasurementError
from harness.model import AllocationKind, PackageOutcome, Record
from harness.outputs.text.terminal import show_record
from tests.engine.conftest import GO_MOD, OpenSession, allocs
from tests.repos import Project

LIB = """package lib

import "strings"

type Note struct{ Text [4]string }

var Last *Note

var Fixed [8]int

//go:noinline
func Keep(s string) *Note {
	n := Note{}
	n.Text[0] = s
	Last = &n
	return &n
}

//go:noinline
func Grow(n int) []int {
	list := make([]int, n)
	return list
}

func Upper(s string) string { return strings.ToUpper(s) }

//go:noinline
func Unused(n int) *int { return &n }
"""
USER = """package user

import "example.com/m/lib"

//go:noinline
func Use(n int) int {
	if n < 0 {
		lib.Keep("negative")
	}
	return len(lib.Grow(n))
}
"""
TEST = """package user

import "testing"

func TestNothing(t *testing.T) { _ = make([]int, Use(3)) }

func BenchmarkUse(b *testing.B) {
	for i := 0; i < b.N; i++ {
		Use(3)
	}
}
"""
FILES = {
    "go.mod": GO_MOD, "lib/lib.go": LIB, "user/user.go": USER, "user/user_test.go": TEST,
    "alone/alone.go": "package alone\n\nfunc New() *int { return new(int) }\n",
}  # fmt: skip
LIBRARY, PACKAGE = "example.com/m/lib", "example.com/m/user"


def code(record: Record) -> tuple[object, object, object]:
    return record.calls, record.functions, record.unread


def test_what_is_linked_is_read_and_carried(project: Project, open_session: OpenSession) -> None:
    first = project.commit(FILES)
    second = project.commit({"README.md": "words\n"})
    with open_session() as session:
        one = session.measure(first, alloc_only=True)
        two = session.measure(second, alloc_only=True)
    with open_session(carry=False) as session:
        anew = session.measure(second, alloc_only=True, write=False)
    # A package without benchmarks is in the binary of the one that imports it.
    assert {(f.package, f.function) for f in one.functions} == {
        (LIBRARY, "Keep"), (LIBRARY, "Grow"), (PACKAGE, "Use"), (PACKAGE, "BenchmarkUse"),
    }  # fmt: skip
    assert {(c.function, c.kind, c.outer_file) for c in one.calls} == {
        ("Keep", AllocationKind.OBJECT, "lib/lib.go"),
        ("Grow", AllocationKind.SLICE, "lib/lib.go"),
    }
    assert one.unread == ()
    user = next(p for p in two.packages if p.path == PACKAGE)
    assert user.outcome is PackageOutcome.CARRIED
    assert code(one) == code(two) == code(anew)


def test_a_record_without_compiled_code_is_not_carried_from(
    project: Project, open_session: OpenSession
) -> None:
    first = project.commit(FILES)
    second = project.commit({"README.md": "words\n"})
    with open_session() as session:
        old = session.measure(first, alloc_only=True)
        session.store.write(replace(old, calls=(), functions=()))
    with open_session() as session:
        record = session.measure(second, alloc_only=True)
    assert record.functions == old.functions
    assert all(p.outcome is not PackageOutcome.CARRIED for p in record.packages)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MeasurementError("was it stripped?"), "was it stripped?"),
        (IndexError("a table of another form"), "IndexError: a table of another form"),
    ],
)
def test_what_cannot_be_read_costs_no_number(
    project: Project,
    open_session: OpenSession,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    said: str,
) -> None:
    def fail(*_: object) -> None:
        raise error

    head = project.commit(FILES)
    monkeypatch.setattr(harness.compiled.binary, "read_binary", fail)
    with open_session() as session:
        record = session.measure(head, alloc_only=True)
        problems, notes = check_store(session.config)
    assert allocs(record) == {"user.BenchmarkUse": 1.0}
    assert record.outcome == "measured"
    assert [(e.package, e.message) for e in record.unread] == [(PACKAGE, said)]
    assert f"compiled code of {PACKAGE} not read: {said}" in show_record(record_detail(record))
    assert problems == []
    assert len(notes) == 1
    assert said in notes[0]


def test_the_listing_serves_where_binaries_are_not_decoded(
    project: Project, open_session: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = project.commit(FILES)
    with open_session() as session:
        decoded = session.measure(head, alloc_only=True, write=False)
    monkeypatch.setattr(harness.compiled.image, "is_decoded", lambda _: False)
    with open_session(carry=False) as session:
        listed = session.measure(head, alloc_only=True, write=False)
    assert set(decoded.calls) <= set(listed.calls)
    linked = {(f.package, f.function): f for f in decoded.functions}
    compiled = {(f.package, f.function): f for f in listed.functions}
    assert {name: compiled[name] for name in linked} == linked
    # Compiled, but not linked.
    assert (LIBRARY, "Unused") in compiled


def reaches(session: Session, base: str, head: str) -> dict[str, Reach | None]:
    """How benchmarks reach the new sites, by function."""
    older, newer = (session.record(h) for h in (base, head))
    assert older is not None
    assert newer is not None
    escapes = diff_escapes(older, newer, session.diffs(base, head))
    return {s.function: escapes.cost(s).reach for s in escapes.new}


def test_coverage_that_fails_leaves_the_record_as_it_is(
    project: Project, open_session: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def fail(_builder: object, _progress: object, _record: Record, sites: list[object]) -> None:
        asked.extend(sites)
        raise MeasurementError("go list took too long")

    base = project.commit({**FILES, "lib/lib.go": LIB.replace("return &n }", "return nil }")})
    head = project.commit({"lib/lib.go": LIB})
    with open_session() as session:
        older, newer = (session.measure(h, alloc_only=True) for h in (base, head))
        monkeypatch.setattr("harness.engine.revision.coverage.executions", fail)
        diffs = session.diffs(base, head)
        assert add_executions(session, older, newer, diffs, EnvironmentSpec(None)) is newer
    assert len(asked) == 1


def test_how_benchmarks_reach_what_escapes_anew(
    project: Project, open_session: OpenSession
) -> None:
    stays = {
        "lib/lib.go": LIB.replace("Last = &n\n\treturn &n", "Last = nil\n\treturn nil")
        .replace("return &n }", "return nil }")
        .replace("make([]int, n)", "Fixed[:n]"),
        "user/user.go": USER.replace("if n < 0", "lib.Box()\n\tif n < 0"),
        "lib/box.go": "package lib\n\nvar Sink any\n\n//go:noinline\nfunc Box() { Sink = nil }\n",
    }
    box = stays["lib/box.go"].replace("Sink = nil", 'Sink = "constant"')
    base = project.commit({**FILES, **stays, "alone/alone.go": "package alone\n"})
    alone = FILES["alone/alone.go"]
    head = project.commit({"lib/lib.go": LIB, "lib/box.go": box, "alone/alone.go": alone})
    with open_session() as session:
        spec = EnvironmentSpec(None)
        walk(session, [base, head], [spec], alloc_only=True)
        assert set(reaches(session, base, head).values()) == {None}
        account_steps(session, [base, head], [spec])
        found = reaches(session, base, head)
        written = session.record(head)
        assert written is not None
        # It is in the record, and nothing is run for it again.
        older = session.record(base)
        assert older is not None
        diffs = session.diffs(base, head)
        assert add_executions(session, older, written, diffs, spec) is written
    assert found == {
        "Keep": Reach.UNCOVERED,  # nothing takes the branch that calls it
        "Grow": Reach.ALLOCATES,
        "Box": Reach.FREE,
        "Unused": Reach.UNCOVERED,
        "New": Reach.UNCOVERED,  # in no benchmark's binary
    }
