"""``esv steps`` in any unit, its correlation, and frames of real records."""

from __future__ import annotations

import json

import harness
from harness.model import ALLOCS
from tests.e2e.support import Project, truth


def test_steps_of_every_recorded_unit(measured: Project) -> None:
    run = measured.esv("steps", "--unit", "all", "--format", "json")
    assert run.code == 0, run.err
    steps = json.loads(run.out)["steps"]
    assert {"allocs/op", "B/op"} <= {s["unit"] for s in steps}
    own = [s for s in steps if s["unit"] == ALLOCS]
    assert all(s["p"] is None and s["exact"] for s in own)
    # What was repaired stays in the list, with the revision that did it.
    known = {c["revision"] for c in truth("timeline")["commits"]}
    repaired = [s for s in own if s["repaired"]]
    assert repaired
    for step in repaired:
        assert step["direction"] == "regression"
        assert step["repaired"] in known
    text = measured.esv("steps")
    assert f"▲ repaired {repaired[0]['repaired'][:8]}" in text.out


def test_a_unit_that_is_not_recorded_is_refused(measured: Project) -> None:
    message = measured.esv("steps", "--unit", "sec/op").refused("steps")
    assert "--unit sec/op: not recorded; there are allocs/op, B/op" in message


def test_correlation_says_what_can_be_said(measured: Project) -> None:
    run = measured.esv("steps", "--correlation", "--format", "json")
    assert run.code == 0, run.err
    document = json.loads(run.out)
    assert document["schema"] == "esv.correlation/1"
    rows = document["associations"]
    assert {r["unit"] for r in rows} == {ALLOCS}
    assert {r["event"] for r in rows} == {"new", "gone"}
    # The fixture brings few escapes to a package: that is too few, and said so.
    few = [r for r in rows if r["verdict"] == "too few"]
    assert few
    assert all(r["effect"] is None and min(r["events"], r["pairs"] - r["events"]) < 5 for r in few)
    text = measured.esv("steps", "--correlation")
    assert text.code == 0, text.err
    assert "too few revisions to say" in text.out


def test_frames_of_real_records(measured: Project) -> None:
    results = harness.open_results(measured.results)
    steps = results.frame("steps")
    expected = {
        (c["revision"], s["benchmark"], s["before"], s["after"])
        for c in truth("timeline")["commits"]
        for s in c["steps"]
        if s["unit"] == ALLOCS and s["before"] is not None and s["after"] is not None
    }
    own = steps[steps["unit"] == ALLOCS]
    names = ["revision", "benchmark", "before", "after"]
    assert set(zip(*(own[n] for n in names), strict=True)) == expected
    # With the configuration the line is git's; here both agree.
    by_git = harness.open_results(measured.directory / "asv.conf.json").frame("steps")
    assert list(by_git["position"]) == list(steps["position"])
    sites = results.frame("escapes")
    each = results.frame("escapes-by-revision")
    code = each[~each["test"] & ~each["file"].astype(str).str.startswith("<")]
    assert sites["records"].sum() == len(code)
