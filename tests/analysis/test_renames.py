"""A module that gets another path."""

from dataclasses import replace

from harness.analysis.comparison import compare
from harness.analysis.renames import renamed_packages, with_paths
from tests.builders import make_benchmark, make_package, make_record, make_site

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
