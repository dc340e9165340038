"""Two releases of Go: what is the compiler's and what is the code's, on records made by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from harness.analysis.causes.crossing import COUNTED, Crossing, charged_changes
from harness.analysis.causes.explain import explain
from harness.analysis.compare.comparison import Direction, compare_releases
from harness.analysis.verdict.gate import Verdict, judge_gate
from harness.model import ALLOCS, BYTES, Environment, Record, Toolchain
from harness.outputs.gate import json as gate_json
from harness.outputs.gate import text as gate_text
from harness.outputs.gate.base import Surroundings
from harness.outputs.gate.json import gate_schema
from tests.account_builders import make_account, make_place
from tests.builders import MODULE, make_benchmark, make_package, make_record, make_site

P, NAME = f"{MODULE}/p", "BenchmarkX"
KEPT, NEW = make_site("moved to heap: x", line=12), make_site("append escapes to heap", line=20)


def record(number: int, release: str, allocs: float, *lines: tuple[int, float]) -> Record:
    """A record with one benchmark and its account."""
    sites = (KEPT, NEW) if release != "go1.24.11" else (KEPT,)
    made = make_record(
        number, [make_package(benchmarks=[make_benchmark(NAME, allocs, 8 * allocs)])], escapes=sites
    )
    places = [make_place(line=line, allocs=amount, size=8 * amount) for line, amount in lines]
    return replace(
        made,
        environment=Environment(Toolchain(release, "linux", "amd64", "cache", False)),
        accounts=(make_account(P, NAME, places),),
    )


def crossing(old: float, same: float, head: float) -> Crossing:
    """Base with 1.24, base with 1.26, and head with 1.26; the compiler's part is on line 20."""
    return Crossing(
        base=record(0, "go1.26.6", same, (12, 1), (20, same - 1)),
        head=record(1, "go1.26.6", head, (12, 1 + head - same), (20, same - 1)),
        older=record(0, "go1.24.11", old, (12, 1), (20, old - 1)),
    )


@pytest.mark.parametrize(
    ("values", "parts", "verdict", "outcome"),
    [
        ((3, 3, 3), None, Verdict.PASS, None),
        ((3, 1, 1), (-2, 0), Verdict.PASS, "compiler"),
        ((1, 3, 3), (2, 0), Verdict.PASS, "compiler"),
        ((1, 3, 4), (2, 1), Verdict.FAIL, "mixed"),
        ((3, 2, 3), (-1, 1), Verdict.FAIL, "mixed"),  # one undoes the other
        ((2, 3, 2), (1, -1), Verdict.PASS, "mixed"),
        ((3, 3, 4), (0, 1), Verdict.FAIL, "reached"),
    ],
)
def test_parts(
    values: tuple[float, float, float],
    parts: tuple[float, float] | None,
    verdict: Verdict,
    outcome: str | None,
) -> None:
    crossed = crossing(*values)
    report = judge_gate(crossed.base, crossed.head, (), crossed)
    assert report.verdict is verdict
    found = {c.unit: c for c in report.changes}
    if parts is None:
        assert found == {}
        return
    change = found[ALLOCS]
    assert (change.by_compiler, change.by_code) == parts
    assert change.delta == sum(parts) == values[2] - values[0]
    attribution = report.attributions[P, NAME, ALLOCS]
    assert attribution.outcome == outcome
    assert attribution.delta == change.delta
    assert sum(c.delta for c in attribution.causes) + attribution.unexplained == change.delta
    assert attribution.explained == 1
    compiler = [c for c in attribution.causes if c.outcome == "compiler"]
    if parts[0]:
        (cause,) = compiler
        assert (cause.file, cause.line, cause.delta) == ("p/p.go", 20, parts[0])
        assert (cause.note, cause.at_base) == ("go1.24.11 → go1.26.6, same code", True)
    else:
        assert compiler == []


def test_escapes_of_the_compiler_stand_apart() -> None:
    crossed = crossing(3, 1, 2)
    report = judge_gate(crossed.base, crossed.head, (), crossed)
    assert (report.escapes.new, report.escapes.gone) == ((), ())
    assert report.by_compiler is not None
    assert report.by_compiler.new == (NEW,)
    document = json.loads(gate_json.report(report, Surroundings()))
    jsonschema.validate(document, gate_schema())
    assert (document["base"]["toolchain"], document["head"]["toolchain"]) == (
        "go1.24.11", "go1.26.6",
    )  # fmt: skip
    assert document["escapes"] == {"new": [], "gone": []}
    assert [e["message"] for e in document["compiler"]["escapes"]["new"]] == [NEW.message]
    entry = next(c for c in document["changes"] if c["unit"] == ALLOCS)
    assert (entry["base"], entry["head"], entry["by_compiler"]) == (3, 2, -2)
    text = gate_text.report(report, Surroundings())
    assert "▲ worse (code +1, compiler -2)" in text
    assert "by the compiler, with the code of the base: 1 new escape site" in text


def test_without_accounts_the_part_is_known_all_the_same() -> None:
    crossed = crossing(3, 1, 1)
    assert crossed.older is not None
    crossed = replace(crossed, older=replace(crossed.older, accounts=()))
    found = explain(crossed, charged_changes(crossed))[P, NAME, BYTES]
    assert (found.outcome, found.explained) == ("compiler", 1)
    assert [(c.file, c.delta) for c in found.causes] == [("", -16)]


def test_what_only_one_release_measures() -> None:
    """Without a number of the base with its release there is no part of the compiler."""
    crossed = crossing(3, 1, 2)
    assert crossed.older is not None
    broken = replace(crossed.older, packages=())
    (change, _) = charged_changes(replace(crossed, older=broken))
    assert (change.delta, change.by_compiler, change.direction) == (1, 0, Direction.REGRESSION)
    found = compare_releases(crossed.older, broken, crossed.head, COUNTED)
    assert all(c.by_compiler == 0 and c.base is not None for c in found)
