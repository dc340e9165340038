"""The Markdown of a pull request, rendered by the host's own parser (cmark-gfm)."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import __version__
from harness.analysis.verdict.gate import GateReport
from harness.outputs.gate import markdown
from harness.outputs.gate.base import Failure, Surroundings
from harness.outputs.gate.registry import reporter
from harness.outputs.text.format import clip, visible
from harness.outputs.text.markdown import fenced
from tests.outputs.gate.gates import (
    TRAPS,
    error_report,
    full_report,
    judged,
    long_report,
    passing_report,
    record,
    trapped_report,
    trapped_surroundings,
)
from tests.outputs.gate.test_reports import check

SOURCE = Surroundings(
    lambda _r, file, line: f"\tsource of {file}:{line}",
    lambda _r, file, line: f"https://host.example/{file}#L{line}",
)
# Everything that the report itself is made of.
OWN = {
    "h3", "p", "code", "table", "thead", "tbody", "tr", "th", "td", "br", "a", "details",
    "summary", "pre", "sub", "wbr",
}  # fmt: skip


@dataclass
class Rendered(HTMLParser):
    """What a reader of the page gets."""

    source: str
    tags: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        html = cmarkgfm.github_flavored_markdown_to_html(self.source, Options.CMARK_OPT_UNSAFE)
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        # cmark-gfm names the language of a block of code in an attribute.
        assert {name for name, _ in attrs} <= {"href", "lang"}
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag in ("br", "wbr"):
            return
        self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag == "code":
            self.codes.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "code" in self._open:
            self.codes[-1] += data
        else:
            self.loose.append(data)
        if {"td", "th"} & set(self._open):
            self.rows[-1][-1] += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def render(report: GateReport, around: Surroundings = SOURCE) -> Rendered:
    return Rendered(markdown.report(report, around))


def test_the_marker_is_invisible_and_the_verdict_is_first() -> None:
    text = markdown.report(full_report(), SOURCE)
    assert text.startswith(
        f"{markdown.MARKER}\n### ❌ Escape Velocity: FAIL: 5 violations, 1 waived\n"
    )
    page = Rendered(text)
    assert page.comments == [" escape-velocity:gate "]
    assert page.tags == OWN - {"wbr"}
    assert "escape-velocity:gate" not in "".join(page.loose + page.codes)


def test_a_row_has_its_numbers_cause_source_line_and_command() -> None:
    page = render(full_report())
    assert page.rows[0] == ["", "what", "base → head", "why"]
    assert page.rows[1] == [
        "❌",
        "BenchmarkX/aregression in allocs/opin example.com/m/p",
        "0 → 1 allocs/op (+1)",
        "+1 at p/p.go:12new: moved to heap: x in Fsource of p/p.go:12",
    ]
    assert "https://host.example/p/p.go#L12" in page.links
    (block,) = [c for c in page.codes if c.startswith("git checkout")]
    command = block.splitlines()[0]
    assert "go test -C p -run '^$' -bench '^BenchmarkX$/^a$' -benchmem" in command
    assert command.endswith(" -cpu=1 -benchtime=100x")
    budget = next(r for r in page.rows if "BenchmarkBudget" in r[1])
    assert budget[2] == "3 allocs/opbudget 0"
    assert budget[3].endswith("rule escape-velocity.toml:5")


def test_at_most_ten_rows_stand_open() -> None:
    text = markdown.report(long_report(40), SOURCE)
    page = Rendered(text)
    first = text.split("<details>", 1)[0]
    assert sum(line.startswith("| ❌") for line in first.splitlines()) == 10
    assert "<details><summary>70 more findings</summary>" in text
    assert len([r for r in page.rows if r[0] in ("❌", "▲")]) == 80


def test_bytes_of_a_benchmark_that_has_a_row_are_folded() -> None:
    text = markdown.report(full_report(), SOURCE)
    first, rest = text.split("<details>", 1)
    assert " per op" not in first
    assert "<details><summary>5 more findings</summary>" in text
    assert "listed only" in rest


def test_what_the_benchmark_or_the_compiler_caused_is_said() -> None:
    report = full_report()
    own = [
        replace(c, by_benchmark=c.delta) if c.benchmark == "BenchmarkTimed" else c
        for c in report.changes
    ]
    assert "the benchmark's own" in markdown.report(replace(report, changes=tuple(own)), SOURCE)


GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    ("name", "file"),
    [("markdown", "gate.md"), ("github", "gate.commands"), ("junit", "gate.xml"),
     ("gitlab", "gate.codequality.json"), ("sarif", "gate.sarif")],
)  # fmt: skip
def test_golden(name: str, file: str) -> None:
    """Whole documents, for the eyes of who reviews a change; ``ESV_GOLDEN=1`` writes them anew."""
    text = reporter(name).report(full_report(), SOURCE).replace(__version__, "VERSION")
    if os.environ.get("ESV_GOLDEN"):
        (GOLDEN / file).write_text(text, "utf-8")
    assert text == (GOLDEN / file).read_text("utf-8")


@pytest.mark.parametrize("make", [full_report, passing_report, error_report, lambda: long_report()])
def test_every_row_has_the_cells_of_its_table(make: object) -> None:
    assert callable(make)
    page = render(make())
    for row in page.rows:
        if row[0] == "" and row[1:2] == ["what"]:
            assert len(row) == 4
    assert {len(row) for row in page.rows} <= {1, 2, 4}


def test_a_pass_says_how_much_was_compared() -> None:
    text = markdown.report(passing_report(), SOURCE)
    assert "✅ Escape Velocity: PASS: 2 benchmarks compared, no violation" in text
    assert "<details>" not in text


def test_what_has_no_room_is_left_out_and_counted() -> None:
    report = long_report()
    text = markdown.report(report, SOURCE)
    assert 50_000 < len(text.encode()) < markdown.COMMENT_LIMIT
    page = Rendered(text)
    shown = len([r for r in page.rows if r[0] in ("❌", "▲")])
    # Of the first table, and of the escape sites where there was room for the head of theirs.
    hidden, *sites = [int(m.replace(",", "")) for m in re.findall(r"… and ([\d,]+) more, ", text)]
    assert shown + hidden == 1000  # 500 benchmarks in two units
    none = "Escape sites: 500 new, 0 gone, 0 kept: no room here." in text
    assert sites == ([] if none else [500])
    summary = markdown.render(report, SOURCE, markdown.SUMMARY_LIMIT)
    assert len(text) < len(summary.encode()) < markdown.SUMMARY_LIMIT


def test_commands_too_long_for_the_page_are_counted() -> None:
    names = [f"Benchmark{n}/{'x' * 9000}" for n in range(8)]
    report = judged(record(0, dict.fromkeys(names, 0)), record(1, dict.fromkeys(names, 1)))
    text = markdown.report(report, SOURCE)
    assert len(text.encode()) <= markdown.COMMENT_LIMIT
    shown = text.count("git checkout ")
    assert 0 < shown < 8
    assert f"\n{8 - shown} more, for which there is no room here.\n" in text


@pytest.mark.parametrize("limit", [300, 700, 1500, 4000, 20_000])
def test_any_limit_is_kept(limit: int) -> None:
    text = markdown.render(long_report(100), SOURCE, limit)
    assert len(text.encode()) <= limit
    assert text.startswith(markdown.MARKER)
    assert Rendered(text).tags <= OWN


def same(text: str) -> str:
    """A text as a cell shows it."""
    return visible(clip(" ".join(text.split()), 160))


def check_trap(trap: str, *, failing: bool) -> None:
    report, around = trapped_report(trap, failing=failing), trapped_surroundings(trap)
    text = markdown.report(report, around)
    assert len(text.encode("utf-8")) < markdown.COMMENT_LIMIT
    page = Rendered(text)
    assert page.tags <= OWN
    assert page.comments == [" escape-velocity:gate "]
    assert all(link.startswith("https://host.example/") for link in page.links)
    assert {len(row) for row in page.rows} <= {2, 4}
    # Outside of code there are only our own words, so nothing that a host takes for a mention.
    loose = "".join(page.loose)
    assert not re.search(r"[@#`*\[\]<>|\\]|::|www\.|https?:", loose), loose
    if failing:
        name = same(f"Benchmark{trap}")
        assert name in page.codes
        assert name in page.rows[1][1]


@pytest.mark.parametrize("trap", TRAPS, ids=range(len(TRAPS)))
@pytest.mark.parametrize("failing", [True, False], ids=["fails", "error"])
def test_hostile_text_does_nothing(trap: str, failing: bool) -> None:
    check_trap(trap, failing=failing)


@settings(max_examples=60)
@given(st.text("ab|`\\*_<>[]()!#@&;:~$-+=/.'\"{}^%\n\r\t\x00\u202e\ufffeé🎉 ", max_size=40))
def test_no_text_does_anything(trap: str) -> None:
    check_trap(trap, failing=True)
    report, around = trapped_report(trap), trapped_surroundings(trap)
    for name in ("sarif", "github", "gitlab", "json", "text"):
        document = reporter(name).report(report, around)
        document.encode("utf-8")
        if name in ("sarif", "gitlab", "json"):
            json.loads(document)
        if name == "github":
            check("github", document)
            said = ("::", "esv gate: ")
            assert all(line.startswith(said) for line in document.splitlines())
    ET.fromstring(reporter("junit").report(report, around))


@pytest.mark.parametrize("trap", TRAPS, ids=range(len(TRAPS)))
def test_a_failure_shows_its_message_as_it_is(trap: str) -> None:
    page = Rendered(markdown.failure(Failure(trap)))
    assert page.tags <= OWN
    assert page.codes[-1].removesuffix("\n") == visible(clip(trap, 4000)).replace("\r", "\n") or (
        not trap.strip()
    )


def test_a_fence_is_longer_than_any_in_it() -> None:
    assert fenced(["a ```` b"]).splitlines() == ["`````", "a ```` b", "`````"]
