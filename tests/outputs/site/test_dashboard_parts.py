"""The parts that the site is made of: names, numbers, charts, the swap of trees."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.history.history import History
from harness.errors import StoreError
from harness.outputs.site import publish as site_module
from harness.outputs.site.draw import names
from harness.outputs.site.draw import tree as tree_module
from harness.outputs.site.draw.svg import Mark, sparkline
from harness.outputs.site.draw.tree import replace_tree
from harness.outputs.text import format as text
from tests.builders import timeline_history, timeline_records
from tests.sites import publish


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


def test_a_gap_is_not_drawn_across() -> None:
    marks = [Mark(1), Mark(gap="broken"), Mark(1)]
    drawn = str(sparkline(marks, "x"))
    line = re.search(r'class="line" d="([^"]*)"', drawn)
    assert line is not None
    assert line[1].count("M") == 2
    assert 'class="gap broken"' in drawn


def test_a_step_is_a_triangle_that_points_its_way() -> None:
    marks = [Mark(0), Mark(5, step="regression"), Mark(1, step="improvement")]
    paths = re.findall(r'class="mark (\w+)" d="M\S+ (\S+)L\S+ (\S+)H', str(sparkline(marks, "x")))
    points_up = {tone: float(tip) < float(base) for tone, tip, base in paths}
    assert points_up == {"regression": True, "improvement": False}


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
        (132e-6, "gc-pause-sec/op", "132.0 µs"),
        (0.57, "gc-cycles/op", "0.57"),
        (1.6e-5, "gc-cycles/op", "1.6e-05"),
        (32_768, "stack-inuse-B", "32,768 B"),
        (-8192, "heap-inuse-B", "-8,192 B"),
    ],
)
def test_values_read_well(number: float, unit: str, expected: str) -> None:
    assert text.value(number, unit).replace("\N{NARROW NO-BREAK SPACE}", " ") == expected


def test_differences_carry_their_sign() -> None:
    assert text.signed(3, "allocs/op") == "+3"
    assert text.signed(-3, "allocs/op") == text.MINUS + "3"
    assert text.percent(math.inf) == "from 0"
    assert text.percent(1.125).startswith("+12.5")


def test_publishing_replaces_the_whole_tree(tmp_path: Path) -> None:
    output = tmp_path / "html"
    first = publish([timeline_history(count=14)], output, project="timeline")
    pages = sum(p.suffix == ".html" for p in output.rglob("*"))
    assert (first.pages, first.removed) == (pages, 0)
    again = publish([timeline_history(count=14)], output, project="timeline")
    assert (again.added, again.changed, again.removed) == (0, 0, 0)
    records = timeline_records()[:10]
    less = publish([History.build(records)], output, project="timeline")
    assert less.removed > 0
    assert not (output / "r" / f"{timeline_records()[13].revision.hash}.html").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["html"]


def test_a_crash_leaves_the_old_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "html"
    replace_tree(output, {"index.html": b"old"}.items())
    with pytest.raises(StoreError):
        replace_tree(output, {"index.html": b"new", "index.html/x": b""}.items())

    def refuse(_a: Path, _b: Path) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(tree_module, "_swap", refuse)
    with pytest.raises(KeyboardInterrupt):
        replace_tree(output, {"index.html": b"new"}.items())
    assert (output / "index.html").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["html"]


def test_it_works_where_directories_cannot_be_exchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_module, "_exchange", lambda _a, _b: False)
    output = tmp_path / "html"
    replace_tree(output, {"index.html": b"old", "b/gone.html": b""}.items())
    change = replace_tree(output, {"index.html": b"new"}.items())
    assert (change.changed, change.removed) == (1, 1)
    assert (output / "index.html").read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["html"]


def test_what_is_not_a_site_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(StoreError, match="did not write"):
        replace_tree(tmp_path, {"index.html": b""}.items())
    with pytest.raises(StoreError, match="not a directory"):
        replace_tree(tmp_path / "thesis.txt", {"index.html": b""}.items())
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_a_clone_without_the_charts_library_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_module, "_VENDOR", ("vendor/none.js",))
    with pytest.raises(StoreError, match="make install"):
        publish([timeline_history(count=3)], tmp_path / "html", project="timeline")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_another_one_has_replaced_is_not_taken_for_it(tmp_path: Path) -> None:
    output = tmp_path / "html"
    before = replace_tree(output, {"index.html": b"old", "b/x.html": b"x"}.items())
    same = replace_tree(output, before.stamps.items())
    assert (same.unchanged, same.stamps) == (2, before.stamps)
    (output / "b" / "x.html").write_bytes(b"y")
    with pytest.raises(StoreError, match="another publishing changed it meanwhile"):
        replace_tree(output, before.stamps.items())
    assert (output / "b" / "x.html").read_bytes() == b"y"
    assert [p.name for p in tmp_path.iterdir()] == ["html"]
