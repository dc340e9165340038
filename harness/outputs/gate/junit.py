"""``--format junit``: one test case for each benchmark that either side has.

The elements and attributes are those that Jenkins, GitLab and most others read, in the order of
the common schema (``junit-10.xsd``). What is broken and is no benchmark is a test case of its own.
"""

import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.analysis.verdict.gate import GateReport
from harness.outputs.gate.annotation import Annotation, Level
from harness.outputs.gate.annotations import annotate
from harness.outputs.gate.base import Failure, Surroundings
from harness.outputs.gate.words import benchmark_rows, verdict_line
from harness.outputs.text.format import clip, one_line, visible

_LONGEST = 20_000


@dataclass
class _Case:
    package: str
    name: str
    found: list[Annotation] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def report(report: GateReport, around: Surroundings) -> str:
    """The suites, a package each; those of the policy last."""
    suites = ET.Element("testsuites", name=_clean(f"esv gate: {verdict_line(report)}"))
    packages: dict[str, list[_Case]] = defaultdict(list)
    for case in _cases(report):
        packages[case.package].append(case)
    for package in sorted(packages, key=lambda p: (not p, p)):
        suite = _add(suites, "testsuite", name=package or "policy")
        for case in packages[package]:
            _case(suite, case)
    return _finished(suites)


def failure(failure: Failure) -> str:
    """One suite with one error."""
    suites = ET.Element("testsuites", name=_clean(f"esv gate: {failure.headline}"))
    suite = _add(suites, "testsuite", name="esv gate")
    case = _add(suite, "testcase", classname="esv", name="gate", time="0")
    text = failure.message
    _add(case, "error", text, message=one_line(text, 200), type="setup")
    return _finished(suites)


def _cases(report: GateReport) -> Sequence[_Case]:
    cases = {key: _Case(*key) for key in report.benchmarks.compared}
    for word, package, name, said in benchmark_rows(report.benchmarks):
        # Of a function that was renamed the sub-benchmarks may be what was compared.
        case = cases.setdefault((package, name), _Case(package, name))
        if word != "gone":  # which has an annotation
            case.remarks.append(f"{word}: {said}" if said else word)
    for annotation in annotate(report):
        if annotation.level is Level.NOTE and annotation.violation is None:
            continue
        key = (annotation.package, annotation.subject)
        if key not in cases:
            # Two sites in one function are two cases.
            key = (annotation.package, one_line(annotation.whole, 160))
        cases.setdefault(key, _Case(*key)).found.append(annotation)
    return list(cases.values())


def _case(suite: ET.Element, case: _Case) -> None:
    package = case.package or "policy"
    element = _add(suite, "testcase", classname=package, name=case.name, time="0")
    broken = [a for a in case.found if a.level is Level.ERROR]
    said = [a for a in case.found if a.level is not Level.ERROR]
    if broken:
        kind = "error" if any(a.error is not None for a in broken) else "failure"
        # A test case has one outcome; the texts of all are in it.
        text = "\n\n".join(a.message for a in broken)
        _add(element, kind, text, message=one_line(text, 200), type=broken[0].rule)
    texts = [*case.remarks, *(a.whole for a in said)]
    if texts:
        _add(element, "system-out", "\n\n".join(texts))


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, {k: _clean(v) for k, v in attributes.items()})
    element.text = None if text is None else _clean(text)
    return element


def _finished(suites: ET.Element) -> str:
    """The document with every suite's numbers."""
    for element in (*suites, suites):
        cases = list(element.iter("testcase"))
        element.set("tests", str(len(cases)))
        for kind in ("failure", "error"):
            number = sum(case.find(kind) is not None for case in cases)
            element.set(f"{kind}s", str(number))
        if element is not suites:
            element.set("skipped", "0")
        element.set("time", "0")
    ET.indent(suites)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return head + ET.tostring(suites, encoding="unicode") + "\n"


def _clean(text: str) -> str:
    """Text that XML can hold: everything that it forbids is among what is written out."""
    return visible(clip(text, _LONGEST))
