"""The compiled code, and what sites cost, in the outputs."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema

from harness.analysis.compare.records import record_detail
from harness.analysis.history.history import History
from harness.analysis.verdict.gate import judge_gate
from harness.model import (
    AllocationCall,
    AllocationKind,
    Execution,
    FunctionCode,
    PackageError,
    Record,
    SiteExecution,
)
from harness.outputs.gate import json as gate_json
from harness.outputs.gate import text as gate_text
from harness.outputs.gate.base import Surroundings
from harness.outputs.gate.json import gate_schema
from harness.outputs.text.terminal import show_record
from tests.account_builders import make_account, make_place
from tests.builders import MODULE, make_benchmark, make_package, make_record, make_site
from tests.outputs.site.pages import Page, site

P = f"{MODULE}/p"
FREE = make_site("func literal escapes to heap", line=40, function="Free")
HIDDEN = make_site("moved to heap: y", line=50, function="Hidden")
GROW = AllocationCall(
    P, "F", "runtime.growslice", AllocationKind.APPEND, "p/p.go", 20, "p/p.go", 20
)


def history() -> History:
    """Growth of a slice, a larger frame, a site that allocates nothing, one that is not reached."""

    def record(number: int, frame: int, allocs: int) -> Record:
        functions = (
            FunctionCode(P, "F", frame, "p/p.go", 10),
            FunctionCode(P, "Free", 8, "p/p.go", 39),
        )
        package = make_package(P, [make_benchmark("BenchmarkF", allocs, allocs * 16)])
        account = make_account(P, "BenchmarkF", [make_place(line=20, allocs=allocs)])
        made = make_record(number, [package], escapes=[FREE, HIDDEN] if number else [])
        return replace(made, functions=functions, calls=(GROW,), accounts=(account,))

    base, head = record(0, 120, 1), record(1, 4216, 5)
    found = (
        SiteExecution(P, FREE.position, Execution.EXECUTED),
        SiteExecution(P, HIDDEN.position, Execution.UNCOVERED),
    )
    unread = (PackageError(f"{MODULE}/q", "code", "was it stripped?"),)
    return History.build([base, replace(head, executions=found, unread=unread)])


def test_pages_show_the_compiled_code() -> None:
    two = history()
    files = site(two)
    page = Page(files[f"r/{two.records[1].revision.hash}.html"]).text.replace(
        "\N{NO-BREAK SPACE}", " "
    )
    assert "120 B → to 4,216 B" in page
    assert "allocates nothing: a constant, or optimised away; executed by a benchmark" in page
    assert "none allocates more" not in page  # one does
    assert "uncovered: no benchmark enters the function" in page
    assert "runtime.growslice: an append grows its slice" in page
    assert "was it stripped?" in page
    overview = Page(files["index.html"]).text
    assert "heap-calls" in overview
    assert "4,216" in overview


def test_the_gate_tells_what_sites_cost() -> None:
    base, head = history().records
    report = judge_gate(base, head, None)
    document = json.loads(gate_json.report(report, Surroundings()))
    jsonschema.Draft202012Validator(gate_schema()).validate(document)
    said = {
        s["message"]: (s["covered"], s["reach"], s["allocates"]) for s in document["escapes"]["new"]
    }
    assert said == {
        FREE.message: (True, "free", False),
        HIDDEN.message: (False, "uncovered", None),
    }
    cause = document["changes"][0]["causes"][0]
    assert (cause["outcome"], cause["calls"]) == ("growth", ["runtime.growslice"])
    text = gate_text.report(report, Surroundings())
    assert "func literal escapes to heap in Free (allocates nothing" in text
    assert "2 new escape sites (1 that no benchmark executes), 0 gone, 0 kept" in text
    assert "no escape is reported here; runtime.growslice: an append grows its slice" in text


def test_what_could_not_be_read_is_said() -> None:
    assert f"compiled code of {MODULE}/q not read: was it stripped?" in show_record(
        record_detail(history().records[1])
    )
