"""The pages of source files."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from harness.analysis.history.history import History
from harness.analysis.series.sites import SiteFollower, follow_sites
from harness.model import FileChange, Hunk, InliningCall, InliningDecision, Position, TreeDiff
from harness.outputs.site.draw import names
from harness.outputs.site.shared.sources import SourcePlan
from tests.account_builders import make_account, make_place
from tests.builders import (
    MODULE,
    TRUTH,
    make_benchmark,
    make_hash,
    make_package,
    make_record,
    make_site,
    timeline_history,
)
from tests.outputs.site.pages import Page, check_links, resolve, site
from tests.sites import render

P = f"{MODULE}/p"
SITE = make_site("moved to heap: x", line=3)
TEXT = b"package p\n\nvar x int\n\nfunc F() {}\n"


def history() -> History:
    """A site that is there, goes and comes back; a step in the second revision."""

    def package(allocs: int) -> list[object]:
        return [make_package(P, [make_benchmark("BenchmarkF", allocs, 16 * allocs)])]

    account = make_account(P, "BenchmarkF", [make_place(line=3, allocs=2, via="")])
    nothing = make_account(P, "BenchmarkF", [])
    decision = InliningDecision(P, "F", Position("p/p.go", 5, 6), False, 92, "cost 92 exceeds 80")
    call = InliningCall(P, "G", Position("p/p.go", 5, 8))
    moved = TreeDiff(
        make_hash(3), make_hash(4), (FileChange("p/p.go", "p/p.go", (Hunk(0, 0, 1, 2),)),)
    )
    records = [
        make_record(0, package(0), escapes=[SITE]),  # type: ignore[arg-type]
        make_record(1, package(0)),  # type: ignore[arg-type]
        make_record(2, package(2), escapes=[SITE]),  # type: ignore[arg-type]
        make_record(3, package(2), escapes=[SITE]),  # type: ignore[arg-type]
        make_record(
            4,
            package(2),  # type: ignore[arg-type]
            escapes=[replace(SITE, position=Position("p/p.go", 5, 9))],
            diff=moved,
        ),
    ]
    records[1] = replace(records[1], accounts=(nothing,))
    records[2] = replace(
        records[2], accounts=(account,), inlining=(decision,), inlining_calls=(call,)
    )
    return History.build(records)


def test_a_site_that_came_back_is_one_site_with_two_intervals() -> None:
    found = follow_sites(history())
    (life,) = found.lives
    assert [(s.first, s.last, s.ended) for s in life.intervals] == [
        (make_hash(0), make_hash(0), make_hash(1)),
        (make_hash(2), make_hash(4), ""),
    ]
    assert life.live
    assert life.site.position.line == 5


def test_two_sites_alike_at_one_time_are_two() -> None:
    twin = replace(SITE, position=Position("p/p.go", 8, 1))
    package = [make_package(P, [make_benchmark("BenchmarkF", 1)])]
    records = [make_record(n, package, escapes=[SITE, twin]) for n in range(2)]
    assert len(follow_sites(History.build(records)).lives) == 2


@pytest.mark.parametrize(
    "watch",
    [
        {1: [(1, "p/p.go")], 2: [(1, "p/p.go"), (1, "p/q.go")]},  # of its own, and as a base
        {1: [(1, "p/p.go")], 3: [(1, "p/p.go"), (1, "p/q.go")]},  # and later
        {3: [(1, "p/q.go"), (1, "p/p.go")]},
    ],
)
def test_a_file_that_is_asked_for_twice_or_late_is_told_once(
    watch: dict[int, list[tuple[int, str]]],
) -> None:
    package = [make_package(P, [make_benchmark("BenchmarkF", 1)])]
    sites = [SITE, make_site("moved to heap: q", file="p/q.go", line=3)]
    made = History.build([make_record(n, package, escapes=sites) for n in range(5)])
    asked = {
        make_hash(at): [(make_hash(n), file) for n, file in found] for at, found in watch.items()
    }
    follower = SiteFollower(made)
    for record in made.records:
        followed = follower.follow(record)
        files = asked.get(record.revision.hash, ())
        follower.look([file for revision, file in files if revision == follower.newest])
        follower.take(record, followed)
        follower.look([file for revision, file in files if revision == follower.newest])
    pages = {page: 0 for found in asked.values() for page in found}
    plan = SourcePlan(made, follower.finish(), frozenset(pages), pages)
    for revision, file in pages:
        told = plan.told(revision, file)
        assert (told.revision, len(told.by_file[file])) == (make_hash(1), 1)


def test_what_a_line_allocates_moves_with_the_line() -> None:
    found = follow_sites(history(), {make_hash(3): ["p/p.go"]})
    assert list(found.at[make_hash(3)].costs) == [("p/p.go", 3)]
    (cost,) = found.at[make_hash(4)].costs["p/p.go", 5]
    assert (cost.allocs, cost.bytes, cost.revision) == (2, 32, make_hash(2))


def test_what_a_line_allocated_is_forgotten_when_the_value_changes() -> None:
    records = list(history().records)
    records[3] = replace(records[3], packages=(make_package(P, [make_benchmark("BenchmarkF", 7)]),))
    found = follow_sites(History.build(records), {make_hash(3): ["p/p.go"]})
    assert found.at[make_hash(3)].costs == {}


def test_the_page_says_since_when_and_what_it_costs() -> None:
    files = site(history(), sources=lambda revision, path: TEXT)
    page = Page(files[names.source_page("p/p.go", make_hash(2))])
    assert "new escape moved to heap: x" in page.text
    assert f"since {make_hash(2)[:8]}" in page.text
    assert "2 allocs/op, 32" in page.text
    assert "F is not inlined: cost 92 exceeds 80" in page.text
    assert "inlined here: G" in page.text
    assert {f"L{n}" for n in range(1, 6)} <= set(page.attributes("id"))
    newest = Page(files[names.source_page("p/p.go")])
    assert f"back since {make_hash(2)[:8]}" in newest.text
    assert f"last changed in {make_hash(4)[:8]}" in newest.text
    check_links(files)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "is not in the clone"),
        (b"caf\xe9\n" * 9, "caf\\xe9"),
        (b"x\n" * 9_000, "The file has 9,000 lines"),
        (b"y" * 50_000, "the middle is left out"),
        (b"", "moved to heap: x"),
    ],
)
def test_text_that_is_missing_long_or_no_utf8(data: bytes | None, said: str) -> None:
    files = site(history(), sources=lambda revision, path: data)
    source = files[names.source_page("p/p.go")]
    page = Page(source)
    assert said in page.text
    assert "moved to heap: x" in page.text
    assert "L5" in page.attributes("id")
    assert len(source) < 40_000


def test_paths_that_differ_only_in_case_do_not_collide() -> None:
    paths = ["a/Con.go", "a/con.go", "A/con.go", "../../x.go", "a b\n.go", "\u017f.go"]
    found = [names.source_page(p, r) for p in paths for r in ("", make_hash(1), "../x")]
    assert len({n.casefold() for n in found}) == len(found)
    assert all(re.fullmatch(r"s/[a-z0-9-]+\.html", n) for n in found)


def test_every_planted_regression_is_two_clicks_from_its_line() -> None:
    truth = json.loads(TRUTH.read_text("utf-8"))
    files = dict(render([timeline_history()], project="t"))
    overview = Page(files["index.html"]).attributes("href")
    planted = [c for c in truth["commits"] if c["kind"] == "regression"]
    assert len(planted) == truth["planted"]["regressions"]
    for commit in planted:
        revision = names.revision_page(commit["revision"])
        assert revision in overview
        page = names.source_page(commit["cause"]["file"], commit["revision"])
        links = [
            urlsplit(link)
            for link in Page(files[revision]).attributes("href")
            if resolve(revision, urlsplit(link).path) == page
        ]
        assert links, commit["subject"]
        source = Page(files[page])
        assert {link.fragment for link in links} <= set(source.attributes("id"))
        assert commit["cause"]["message"] in source.text, commit["subject"]
