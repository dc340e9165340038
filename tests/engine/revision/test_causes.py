"""Causes that only the account can tell, in a project that the real Go compiles and runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.analysis.causes.attribution import Attribution
from harness.analysis.causes.crossing import charged_changes
from harness.analysis.causes.explain import explain
from harness.engine.jobs.exchange import cross
from harness.engine.jobs.on_demand import add_accounts
from harness.model import ALLOCS, SiteKind
from harness.outputs.text.explanation import explain_change
from tests.engine.conftest import GO_MOD, OpenSession, bench
from tests.repos import Project

CODE = """package p

import (
	"fmt"
	"io"
)

type node struct{ a, b *node }

type wrong struct{ n int }

func (w *wrong) Error() string { return "wrong" }

var nodes = make([]*node, 500)

//go:noinline
func Prepare() {
	for i := 0; i < 120; i++ {
		nodes[i] = &node{}
	}
}

//go:noinline
func Work() { nodes[0] = &node{} }

//go:noinline
func Fail(n int) error {
	return &wrong{n}
}

//go:noinline
func Write(w io.Writer, a, b, c string) {
	fmt.Fprint(w, a+"; "+b, b, c)
}
"""
TESTS = """package p

import (
	"io"
	"strings"
	"testing"
)

func BenchmarkPrepared(b *testing.B) {
	Prepare()
	for i := 0; i < b.N; i++ {
		Work()
	}
}

func BenchmarkFail(b *testing.B) {
	for i := 0; i < b.N; i++ {
		if Fail(200) == nil {
			b.Fatal("no error")
		}
	}
}

var long = strings.Repeat("long", 20)

func BenchmarkWrite(b *testing.B) {
	for i := 0; i < b.N; i++ {
		Write(io.Discard, long, long, long)
	}
}
"""
CHANGES = (
    ("i < 120", "i < 250"),
    ("func (w *wrong)", "func (w wrong)"),
    ("return &wrong{n}", "return wrong{n}"),
    ('	fmt.Fprint(w, a+"; "+b, b, c)\n', "	fmt.Fprint(w, len(a)*len(b)*len(c) < 0)\n"),
)


@pytest.fixture
def found(project: Project, open_session: OpenSession) -> dict[str, tuple[str, Attribution]]:
    """What is said of each benchmark, in words and as it is, of a commit with all the changes."""
    code = CODE
    for old, new in CHANGES:
        assert old in code
        code = code.replace(old, new)
    base = project.commit({"go.mod": GO_MOD, "p/p.go": CODE, "p/p_test.go": TESTS})
    head = project.commit({"p/p.go": code})
    with open_session() as session:
        spec = session.environments()[0]
        records = [session.ensure_counted(revision, spec) for revision in (base, head)]
        crossing = cross(session, records[0], records[1], spec, 9)
        changes = [c for c in charged_changes(crossing) if c.unit == ALLOCS]
        attributions = explain(crossing, changes)
    told = {}
    for change in changes:
        attribution = attributions[change.package, change.benchmark, ALLOCS]
        text = "\n".join(explain_change(change, attribution, lambda _: ""))
        told[change.benchmark] = (text, attribution)
    return told


def test_they_are_named_as_what_they_are(found: dict[str, tuple[str, Attribution]]) -> None:
    text, prepared = found["BenchmarkPrepared"]
    # 1 + 120 / 100 and 1 + 250 / 100, cut to whole numbers.
    assert (prepared.delta, prepared.outcome) == (1, "reached")
    assert prepared.explained == pytest.approx(1)
    (cause,) = prepared.causes
    assert (cause.function, cause.setup) == ("Prepare", True)
    assert cause.delta == pytest.approx(1.3)
    assert cause.site is not None
    assert cause.site.message == "&node{} escapes to heap"
    assert "once in a run, divided by its 100 iterations" in text

    text, failed = found["BenchmarkFail"]
    assert (failed.delta, failed.outcome) == (-1, "escape")
    (cause,) = failed.causes
    assert cause.site is not None
    assert (cause.escape, cause.site.message) == ("gone", "&wrong{...} escapes to heap")
    assert not cause.setup
    assert "in its place: wrong{...} escapes to heap, which allocates nothing here" in text
    assert "runtime.convT64 needs no memory for values below 256" in text

    text, written = found["BenchmarkWrite"]
    first = written.causes[0]
    assert (first.function, first.via, first.delta) == ("Write", "", -4)
    # A concatenation of three, and three strings that are boxed: first the larger share.
    assert first.site is not None
    assert first.site.kind is SiteKind.BOXED
    assert "runtime.convTstring -3, runtime.concatstring3 -1 allocs/op" in text
    assert 'a + "; " + b escapes to heap' in first.note


def test_an_account_of_an_older_form_is_made_again(
    project: Project, open_session: OpenSession
) -> None:
    """It has more than the timer counts, which would read as a change."""
    revision = project.commit({"go.mod": GO_MOD, "p/p_test.go": bench("p", 2)})
    with open_session() as session:
        spec = session.environments()[0]
        record = session.ensure_counted(revision, spec)
        (name,) = [(path, b.name) for path, b in record.benchmarks()]
        (account,) = add_accounts(session, record, [name], spec).accounts
        older = replace(account, allocs=7.0, timed=False)
        renewed = add_accounts(session, replace(record, accounts=(older,)), [name], spec)
        assert renewed.accounts == (account,)
        assert add_accounts(session, renewed, [name], spec) is renewed
