"""Results that are taken over from another revision, and those that are not."""

from __future__ import annotations

from harness.engine.revision.carry import package_key
from harness.model import (
    Outcome,
    PackageOutcome,
)
from tests.engine.conftest import GO_MOD, OpenSession, allocs, bench, outcomes
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
