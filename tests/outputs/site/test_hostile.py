"""The files of a site of which every text is hostile."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.outputs.site.draw.names import benchmark_page, revision_page, slug, source_page
from harness.outputs.text.format import clip, visible
from tests.builders import make_hash
from tests.hostile import (
    HOSTILE,
    hostile_commits,
    hostile_environments,
    hostile_history,
    hostile_source,
)
from tests.outputs.site.pages import check_links, provided
from tests.sites import publish, render

HIDING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
DEVICES = {"con", "prn", "aux", "nul", *(f"{n}{i}" for n in ("com", "lpt") for i in range(10))}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Of all texts in all places, but of the environments only some: each has the same pages."""
    environments = hostile_environments()
    histories = [hostile_history(), hostile_commits(), *environments[::7], environments[11]]
    return dict(render(histories, project=HOSTILE[14], sources=hostile_source))


def test_names_are_safe_on_every_file_system(files: dict[str, bytes]) -> None:
    assert len({n.casefold() for n in files}) == len(files)
    for name in files:
        for part in name.split("/"):
            # So no dots at the start or end, no separators, and equal after any normalisation.
            assert re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", part), name
            assert len(part) <= 120
            assert part.split(".")[0] not in DEVICES, name
        assert len(name) < 200


def test_every_text_has_files_of_its_own() -> None:
    for page in (
        [benchmark_page("p", f"Benchmark{t}") for t in HOSTILE],
        [benchmark_page(t, "BenchmarkA") for t in HOSTILE],
        [source_page(t) for t in HOSTILE],
        [source_page(t, make_hash(1)) for t in HOSTILE],
        [source_page("p.go", t) for t in HOSTILE],
        [revision_page(t) for t in HOSTILE],
    ):
        assert [n for n, count in Counter(p.casefold() for p in page).items() if count > 1] == []
    assert all(re.fullmatch("[a-z0-9-]{1,48}", slug(t)) for t in HOSTILE)


def test_nothing_is_written_outside(tmp_path: Path) -> None:
    site = tmp_path / "deep" / "er" / "site"
    publish([hostile_history()], site, project="../../x", sources=hostile_source)
    assert [p.name for p in tmp_path.iterdir()] == ["deep"]
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["er"]
    assert [p.name for p in (tmp_path / "deep" / "er").iterdir()] == ["site"]
    assert not [p for p in site.rglob("*") if p.is_symlink()]


class Head(HTMLParser):
    """The elements of a page in their order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_policy_comes_before_everything_that_loads(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        if not name.endswith(".html"):
            continue
        assert data.startswith(b'<!DOCTYPE html>\n<html lang="en" data-up="')
        tags = Head(data.decode("utf-8")).tags
        assert [t for t, _ in tags[:4]] == ["html", "head", "meta", "meta"], name
        assert tags[2][1] == {"charset": "utf-8"}
        assert tags[3][1]["http-equiv"] == "Content-Security-Policy"
        assert "'unsafe" not in (tags[3][1]["content"] or "")
        for tag, attributes in tags:
            assert not any(a.startswith("on") or a == "style" for a in attributes), name
            assert tag not in {"style", "iframe", "object", "embed", "base", "img", "form"}, name
        # One opening and one closing tag for each script, so none of them has a text.
        assert len(re.findall(rb'<script src="[^"<>]*"( defer)?></script>', data)) == len(
            re.findall(rb"(?i)<script", data)
        )


def test_nothing_hides_and_markup_is_text(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        if name.endswith(("uplot.js", "uplot.css")):
            continue
        text = data.decode("utf-8")
        assert not HIDING.search(text.replace("\n", "").replace("\t", "")), name
        if name.endswith((".html", ".xml")):
            assert not re.search("(?i)<(img|svg onload|iframe|meta http-equiv=refresh)", text)
            assert "__class__" not in text or "{{ view.__class__.__mro__ }}" in text


def test_feeds_and_drawings_are_xml(files: dict[str, bytes]) -> None:
    feeds = [n for n in files if n.endswith("regressions.xml")]
    assert len(feeds) > 3
    for name in feeds:
        ElementTree.fromstring(files[name])
    drawings = 0
    for name, data in files.items():
        if name.endswith(".html"):
            for drawing in re.findall(rb"<svg\b.*?</svg>", data, re.DOTALL):
                ElementTree.fromstring(drawing)
                drawings += 1
    assert drawings > 500


def test_shards_hand_the_texts_over_as_they_are(files: dict[str, bytes]) -> None:
    shards = {n: provided(d) for n, d in files.items() if "/data/" in f"/{n}"}
    assert len(shards) > 200
    for name in shards:
        assert files[name].isascii()
    revision = shards["data/" + f"r-{make_hash(1)}.js"]
    assert isinstance(revision, dict)
    names = {b[1] for b in revision["benchmarks"]}
    escapes = shards["data/escapes.js"]
    assert isinstance(escapes, dict)
    for text in HOSTILE:
        assert visible(clip(f"Benchmark{text}", 200)) in names
        if not text.startswith("<"):  # what begins so is a file of the compiler's to Go
            assert visible(clip(f"{text}.go", 200)) in [f[0] for f in escapes["files"]]
    root = next(n for n in files if n.startswith("e/go1-27-3-bench-1-")).split("/data/")[0]
    root = "/".join(root.split("/")[:2])
    subjects = shards[f"{root}/data/history.js"]
    assert isinstance(subjects, dict)
    for text, said in zip(HOSTILE, subjects["subjects"], strict=True):
        first = next((line.strip() for line in text.strip().splitlines() if line.strip()), "")
        assert said == (visible(clip(first, 90)) or "(no message)")


def test_a_long_name_costs_little_on_each_page(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        if name.endswith(("status.html", "help.html")) and name.startswith("e/"):
            assert len(data) < 60_000, (name, len(data))


def test_links_lead_into_the_site(files: dict[str, bytes]) -> None:
    assert check_links(files) > 5_000
