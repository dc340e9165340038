"""What is said of a benchmark's own part of a change."""

from __future__ import annotations

from harness.analysis.causes.attribution import Attribution, with_benchmark
from harness.model import ALLOCS, OwnPlace
from harness.outputs.text.explanation import describe_cause
from tests.builders import make_site

NOTHING = Attribution("p", "BenchmarkX/sub", ALLOCS, 0.0, (), 0.0, 0.0, "unexplained", True)


def test_the_benchmarks_own_part_says_what_is_known_of_it() -> None:
    site = make_site("a[0] escapes to heap", file="p/p_test.go", line=9, test=True)
    line = OwnPlace("p/p_test.go", 9, "BenchmarkX.func1", True, "gone", site)
    (cause,) = with_benchmark(NOTHING, -1, line).causes
    assert (cause.function, cause.at_base, cause.delta) == ("BenchmarkX.func1", True, -1)
    assert describe_cause(cause) == "gone: a[0] escapes to heap"
    assert cause.note.endswith("this part of the difference is not there")

    fed = OwnPlace("p/testdata/sub.txt", 1, feeds="p/p.go:3 F in strings.Join")
    told = with_benchmark(NOTHING, 4, fed)
    (cause,) = told.causes
    assert (cause.function, told.outcome, told.explained) == ("BenchmarkX", "benchmark", 1)
    assert describe_cause(cause) == "the tests changed here"
    assert cause.note.endswith(
        "not there; the largest share is allocated at p/p.go:3 F in strings.Join"
    )
