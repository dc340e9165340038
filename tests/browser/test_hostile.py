"""A site of which every text is hostile, in a browser: nothing runs, and all of it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.outputs.text.format import clip, visible
from tests.browser.pages import ready, requests
from tests.builders import make_hash
from tests.hostile import HOSTILE

# What would open a dialog leaves a trace instead, and so does every breach of the policy.
CANARY = """
for (const name of ["alert", "confirm", "prompt", "print", "open"]) {
  window[name] = () => { window.__pwned = name; };
}
document.addEventListener("securitypolicyviolation", e => {
  window.__pwned = "policy: " + e.violatedDirective + " " + e.blockedURI;
});
"""
# What a page has that it must not have: traces, elements, handlers, scripts and styles in it.
FOUND = """
const bad = [];
if (window.__pwned !== undefined) bad.push("ran: " + window.__pwned);
for (const e of document.querySelectorAll(
    "img, iframe, frame, object, embed, base, form[action], style, video, audio, template"))
  bad.push(e.outerHTML.slice(0, 200));
for (const e of document.querySelectorAll("*")) for (const a of e.attributes)
  if (/^on/i.test(a.name) ||
      /^\\s*(javascript|data|vbscript):/i.test(a.value) && /href|src/.test(a.name))
    bad.push(e.tagName + " " + a.name + "=" + a.value.slice(0, 80));
for (const s of document.scripts) if (!s.src || s.textContent) bad.push("script " + s.outerHTML);
if (Object.prototype.esv || ({}).x !== undefined) bad.push("prototype");
return bad;
"""
SCRIPTED = ("index.html", "escapes.html", "compare.html")


@pytest.fixture
def guarded(browser: Any) -> Iterator[Any]:
    """The browser, in which a script of somebody else would be noticed."""
    made = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": CANARY})
    browser.get_log("browser")
    browser.get_log("performance")
    yield browser
    browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", made)


def chosen(site: Path) -> list[Path]:
    """Every page of the first environment and of that of commits; of the others the overview."""
    commits = commits_of(site)
    pages = [p for root in (site, commits) for p in sorted(root.glob("*.html"))]
    pages += [p for root in (site, commits) for k in "brs" for p in sorted((root / k).iterdir())]
    return [*pages, *sorted((site / "e").glob("*/index.html"))]


def commits_of(site: Path) -> Path:
    return next((site / "e").glob("go1-27-3-bench-1-*"))


@pytest.mark.parametrize("every", [9, pytest.param(1, marks=pytest.mark.slow)])
def test_nothing_runs_and_nothing_is_asked_for(
    guarded: Any, sites: dict[str, Path], every: int
) -> None:
    """In every page, or in the single pages and some of each other kind."""
    site = sites["hostile"]
    pages = [p for n, p in enumerate(chosen(site)) if n % every == 0 or p.parent == site]
    assert len(pages) > 600 // every
    for page in pages:
        guarded.get(page.as_uri())
        if page.name in SCRIPTED:
            ready(guarded, "")
        assert guarded.execute_script(FOUND) == [], page
    assert guarded.get_log("browser") == []
    urls = set(requests(guarded))
    assert len(urls) > len(pages)
    assert {u for u in urls if not u.startswith(site.as_uri() + "/")} <= {"about:blank"}
    # Beside the site there is nothing, and in it nothing that was not published.
    assert [p.name for p in site.parent.iterdir()] == [site.name]


def test_text_is_shown_as_it_is(guarded: Any, sites: dict[str, Path]) -> None:
    """Texts of elements, not of the page: markup that was taken for such would split them."""
    site = sites["hostile"]
    texts = "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)"
    shown = {t: visible(t) for t in HOSTILE}

    ready(guarded, (site / "index.html").as_uri())
    names = guarded.execute_script(texts, "[data-list] .bench")
    for text in HOSTILE:
        assert visible(clip(f"Benchmark{text}", 200)) in names, text
    assert sum(n.startswith("BenchmarkSub/") for n in names) == 6

    source = max((site / "s").iterdir(), key=lambda p: p.stat().st_size)
    guarded.get(source.as_uri())
    lines = guarded.execute_script(texts, "#source td.text > code")
    for text in HOSTILE:
        for line in text.split("\n"):
            # A lone surrogate is three bytes that are no UTF-8.
            read = line.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace")
            said = visible(clip(read.removesuffix("\r"), 1000))
            assert said in lines, text

    commits = commits_of(site)
    ready(guarded, (commits / "index.html").as_uri())
    machines = guarded.execute_script(texts, "nav.environments a")
    for text in HOSTILE:
        assert any(shown[text][:40].strip() in name for name in machines), text
    for number, text in list(enumerate(HOSTILE))[::2]:
        guarded.get((commits / "r" / f"{make_hash(number)}.html").as_uri())
        first = text.strip().split("\n", 1)[0]
        title, author = guarded.execute_script(
            "return ['h1 bdi', 'dl.meta div:nth-child(2) dd']"
            ".map(s => document.querySelector(s).textContent)"
        )
        assert title == (visible(clip(first, 400)) or "(no message)"), number
        assert author == visible(clip(text, 200)), number


def test_lists_show_text_as_it_is(guarded: Any, sites: dict[str, Path]) -> None:
    """What scripts put into the lists of escapes and of a comparison, found by its filter."""
    site = sites["hostile"]
    for page, query in (("escapes.html", "q="), ("compare.html", "all=1&unit=allocs%2Fop&q=")):
        for text in (HOSTILE[0], HOSTILE[3], HOSTILE[17], HOSTILE[28], HOSTILE[30]):
            ready(guarded, (site / page).as_uri() + "#" + query)
            box = guarded.find_element("css selector", "input[type=search]")
            word = text.split()[0]
            guarded.execute_script(
                "arguments[0].value = arguments[1];"
                "arguments[0].dispatchEvent(new Event('input', {bubbles: true}))",
                box,
                word,
            )
            rows = guarded.execute_script(
                "return document.querySelector('.virtual, [role=table], table').textContent"
            )
            assert word in rows, (page, text)
            assert guarded.execute_script(FOUND) == []
    assert guarded.get_log("browser") == []
