"""Overview, regressions, status and help as files; the feed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import pytest

from harness.analysis.compare.comparison import Direction
from harness.analysis.history.history import History, Stopped
from harness.analysis.verdict.regressions import Standard, commit_changes
from harness.analysis.verdict.summary import summarise
from harness.outputs.site.draw import names
from harness.policy.file import parse_policy
from tests.builders import (
    make_benchmark,
    make_hash,
    make_package,
    make_record,
    timeline_history,
)
from tests.outputs.site.pages import Page, site

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def timeline() -> dict[str, bytes]:
    return site(timeline_history(), commit_url="https://git.example.com/commit/")


def test_every_regression_is_on_the_page_open_or_repaired(timeline: dict[str, bytes]) -> None:
    page = timeline["regressions.html"].decode()
    parts = re.split(r'<h2 id="(\w+)"', page)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    worse = commit_changes(summarise(timeline_history()), Direction.REGRESSION)
    assert len(worse) > 10
    for change in worse:
        where, other = (
            ("standing", "repaired") if change.repaired is None else ("repaired", "standing")
        )
        link = f'href="r/{change.summary.slot.revision}.html"'
        assert link in sections[where]
        assert f'scope="row"><a class="commit" {link}' not in sections[other]
        if change.repaired is not None:
            assert f'href="r/{change.repaired}.html"' in sections[where]


def test_the_feed_tells_every_commit_once_and_is_linked(timeline: dict[str, bytes]) -> None:
    feed = ElementTree.fromstring(timeline["regressions.xml"])
    entries = feed.findall(f"{ATOM}entry")
    worse = commit_changes(summarise(timeline_history()), Direction.REGRESSION)
    assert len(entries) == len(worse)
    ids = [e.findtext(f"{ATOM}id") or "" for e in entries]
    assert len(set(ids)) == len(ids)
    for entry in entries:
        links = {e.get("rel"): e.get("href") or "" for e in entry.findall(f"{ATOM}link")}
        assert links["alternate"] in timeline
        assert links["via"].startswith("https://git.example.com/commit/")
    times = [e.findtext(f"{ATOM}updated") or "" for e in entries]
    assert times == sorted(times, reverse=True)
    for name, data in timeline.items():
        if name.endswith(".html"):
            assert any(link.endswith("regressions.xml") for link in Page(data).attributes("href"))


def test_a_history_of_one_record_has_nothing_to_compare_with() -> None:
    record = make_record(0, [make_package(benchmarks=[make_benchmark("BenchmarkA", 1)])])
    files = site(History.build([record]))
    overview = Page(files["index.html"]).text
    assert "Nothing to compare with yet: this is the baseline." in overview
    for name in ("index.html", "regressions.html"):
        text = Page(files[name]).text
        assert "Nothing to compare with yet: no revision has an earlier one" in text
        assert "Clean" not in text
        assert "None in" not in text


def test_measuring_that_has_stopped_stands_above_the_verdict() -> None:
    records = [
        make_record(i, [make_package(benchmarks=[make_benchmark("BenchmarkA", 1)])])
        for i in range(2)
    ]
    history = History.build(records, [make_hash(i) for i in range(5)])
    stop = Stopped(make_hash(1), 86_400.0, 3)
    page = site(replace(history, stopped=stop))["index.html"].decode()
    said = (
        f"Measuring has stopped: no revision newer than {make_hash(1)[:8]} has given a number since"
        " 1970-01-02 00:00 UTC; 3 newer revisions without one."
    )
    assert page.index(said) < page.index("Latest run")
    assert "has stopped" not in site(history)["index.html"].decode()


def test_the_verdict_of_a_night_counts_all_of_its_commits() -> None:
    def night(*values: float) -> Page:
        records = [
            make_record(i, [make_package(benchmarks=[make_benchmark("BenchmarkA", v)])])
            for i, v in enumerate(values)
        ]
        return Page(site(History.build(records))["index.html"])

    assert "Clean: no benchmark got worse in 2 revisions compared." in night(1, 1, 1).text
    listed = [
        make_record(i, [make_package(benchmarks=[make_benchmark("BenchmarkA", 1, size)])])
        for i, size in enumerate((174, 175))
    ]
    files = site(History.build(listed))
    text = Page(files["index.html"]).text
    assert "No regression in 1 revision compared; 1 commit has steps that fail no gate." in text
    assert "regression, stands" not in text
    assert re.search(
        r'id="listed">Listed <span class="count">1<', files["regressions.html"].decode()
    )
    # And where it was undone in the same night.
    again = make_record(2, [make_package(benchmarks=[make_benchmark("BenchmarkA", 1, 174)])])
    undone = site(History.build([*listed, again]))
    text = Page(undone["index.html"]).text
    assert "No regression in 2 revisions compared; 1 commit has steps that fail no gate;" in text
    assert re.search(
        r"id=\"repaired\">Repaired <span class=\"count\">1<", undone["regressions.html"].decode()
    )
    # The newest commit is clean, and the night is not.
    page = night(1, 2, 2)
    assert "1 commit made 1 benchmark worse." in page.text
    assert f"r/{make_hash(1)}.html" in page.attributes("href")


def test_a_long_history_keeps_the_pages_small() -> None:
    records = [
        make_record(i, [make_package(benchmarks=[make_benchmark("BenchmarkA", i % 7, 64)])])
        for i in range(700)
    ]
    files = site(History.build(records))
    overview = files["index.html"]
    assert overview.count(b'class="commit"') < 250
    assert "640 older places" in Page(overview).text
    page = files[names.benchmark_page("example.com/m/p", "BenchmarkA")]
    assert page.count(b"<tr ") + page.count(b"<tr>") < 1600
    assert b"440 oldest measurements" in page
    shard = files[names.benchmark_shard("example.com/m/p", "BenchmarkA")]
    assert shard.count(b",") > 1400
    assert "The newest 100 of" in Page(files["regressions.html"]).text
    for name in ("status.html", "index.html", "regressions.html"):
        assert len(files[name]) < 600_000, name


WAIVERS = """\
[[waivers]]
benchmark = "BenchmarkA"
owner = "<b>ann</b>"
reason = "rewritten next week"
expires = 2026-12-24

[[waivers]]
benchmark = "BenchmarkGone"
owner = "bob"
reason = "forgotten"
expires = 2026-01-01
"""


def test_a_waived_regression_is_told_apart_and_is_no_headline() -> None:
    records = [
        make_record(i, [make_package(benchmarks=[make_benchmark("BenchmarkA", v)])])
        for i, v in enumerate((1, 1, 5))
    ]
    history = History.build(records)
    policy = parse_policy(WAIVERS, "escape-velocity.toml")
    files = site(history, standard=Standard.on(policy, date(2026, 12, 24)))
    link = f'href="r/{make_hash(2)}.html"'
    sections = dict(
        re.findall(r'<h2 id="(\w+)">(.*?)</section>', files["regressions.html"].decode(), re.S)
    )
    assert link in sections["waived"]
    assert link not in sections["standing"]
    page = Page(files["regressions.html"]).text
    assert "waived until 2026-12-24 by <b>ann</b>: rewritten next week" in page
    assert "Waivers whose last day has passed BenchmarkGone waived until 2026-01-01 by bob" in page
    overview = files["index.html"].decode()
    findings = overview[
        overview.index('<h2 id="findings">') : overview.index('<h2 id="benchmarks">')
    ]
    assert link not in findings
    assert 'class="verdict quiet"' in overview
    text = Page(files["index.html"]).text
    assert "No regression in 2 revisions compared; 1 benchmark got worse by what is waived." in text
    assert "1 commit with a waived regression" in text

    (entry,) = ElementTree.fromstring(files["regressions.xml"]).findall(f"{ATOM}entry")
    assert (entry.findtext(f"{ATOM}title") or "").startswith("waived: 1 regression at ")
    assert [c.get("term") for c in entry.findall(f"{ATOM}category")] == ["waived"]
    said = (entry.findtext(f"{ATOM}content") or "").splitlines()
    assert said[0] == "waived until 2026-12-24 by <b>ann</b>: rewritten next week"

    later = site(history, standard=Standard.on(policy, date(2026, 12, 25)))
    (entry,) = ElementTree.fromstring(later["regressions.xml"]).findall(f"{ATOM}entry")
    assert (entry.findtext(f"{ATOM}title") or "").startswith("1 regression at ")
    assert entry.findall(f"{ATOM}category") == []
    assert "waived" not in (entry.findtext(f"{ATOM}content") or "")
    assert 'class="verdict regression"' in later["index.html"].decode()
    assert "1 commit made 1 benchmark worse." in Page(later["index.html"]).text


def test_a_policy_that_cannot_be_read_waives_nothing_and_is_said() -> None:
    files = site(timeline_history(count=9), standard=Standard(problem="line 3: <b>no</b>"))
    for name in ("index.html", "regressions.html"):
        said = (
            "The policy could not be read, so the built-in one holds and nothing counts as waived"
        )
        assert f"{said}: line 3: <b>no</b>" in Page(files[name]).text
    assert b"could not be read" not in site(timeline_history(count=9))["index.html"]
