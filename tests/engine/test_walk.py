"""What is said of a record while a history is walked."""

from __future__ import annotations

import pytest

from harness.engine.walk import describe
from tests.builders import MODULE, make_benchmark, make_hash, make_package, make_record, make_site


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 benchmarks, 0 escapes in 12.5 s"),
        (1, "1 benchmark, 1 escape, 1 package carried in 12.5 s"),
        (2, "2 benchmarks, 2 escapes, 2 packages carried in 12.5 s"),
    ],
)
def test_a_record_in_one_line(count: int, said: str) -> None:
    packages = [
        make_package(f"{MODULE}/p{n}", [make_benchmark("BenchmarkA")], carried_from=make_hash(1))
        for n in range(count)
    ]
    escapes = [make_site(line=n + 1) for n in range(count)]
    assert said in describe(make_record(2, packages, escapes=escapes))
