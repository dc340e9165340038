"""Where tests changed so that a benchmark does more or less, read from their sources."""

from __future__ import annotations

from harness.analysis.causes.ownpart import TestChanges
from harness.model import FileChange, Hunk

BENCHMARK = """package p

func BenchmarkDecode(b *testing.B) {
	load(".toml", fixtures.Objects)
	b.Run("x", func(b *testing.B) {})
}

func BenchmarkOther(b *testing.B) {
}
"""
SOURCES = {"BenchmarkDecode": ("p/bench_test.go", BENCHMARK)}


def added(file: str, lines: int, at: int = 1) -> FileChange:
    return FileChange(None, file, (Hunk(0, 0, at, lines),))


def test_a_data_file_named_like_the_sub_benchmark_feeds_it() -> None:
    """The one that grew most, of the kind that the benchmark names."""
    changes = TestChanges(
        (
            FileChange("p/data/a.go", "p/data/a.go", (Hunk(3, 1, 3, 1),)),
            added("p/data/array/one.toml", 99),
            FileChange("p/data/table/edited.toml", "p/data/table/edited.toml", (Hunk(2, 4, 2, 4),)),
            added("p/data/table/new.json", 66),
            added("p/data/table/new.toml", 5),
            added("p/data/table/small.toml", 3),
        ),
        sources=SOURCES,
    )
    assert changes.feeding("BenchmarkDecode/table", 7) == ("p/data/table/new.toml", 1)
    assert changes.feeding("BenchmarkDecode/array", 7) == ("p/data/array/one.toml", 1)
    # Where it does less, what grew did not do that.
    assert changes.feeding("BenchmarkDecode/table", -7) == ("p/data/table/edited.toml", 2)
    # Nothing is known of a benchmark of another name.
    assert changes.feeding("BenchmarkNone", 7) == changes.first == ("p/data/a.go", 3)


def test_a_declaration_that_the_benchmark_uses_feeds_it() -> None:
    fixtures = "package p\n\ntype all struct {\n\tObjects []object\n}\n"
    interfaces = fixtures.replace("[]object", "[]interface{}")
    changes = TestChanges(
        (
            FileChange("p/a_test.go", "p/a_test.go", (Hunk(8, 1, 8, 1),)),
            FileChange("p/bench_test.go", "p/bench_test.go", (Hunk(4, 0, 5, 1),)),
            FileChange("p/fix_test.go", "p/fix_test.go", (Hunk(4, 1, 4, 1),)),
        ),
        {"p/fix_test.go": (fixtures, interfaces), "p/bench_test.go": ("", BENCHMARK)},
        SOURCES,
    )
    # Most lines of a function with sub-benchmarks are of others.
    assert changes.feeding("BenchmarkDecode/x", 1) == ("p/fix_test.go", 4)
    assert changes.feeding("BenchmarkDecode", 1) == ("p/bench_test.go", 5)
    assert changes.feeding("BenchmarkOther", 1) == changes.first == ("p/a_test.go", 8)


def test_what_was_deleted_is_told_after_the_line_before_it() -> None:
    changes = TestChanges((FileChange("p/a_test.go", "p/a_test.go", (Hunk(1, 3, 0, 0),)),))
    assert changes.first == changes.feeding("BenchmarkX", -1) == ("p/a_test.go", 1)
    gone = TestChanges((FileChange("p/a_test.go", None, (Hunk(1, 3, 0, 0),)),))
    assert gone.first == ("p/a_test.go", 1)
    binary = TestChanges((FileChange("p/testdata/x", "p/testdata/x"),))
    assert binary.feeding("BenchmarkX", 1) == ("p/testdata/x", 1)
