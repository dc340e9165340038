"""Accounts of steps on the site: grouped, ordered, rounded, marked, and never made twice."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.analysis.causes.attribution import Attribution
from harness.analysis.causes.explain import explain_steps
from harness.analysis.history.history import History
from harness.analysis.series.steps import Step
from harness.analysis.verdict.findings import findings
from harness.analysis.verdict.summary import summarise
from harness.model import AllocationSite, FlowStep, Position, Record
from harness.outputs.site.draw.svg import share_bar
from harness.outputs.site.shared.escapes import flow_view, short_function
from harness.outputs.text.format import MINUS
from tests.account_builders import BUDGET, UNACCOUNTED, make_account, make_place
from tests.builders import (
    MODULE,
    make_benchmark,
    make_package,
    make_record,
    make_site,
    timeline_history,
    timeline_records,
)
from tests.outputs.site.pages import Page, check_links, site

P = f"{MODULE}/p"


@pytest.fixture(scope="module")
def timeline() -> dict[str, bytes]:
    return site(timeline_history())


def commit(files: dict[str, bytes], words: str) -> Page:
    found = next(r for r in timeline_records() if words in r.revision.message)
    return Page(files[f"r/{found.revision.hash}.html"])


def overview_at(words: str) -> Page:
    """The overview when a commit was the newest."""
    place = next(i for i, r in enumerate(timeline_records()) if words in r.revision.message)
    return Page(site(timeline_history(count=place + 1))["index.html"])


def pair(
    before: dict[str, list[AllocationSite]],
    after: dict[str, list[AllocationSite]],
    *,
    exact: bool = True,
) -> History:
    """Two revisions whose benchmarks allocate on these lines, as `testing` would report them."""

    def record(number: int, places: dict[str, list[AllocationSite]]) -> Record:
        benchmarks = [
            make_benchmark(n, int(sum(s.allocs for s in own)), int(sum(s.bytes for s in own)))
            for n, own in places.items()
        ]
        accounts = tuple(make_account(P, n, own, exact=exact) for n, own in places.items())
        escapes = [make_site("make([]byte, n) escapes to heap", line=90)]
        if number:
            escapes += [make_site(), make_site("moved to heap: unused", line=70)]
        made = make_record(number, [make_package(P, benchmarks)], escapes=escapes)
        return replace(made, accounts=accounts)

    return History.build([record(0, before), record(1, after)])


def head(history: History) -> Page:
    return Page(site(history)[f"r/{history.records[1].revision.hash}.html"])


def test_a_revision_shows_its_account(timeline: dict[str, bytes]) -> None:
    page = commit(timeline, "write every field").text
    assert "escape an escape site came or went" in page
    assert "100 % explained" in page.replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert "new escape r.At escapes to heap" in page
    assert "the change as reported" in page


def test_benchmarks_with_the_same_lines_share_an_account(timeline: dict[str, bytes]) -> None:
    page = commit(timeline, "write every field")
    accounts = [a["id"] for t, a in page.tags if t == "article" and "account" in str(a["class"])]
    assert accounts == ["account-1"]
    assert "The same lines in 2 more benchmarks" in page.text
    assert page.text.count("r.At escapes to heap") == 2  # in the account, and in the list


def test_a_lost_inlining_is_told_with_cost_and_budget(timeline: dict[str, bytes]) -> None:
    page = commit(timeline, "byte order mark").text
    assert f"inlining lost cannot inline NewScanner: {BUDGET}" in page
    assert "escape as before &Scanner{...} escapes to heap" in page


def test_a_line_that_is_gone_is_said_to_be_of_before(timeline: dict[str, bytes]) -> None:
    page = commit(timeline, "keeps its visitor").text
    assert re.search(r"store/store.go:\d+ \(before\) in \(\*Store\).CountPrefix", page)
    assert "(before) in" not in commit(timeline, "write every field").text


def test_a_library_call_is_named(timeline: dict[str, bytes]) -> None:
    page = commit(timeline, "regardless of case").text
    assert "library call strings.ToLower" in page


def test_what_rounding_cuts_off_is_no_lack_of_explanation(timeline: dict[str, bytes]) -> None:
    page = commit(timeline, "do not reserve room").text
    assert "+5.99" in page
    assert f"{MINUS}0.99 allocs/opcut off by rounding" in page
    assert "no line accounts for this" not in page
    index = overview_at("do not reserve room").text
    assert "+5.99 of +5 as reported, without fractions" in index


def test_what_no_line_accounts_for_stands_in_its_own_row(timeline: dict[str, bytes]) -> None:
    page = commit(timeline, "learn the width").text
    assert re.search(r"50\s%\sexplained", page)
    assert "+20 allocs/op+1,440 Bno line accounts for this" in page


def test_without_an_account_the_escapes_only_stand_beside(timeline: dict[str, bytes]) -> None:
    page = commit(timeline, UNACCOUNTED)
    assert "Escapes in the same commit" in page.text
    assert "explained" not in page.text
    assert "in no account" not in page.text
    index = overview_at(UNACCOUNTED).text
    assert "New escapes in the same commit moved to heap: s" in index
    assert index.count("in the same commit") == 2  # there, and in the footer


def test_an_escape_says_whether_an_account_uses_it() -> None:
    history = pair(
        {"BenchmarkA": []}, {"BenchmarkA": [make_place(line=12, allocs=3), make_place(line=50)]}
    )
    page = head(history)
    assert "moved to heap: x moved +3 allocs/op on its line" in page.text
    assert "moved to heap: unused moved in no account" in page.text
    assert page.text.index("moved to heap: x moved") < page.text.index("moved to heap: unused")
    assert "#account-1" in page.attributes("href")


def test_benchmarks_with_other_lines_have_their_own_accounts() -> None:
    after = {"BenchmarkA": [make_place(allocs=9)], "BenchmarkB": [make_place(line=90)]}
    history = pair({"BenchmarkA": [], "BenchmarkB": []}, after)
    page = head(history)
    ids = [i for i in page.attributes("id") if i.startswith("account-")]
    assert ids == ["account-1", "account-2"]
    assert page.text.index("BenchmarkA") < page.text.index("BenchmarkB")
    check_links(site(history))


def test_many_lines_and_benchmarks_are_folded() -> None:
    places = [make_place(line=100 + i, function=f"F{i}", allocs=20 - i) for i in range(12)]
    names = [f"Benchmark{i}" for i in range(9)]
    page = head(pair({n: [] for n in names}, dict.fromkeys(names, places)))
    assert "4 further lines" in page.text
    assert "+42 allocs/op+672 B4 further lines, below" in page.text
    assert "3 more benchmarks" in page.text
    assert "The same lines in 8 more benchmarks" in page.text


def test_slight_lines_are_folded_wherever_they_are() -> None:
    before = [make_place(line=80, allocs=30)]
    after = [make_place(line=100 + i, allocs=n) for i, n in enumerate((70, 1, 1))]
    page = head(pair({"BenchmarkA": before}, {"BenchmarkA": after})).text
    assert "2 further lines" in page
    assert page.index("p.go:100") < page.index("p.go:80") < page.index("further lines, below")
    assert page.index("further lines, below") < page.index("p.go:101") < page.index("p.go:102")


def test_many_accounts_are_folded() -> None:
    names = [f"Benchmark{i}" for i in range(14)]
    after = {n: [make_place(line=100 + i, allocs=20 - i)] for i, n in enumerate(names)}
    page = head(pair({n: [] for n in names}, after))
    assert "4 more accounts" in page.text
    assert sum(i.startswith("account-") for i in page.attributes("id")) == 14


def test_an_account_without_the_small_objects_says_so() -> None:
    history = pair({"BenchmarkA": []}, {"BenchmarkA": [make_place()]}, exact=False)
    assert "Small objects without pointers may be missing" in head(history).text


def test_the_command_names_the_base_where_it_is_not_the_parent(timeline: dict[str, bytes]) -> None:
    first, second = timeline_records()[:2]
    page = Page(timeline[f"r/{second.revision.hash}.html"]).text
    assert f"esv explain {second.revision.hash}" in page
    assert "--base" not in page
    assert "esv explain" not in Page(timeline[f"r/{first.revision.hash}.html"]).text
    records = [timeline_records()[0], timeline_records()[2]]
    line = [r.revision.hash for r in timeline_records()[:3]]
    files = site(History.build(records, line))
    page = Page(files[f"r/{line[2]}.html"]).text
    assert f"esv explain {line[2]} --base {line[0]}" in page


def test_the_second_unit_of_a_step_does_not_repeat_the_line(timeline: dict[str, bytes]) -> None:
    name = next(n for n in timeline if "benchmarkservices" in n or n.startswith("b/services"))
    page = Page(timeline[name]).text
    assert page.count("library call strings.ToLower") == 1
    assert "at the same line" in page


def test_attributions_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(history: History, found: Sequence[Step]) -> dict[Step, Attribution]:
        asked.extend({s.revision for s in found})
        return explain_steps(history, found)

    for name in ("summary", "findings"):
        module = importlib.import_module(f"harness.analysis.verdict.{name}")
        monkeypatch.setattr(module, "explain_steps", counted)
    history = timeline_history()
    summary = summarise(history)
    assert len(asked) == len(set(asked))
    assert any(f.attributions for f in summary.findings)
    assert [f.attributions for f in findings(history)] == [f.attributions for f in summary.findings]


def test_the_flow_is_taken_apart() -> None:
    where = Position("p/p.go", 3, 1)
    found = flow_view(
        (
            FlowStep("flow: ~r0 ← &{storage for &T{...}}:", None),
            FlowStep("from return f(a) (return)", where),
            FlowStep("something new", None),
        )
    )
    assert [(f.text, f.why, f.head) for f in found] == [
        ("~r0 ← &{storage for &T{...}}", "", True),
        ("return f(a)", "return", False),
        ("something new", "", False),
    ]


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("(*T).M", "(*T).M"),
        ("Top[go.shape.struct { A []int }].func1", "Top[...].func1"),
        ("Top[go.shape.[", "Top[go.shape.["),
    ],
)
def test_shapes_are_left_out_of_function_names(name: str, short: str) -> None:
    assert short_function(name) == short


@pytest.mark.parametrize(("share", "width"), [(0.0, "0"), (0.5, "32"), (1.0, "64"), (7.0, "64")])
def test_the_bar_is_as_long_as_the_share(share: float, width: str) -> None:
    assert f'class="fill" width="{width}"' in str(share_bar(share))
