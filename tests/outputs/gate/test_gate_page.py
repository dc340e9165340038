"""The gate's report as a page."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from harness.outputs.gate import html
from harness.outputs.gate.base import Failure, Surroundings
from tests.outputs.gate.gates import (
    TRAPS,
    full_report,
    long_report,
    trapped_report,
    trapped_surroundings,
)
from tests.outputs.site.pages import Page

SOURCE = Surroundings(
    lambda _r, file, line: f"\tsource of {file}:{line}",
    lambda _r, file, line: f"https://host.example/{file}#L{line}",
)


def check_closed(text: str) -> Page:
    """A page without scripts, that loads nothing and allows only the style sheet in it."""
    page = Page(text.encode("utf-8"))
    policy = next(a["content"] for _, a in page.tags if a.get("http-equiv"))
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    for tag, attributes in page.tags:
        assert tag not in {"script", "link", "img", "iframe", "object", "base", "form"}
        assert "style" not in attributes
        assert "src" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        if "href" in attributes:
            assert (attributes["href"] or "").startswith("https://host.example/")
    identities = page.attributes("id")
    assert len(identities) == len(set(identities))
    levels = [int(t[1]) for t, _ in page.tags if re.fullmatch("h[1-6]", t)]
    assert levels.count(1) == 1
    return page


def test_everything_that_the_gate_says() -> None:
    page = check_closed(html.report(full_report(), SOURCE))
    for said in (
        "FAIL: ",
        "BenchmarkX/a",
        "0 → to 1 allocs/op +1",
        "new: moved to heap: x",
        "source of p/p.go:12",
        "3 allocs/op budget 0",
        "in strings.Join",
        "waived until 2026-12-24 by ann",
        "rule without effect",
        "git checkout ",
        "+ New 2",
        "Gone 1",
        "make([]byte, n) escapes to heap",
    ):
        assert said in page.text, said


def test_many_findings_are_cut_with_words() -> None:
    text = html.report(long_report(), SOURCE)
    page = check_closed(text)
    assert "New 500" in page.text
    assert "and 200 more" in page.text
    assert len(text) < 3_000_000


@pytest.mark.parametrize("trap", TRAPS, ids=range(len(TRAPS)))
def test_hostile_text_is_text(trap: str) -> None:
    for failing in (True, False):
        text = html.report(trapped_report(trap, failing=failing), trapped_surroundings(trap))
        check_closed(text)
        assert not re.search("[\x00\x1b\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    check_closed(html.failure(Failure(trap)))


def test_an_address_that_is_none_of_the_web_is_no_link() -> None:
    around = Surroundings(lambda *_: "", lambda *_: "javascript:alert(1)")
    assert Page(html.report(full_report(), around).encode()).attributes("href") == []
