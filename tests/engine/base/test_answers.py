"""Answers to questions about revisions: what is run for them, and what stays as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness import __version__
from harness.engine.base.answers import answers, narrowed, none_matched
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.jobs.on_demand import add_accounts
from harness.engine.jobs.walk.steps import account_steps
from harness.engine.session import Session
from harness.model import (
    IMPORT_MARK,
    Outcome,
    PackageOutcome,
    Record,
    RunSettings,
)
from harness.model.record import with_failures
from tests.builders import MODULE as BUILT
from tests.builders import make_benchmark, make_package, make_record
from tests.engine.conftest import GO_MOD, MODULE, OpenSession, bench
from tests.repos import Project
from tests.store.test_merging import FAILED

SPEC = EnvironmentSpec(None, {}, {})
# Benchmarks of one package leave marks, so that a test sees which ran. BenchmarkBad fails until the
# file "works" is there, which no key sees.
SOURCE = """
package p

import (
	"os"
	"path/filepath"
	"testing"
)

var sink []byte

func mark(name string) {
	if err := os.WriteFile(filepath.Join(os.Getenv("MARKS"), name), nil, 0o600); err != nil {
		panic(err)
	}
}

func BenchmarkF(b *testing.B) {
	mark("F")
	for i := 0; i < b.N; i++ {
		sink = make([]byte, 64)
	}
}

func BenchmarkG(b *testing.B) {
	mark("G")
	b.Run("one", func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			sink = make([]byte, 64)
			sink = make([]byte, 64)
		}
	})
	b.Run("two", func(b *testing.B) {})
}

func BenchmarkBad(b *testing.B) {
	mark("Bad")
	if _, err := os.Stat(filepath.Join(os.Getenv("MARKS"), "works")); err != nil {
		b.Fatal("no database")
	}
}
"""


class Marked:
    """A project whose benchmarks leave marks, and the revisions of it."""

    def __init__(self, project: Project, open_session: OpenSession, marks: Path) -> None:
        self._open, self.marks = open_session, marks
        self.base = project.commit(
            {"go.mod": GO_MOD, "p/p_test.go": SOURCE, "q/q_test.go": bench("q", 1, "BenchmarkQ")}
        )
        self.head = project.commit({"q/q_test.go": bench("q", 5, "BenchmarkQ")})

    def session(self, bench: str | None = None, packages: list[str] | None = None) -> Session:
        config = self._open(pass_env=["MARKS"], count=1, benchtime="1x").config
        return Session(config, bench=bench, packages=packages)

    def ran(self) -> set[str]:
        """Benchmarks that ran since the last time."""
        found = {p.name for p in self.marks.iterdir() if p.name != "works"}
        for name in found:
            (self.marks / name).unlink()
        return found


@pytest.fixture
def marked(
    project: Project, open_session: OpenSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Marked:
    marks = tmp_path / "marks"
    marks.mkdir()
    monkeypatch.setenv("MARKS", str(marks))
    return Marked(project, open_session, marks)


def names(record: Record) -> set[str]:
    return {b.name for _, b in record.benchmarks()}


ALL = {"BenchmarkF", "BenchmarkG/one", "BenchmarkG/two", "BenchmarkQ"}


def test_no_question_changes_a_record(marked: Marked) -> None:
    with marked.session() as session:
        for revision in (marked.base, marked.head):
            record = session.measure(revision)
            assert names(record) == ALL
            assert record.outcome is Outcome.PARTIAL
        before = {r: session.record(r) for r in (marked.base, marked.head)}
    marked.ran()
    for question in ("F$", "BenchmarkG/one", ".", "Q", "Bad"):
        with marked.session(question) as session:
            for revision in (marked.base, marked.head):
                session.ensure_counted(revision, SPEC)
            assert {r: session.record(r) for r in before} == before


def test_only_what_failed_runs_again(marked: Marked) -> None:
    with marked.session() as session:
        session.measure(marked.base)
        assert marked.ran() == {"F", "G", "Bad"}
        answer = session.ensure_counted(marked.base, SPEC)
        assert marked.ran() == {"Bad"}
        assert names(answer) == ALL
        assert answer.outcome is Outcome.PARTIAL
        assert {f.name for p in answer.packages for f in p.failures} == {"BenchmarkBad"}
    with marked.session("F$|G") as session:
        answer = session.ensure_counted(marked.base, SPEC)
        assert marked.ran() == set(), "what fails is no part of the question"
        assert names(answer) == {"BenchmarkF", "BenchmarkG/one", "BenchmarkG/two"}
        assert answer.outcome is Outcome.MEASURED
    (marked.marks / "works").touch()
    with marked.session() as session:
        answer = session.ensure_counted(marked.base, SPEC)
        assert marked.ran() == {"Bad"}
        assert names(answer) == {*ALL, "BenchmarkBad"}
        assert answer.outcome is Outcome.MEASURED
        session.ensure_counted(marked.base, SPEC)
        assert marked.ran() == set(), "now it is known"
        recorded = session.record(marked.base)
        assert recorded is not None
        assert names(recorded) == ALL, "which is no history"


def test_a_record_of_other_packages_answers_without_a_run(marked: Marked) -> None:
    with marked.session("F$|Q") as session:
        session.measure(marked.base)
        assert marked.ran() == {"F"}
    with marked.session("F$", ["./p"]) as session:
        # What was measured does not say so, but to find out takes one more compile.
        answer = session.ensure_counted(marked.base, SPEC)
        assert names(answer) == {"BenchmarkF"}
        assert marked.ran() == {"F"}
    with marked.session() as session:
        session.measure(marked.base)
        marked.ran()
    with marked.session(None, ["./q"]) as session:
        answer = session.ensure_counted(marked.base, SPEC)
        assert names(answer) == {"BenchmarkQ"}
        assert marked.ran() == set()


def test_what_is_learnt_of_an_answer_is_added_to_the_record(marked: Marked) -> None:
    with marked.session() as session:
        whole = session.measure(marked.base)
    with marked.session("F$") as session:
        answer = session.ensure_counted(marked.base, SPEC)
        answer = add_accounts(session, answer, [(f"{MODULE}/p", "BenchmarkF")], SPEC)
        assert len(answer.accounts) == 1
        grown = session.record(marked.base)
        assert grown == replace(whole, accounts=answer.accounts)


def test_a_run_of_some_benchmarks_keeps_the_record_of_the_others(marked: Marked) -> None:
    with marked.session() as session:
        whole = session.measure(marked.base)
    with marked.session("F$") as session:
        merged = session.measure(marked.base, alloc_only=True)
        assert merged == session.record(marked.base)
        assert marked.ran() == {"F", "G", "Bad"}
    assert names(merged) == names(whole)
    assert merged.settings == whole.settings
    assert merged.functions == whole.functions
    assert {m.unit for _, b in merged.benchmarks() for m in b.measurements} == {
        m.unit for _, b in whole.benchmarks() for m in b.measurements
    }
    assert merged.errors == whole.errors
    with marked.session("Nope") as session:
        assert none_matched(session.measure(marked.head))
        assert session.record(marked.head) is None, "a wrong name leaves no record"
        session.measure(marked.base)
        assert session.record(marked.base) == merged


def test_results_are_carried_from_a_record_of_more_benchmarks(marked: Marked) -> None:
    with marked.session() as session:
        session.measure(marked.base)
    marked.ran()
    with marked.session("Q") as session:
        record = session.ensure_counted(marked.head, SPEC)
        assert names(record) == {"BenchmarkQ"}
    with marked.session("G") as session:
        record = session.ensure_counted(marked.head, SPEC)
        assert names(record) == {"BenchmarkG/one", "BenchmarkG/two"}
    assert marked.ran() == {"G"}, "a package with a failure carries nothing"


def test_accounts_of_steps_reach_the_records(marked: Marked) -> None:
    with marked.session() as session:
        for revision in (marked.base, marked.head):
            session.measure(revision, alloc_only=True)
        assert account_steps(session, [marked.head], [SPEC]) == 2
        for revision in (marked.base, marked.head):
            record = session.record(revision)
            assert record is not None
            assert [a.benchmark for a in record.accounts] == ["BenchmarkQ"]
            assert names(record) == ALL


# Without Go.

P, Q = f"{BUILT}/p", f"{BUILT}/q"
PACKAGES = (
    make_package(
        P, [make_benchmark("BenchmarkF"), make_benchmark("BenchmarkG/x")], failures=[FAILED]
    ),
    make_package(Q, [make_benchmark("BenchmarkH")]),
)


def built(**settings: object) -> Record:
    record = make_record(1, PACKAGES)
    return replace(
        record,
        harness=__version__,
        functions=("read",),  # type: ignore[arg-type]
        settings=replace(record.settings, **settings),  # type: ignore[arg-type]
        errors=with_failures((), PACKAGES),
    )


def wanted(bench: str = ".", packages: tuple[str, ...] = ("./...",)) -> RunSettings:
    return RunSettings(bench, packages, "100x", None, 0)


def test_a_record_narrowed_to_a_question() -> None:
    record = built()
    assert narrowed(record, wanted()) is record
    assert not answers(record, wanted())
    some = narrowed(record, wanted("G/x"))
    assert some is not None
    assert names(some) == {"BenchmarkG/x"}
    assert some.errors == ()
    assert some.outcome is Outcome.MEASURED
    assert [p.outcome for p in some.packages] == [
        PackageOutcome.MEASURED, PackageOutcome.NOT_SELECTED,
    ]  # fmt: skip
    assert answers(some, wanted("G/x"))
    bad = narrowed(record, wanted("Bad/deeper"))
    assert bad is not None
    assert bad.outcome is Outcome.PARTIAL, "what fails on the way is in the question"
    inside = narrowed(record, wanted("G", ("./p",)))
    assert inside is not None
    assert not answers(inside, wanted("G", ("./p",)))


@pytest.mark.parametrize(
    ("there", "question"),
    [
        ({"bench": "F$"}, wanted()),
        ({"bench": "F$"}, wanted("G")),
        ({"packages": ("./p",)}, wanted()),
        ({"alloc_benchtime": "10x"}, wanted()),
    ],
)
def test_a_record_of_something_else_does_not_answer(
    there: dict[str, object], question: RunSettings
) -> None:
    assert narrowed(built(**there), question) is None


def test_an_imported_or_older_record_does_not_answer() -> None:
    record = built()
    assert narrowed(replace(record, harness=record.harness + IMPORT_MARK), wanted()) is None
    assert narrowed(replace(record, harness="0.0.1"), wanted()) is None
    assert narrowed(replace(record, functions=()), wanted()) is None
