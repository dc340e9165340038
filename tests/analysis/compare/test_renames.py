"""What two records have in common: a module that gets another path, benchmarks that come and go."""

from dataclasses import replace

import pytest

from harness.analysis.compare.comparison import compare
from harness.analysis.compare.renames import (
    BenchmarkDiff,
    Renames,
    diff_benchmarks,
    renamed_packages,
    same_functions,
    unmatched_functions,
    with_paths,
)
from harness.model import (
    Account,
    BenchmarkFailure,
    Lane,
    PackageError,
    PackageOutcome,
    PackageResult,
)
from tests.builders import MODULE, make_benchmark, make_package, make_record, make_site

OLD, NEW = "example.com/m", "example.com/m/v2"


def test_benchmarks_of_a_renamed_module_are_the_same_ones() -> None:
    bench = [make_benchmark("BenchmarkX", 2)]
    base = make_record(
        1,
        [make_package(OLD, bench, directory="."), make_package(f"{OLD}/q", directory="q")],
        escapes=[make_site(package=OLD)],
    )
    head = make_record(
        2,
        [
            make_package(NEW, [make_benchmark("BenchmarkX", 1)], directory="."),
            make_package(f"{NEW}/q", directory="q"),
            make_package(f"{NEW}/new", directory="new"),
        ],
    )
    paths = renamed_packages(base, head)
    assert paths == {OLD: NEW, f"{OLD}/q": f"{NEW}/q"}
    moved = with_paths(base, paths)
    change = next(c for c in compare(moved, head) if c.unit == "allocs/op")
    assert (change.package, change.delta) == (NEW, -1)
    assert {s.package for s in moved.escapes} == {NEW}
    assert with_paths(moved, {new: old for old, new in paths.items()}) == base


def test_a_package_that_moved_to_another_directory_is_not_renamed() -> None:
    base = make_record(1, [make_package(f"{OLD}/p", directory="p")])
    head = make_record(2, [make_package(f"{OLD}/p", directory="x"), make_package(directory="p")])
    assert renamed_packages(base, replace(head)) == {}
    assert with_paths(base, {}) is base


P = f"{MODULE}/p"


def package(names: str, *, failed: str = "", declared: str | None = None) -> PackageResult:
    """Package ``p`` with benchmarks that run, that fail, and that its test files declare."""
    ran, failing = names.split(), failed.split()
    functions = [n.split("/")[0] for n in (*ran, *failing)]
    outcome = PackageOutcome.RUN_FAILED if failing and not ran else None
    return replace(
        make_package(
            P, [make_benchmark(n, 2, 16) for n in ran], outcome,
            failures=[BenchmarkFailure(n, Lane.ALLOCATION, "panic", "no") for n in failing],
        ),
        declared=tuple(dict.fromkeys(functions if declared is None else declared.split())),
    )  # fmt: skip


def diff(base: list[PackageResult], head: list[PackageResult]) -> BenchmarkDiff:
    return diff_benchmarks(make_record(1, base), make_record(2, head), Renames())


@pytest.mark.parametrize(
    ("base", "head", "gone"),
    [
        pytest.param(
            package("BenchmarkA BenchmarkB"), package("BenchmarkA"),
            {"BenchmarkB": "no test file that the head builds declares it"}, id="deleted",
        ),
        pytest.param(
            package("BenchmarkA/x BenchmarkA/y"), package("BenchmarkA/x"),
            {"BenchmarkA/y": "BenchmarkA does not run it at the head"}, id="sub-benchmark",
        ),
        pytest.param(
            package("BenchmarkA BenchmarkB"),
            package("BenchmarkA", declared="BenchmarkA BenchmarkB"),
            {"BenchmarkB": "the head declares it, and it gives no result there"}, id="skipped",
        ),
        pytest.param(
            package("BenchmarkA"), package("BenchmarkA/x"),
            {"BenchmarkA": "the head declares it, and it gives no result there"}, id="split",
        ),
        pytest.param(
            package("BenchmarkA", failed="BenchmarkB"), package("BenchmarkA"),
            {"BenchmarkB": "no test file that the head builds declares it"}, id="failed before",
        ),
        pytest.param(
            package("BenchmarkA"), package("", failed="BenchmarkA"), {}, id="fails at the head",
        ),
        pytest.param(
            package("BenchmarkA/x BenchmarkA/y"), package("BenchmarkA/x", failed="BenchmarkA"), {},
            id="fails before its sub-benchmarks",
        ),
        pytest.param(
            package("BenchmarkA/x", failed="BenchmarkA"), package("BenchmarkA/x"), {},
            id="failed with its sub-benchmarks",
        ),
        pytest.param(
            package("BenchmarkA"),
            replace(package("", declared="BenchmarkA"), outcome=PackageOutcome.BUILD_FAILED), {},
            id="does not compile",
        ),
        pytest.param(
            package("BenchmarkA"),
            replace(package("", declared="BenchmarkA"), outcome=PackageOutcome.NOT_SELECTED),
            {"BenchmarkA": "the head declares it, and it gives no result there"},
            id="skipped, and nothing else was asked for",
        ),
        pytest.param(
            package("BenchmarkA"),
            replace(package("", declared="BenchmarkB"), outcome=PackageOutcome.NOT_SELECTED),
            {"BenchmarkA": "no test file that the head builds declares it"},
            id="the last that was asked for",
        ),
    ],
)  # fmt: skip
def test_gone_is_what_the_head_does_not_have_and_not_what_it_could_not_measure(
    base: PackageResult, head: PackageResult, gone: dict[str, str]
) -> None:
    found = diff([base], [head])
    assert {b.benchmark: b.reason for b in found.gone} == gone
    measured = {b.name: 2 for b in base.benchmarks}
    assert {b.benchmark: b.allocs for b in found.gone} == {n: measured.get(n) for n in gone}
    # The other way round it is added, unless nothing was measured of it.
    back = diff([head], [base])
    assert {name for _, name in back.added} == gone.keys() & measured.keys()


def test_a_package_that_is_gone_and_a_module_that_go_refuses() -> None:
    old = package("BenchmarkA BenchmarkB/x")
    left = make_package(f"{MODULE}/q", [make_benchmark("BenchmarkQ", 0)])
    (first, second) = diff([old, left], [left]).gone
    assert (first.package, first.benchmark, second.benchmark) == (P, "BenchmarkA", "BenchmarkB/x")
    assert first.reason == "the head does not have its package"
    refused = replace(make_record(2), errors=(PackageError("", "module", "go.mod: no"),))
    assert diff_benchmarks(make_record(1, [old]), refused, Renames()).gone == ()


def test_what_was_not_asked_for_is_not_gone() -> None:
    """Of ``A/x`` alone: that ``A/y`` and ``B`` are not there says nothing."""
    base = make_record(1, [package("BenchmarkA/x BenchmarkA/y BenchmarkB")])
    left = replace(package("", declared="BenchmarkA"), outcome=PackageOutcome.NOT_SELECTED)
    head = make_record(2, [left])
    head = replace(head, settings=replace(head.settings, bench="A$/x"))
    assert [b.benchmark for b in diff_benchmarks(base, head, Renames()).gone] == ["BenchmarkA/x"]


def test_functions_that_only_one_side_declares() -> None:
    """What was not asked for at the head is no candidate, and neither is a package of one side."""
    base = [package("BenchmarkA BenchmarkB/x"), make_package(f"{MODULE}/q")]
    head = [package("BenchmarkA BenchmarkC/x", declared="BenchmarkA BenchmarkC BenchmarkD")]
    records = make_record(1, base), make_record(2, head)
    assert unmatched_functions(*records) == {P: (["BenchmarkB"], ["BenchmarkC"])}
    both = (["BenchmarkB"], ["BenchmarkC", "BenchmarkD"])
    assert unmatched_functions(*records, declared=True) == {P: both}


def test_functions_of_the_same_source_are_the_same_ones_each_once() -> None:
    source = b"(b *testing.B) { run(b) }"
    assert same_functions({"BenchmarkA": source}, {"BenchmarkB": source + b" "}) == {}
    two = {"BenchmarkA": source, "BenchmarkB": source}
    assert same_functions(two, {"BenchmarkX": b"", "BenchmarkY": source}) == {
        "BenchmarkA": "BenchmarkY"
    }


def test_a_renamed_benchmark_is_compared_with_what_it_was() -> None:
    account = Account(OLD, "BenchmarkA/x", (), 1, 2, exact=True)
    old = package("BenchmarkA/x BenchmarkA/y BenchmarkK", failed="BenchmarkA/z")
    base = replace(make_record(1, [replace(old, path=OLD, directory="p")]), accounts=(account,))
    head = make_record(2, [package("BenchmarkB/x BenchmarkB/z BenchmarkK BenchmarkN")])
    renames = Renames({OLD: P}, {(P, "BenchmarkA"): "BenchmarkB"})
    moved = renames.apply(base)
    assert renames.undo(moved) == base
    assert (moved.accounts[0].package, moved.accounts[0].benchmark) == (P, "BenchmarkB/x")
    found = diff_benchmarks(moved, head, renames)
    assert found.compared == ((P, "BenchmarkB/x"), (P, "BenchmarkK"))
    assert [(b.package, b.benchmark) for b in found.gone] == [(P, "BenchmarkA/y")]
    assert found.added == ((P, "BenchmarkN"),)
    assert [(b.benchmark, b.old_package, b.old_benchmark) for b in found.renamed] == [
        ("BenchmarkB", OLD, "BenchmarkA"), ("BenchmarkK", OLD, "BenchmarkK"),
    ]  # fmt: skip
