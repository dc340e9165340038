"""Which files are tests, for two revisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.analysis.compare.testfiles import OfTests
from harness.model import PackageOutcome, PackageResult, Record, Support
from tests.builders import MODULE, make_record


def record(number: int, directories: Sequence[str], support: Sequence[str]) -> Record:
    packages = [PackageResult(f"{MODULE}/{d}", d, PackageOutcome.NO_TESTS) for d in directories]
    users = (f"{MODULE}/p",)
    return replace(
        make_record(number, packages), support=tuple(Support(path, users) for path in support)
    )


def test_what_only_tests_use_is_theirs() -> None:
    directories = [".", "p", "internal/cases", "internal/cases/core"]
    both = [record(n, directories, ["internal/cases", "p/large.json"]) for n in (0, 1)]
    tests = OfTests(*both)
    for file in (
        "p/p_test.go", "p/testdata/a.txt", "internal/cases/cases.go", "p/large.json",
        "internal/cases/valid/deep/a.toml",
    ):  # fmt: skip
        assert file in tests
    for file in ("p/p.go", "p/small.json", "internal/cases/core/core.go", "main.go"):
        assert file not in tests
    assert None not in tests
    assert tests.users("internal/cases/valid/a.toml") == {f"{MODULE}/p"}
    assert tests.users("p/large.json") == {f"{MODULE}/p"}
    assert tests.users("p/p_test.go") == frozenset()


def test_what_one_side_has_is_theirs_and_what_is_code_there_is_not() -> None:
    without = record(0, [".", "p"], [])
    with_it = record(1, [".", "p", "internal/cases"], ["internal/cases"])
    assert "internal/cases/c.go" in OfTests(without, with_it)
    assert "internal/cases/c.go" in OfTests(with_it, without)
    as_code = record(0, [".", "p", "internal/cases"], [])
    assert "internal/cases/c.go" not in OfTests(as_code, with_it)
    assert OfTests(with_it, as_code).users("internal/cases/c.go") == frozenset()
