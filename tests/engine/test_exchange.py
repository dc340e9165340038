"""Steps of which a part is the benchmark's own, over a history."""

from __future__ import annotations

from harness.analysis import History, steps
from harness.analysis.explain import explain_steps
from harness.engine import account_steps, walk
from harness.model import ALLOCS
from tests.engine.conftest import GO_MOD, OpenSession
from tests.repos import Project

CODE = """
package p

var kept *int

//go:noinline
func Keep(n int) {
	kept = &n
}

func Calls() int { return 1 }
"""
# A table of the unit tests, over which the benchmark loops.
TESTS = """
package p

import "testing"

var cases = []int{%s}

func BenchmarkKeep(b *testing.B) {
	for i := 0; i < b.N; i++ {
		for _, c := range cases {
			for j := 0; j < Calls(); j++ {
				Keep(c)
			}
		}
	}
}
"""


def test_the_benchmarks_own_part_of_a_step(project: Project, open_session: OpenSession) -> None:
    """3 → 5 by two cases more; 5 → 12 half by a case more and half by the code; 12 → 6 by code."""
    first = project.commit({"go.mod": GO_MOD, "p/p.go": CODE, "p/p_test.go": TESTS % "1, 2, 3"})
    cases = project.commit({"p/p_test.go": TESTS % "1, 2, 3, 4, 5"})
    twice = CODE.replace("return 1", "return 2")
    both = project.commit({"p/p.go": twice, "p/p_test.go": TESTS % "1, 2, 3, 4, 5, 6"})
    code = project.commit({"p/p.go": CODE})
    line = [first, cases, both, code]
    with open_session() as session:
        spec = session.environments()[0]
        walk(session, line, [spec], alloc_only=True)
        assert account_steps(session, line, [spec]) == 4
        history = History.build(session.records(spec), line)
        # A second time nothing is measured: the records have it all.
        assert account_steps(session, line, [spec]) == 0
        assert History.build(session.records(spec), line).records == history.records
    found = {s.revision: s for s in steps(history)}
    told = {}
    for revision, step in found.items():
        attribution = explain_steps(history, revision, [step])[step]
        parts = {c.outcome: (c.file, c.line, c.delta) for c in attribution.causes}
        told[revision] = (step.delta, attribution.outcome, attribution.explained, parts)
    keep = ("p/p.go", 6)
    assert told == {
        cases: (2, "benchmark", 1, {"benchmark": ("p/p_test.go", 5, 2)}),
        both: (7, "mixed", 1, {"benchmark": ("p/p_test.go", 5, 1), "reached": (*keep, 6)}),
        code: (-6, "reached", 1, {"reached": (*keep, -6)}),
    }
    assert [len(r.exchanges) for r in history.records] == [0, 1, 1, 0]
    exchange = history.by_hash[both].exchange(cases, "example.com/m/p", "BenchmarkKeep")
    assert exchange is not None
    assert (exchange.forward, exchange.parts[ALLOCS]) == (True, 1)
    assert exchange.account is not None
    assert exchange.account.allocs == 6
