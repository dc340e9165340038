"""The site as files: names, contents, safety, determinism, publishing."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from harness.analysis.history.history import History
from harness.analysis.series.series import PointState, benchmark_series
from harness.analysis.verdict.summary import RevisionState, summarise
from harness.model import (
    GC_CYCLES,
    HEAP_LIVE,
    STACK_INUSE,
    BenchmarkFailure,
    BenchmarkResult,
    Environment,
    Lane,
    Measurement,
    Outcome,
    PackageError,
    PackageOutcome,
    Toolchain,
)
from harness.outputs.site.draw import names
from tests.builders import (
    MODULE,
    make_benchmark,
    make_hash,
    make_package,
    make_record,
    make_site,
    timeline_history,
    timeline_records,
)
from tests.hostile import hostile_history
from tests.outputs.site.pages import Page, check_links, provided, site


@pytest.fixture(scope="module")
def timeline() -> dict[str, bytes]:
    return site(timeline_history(), commit_url="https://git.example.com/commit/")


@pytest.fixture(scope="module")
def hostile() -> dict[str, bytes]:
    return site(hostile_history())


def test_the_overview_lists_every_commit_of_the_fixture(timeline: dict[str, bytes]) -> None:
    page = Page(timeline["index.html"])
    for record in timeline_records():
        assert record.revision.short in page.text
        assert record.revision.subject in page.text
        assert f"r/{record.revision.hash}.html" in page.attributes("href")
        assert f"r/{record.revision.hash}.html" in timeline


def test_broken_commits_are_shown_as_broken_with_the_compilers_message(
    timeline: dict[str, bytes],
) -> None:
    broken = [r for r in timeline_records() if r.errors]
    assert len(broken) == 2
    for record in broken:
        own = Page(timeline[f"r/{record.revision.hash}.html"]).text
        assert "broken" in own
        assert record.errors[0].message in own
        assert record.errors[0].message in Page(timeline["index.html"]).text
        package = record.errors[0].package
        name = next(n for p, n in benchmark_series(timeline_history()) if p == package)
        of_benchmark = Page(timeline[names.benchmark_page(package, name)]).text
        assert record.errors[0].message in of_benchmark
        assert "does not build" in of_benchmark


def test_a_finding_puts_the_escapes_beside_the_step(timeline: dict[str, bytes]) -> None:
    commit = next(r for r in timeline_records() if "by reference" in r.revision.message)
    page = Page(timeline[f"r/{commit.revision.hash}.html"]).text
    assert "BenchmarkStorePut/keys=100" in page
    assert "0 → to 100 ▲ +100" in page
    assert "&Entry{...} escapes to heap" in page
    assert "(*Store).Put" in page
    assert "caused by" not in page


def test_a_panic_is_told_where_it_happened(timeline: dict[str, bytes]) -> None:
    commit = next(r for r in timeline_records() if any(p.failures for p in r.packages))
    page = Page(timeline[f"r/{commit.revision.hash}.html"]).text
    assert "partial" in page
    assert "slice bounds out of range" in page


def test_links_resolve(timeline: dict[str, bytes]) -> None:
    assert check_links(timeline) > 1000


def test_pages_have_one_h1_and_no_skipped_heading(
    timeline: dict[str, bytes], hostile: dict[str, bytes]
) -> None:
    for files in (timeline, hostile):
        for name, data in files.items():
            if not name.endswith(".html"):
                continue
            levels = [int(t[1]) for t, _ in Page(data).tags if re.fullmatch("h[1-6]", t)]
            assert levels.count(1) == 1, name
            assert all(b <= a + 1 for a, b in pairwise(levels)), (name, levels)


def test_identifiers_are_unique(timeline: dict[str, bytes]) -> None:
    for name, data in timeline.items():
        if name.endswith(".html"):
            found = Page(data).attributes("id")
            assert len(found) == len(set(found)), name


def test_the_policy_allows_nothing_inline_or_foreign(timeline: dict[str, bytes]) -> None:
    for name, data in timeline.items():
        if not name.endswith(".html"):
            continue
        page = Page(data)
        policy = next(a["content"] for t, a in page.tags if a.get("http-equiv"))
        assert policy is not None
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        for tag, attributes in page.tags:
            assert tag not in {"style", "iframe", "object", "img", "base", "form"}
            assert "style" not in attributes
            assert not any(a.startswith("on") for a in attributes), (name, attributes)
            if tag == "script":
                assert re.fullmatch(r"(\.\./)*static/[a-z/-]+\.js", attributes.get("src") or "")


def test_hostile_text_is_text(hostile: dict[str, bytes]) -> None:
    for name, data in hostile.items():
        if not name.endswith(".html"):
            continue
        source = data.decode("utf-8")
        assert "<script>alert" not in source
        assert "<img" not in source
        assert "\x00" not in source
        assert not re.search("[\u202a-\u202e\u2066-\u2069\ud800-\udfff\x1b]", source), name
    overview = Page(hostile["index.html"]).text
    assert "<script>alert(1)</script>" in overview
    assert "{{ 7*7 }}" in overview
    assert "\\u{202e}" in overview
    revision = next(Page(data).text for n, data in hostile.items() if n.startswith("r/da4b"))
    for said in (
        "library call </script><img src=x",
        "inlining won before: cannot inline bidi\\u{202e}",
    ):
        assert said in revision
    assert "at {{ 7*7 }}{% raw %}${x}.go:12 in {{ 7*7 }}{% raw %}${x}" in overview
    assert "\\x00" in overview


def test_a_very_long_name_does_not_fill_the_pages(hostile: dict[str, bytes]) -> None:
    assert len(hostile["index.html"]) < 400_000


def test_same_input_same_bytes() -> None:
    assert site(timeline_history(count=12)) == site(timeline_history(count=12))


def test_an_empty_history_has_a_page() -> None:
    files = site(History("", "", (), ()))
    assert "Nothing is measured yet" in Page(files["index.html"]).text
    assert (
        "Nothing is measured yet"
        in Page(site(History("m", "e", (), ("a" * 40,)))["index.html"]).text
    )


def test_a_history_of_broken_revisions_only() -> None:
    records = [
        make_record(i, outcome=Outcome.BROKEN, errors=[PackageError("", "module", "no go.mod")])
        for i in range(2)
    ]
    files = site(History.build(records))
    assert "no go.mod" in Page(files["index.html"]).text
    check_links(files)


def test_unmeasured_revisions_are_counted_and_never_linked() -> None:
    records = [
        make_record(i, [make_package(benchmarks=[make_benchmark("BenchmarkA", i)])]) for i in (1, 4)
    ]
    line = [make_hash(i) for i in range(7)]
    files = site(History.build(records, line))
    page = Page(files["index.html"])
    assert "2 newer revisions not measured" in page.text
    assert f"2 revisions, {line[2][:8]} to {line[3][:8]}" in page.text
    assert "not measured5" in page.text
    assert f"r/{line[2]}.html" not in files
    check_links(files)


def test_several_environments_have_their_own_pages() -> None:
    older = Environment(Toolchain("go1.26.0", "linux", "amd64", "cache", False))
    files = site(timeline_history(count=12), timeline_history(older, 9))
    roots = {n.split("/r/")[0] for n in files if "/r/" in n}
    assert len(roots) == 1
    root = roots.pop()
    assert root.startswith("e/go1-26-0-")
    assert "go1.26.0 linux/amd64" in Page(files[f"{root}/index.html"]).text
    assert f"{root}/index.html" in Page(files["index.html"]).attributes("href")
    check_links(files)


def test_escapes_of_a_package_that_did_not_build_are_compared_with_an_older_revision() -> None:
    good = make_package(f"{MODULE}/p", [make_benchmark("BenchmarkA", 1)])
    broken = make_package(f"{MODULE}/p", (), PackageOutcome.BUILD_FAILED)
    other = make_package(f"{MODULE}/q", [make_benchmark("BenchmarkB", 1)])
    old, new = make_site("moved to heap: a"), make_site("moved to heap: b", function="G", line=30)
    summary = summarise(
        History.build(
            [
                make_record(0, [good, other], escapes=[old]),
                make_record(1, [broken, other], errors=[PackageError(f"{MODULE}/p", "build", "x")]),
                make_record(2, [good, other], escapes=[old, new]),
            ]
        )
    )
    middle, last = summary.revisions[1], summary.revisions[2]
    assert middle.state is RevisionState.BROKEN
    assert middle.escapes is not None and middle.escapes.unknown == (f"{MODULE}/p",)
    assert last.escapes is not None
    assert last.escapes.new == (new,)
    assert last.escapes.gone == ()
    assert last.escapes.unknown == ()
    assert last.added == ()


def test_gaps_have_their_reason() -> None:
    bench = [make_benchmark("BenchmarkA", 1)]
    panic = BenchmarkFailure("BenchmarkA", Lane.ALLOCATION, "panic", "panic: oh no")
    records = [
        make_record(0, [make_package(benchmarks=[make_benchmark("BenchmarkB", 1)])]),
        make_record(1, [make_package(benchmarks=bench)]),
        make_record(2, outcome=Outcome.BROKEN, errors=[PackageError("", "module", "no go.mod")]),
        make_record(3, [make_package(outcome=PackageOutcome.BUILD_FAILED)]),
        make_record(4, [make_package(failures=[panic], outcome=PackageOutcome.RUN_FAILED)]),
        make_record(5, [make_package(benchmarks=bench, carried_from=make_hash(1))]),
        make_record(7, [make_package()]),
    ]
    history = History.build(records, [make_hash(i) for i in range(8)])
    series = benchmark_series(history)[f"{MODULE}/p", "BenchmarkA"][0]
    points = series.points
    assert [p.state for p in points] == [
        PointState.NOT_YET,
        PointState.MEASURED,
        PointState.BROKEN,
        PointState.DOES_NOT_BUILD,
        PointState.FAILED,
        PointState.CARRIED,
        PointState.NOT_MEASURED,
        PointState.REMOVED,
    ]
    assert points[2].reason == "no go.mod"
    assert points[4].reason == "panic: oh no"
    assert series.first is points[1].measurement
    assert series.last is points[5].measurement


def test_neighbours_with_one_value_are_one_run() -> None:
    bench = [make_benchmark("BenchmarkA", 1), make_benchmark("BenchmarkB", 2)]
    first = make_package(benchmarks=bench)
    carried = make_package(benchmarks=bench, carried_from=make_hash(0))
    late = make_package(benchmarks=[*bench, make_benchmark("BenchmarkC", 3)])
    records = [make_record(n, [p]) for n, p in enumerate((first, carried, carried, late))]
    found = benchmark_series(History.build(records))
    runs = {name: [n for _, n in own[0].runs] for (_, name), own in found.items()}
    assert runs == {"BenchmarkA": [1, 2, 1], "BenchmarkB": [1, 2, 1], "BenchmarkC": [1, 2, 1]}
    for own in found.values():
        for series in own:
            assert len(series.points) == 4
            assert series.points[1] is series.points[2]
            assert series.first is next(p.measurement for p in series.points if p.measurement)
            assert series.last is series.points[3].measurement


def test_commit_urls_are_of_the_web_only(timeline: dict[str, bytes]) -> None:
    newest = timeline_records()[-1].revision.hash
    assert f"https://git.example.com/commit/{newest}" in Page(
        timeline[f"r/{newest}.html"]
    ).attributes("href")
    for prefix in ("#", "javascript:alert(1)//", "file:///etc/"):
        files = site(timeline_history(count=3), commit_url=prefix)
        newest = timeline_records()[2].revision.hash
        links = Page(files[f"r/{newest}.html"]).attributes("href")
        assert not any(link.startswith(prefix) and link.endswith(newest) for link in links)


def test_no_path_of_this_machine_is_in_the_site(timeline: dict[str, bytes]) -> None:
    here = str(Path(__file__).parents[2]).encode()
    assert not any(here in data for data in timeline.values())


@pytest.mark.parametrize(
    ("count", "said", "letter"),
    [(8, "1.000 µs to 1.600 µs", "i"), (5, "1.000 µs to 1.400 µs (range)", "r")],
)
def test_times_have_the_interval_of_the_median_and_few_their_range(
    count: int, said: str, letter: str
) -> None:
    """Of 8 samples benchstat's interval is from the first to the seventh."""
    times = [x * 1e-6 for x in (1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 9.0)][:count]
    records = [
        make_record(i, [make_package(benchmarks=[make_benchmark("BenchmarkT", 1, seconds=times)])])
        for i in range(2)
    ]
    files = site(History.build(records))
    page = Page(files[names.benchmark_page(f"{MODULE}/p", "BenchmarkT")]).text
    assert said in page.replace("\u202f", " ")
    shard = provided(files[names.benchmark_shard(f"{MODULE}/p", "BenchmarkT")])
    (column,) = (s for s in shard["series"] if s["unit"] == "sec/op")
    assert [run[-1] for run in column["runs"]] == [letter]


def test_inexact_values_show_their_range() -> None:
    records = [
        make_record(i, [make_package(benchmarks=[make_benchmark("BenchmarkPool", (9, 10, 9 + i))])])
        for i in range(2)
    ]
    files = site(History.build(records))
    page = files[names.benchmark_page(f"{MODULE}/p", "BenchmarkPool")].decode()
    assert "9 to 10" in page


def test_what_the_heap_costs_is_drawn_apart_and_zeros_are_named() -> None:
    def benchmark(cycles: float) -> BenchmarkResult:
        plain = make_benchmark("BenchmarkHeap", 1, 64)
        costs = {GC_CYCLES: cycles, HEAP_LIVE: -4096.0, STACK_INUSE: 0.0}
        heap = [Measurement(u, Lane.ALLOCATION, (v, v), False) for u, v in costs.items()]
        return replace(plain, measurements=(*plain.measurements, *heap))

    records = [make_record(i, [make_package(benchmarks=[benchmark(i / 4)])]) for i in range(3)]
    files = site(History.build(records))
    assert check_links(files)
    page = Page(files[names.benchmark_page(f"{MODULE}/p", "BenchmarkHeap")])
    assert page.attributes("id")
    assert len(page.attributes("id")) == len(set(page.attributes("id")))
    charts = page.text[: page.text.index("All values")]
    assert GC_CYCLES in charts
    assert HEAP_LIVE in charts
    assert f"0 at every revision: {STACK_INUSE}." in page.text
    table = page.text[page.text.index("All values") :]
    assert "allocs/op" in table
    assert GC_CYCLES not in table


def test_the_newest_revision_may_be_partly_broken() -> None:
    records = list(timeline_records()[:10])
    assert records[-1].errors
    page = Page(site(History.build(records))["index.html"]).text
    assert "1 package of 6 does not compile" in page
    merged = replace(records[-1], outcome=Outcome.BROKEN, packages=(), escapes=())
    page = Page(site(History.build([*records[:-1], merged]))["index.html"]).text
    assert "Could not be measured" in page
