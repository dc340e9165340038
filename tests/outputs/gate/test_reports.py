"""The gate's report in every format: what is pointed at, and that it is valid."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from harness.analysis.compare.timing import Noise, TimeReport
from harness.analysis.verdict.gate import GateReport, Verdict, judge_gate
from harness.model import FlowStep, Position
from harness.outputs.gate import github, junit, sarif
from harness.outputs.gate.annotation import RULES, Annotation, Level
from harness.outputs.gate.annotations import annotate
from harness.outputs.gate.base import Failure, Surroundings
from harness.outputs.gate.json import gate_schema
from harness.outputs.gate.registry import FORMATS, reporter
from tests.builders import make_site
from tests.outputs.gate.gates import (
    NEW,
    P,
    attributed,
    cause,
    error_report,
    full_report,
    judged,
    long_report,
    passing_report,
    record,
    unmatched_report,
)
from tests.public_schemas import SARIF, public_schema

NOWHERE = Surroundings()
SOURCE = Surroundings(lambda _r, file, line: f"\tsource of {file}:{line}")
UNFIT = Noise(P, "BenchmarkX", 0.09, 0.001, 0.05, 0.03)


def unfit_report(allocs: float = 1) -> GateReport:
    """The time lane could not tell."""
    return judge_gate(
        record(0, {"BenchmarkX": 1}),
        record(1, {"BenchmarkX": allocs}),
        (),
        time=TimeReport((), (UNFIT,)),
    )


CASES: dict[str, Callable[[], GateReport]] = {
    "fails": full_report,
    "passes": passing_report,
    "error": error_report,
    "unfit": unfit_report,
    "many": lambda: long_report(60),
    "gone": unmatched_report,
    "gone is listed": lambda: unmatched_report('gone = "report"\n'),
}


def document(name: str, report: GateReport, around: Surroundings = SOURCE) -> str:
    return reporter(name).report(report, around)


def test_every_format_of_the_command_line_has_a_reporter() -> None:
    assert all(reporter(name) for name in FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_report_gives_the_same_document(name: str) -> None:
    assert document(name, full_report()) == document(name, full_report())


@pytest.mark.parametrize("name", [n for n in FORMATS if n != "gitlab"])
@pytest.mark.parametrize("case", CASES)
def test_the_verdict_comes_first(name: str, case: str) -> None:
    report = CASES[case]()
    word = {Verdict.PASS: "PASS", Verdict.FAIL: "FAIL", Verdict.ERROR: "ERROR"}[report.verdict]
    if name == "text" and report.unfit:
        word = "UNFIT"
    text = document(name, report)
    if name == "json":
        assert json.loads(text)["verdict"] == report.verdict
    elif name == "sarif":
        run = json.loads(text)["runs"][0]
        assert run["invocations"][0]["exitCode"] == report.exit_code
        assert run["invocations"][0]["executionSuccessful"] == (word != "ERROR")
    else:
        head = text.removeprefix("<!-- escape-velocity:gate -->\n")
        head = head.removeprefix('<?xml version="1.0" encoding="UTF-8"?>\n')
        assert word in head.split("\n", 1)[0]


@pytest.mark.parametrize("name", FORMATS)
def test_a_gate_that_could_not_begin_has_a_document(name: str) -> None:
    message = "unknown revision 'no-such' in /x: fetch it first, <b>| `now`"
    text = reporter(name).failure(Failure(message))
    check(name, text)
    assert "could not measure, so no verdict" in text or name == "json"
    assert "no-such" in text
    unfit = reporter(name).failure(Failure("2 % expected, 9 % found", 3))
    check(name, unfit)
    assert "unfit" in unfit or name == "json"
    if name == "json":
        assert json.loads(unfit)["exit_code"] == 3


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("case", CASES)
def test_every_document_is_valid(name: str, case: str) -> None:
    check(name, document(name, CASES[case]()))


def check(name: str, text: str) -> None:
    """Fails on a document that a reader of the format would refuse."""
    assert text.endswith("\n")
    if name == "json":
        jsonschema.Draft202012Validator(gate_schema()).validate(json.loads(text))
    elif name == "sarif":
        jsonschema.Draft7Validator(public_schema(SARIF)).validate(json.loads(text))
    elif name == "junit":
        check_junit(text)
    elif name == "gitlab":
        check_gitlab(text)
    elif name == "github":
        assert all(re.match(r"(::(error|warning|notice) [^\n]*::.)|esv gate: ", x)
                   for x in text.splitlines())  # fmt: skip


def check_junit(text: str) -> None:
    """What the common schema (``junit-10.xsd``) asks for."""
    root = ET.fromstring(text)
    assert root.tag == "testsuites"
    cases = root.findall("testsuite/testcase")
    assert int(root.attrib["tests"]) == len(cases) == len(list(root.iter("testcase")))
    for kind in ("failure", "error"):
        assert int(root.attrib[f"{kind}s"]) == len(root.findall(f"testsuite/testcase/{kind}"))
    for suite in root.findall("testsuite"):
        assert set(suite.attrib) == {"name", "tests", "failures", "errors", "skipped", "time"}
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
        names = [(c.attrib["classname"], c.attrib["name"]) for c in suite.findall("testcase")]
        assert len(set(names)) == len(names)
        assert all(name for pair in names for name in pair)
        for case in suite.findall("testcase"):
            assert {c.tag for c in case} <= {"failure", "error", "system-out"}
            assert len([c for c in case if c.tag != "system-out"]) <= 1
            for body in [*case.findall("failure"), *case.findall("error")]:
                assert set(body.attrib) == {"message", "type"}


def check_gitlab(text: str) -> None:
    """What GitLab's documentation asks for."""
    issues = json.loads(text)
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["description"] and issue["check_name"]
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["location"]["path"]
        assert not issue["location"]["path"].startswith(("/", "./"))
        assert issue["location"]["lines"]["begin"] >= 1
    fingerprints = [i["fingerprint"] for i in issues]
    assert len(set(fingerprints)) == len(fingerprints)


# What is pointed at


def by_subject(report: GateReport) -> dict[tuple[str, str], Annotation]:
    return {(a.rule, a.subject): a for a in annotate(report)}


def test_levels_and_places() -> None:
    found = by_subject(full_report())
    shown = {key: (str(a.level), a.file, a.line, a.column) for key, a in found.items()}
    assert shown == {
        ("threshold", "BenchmarkX/a"): ("error", "p/p.go", 12, 9),
        # The first cause at head; the one at base has no place there.
        ("threshold", "BenchmarkLate"): ("error", "p/p.go", 30, 0),
        # Without a cause, where the benchmark is declared, as the compiled code tells.
        ("budget", "BenchmarkBudget"): ("error", "p/p_test.go", 40, 0),
        ("no-escape", "Hot"): ("error", "p/hot.go", 7, 9),
        ("new-escape", "F"): ("error", "p/p.go", 12, 9),
        ("waiver-expired", "BenchmarkLate"): ("warning", "escape-velocity.toml", 21, 0),
        ("rule-idle", "no function with frame-B is 'example.com/m/p.Nowhere'"): (
            "warning", "escape-velocity.toml", 12, 0,
        ),
        ("threshold", "BenchmarkWaived"): ("note", "", 0, 0),
        ("waiver-unused", "moved to heap: never"): ("note", "escape-velocity.toml", 27, 0),
    }  # fmt: skip
    assert {rule for rule, _ in found} <= set(RULES)
    late = found["threshold", "BenchmarkLate"]
    assert late.message.splitlines()[:3] == [
        "BenchmarkLate: 1 → 2 allocs/op",
        "-1 allocs/op at p/p.go:90 of the base in F: gone: moved to heap: old",
        "+1 allocs/op at p/p.go:30 in F: in strings.Join",
    ]
    assert late.message.splitlines()[-1] == f"reproduce: {late.reproduce}"


def test_without_a_rule_new_escapes_are_notes() -> None:
    report = judged(record(0, {"BenchmarkX": 1}), record(1, {"BenchmarkX": 1}, [NEW]))
    (note,) = annotate(report)
    assert (note.level, note.rule, note.title) == (Level.NOTE, "new-escape", "new escape")
    assert (note.file, note.line, note.function) == ("p/p.go", 12, "F")
    assert report.verdict is Verdict.PASS


def test_what_does_not_compile_at_head_has_its_place() -> None:
    error, _ = annotate(error_report())
    assert (error.level, error.rule, error.file, error.line) == (
        "error", "not-measured", "q/q.go", 3,
    )  # fmt: skip


def test_an_error_of_the_base_points_at_no_line_of_the_head() -> None:
    report = error_report()
    swapped = [replace(e, revision=report.base.revision.hash) for e in report.errors]
    error, _ = annotate(replace(report, errors=tuple(swapped)))
    assert (error.file, error.line) == ("", 0)
    assert error.title == "could not measure: base build"


def test_a_failure_without_a_change_has_a_document_in_each_format() -> None:
    """A new escape alone: no benchmark moved, so there is nothing to run."""
    policy = '[escapes]\nnew = "forbid"\n'
    report = judged(record(0, {"BenchmarkX": 1}), record(1, {"BenchmarkX": 1}, [NEW]), policy)
    assert (report.verdict, report.changes) == (Verdict.FAIL, ())
    for name in FORMATS:
        text = document(name, report)
        check(name, text)
        assert "moved to heap" in text
        assert "git checkout" not in text


def test_the_command_is_that_of_what_fails() -> None:
    text = document("text", full_report())
    assert text.splitlines()[-1].split(" -bench ")[1].startswith("'^BenchmarkX$/^a$'")


def test_an_unfit_machine_is_an_error_with_its_figures() -> None:
    report = unfit_report()
    (error,) = annotate(report)
    assert (error.level, error.rule, report.exit_code) == ("error", "machine-unfit", 3)
    assert error.message.splitlines()[1] == (
        "BenchmarkX: medians +9.0\u202f% apart (p=0.001), half of the samples within ±5.0 %;"
        " looked for: 3 %"
    )
    # A regression in the counts is exact and outranks it.
    first, second = annotate(unfit_report(allocs=2))
    assert (first.level, second.level) == ("warning", "error")
    assert json.loads(document("json", report))["time"]["fit"] is False


def fingerprints(report: GateReport) -> dict[tuple[str, str], str]:
    return {key: a.fingerprint for key, a in by_subject(report).items()}


def test_a_fingerprint_stays_where_the_line_and_the_numbers_move() -> None:
    def report(line: int, allocs: float, message: str = "moved to heap: x") -> GateReport:
        head = record(1, {"BenchmarkX": allocs}, [make_site(message, line=line)])
        return judged(record(0, {"BenchmarkX": 1}), head, '[escapes]\nnew = "forbid"\n')

    assert fingerprints(report(12, 2)) == fingerprints(report(300, 7))
    other = fingerprints(report(12, 2, "moved to heap: y"))
    assert other["new-escape", "F"] != fingerprints(report(12, 2))["new-escape", "F"]
    assert (
        other["threshold", "BenchmarkX"] == fingerprints(report(12, 2))["threshold", "BenchmarkX"]
    )


def test_equal_content_twice_gives_two_fingerprints() -> None:
    sites = [make_site(line=12), make_site(line=20)]
    head = record(1, {"BenchmarkX": 1}, sites)
    found = annotate(judged(record(0, {"BenchmarkX": 1}), head))
    assert len({a.fingerprint for a in found}) == len(found) == 2


def test_an_address_in_a_panic_does_not_change_the_fingerprint() -> None:
    report = error_report()

    def after(message: str) -> str:
        changed = replace(report.errors[0], message=message)
        return annotate(replace(report, errors=(changed,)))[0].fingerprint

    assert after("panic at 0xc000123: line 7") == after("panic at 0xc0ffee0: line 12")
    assert after("panic at 0xc000123: line 7") != after("fatal at 0xc000123: line 7")


# GitHub


def test_the_caps_of_the_host_are_kept_and_the_rest_is_counted() -> None:
    sites = [make_site(f"moved to heap: v{n}", line=n + 1) for n in range(25)]
    base = record(0, {f"BenchmarkMany/case={n}": 0 for n in range(37)})
    head = record(1, {f"BenchmarkMany/case={n}": 1 for n in range(37)}, sites)
    text = document("github", judged(base, head))
    lines = text.splitlines()
    errors = [x for x in lines if x.startswith("::error ")]
    notices = [x for x in lines if x.startswith("::notice ")]
    assert (len(errors), len(notices)) == (10, 10)
    assert errors[-1].startswith("::error title=28 more errors::28 more errors are not shown")
    assert notices[-1].startswith("::notice title=16 more notes::")


def test_ten_of_a_kind_are_all_shown() -> None:
    base = record(0, {f"BenchmarkMany/case={n}": 0 for n in range(10)})
    head = record(1, {f"BenchmarkMany/case={n}": 1 for n in range(10)})
    text = document("github", judged(base, head))
    assert text.count("::error ") == 10
    assert "more errors" not in text


def test_a_workflow_command_is_escaped() -> None:
    line = github.command("error", {"file": "a,b:c%.go", "line": "3"}, "50 % of\nx, y: z\r")
    assert line == "::error file=a%2Cb%3Ac%25.go,line=3::50 %25 of%0Ax, y: z%0D"
    text = document("github", full_report())
    assert (
        "::error file=p/p.go,line=12,col=9,title=regression in allocs/op%3A BenchmarkX/a::"
        "BenchmarkX/a: 0 → 1 allocs/op%0A+1 allocs/op at p/p.go:12 in F: new: moved to heap: x"
    ) in text


# SARIF


def results(report: GateReport, around: Surroundings = SOURCE) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(sarif.report(report, around))["runs"][0]["results"]
    return found


def test_the_schema_is_that_of_the_standard() -> None:
    assert public_schema(SARIF)["$id"] == sarif.SCHEMA


def test_a_result_points_at_its_line_and_tells_the_flow() -> None:
    first = results(full_report())[0]
    (location,) = first["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "p/p.go", "uriBaseId": "%SRCROOT%"},
        "region": {
            "startLine": 12,
            "startColumn": 9,
            "snippet": {"text": "\tsource of p/p.go:12"},
        },
    }
    assert location["logicalLocations"] == [{"fullyQualifiedName": f"{P}.F", "kind": "function"}]
    steps = first["codeFlows"][0]["threadFlows"][0]["locations"]
    shown = [
        (
            s["location"]["physicalLocation"]["region"]["startLine"],
            s["location"]["message"]["text"],
        )
        for s in steps
    ]
    assert shown == [
        (12, "BenchmarkX/a: 0 → 1 allocs/op"),
        (13, "flow: ~r0 ← &x: from &x (address-of)"),
        (14, "from return &x (return)"),
    ]
    assert re.fullmatch("[0-9a-f]{32}", first["partialFingerprints"]["escapeVelocity/v1"])
    assert (first["properties"]["base"], first["properties"]["head"]) == (0, 1)


def test_what_is_waived_is_suppressed_with_its_reason() -> None:
    (waived,) = [r for r in results(full_report()) if "suppressions" in r]
    assert waived["level"] == "note"
    assert waived["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "ann until 2026-12-24: the parser is rewritten next week",
        }
    ]


def test_every_result_has_a_rule_and_a_place() -> None:
    for report in (full_report(), error_report(), passing_report()):
        run = json.loads(sarif.report(report, NOWHERE))["runs"][0]
        rules = run["tool"]["driver"]["rules"]
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            assert uri and not uri.startswith("/")
    assert run["results"] == []


def test_columns_are_characters_and_addresses_are_encoded() -> None:
    site = make_site(file="p/grö ße#1.go", line=2)
    site = replace(site, position=Position(site.position.file, 2, 8))
    report = judged(record(0, {"BenchmarkX": 1}), record(1, {"BenchmarkX": 1}, [site]))
    (found,) = results(report, Surroundings(lambda *_: '"größe", x'))
    where = found["locations"][0]["physicalLocation"]
    # Byte 8 of the line is its sixth character: ö and ß have two bytes.
    assert where["region"]["startColumn"] == 6
    assert where["artifactLocation"]["uri"] == "p/gr%C3%B6%20%C3%9Fe%231.go"


def test_what_is_in_no_file_has_no_place_in_the_flow() -> None:
    flow = (FlowStep("from x (spill)", Position("<autogenerated>", 1, 0)),)
    report = judged(
        record(0, {"BenchmarkX": 1}), record(1, {"BenchmarkX": 1}, [make_site(flow=flow)])
    )
    (found,) = results(report)
    step = found["codeFlows"][0]["threadFlows"][0]["locations"][1]["location"]
    assert step == {"message": {"text": "from x (spill)"}}
    jsonschema.Draft7Validator(public_schema(SARIF)).validate(
        json.loads(sarif.report(report, SOURCE))
    )


def test_more_results_than_the_host_reads_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 30)
    run = json.loads(sarif.report(long_report(40), NOWHERE))["runs"][0]
    assert len(run["results"]) == 30
    compared, note = run["invocations"][0]["toolExecutionNotifications"]
    assert compared["message"]["text"] == "40 benchmarks compared"
    assert note["message"]["text"] == "50 results are left out; the host reads 30"


# JUnit


def test_one_test_case_for_each_compared_benchmark() -> None:
    root = ET.fromstring(junit.report(full_report(), NOWHERE))
    cases = {
        c.attrib["name"]: [e.tag for e in c]
        for c in root.findall(f"testsuite[@name='{P}']/testcase")
    }
    assert cases == {
        "BenchmarkX/a": ["failure"],
        "BenchmarkWaived": ["system-out"],
        "BenchmarkLate": ["failure"],
        "BenchmarkBudget": ["failure"],
        "BenchmarkGone": [],
        "BenchmarkTimed": [],
        "BenchmarkSame": [],
        "allocation where none is allowed: Hot: make([]byte, n) escapes to heap;"
        " nothing may be allocated there": ["failure"],
        "new escape: moved to heap: x": ["failure"],
    }


# The contract's document


def test_the_document_tells_the_policy() -> None:
    found = json.loads(document("json", full_report()))
    policy = found["policy"]
    assert policy["source"] == "escape-velocity.toml"
    assert [(v["rule"], v["subject"], v["policy_line"]) for v in policy["violations"]] == [
        ("threshold", "BenchmarkX/a", 0),
        ("threshold", "BenchmarkLate", 0),
        ("budget", "BenchmarkBudget", 5),
        ("no-escape", "Hot", 9),
        ("new-escape", "F", 0),
    ]
    (waived,) = policy["waived"]
    assert waived["waiver"]["expires"] == "2026-12-24"
    assert [w["owner"] for w in policy["expired"]] == ["bob"]
    assert [w["owner"] for w in policy["unused"]] == ["cleo"]
    assert policy["idle"] == ["line 12: no function with frame-B is 'example.com/m/p.Nowhere'"]
    marks = {(c["benchmark"], c["unit"]): c["waived"] for c in found["changes"] if c["waived"]}
    assert marks == {
        ("BenchmarkWaived", "allocs/op"): "ann until 2026-12-24: the parser is rewritten next week"
    }


def test_causes_of_another_unit_are_named_with_it() -> None:
    policy = '[thresholds]\n"B/op" = 0\n"allocs/op" = "report"\n'
    base, head = record(0, {"BenchmarkX": 0}), record(1, {"BenchmarkX": 1}, [NEW])
    report = judged(base, head, policy)
    report = attributed(report, "BenchmarkX", cause())
    error = annotate(report)[0]
    assert error.violation is not None
    assert error.violation.unit == "B/op"
    assert "+1 allocs/op at p/p.go:12" in error.message


def test_a_gate_loads_nothing_that_it_does_not_need() -> None:
    """Each of these takes longer to load than a gate of a small change may take in all."""
    heavy = ("asv", "jinja2", "pandas", "scipy", "rich")
    code = f"import sys, harness.cli.gate; print(*set({heavy!r}) & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
