"""The site as files: names, contents, safety, determinism, publishing."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.history import History
from harness.analysis.series import PointState, benchmark_series
from harness.analysis.summary import RevisionState, summarise
from harness.errors import StoreError
from harness.model import (
    BenchmarkFailure,
    Environment,
    Lane,
    Outcome,
    PackageError,
    PackageOutcome,
    Toolchain,
)
from harness.outputs import format as text
from harness.outputs.dashboard import names, publish
from harness.outputs.dashboard import tree as tree_module
from harness.outputs.dashboard.pieces import reproduce
from harness.outputs.dashboard.site import render
from harness.outputs.dashboard.svg import Mark, chart, sparkline
from harness.outputs.dashboard.tree import replace_tree
from tests.builders import (
    MODULE,
    hostile_history,
    make_benchmark,
    make_hash,
    make_package,
    make_record,
    make_site,
    timeline_history,
    timeline_records,
)

VOID = frozenset({"meta", "link", "input", "br", "hr", "img"})


class Page(HTMLParser):
    """A parsed page: elements, links, text; fails on elements that do not nest."""

    def __init__(self, source: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(source.decode("utf-8"))
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1] == tag, (tag, self._open)
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def attributes(self, name: str) -> list[str]:
        return [a[name] or "" for _, a in self.tags if name in a]


def site(*histories: History, **options: Any) -> dict[str, bytes]:
    return dict(render(histories, project="timeline", **options))


@pytest.fixture(scope="module")
def timeline() -> dict[str, bytes]:
    return site(timeline_history(), commit_url="https://git.example.com/commit/")


@pytest.fixture(scope="module")
def hostile() -> dict[str, bytes]:
    return site(hostile_history())


def check_links(files: dict[str, bytes]) -> int:
    """Every relative link leads to a file of the site, and every fragment to an element."""
    pages = {n: Page(data) for n, data in files.items() if n.endswith(".html")}
    seen = 0
    for name, page in pages.items():
        for link in [*page.attributes("href"), *page.attributes("src")]:
            parts = urlsplit(link)
            if parts.scheme:
                assert parts.scheme == "https", link
                continue
            target = resolve(name, unquote(parts.path)) if parts.path else name
            assert target in files, (name, link)
            if parts.fragment:
                assert parts.fragment in pages[target].attributes("id"), (name, link)
            seen += 1
    return seen


def resolve(page: str, link: str) -> str:
    parts: list[str] = []
    for part in (PurePosixPath(page).parent / link).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


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


def test_links_resolve(timeline: dict[str, bytes], hostile: dict[str, bytes]) -> None:
    assert check_links(timeline) > 1000
    assert check_links(hostile) > 50


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


def test_the_policy_allows_nothing_inline_or_foreign(
    timeline: dict[str, bytes], hostile: dict[str, bytes]
) -> None:
    for name, data in [*timeline.items(), *hostile.items()]:
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
                assert attributes.get("src", "").endswith("static/filter.js")  # type: ignore[union-attr]


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
    assert "\\x00" in overview


def test_a_very_long_name_does_not_fill_the_pages(hostile: dict[str, bytes]) -> None:
    assert len(hostile["index.html"]) < 400_000


def test_no_file_leaves_the_site_or_collides(hostile: dict[str, bytes]) -> None:
    assert len({n.casefold() for n in hostile}) == len(hostile)
    for name in hostile:
        assert re.fullmatch(r"(e/[a-z0-9-]+/)?([bres]|static)?/?[a-z0-9.-]+", name), name
        assert ".." not in name
        assert len(name.rsplit("/", 1)[-1]) <= 80


@given(st.text(max_size=40), st.text(max_size=40))
def test_names_are_safe_and_tell_apart(a: str, b: str) -> None:
    first, second = names.benchmark_page("p", a), names.benchmark_page("p", b)
    assert re.fullmatch(r"b/[a-z0-9][a-z0-9-]*-[0-9a-f]{16}\.html", first)
    assert (first == second) == (a == b)
    assert re.fullmatch(r"r/x-[0-9a-f]{16}\.html", names.revision_page(a))


@given(st.text(max_size=60))
def test_visible_text_hides_nothing(raw: str) -> None:
    shown = text.visible(raw)
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", shown
    )
    shown.encode("utf-8")


def test_names_that_differ_only_in_case_have_two_pages() -> None:
    assert names.benchmark_page("p", "BenchmarkA") != names.benchmark_page("p", "Benchmarka")
    assert names.benchmark_page("p", "q") != names.benchmark_page("pq", "")


def test_same_input_same_bytes() -> None:
    assert site(timeline_history()) == site(timeline_history())


def test_an_empty_history_has_a_page() -> None:
    files = dict(render([], project="empty"))
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
    assert "5 not measured" in page.text.replace("not measured 5", "5 not measured")
    assert f"r/{line[2]}.html" not in files
    check_links(files)


def test_several_environments_have_their_own_pages() -> None:
    older = Environment(Toolchain("go1.26.0", "linux", "amd64", "cache", False))
    files = site(timeline_history(), timeline_history(older))
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
    points = benchmark_series(history)[f"{MODULE}/p", "BenchmarkA"][0].points
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


def test_a_gap_is_not_drawn_across() -> None:
    marks = [Mark("a", value=1), Mark("b", gap="broken"), Mark("c", value=1)]
    drawn = str(sparkline(marks, "x"))
    line = re.search(r'class="line" d="([^"]*)"', drawn)
    assert line is not None
    assert line[1].count("M") == 2
    assert 'class="gap broken"' in drawn


def test_a_step_is_marked_with_its_sign_and_its_link() -> None:
    marks = [
        Mark("a", "2026-01-01", "r/a.html", 0),
        Mark("b", "2026-01-02", "r/b.html", 5, step="regression", delta="+5"),
    ]
    drawn = str(chart(marks, "allocs/op", "x", identity="i", width=900, margin=40))
    assert '<a href="r/b.html" aria-label="regression +5: b">' in drawn
    assert ">+5</text>" in drawn


@pytest.mark.parametrize(
    ("number", "unit", "expected"),
    [
        (0, "allocs/op", "0"),
        (1234, "allocs/op", "1,234"),
        (12_345, "B/op", "12,345 B"),
        (50 * 2**20, "B/op", "50.00 MiB"),
        (1.2345e-9, "sec/op", "1.234 ns"),
        (9.99999e-7, "sec/op", "1.000 µs"),
        (0.0, "sec/op", "0 s"),
        (123.4e-6, "sec/op", "123.4 µs"),
        (math.nan, "allocs/op", text.NONE),
    ],
)
def test_values_read_well(number: float, unit: str, expected: str) -> None:
    assert text.value(number, unit).replace("\N{NARROW NO-BREAK SPACE}", " ") == expected


def test_differences_carry_their_sign() -> None:
    assert text.signed(3, "allocs/op") == "+3"
    assert text.signed(-3, "allocs/op") == text.MINUS + "3"
    assert text.percent(math.inf) == "from 0"
    assert text.percent(1.125).startswith("+12.5")


def test_the_command_survives_the_shell() -> None:
    record = make_record(0)
    command = reproduce(record, "a b", "BenchmarkX/it's $(rm -rf)")
    assert "'^BenchmarkX$/^it'\"'\"'s \\$\\(rm -rf\\)$'" in command
    assert command.endswith("'./a b'")
    assert "GOTOOLCHAIN=go1.27.3 " in command


def test_commit_urls_are_of_the_web_only(timeline: dict[str, bytes]) -> None:
    newest = timeline_records()[-1].revision.hash
    assert f"https://git.example.com/commit/{newest}" in Page(
        timeline[f"r/{newest}.html"]
    ).attributes("href")
    for prefix in ("#", "javascript:alert(1)//", "file:///etc/"):
        files = site(timeline_history(), commit_url=prefix)
        links = Page(files[f"r/{newest}.html"]).attributes("href")
        assert not any(link.startswith(prefix) and link.endswith(newest) for link in links)


def test_publishing_replaces_the_whole_tree(tmp_path: Path) -> None:
    output = tmp_path / "html"
    first = publish([timeline_history()], output, project="timeline")
    assert (first.pages, first.removed) == (first.added - 3, 0)
    again = publish([timeline_history()], output, project="timeline")
    assert (again.added, again.changed, again.removed) == (0, 0, 0)
    records = timeline_records()[:10]
    less = publish([History.build(records)], output, project="timeline")
    assert less.removed > 0
    assert not (output / "r" / f"{timeline_records()[-1].revision.hash}.html").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["html"]


def test_a_crash_leaves_the_old_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "html"
    replace_tree(output, {"index.html": b"old"})
    with pytest.raises(StoreError):
        replace_tree(output, {"index.html": b"new", "index.html/x": b""})

    def refuse(_a: Path, _b: Path) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(tree_module, "_swap", refuse)
    with pytest.raises(KeyboardInterrupt):
        replace_tree(output, {"index.html": b"new"})
    assert (output / "index.html").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["html"]


def test_it_works_where_directories_cannot_be_exchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_module, "_exchange", lambda _a, _b: False)
    output = tmp_path / "html"
    replace_tree(output, {"index.html": b"old", "b/gone.html": b""})
    change = replace_tree(output, {"index.html": b"new"})
    assert (change.changed, change.removed) == (1, 1)
    assert (output / "index.html").read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["html"]


def test_what_is_not_a_site_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(StoreError, match="did not write"):
        replace_tree(tmp_path, {"index.html": b""})
    with pytest.raises(StoreError, match="not a directory"):
        replace_tree(tmp_path / "thesis.txt", {"index.html": b""})
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_no_path_of_this_machine_is_in_the_site(timeline: dict[str, bytes]) -> None:
    here = str(Path(__file__).parents[2]).encode()
    assert not any(here in data for data in timeline.values())


def test_inexact_values_show_their_range() -> None:
    records = [
        make_record(i, [make_package(benchmarks=[make_benchmark("BenchmarkPool", (9, 10, 9 + i))])])
        for i in range(2)
    ]
    files = site(History.build(records))
    page = files[names.benchmark_page(f"{MODULE}/p", "BenchmarkPool")].decode()
    assert 'class="band"' in page
    assert "9 to 10" in page


def test_the_newest_revision_may_be_partly_broken() -> None:
    records = list(timeline_records()[:10])
    assert records[-1].errors
    page = Page(site(History.build(records))["index.html"]).text
    assert "1 package of 6 does not compile" in page
    merged = replace(records[-1], outcome=Outcome.BROKEN, packages=(), escapes=())
    page = Page(site(History.build([*records[:-1], merged]))["index.html"]).text
    assert "Could not be measured" in page
