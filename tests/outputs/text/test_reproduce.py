"""The command that measures a benchmark by hand; `tests/e2e/test_reproduce.py` runs it."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from harness.model import WORK_TREE
from harness.outputs.text.reproduce import reproduce
from tests.builders import MODULE, make_package, make_record

NESTED = f"{MODULE}/nested/a b"


def words(name: str, **changes: object) -> list[str]:
    """The command for a benchmark of the package in ``nested/a b``, as the shell takes it apart."""
    record = replace(make_record(0, [make_package(NESTED)]), **changes)  # type: ignore[arg-type]
    return shlex.split(reproduce(record, NESTED, name))


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("BenchmarkX", "^BenchmarkX$"),
        ("BenchmarkX/re=(a+b)", r"^BenchmarkX$/^re=\(a\+b\)$"),
        ("BenchmarkX/it's_$(rm)/[0]", r"^BenchmarkX$/^it's_\$\(rm\)$/^\[0\]$"),
        ("BenchmarkX/a|b.c\\d*{2}?^#01", r"^BenchmarkX$/^a\|b\.c\\d\*\{2\}\?\^#01$"),
    ],
)
def test_the_pattern_is_the_name(name: str, pattern: str) -> None:
    found = words(name)
    assert found[found.index("-bench") + 1] == pattern


def test_revision_release_and_directory_are_those_of_the_record() -> None:
    record = make_record(0)
    assert words("BenchmarkX")[:8] == [
        *("git", "checkout", record.revision.hash, "&&"),
        f"GOTOOLCHAIN={record.environment.toolchain.release}",
        *("go", "test", "-C"),
    ]
    assert words("BenchmarkX")[8] == "nested/a b"
    assert " -C " not in reproduce(record, MODULE, "BenchmarkX")


def test_variables_of_the_environment_are_set() -> None:
    environment = replace(
        make_record(0).environment,
        build_variables={"GOAMD64": "v3"},
        run_variables={"GODEBUG": "a=1 b=2"},
    )
    found = words("BenchmarkX", environment=environment)
    assert found[4:6] == ["GOAMD64=v3", "GODEBUG=a=1 b=2"]


def test_a_release_that_cannot_be_fetched_is_not_asked_for() -> None:
    environment = make_record(0).environment
    toolchain = replace(environment.toolchain, release="devel go1.28-abcdef")
    found = words("BenchmarkX", environment=replace(environment, toolchain=toolchain))
    assert found[4:6] == ["go", "test"]


def test_a_work_tree_is_not_checked_out() -> None:
    revision = replace(
        make_record(0).revision, message=f"{WORK_TREE} uncommitted changes on 0123456789ab"
    )
    assert words("BenchmarkX", revision=revision)[0].startswith("GOTOOLCHAIN=")
