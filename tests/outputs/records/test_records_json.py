"""``--format json`` of show and compare."""

import json

from harness.analysis.compare.comparison import compare
from harness.analysis.compare.records import diff_records, record_detail
from harness.outputs.records.json import comparison_json, record_json
from tests.builders import make_benchmark, make_package, make_record, make_site
from tests.hostile import hostile_history


def test_what_the_compiler_brings_stands_apart() -> None:
    packages = [make_package(benchmarks=[make_benchmark("BenchmarkX", 1)])]
    older = make_record(1, packages)
    base = make_record(1, packages, escapes=[make_site("append escapes to heap")])
    head = make_record(2, packages, escapes=[make_site("append escapes to heap"), make_site()])
    diff = diff_records(base, head, None, compare(base, head), older)
    document = json.loads(comparison_json(diff))
    assert [s["message"] for s in document["escapes"]["new"]] == ["moved to heap: x"]
    compiler = document["compiler"]["escapes"]
    assert [s["message"] for s in compiler["new"]] == ["append escapes to heap"]
    assert (compiler["gone"], compiler["kept"]) == ([], 0)


def test_a_record_with_names_that_utf8_cannot_hold() -> None:
    for record in hostile_history().records:
        assert json.loads(record_json(record_detail(record)))["revision"]
