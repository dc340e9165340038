"""``--format json`` of compare."""

import json

from harness.analysis.compare.comparison import compare
from harness.analysis.compare.escapes import diff_escapes
from harness.outputs.records.document import comparison_json
from tests.builders import make_benchmark, make_package, make_record, make_site


def test_what_the_compiler_brings_stands_apart() -> None:
    packages = [make_package(benchmarks=[make_benchmark("BenchmarkX", 1)])]
    older = make_record(1, packages)
    base = make_record(1, packages, escapes=[make_site("append escapes to heap")])
    head = make_record(2, packages, escapes=[make_site("append escapes to heap"), make_site()])
    escapes = diff_escapes(base, head, None)
    text = comparison_json(base, head, compare(base, head), escapes, older)
    document = json.loads(text)
    assert [s["message"] for s in document["escapes"]["new"]] == ["moved to heap: x"]
    compiler = document["compiler"]["escapes"]
    assert [s["message"] for s in compiler["new"]] == ["append escapes to heap"]
    assert (compiler["gone"], compiler["kept"]) == ([], 0)
