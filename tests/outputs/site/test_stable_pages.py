"""Which pages change when a record is added: those that it says something new of."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.analysis.history.history import History
from harness.model import SECONDS, BenchmarkFailure, Lane, Record
from harness.outputs.site.draw import names
from harness.outputs.text.format import clip, visible
from tests.account_builders import make_account, make_place
from tests.builders import (
    MODULE,
    make_benchmark,
    make_hash,
    make_package,
    make_record,
    make_site,
    timeline_records,
)
from tests.hostile import HOSTILE
from tests.outputs.site.pages import Page, site

P = f"{MODULE}/p"
# Neighbours, and far apart: behind a broken revision, after repairs, at the end.
COUNTS = ((9, 10), (10, 11), (15, 19), (18, 19), (29, 30), (44, 45), (26, 49))


@cache
def _files(count: int) -> dict[str, bytes]:
    """The site of the first records of the fixture, without the times: these have change points."""
    records = [_counted(r) for r in timeline_records()[:count]]
    history = History.build(records, [r.revision.hash for r in records])
    return site(history, sources=lambda revision, path: f"{path}\n".encode() * 90)


def _counted(record: Record) -> Record:
    return replace(
        record,
        packages=tuple(
            replace(
                p,
                benchmarks=tuple(
                    replace(b, measurements=tuple(m for m in b.measurements if m.unit != SECONDS))
                    for b in p.benchmarks
                ),
            )
            for p in record.packages
        ),
    )


def _changed(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    return {name for name in before if after.get(name) != before[name]}


@pytest.mark.parametrize(("count", "later"), COUNTS)
def test_the_source_of_an_old_revision_stays_as_it_was(count: int, later: int) -> None:
    before, after = _files(count), _files(later)
    old = re.compile(r"s/[0-9a-f]{40}-")
    kept = {name for name in before if old.match(name)}
    assert kept or count < 4
    assert kept <= after.keys()
    assert not kept & _changed(before, after)


@pytest.mark.parametrize(("count", "later"), COUNTS)
def test_a_page_of_a_revision_changes_for_its_neighbour_and_repairs(count: int, later: int) -> None:
    before, after = _files(count), _files(later)
    records = timeline_records()
    newest = names.revision_page(records[count - 1].revision.hash)
    # Of the newest revision that compiles all files have a page, to which its escapes lead.
    changed = {n for n in _changed(before, after) if n.startswith("r/")} - {newest}
    hashes = {r.revision.hash[:8] for r in records[count:later]}
    assert newest in _changed(before, after)
    for name in changed:
        repairs = re.findall(rb"repaired in ([0-9a-f]{8})", after[name])
        assert {r.decode() for r in repairs} & hashes, name
        assert (
            re.sub(rb'<span class="note">repaired in [0-9a-f]{8}</span>', b"", after[name])
            == (before[name])
        )


def test_data_of_a_revision_are_those_of_its_record() -> None:
    before, after = _files(10), _files(49)
    shards = {name for name in before if name.startswith("data/r-")}
    assert len(shards) == 10
    assert not shards & _changed(before, after)


def test_a_benchmark_that_is_carried_or_gone_has_the_same_page() -> None:
    def record(number: int, allocs: int | None, own: int) -> Record:
        gone = [] if allocs is None else [make_benchmark("BenchmarkGone", allocs)]
        still = [make_benchmark("BenchmarkStill", 3), *gone]
        origin = {0: None, 3: None}.get(number, make_hash(0 if number < 3 else 3))
        return make_record(
            number,
            [
                make_package(P, still, carried_from=origin),
                make_package(f"{MODULE}/q", [make_benchmark("BenchmarkOwn", own)]),
            ],
        )

    # Its benchmark is taken out at 3, and what is left is carried from there.
    records = [record(n, 1 if n < 3 else None, 5 + n) for n in range(7)]
    pages = {n: names.benchmark_page(P, f"Benchmark{n}") for n in ("Still", "Gone")}
    own = names.benchmark_page(f"{MODULE}/q", "BenchmarkOwn")
    files = [site(History.build(records[:n])) for n in range(1, 8)]
    for count in (1, 2, 4, 5, 6):
        changed = _changed(files[count - 1], files[count])
        assert own in changed
        assert not changed & set(pages.values()), count
    assert set(pages.values()) <= _changed(files[2], files[3])
    assert "removed" in Page(files[6][pages["Gone"]]).text


def test_a_source_page_that_a_later_step_asks_for_changes_no_older_page() -> None:
    """The step is told from the second revision on, as the third gave no number."""
    file = "p/p.go"
    escape = make_site("moved to heap: x", file=file, line=3)
    failure = BenchmarkFailure("BenchmarkF", Lane.ALLOCATION, "panic", "panic: x")
    records = []
    for n, (allocs, sites) in enumerate(((5, ()), (5, (escape,)), (None, (escape,)), (0, ()))):
        package = make_package(
            P,
            [] if allocs is None else [make_benchmark("BenchmarkF", allocs)],
            failures=[failure] if allocs is None else (),
        )
        lines = [make_place(file=file, line=3, allocs=allocs, via="")] if allocs else []
        account = make_account(P, "BenchmarkF", lines)
        records.append(replace(make_record(n, [package], escapes=sites), accounts=(account,)))
    before, after = site(History.build(records[:3])), site(History.build(records))
    late = names.source_page(file, make_hash(1))
    assert late in after.keys() - before.keys()
    assert before[names.revision_page(make_hash(1))] == after[names.revision_page(make_hash(1))]
    # The page of the step itself leads there.
    assert late in "".join(Page(after[names.revision_page(make_hash(3))]).attributes("href"))


def test_an_old_page_leads_to_earlier_ones_and_to_what_is_live() -> None:
    files = _files(49)
    old = re.compile(r"s/([0-9a-f]{40})-")
    order = [r.revision.hash for r in timeline_records()]
    seen = 0
    for name in files:
        match = old.match(name)
        if match is None:
            continue
        links = Page(files[name]).attributes("href")
        assert any(link.startswith("../escapes.html#q=") for link in links)
        for link in links:
            if link.startswith("../s/"):
                earlier = old.match(link.removeprefix("../"))
                assert earlier is not None, "the page of the newest revision is there only now"
                assert order.index(earlier[1]) < order.index(match[1])
                seen += 1
    assert seen > 5


@pytest.mark.parametrize("name", [*HOSTILE[:12], "a b&c=d#e%41+f?g.go"])
def test_the_list_is_asked_for_the_file_whatever_its_name(name: str) -> None:
    file = f"p/{name}.go"
    escape = make_site("moved to heap: x", file=file, line=3)
    records = [
        make_record(n, [make_package(P, [make_benchmark("BenchmarkF", n)])], escapes=[escape] * n)
        for n in range(2)
    ]
    files = site(History.build(records))
    page = Page(files[names.source_page(file, make_hash(1))])
    (link,) = [h for h in page.attributes("href") if "escapes.html#" in h]
    address = urlsplit(link)
    assert re.fullmatch(r"[A-Za-z0-9_.~=%+-]+", address.fragment)
    assert parse_qs(address.fragment, strict_parsing=True) == {"q": [visible(clip(file, 200))]}
