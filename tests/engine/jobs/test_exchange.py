"""Steps of which a part is the benchmark's own, over a history."""

from __future__ import annotations

from harness.analysis.causes.crossing import charged_changes
from harness.analysis.causes.explain import explain, explain_steps
from harness.analysis.history.history import History
from harness.analysis.series.steps import steps
from harness.engine.jobs.exchange import cross
from harness.engine.jobs.walk.measuring import walk
from harness.engine.jobs.walk.steps import account_steps
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
        attribution = explain_steps(history, [step])[step]
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


DECODE = """
package p

var kept []string

//go:noinline
func Decode(text string) {
	for i := range text {
		if text[i] == '\\n' {
			kept = append([]string(nil), text[:i]%s)
		}
	}
}
"""
CASES = """
// Package cases has what tests decode.
package cases

import "embed"

//go:embed data
var Files embed.FS
"""
DECODES = """
package p_test

import (
	"io/fs"
	"strings"
	"testing"

	"example.com/m/internal/cases"
	"example.com/m/p"
)

func BenchmarkDecode(b *testing.B) {
	for _, group := range []string{"large", "small"} {
		texts := []string{}
		fs.WalkDir(cases.Files, "data/"+group, func(path string, d fs.DirEntry, err error) error {
			if strings.HasSuffix(path, ".txt") {
				text, _ := fs.ReadFile(cases.Files, path)
				texts = append(texts, string(text))
			}
			return nil
		})
		b.Run(group, func(b *testing.B) {
			for i := 0; i < b.N; i++ {
				for _, text := range texts {
					p.Decode(text)
				}
			}
		})
	}
}
"""


def test_data_that_only_tests_embed_is_the_benchmarks_own(
    project: Project, open_session: OpenSession
) -> None:
    """As in BurntSushi/toml: a file of three lines more, then one of one line with new code."""
    data = "internal/cases/data"
    first = project.commit(
        {
            "go.mod": GO_MOD, "p/p.go": DECODE % "", "p/p_test.go": DECODES,
            "internal/cases/cases.go": CASES, f"{data}/small/a.txt": "1\n2\n",
            f"{data}/large/a.txt": "1\n",
        }
    )  # fmt: skip
    grown = project.commit(
        {
            f"{data}/large/b.json": "{\n}\n", f"{data}/small/b.json": "{\n\n\n\n}\n",
            f"{data}/small/c.txt": "1\n2\n3\n",
        }
    )  # fmt: skip
    both = project.commit(
        {"p/p.go": DECODE % ", text[i:]", f"{data}/small/d.txt": "1\n", f"{data}/x.md": "\n"}
    )
    with open_session() as session:
        spec = session.environments()[0]
        told = {}
        for base, head in ((first, grown), (grown, both)):
            old, new = (session.ensure_counted(r, spec) for r in (base, head))
            assert [s.path for r in (old, new) for s in r.support] == ["internal/cases"] * 2
            crossing = cross(session, old, new, spec, 9)
            changes = [c for c in charged_changes(crossing) if c.unit == ALLOCS]
            for key, attribution in explain(crossing, changes).items():
                causes = [(c.outcome, c.file, c.line, c.delta) for c in attribution.causes]
                told[head, key[1]] = (attribution.delta, causes)
                assert (
                    "the largest share is allocated at p/p.go:9 Decode"
                    in attribution.causes[0].note
                )
        assert told == {
            (grown, "BenchmarkDecode/small"): (3, [("benchmark", f"{data}/small/c.txt", 1, 3)]),
            (both, "BenchmarkDecode/small"): (1, [("benchmark", f"{data}/small/d.txt", 1, 1)]),
        }


BOXES = """
package p

var kept %s

//go:noinline
func Keep(n %s) { kept = n }

func New%s() int { return 1 }
"""
PASSES = """
package p

import "testing"

func BenchmarkKeep(b *testing.B) {
	n := New%s() + 1000
	for i := 0; i < b.N; i++ {
		Keep(n + i)
	}
}

func BenchmarkEdited(b *testing.B) {
	n := New%s() + 1000
	for i := 0; i < b.N; i++ {
		Keep(%s)
	}
}
"""


def test_code_and_tests_that_only_compile_together(
    project: Project, open_session: OpenSession
) -> None:
    """As in hashicorp/golang-lru: a parameter is no longer an interface, so calls do not box.

    The calls are lines of the benchmark; that it caused the change was not measured.
    """
    files = {
        "go.mod": GO_MOD,
        "p/p.go": BOXES % ("any", "any", ""),
        "p/p_test.go": PASSES % ("", "", "n + i"),
    }
    base = project.commit(files)
    head = project.commit(
        {
            "p/p.go": BOXES % ("int", "int", "[T any]"),
            "p/p_test.go": PASSES % ("[int]", "[int]", "n + i + 1"),
        }
    )
    with open_session() as session:
        spec = session.environments()[0]
        old, new = (session.ensure_counted(r, spec) for r in (base, head))
        crossing = cross(session, old, new, spec, 9)
        assert crossing.forward is not None
        assert crossing.backward is not None
        changes = [c for c in charged_changes(crossing) if c.unit == ALLOCS]
        assert [c.by_benchmark for c in changes] == [None, None]
        kept, edited = (
            explain(crossing, changes)["example.com/m/p", name, ALLOCS]
            for name in ("BenchmarkKeep", "BenchmarkEdited")
        )
    assert [(a.delta, a.outcome) for a in (kept, edited)] == [(-1, "escape"), (-1, "benchmark")]
    for attribution, line in ((kept, 8), (edited, 15)):
        (cause,) = attribution.causes
        assert (cause.file, cause.line, cause.at_base, cause.escape) == (
            "p/p_test.go", line, True, "gone",
        )  # fmt: skip
        assert cause.site is not None
        assert cause.site.message == "n + i escapes to heap"


FIXTURES = """
package p

import "testing"

type all struct {
	Objects []%s
}

func makeAll() *all {
	return &all{Objects: []%s{1000, 2000}}
}

func BenchmarkUse(b *testing.B) {
	a := makeAll()
	b.Run("boxed", func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			Use(a.Objects[0])
		}
	})
}
%s"""
USES = """
package p

var kept any

//go:noinline
func Use(v any) { kept = v }
%s"""


def test_a_line_of_the_tests_that_no_longer_boxes(
    project: Project, open_session: OpenSession
) -> None:
    """As in rs/zerolog: fixtures become interfaces, and a new function is tested with them."""
    more = "\nfunc BenchmarkMore(b *testing.B) { More() }\n"
    base = project.commit(
        {
            "go.mod": GO_MOD,
            "p/p.go": USES % "",
            "p/p_test.go": FIXTURES % ("int", "int", ""),
            "p/a_test.go": "package p\n\n// First.\n",
        }
    )
    head = project.commit(
        {
            "p/p.go": USES % "\nfunc More() {}\n",
            "p/p_test.go": FIXTURES % ("any", "any", more),
            "p/a_test.go": "package p\n\n// The first.\n",
        }
    )
    with open_session() as session:
        spec = session.environments()[0]
        walk(session, [base, head], [spec], alloc_only=True)
        account_steps(session, [base, head], [spec])
        history = History.build(session.records(spec), [base, head])
        (step,) = steps(history, ALLOCS)
        (cause,) = explain_steps(history, [step])[step].causes
    assert (cause.outcome, cause.delta, cause.escape) == ("benchmark", -1, "gone")
    assert (cause.file, cause.line, cause.at_base) == ("p/p_test.go", 17, True)
    assert cause.site is not None
    assert cause.site.message == "a.Objects[0] escapes to heap"
