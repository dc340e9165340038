"""Records read without output and without most of what the compiler says, for asv's files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import RecordWarning
from harness.model import FlowStep, InliningCall, Lane, Position
from harness.store.asv.layout import rebuild
from tests.store.few import PARSE, bench, package, record, site, write


def test_numbers_and_escape_sites_are_those_of_the_record(tmp_path: Path) -> None:
    item = record(
        1,
        package(PARSE, bench("BenchmarkScan", 1, (1.0, 2.0))),
        escapes=(site(PARSE, "f"), site(PARSE, "g", test=True)),
    )
    explained = tuple(replace(s, flow=(FlowStep("from &v", None),)) for s in item.escapes)
    calls = (InliningCall(PARSE, "g", Position("f.go", 3, 1)),)
    printed = tuple(replace(p, raw={Lane.TIME: "BenchmarkScan 1\n"}) for p in item.packages)
    whole = replace(item, packages=printed, inlining_calls=calls, escapes=explained)
    store = write(tmp_path, whole)
    without = tuple(replace(p, raw=None) for p in item.packages)
    assert list(store.numbers_and_sites()) == [(store.paths()[0], replace(item, packages=without))]


def test_equal_parts_are_one_object_in_whatever_order_the_files_are(tmp_path: Path) -> None:
    items = [
        record(
            n, package(PARSE, bench("BenchmarkScan", n % 3)), escapes=(site(PARSE, f"f{n % 3}"),)
        )
        for n in range(1, 7)
    ]
    found = [item for _, item in write(tmp_path, *items).numbers_and_sites()]
    for name in {item.escapes[0].function for item in found}:
        one, two = (item for item in found if item.escapes[0].function == name)
        assert one.escapes[0] is two.escapes[0]
        assert one.packages[0].benchmarks is two.packages[0].benchmarks


@pytest.mark.parametrize(
    "spoil", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"no record"]
)
def test_a_damaged_record_is_named(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    store = write(tmp_path, record(1, package(PARSE)))
    path = store.paths()[0]
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.warns(RecordWarning, match=path.name):
        assert list(store.numbers_and_sites()) == []
    with pytest.warns(RecordWarning, match=path.name):
        assert rebuild(write(tmp_path)).unchanged == ()


def test_a_record_of_a_newer_harness_is_refused(tmp_path: Path) -> None:
    store = write(tmp_path, replace(record(1), schema=99))
    with pytest.warns(RecordWarning, match="newer harness"):
        assert list(store.numbers_and_sites()) == []
