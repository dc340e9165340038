"""Benchmarks that only one side of a gate has, in every format of its report."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from harness.outputs.gate import junit
from harness.outputs.gate.annotations import annotate
from harness.outputs.gate.base import Surroundings
from harness.outputs.gate.registry import FORMATS
from harness.outputs.gate.words import verdict_line
from tests.outputs.gate.gates import judged, record, unmatched_report
from tests.outputs.gate.test_reports import check, document

WAIVED = (
    '[[waivers]]\nbenchmark = "BenchmarkGone"\nowner = "ann"\nreason = "merged into Same"\n'
    "expires = 2026-12-24\n"
)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("policy", ["", 'gone = "report"\n', WAIVED])
def test_a_benchmark_that_is_gone_is_named_in_every_format(name: str, policy: str) -> None:
    report = unmatched_report(policy)
    text = document(name, report)
    check(name, text)
    assert report.verdict == ("pass" if policy else "fail")
    assert "BenchmarkGone/of=both" in text
    assert "merged into Same" in text or policy != WAIVED
    if name != "gitlab":  # which is a list of what is to be done
        for other in ("BenchmarkMore", "BenchmarkNew", "BenchmarkOld"):
            assert other in text, other


@pytest.mark.parametrize(
    ("policy", "level"), [("", "error"), ('gone = "report"\n', "warning"), (WAIVED, "note")]
)
def test_a_benchmark_that_is_gone_is_pointed_at_where_it_was(policy: str, level: str) -> None:
    report = unmatched_report(policy)
    found = next(a for a in annotate(report) if a.rule == "gone")
    assert (str(found.level), found.file, found.line) == (level, "p/p_test.go", 40)
    assert found.revision == report.base.revision.hash
    assert "it was at p/p_test.go:40 of the base" in found.message
    sides = json.loads(document("json", report))["policy"]
    assert (len(sides["violations"]), len(sides["waived"])) == (level == "error", level == "note")
    page = document("html", report)
    assert "<strong>gone</strong>" in page or level == "warning"
    root = ET.fromstring(junit.report(report, Surroundings()))
    (case,) = root.findall("testsuite/testcase[@name='BenchmarkGone/of=both']")
    assert [e.tag for e in case] == (["failure"] if level == "error" else ["system-out"])


def test_a_sub_benchmark_is_pointed_at_in_its_function_at_the_head() -> None:
    base = record(0, {"BenchmarkBudget/a": 1, "BenchmarkBudget/b": 1})
    report = judged(base, record(1, {"BenchmarkBudget/a": 1}))
    (found,) = annotate(report)
    assert (found.file, found.line) == ("p/p_test.go", 40)
    assert found.revision == report.head.revision.hash


def test_the_verdict_says_what_it_is_about() -> None:
    assert verdict_line(unmatched_report()) == (
        "FAIL: 1 violation; 2 benchmarks compared, 1 gone, 1 added, 1 renamed"
    )
    assert verdict_line(unmatched_report('gone = "report"\n')) == (
        "PASS: 2 benchmarks compared, 1 gone, 1 added, 1 renamed, no violation"
    )
    nothing = judged(record(0, {}), record(1, {"BenchmarkX": 1}))
    assert verdict_line(nothing) == "PASS: 1 benchmark added, no violation"
