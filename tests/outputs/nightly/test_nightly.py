"""The report of a night: everything is in it once, and foreign text does nothing."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import jsonschema
import pytest

from harness.analysis.causes.explain import explain_steps
from harness.analysis.history.history import History
from harness.analysis.verdict.news import (
    EnvironmentNews,
    NightlyReport,
    counted_steps,
    news,
    reported_steps,
)
from harness.model import ALLOCS, BYTES
from harness.model.nightly import Reported
from harness.outputs.nightly.feed import FeedEntry, commits_feed
from harness.outputs.nightly.json import nightly_json, nightly_schema
from harness.outputs.nightly.report import nightly_markdown, nightly_text
from harness.outputs.schemas import load_schema
from harness.policy.model import Policy, Threshold, Waiver
from tests.builders import timeline_history
from tests.hostile import HOSTILE, hostile_history

ATOM = "{http://www.w3.org/2005/Atom}"


def told(history: History, before: int) -> NightlyReport:
    """A night in which all but the first records were new."""
    first = History.build(history.records[:before], history.line)
    known = news(first, (), 5.0).known
    found = news(history, known, 1_800_000_000.0)
    explained = explain_steps(history, found.new)
    environment = EnvironmentNews(history, found, explained)
    return NightlyReport(
        project=HOSTILE[1], started=1_800_000_000.0, finished=1_800_000_060.0,
        measured=history.records[before:], failed=(("a" * 40, HOSTILE[0]),), remaining=3,
        environments=(environment,), problems=(HOSTILE[5],),
    )  # fmt: skip


@pytest.fixture(scope="module")
def timeline() -> NightlyReport:
    return told(timeline_history(), 40)


def test_every_new_step_is_told_in_every_form(timeline: NightlyReport) -> None:
    (found,) = timeline.environments
    document = json.loads(nightly_json(timeline))
    assert document["exit_code"] == timeline.exit_code
    assert {(s["revision"], s["benchmark"], s["unit"]) for s in document["new"]} == {
        (s.revision, s.benchmark, s.unit) for s in found.news.new
    }
    assert found.news.new
    text, markdown = nightly_text(timeline), html.unescape(nightly_markdown(timeline))
    for step in found.news.new:
        name = step.benchmark.removeprefix("Benchmark")
        assert name in text
        assert name in markdown
        for cause in (found.attributions[step].causes if step in found.attributions else ())[:1]:
            assert f"{cause.file}:{cause.line}" in text
            assert f"{cause.file}:{cause.line}" in markdown
    assert f"{len(timeline.regressions)} new regression" in text


def test_the_schema_that_is_shipped(timeline: NightlyReport) -> None:
    schema = load_schema("nightly")
    assert schema == json.loads(json.dumps(nightly_schema()))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for report in (timeline, told(hostile_history(), 1)):
        document = json.loads(nightly_json(report))
        validator.validate(document)
        assert document["new"]
        assert set(document["new"][0]) == set(schema["$defs"]["StepEntry"]["properties"])


def waiver(expires: date, allow: Threshold | None = None) -> Waiver:
    return Waiver("the *team*", "it is <b>meant</b>", expires, 3, ".*", ALLOCS, allow)


def test_what_a_waiver_lets_pass_is_told_as_waived_and_does_not_fail(
    timeline: NightlyReport,
) -> None:
    assert len(timeline.regressions) > 1
    policy = Policy(waivers=(waiver(date(2999, 1, 1)),))
    report = replace(timeline, policy=policy, problems=(), failed=())
    assert (report.exit_code, report.regressions) == (0, [])
    document = json.loads(nightly_json(report))
    waived = [s for s in document["new"] if s["waived"]]
    assert len(waived) == len(timeline.regressions)
    assert not any(s["fails"] for s in document["new"])
    assert waived[0]["waived"]["expires"] == "2999-01-01"
    text = nightly_text(report)
    assert "Waived by the policy, " in text
    assert text.count("waived until 2999-01-01 by the *team*: it is <b>meant</b>") == len(waived)
    markdown = nightly_markdown(report)
    assert "<b>meant" not in markdown
    assert html.unescape(markdown).count("it is <b>meant</b>") == len(waived)


def test_a_waiver_that_has_expired_or_allows_less_waives_nothing(timeline: NightlyReport) -> None:
    for there in (waiver(date(2020, 1, 1)), waiver(date(2999, 1, 1), Threshold(0.0, 0.0))):
        report = replace(timeline, policy=Policy(waivers=(there,)))
        assert report.regressions == timeline.regressions
        assert report.exit_code == 1


def test_the_thresholds_are_those_of_the_policy(timeline: NightlyReport) -> None:
    strict = replace(timeline, policy=Policy(thresholds={BYTES: Threshold(0.0, 0.0)}))
    assert {s.unit for _, s in timeline.regressions} == {ALLOCS}
    assert {s.unit for _, s in strict.regressions} == {ALLOCS, BYTES}
    lax = replace(
        timeline, policy=Policy(thresholds={ALLOCS: Threshold(1e9, 0.0)}), problems=(), failed=()
    )
    assert (lax.regressions, lax.exit_code) == ([], 0)


def test_the_largest_stands_first(timeline: NightlyReport) -> None:
    (found,) = timeline.environments
    worse = [s for s in found.news.new if s.unit == ALLOCS and s.direction == "regression"]
    worst = max(worse, key=lambda s: (s.after + 1) / (s.before + 1))
    first = next(x for x in json.loads(nightly_json(timeline))["new"] if x["delta"] > 0)
    assert (first["benchmark"], first["revision"]) == (worst.benchmark, worst.revision)


def test_foreign_text_does_nothing() -> None:
    report = told(hostile_history(), 1)
    markdown = nightly_markdown(report)
    assert set(re.findall(r"<[^>]*>", markdown)) == {
        "<!-- escape-velocity:nightly -->", "<code>", "</code>",
    }  # fmt: skip
    rows = [line for line in markdown.split("\n") if line.startswith("| ")]
    assert all(line.count("|") == 5 for line in rows), "no cell breaks out of its row"
    for text in (markdown, nightly_text(report)):
        assert not re.search("[\x00-\x08\x1b\u202e\u2066\u200b\ud800-\udfff]", text)
    (problem,) = json.loads(nightly_json(replace(report, environments=(), measured=())))["problems"]
    assert problem == "nul\\x00byte\\x1b[31m"


def steps_feed(history: History, reported: Iterable[Reported]) -> bytes:
    entries = [
        FeedEntry(history, {}, revision, steps, at)
        for revision, (at, steps) in reported_steps(history, reported).items()
    ]
    return commits_feed(HOSTILE[1], entries, "steps", "steps", "https://host/commit/")


def test_the_feed_has_an_entry_for_each_commit_that_was_told() -> None:
    for history in (timeline_history(), hostile_history()):
        known = news(history, (), 1_800_000_000.0).known
        data = steps_feed(history, known)
        feed = ElementTree.fromstring(data)
        entries = feed.findall(f"{ATOM}entry")
        assert len(entries) == min(50, len({s.revision for s in counted_steps(history)}))
        ids = [e.findtext(f"{ATOM}id") for e in entries]
        assert len(set(ids)) == len(ids)
        for element in (feed, *entries):
            for name in ("id", "title", "updated"):
                assert element.findtext(f"{ATOM}{name}")
            stamp = element.findtext(f"{ATOM}updated") or ""
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp)
        assert data == steps_feed(history, known)


def test_a_feed_of_nothing_is_a_feed() -> None:
    history = timeline_history()
    feed = ElementTree.fromstring(steps_feed(history, ()))
    assert feed.findall(f"{ATOM}entry") == []
    assert feed.findtext(f"{ATOM}updated") == "1970-01-01T00:00:00Z"
