"""The site in a browser, over ``file://``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.account_builders import UNACCOUNTED
from tests.browser.pages import path_of, requests
from tests.builders import timeline_records

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}


def pages(site: Path) -> list[Path]:
    """One page of each kind, the awkward ones first."""
    long = max((site / "b").iterdir(), key=lambda p: p.stat().st_size)
    if site.name == "hostile":
        # The largest of each kind; test_hostile.py opens all.
        kinds = [sorted((site / k).iterdir(), key=lambda p: p.stat().st_size) for k in "brs"]
        return [site / "index.html", site / "escapes.html", *(p for k in kinds for p in k[-2:])]
    wanted = [
        r.revision for r in timeline_records() if r.errors or any(p.failures for p in r.packages)
    ]
    subjects = ("by reference", "byte order mark", "learn the width", UNACCOUNTED)
    steps = [
        r.revision for words in subjects for r in timeline_records() if words in r.revision.message
    ]
    first, newest = timeline_records()[0].revision, timeline_records()[-1].revision
    revisions = [site / "r" / f"{r.hash}.html" for r in (*steps, *wanted, first, newest)]
    single = [site / f"{name}.html" for name in ("escapes", "compare", "correlation")]
    source = max((site / "s").iterdir(), key=lambda p: p.stat().st_size)
    others = sorted((site / "e").glob("*/index.html"))
    return [site / "index.html", long, source, *single, *revisions, *others]


@pytest.fixture(params=["timeline", "hostile"])
def site(request: pytest.FixtureRequest, sites: dict[str, Path]) -> Path:
    return sites[str(request.param)]


@pytest.fixture
def phone(browser: Any) -> Iterator[Any]:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    yield browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_pages_load_in_silence_and_from_the_site_only(browser: Any, site: Path) -> None:
    for page in pages(site):
        browser.get_log("browser")
        requests(browser)
        browser.get(page.as_uri())
        assert browser.get_log("browser") == [], page
        asked = requests(browser)
        assert asked, page
        assert all(url.startswith(site.as_uri() + "/") for url in asked), asked
        assert browser.execute_script("return document.styleSheets.length") in (1, 2)


def test_links_lead_to_files_that_exist(browser: Any, site: Path) -> None:
    for page in pages(site):
        browser.get(page.as_uri())
        links = browser.execute_script(
            "return [...document.querySelectorAll('a[href]')]"
            ".map(a => a.href.baseVal === undefined ? a.href"
            "  : new URL(a.href.baseVal, location).href)"
        )
        assert links
        for link in links:
            if link.startswith("https://example.com/c/"):
                continue
            assert path_of(link).is_file(), (page, link)


def test_nothing_scrolls_sideways_on_a_phone(phone: Any, site: Path) -> None:
    for page in pages(site):
        phone.get(page.as_uri())
        phone.execute_script(OPEN)
        width = phone.execute_script(
            "window.scrollTo(1e4, 0);"
            "return [document.documentElement.scrollWidth, window.scrollX, window.innerWidth]"
        )
        assert width == [390, 0, 390], page


def test_the_policy_is_in_force(browser: Any, sites: dict[str, Path]) -> None:
    browser.get((sites["timeline"] / "index.html").as_uri())
    ran = browser.execute_script(
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        "document.body.append(s); return window.ran || 0"
    )
    assert ran == 0
    browser.get_log("browser")


def test_it_is_complete_without_scripts(browser: Any, sites: dict[str, Path]) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get((sites["timeline"] / "index.html").as_uri())
        rows = browser.find_elements("css selector", "table.commits tbody tr")
        assert len(rows) == len(timeline_records())
        assert not [e for e in browser.find_elements("css selector", "input") if e.is_displayed()]
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_without_scripts_a_unit_has_a_sparkline_and_a_step_a_link(
    browser: Any, sites: dict[str, Path]
) -> None:
    page = next(p for p in (sites["timeline"] / "b").iterdir() if "storeput-keys-100" in p.name)
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(page.as_uri())
        (strip,) = browser.find_elements("css selector", ".still svg.strip")
        assert strip.is_displayed()
        assert "measured" in strip.get_attribute("aria-label")
        rows = browser.find_elements("css selector", ".still > .scroll tbody tr")
        units = [row.find_element("css selector", "th").text for row in rows]
        assert units[:2] == ["allocs/op", "B/op"]
        assert all(row.find_element("css selector", "svg.spark").is_displayed() for row in rows)
        assert "up" in rows[0].text
        browser.find_element("css selector", ".stepslist a.commit").click()
        assert "/r/" in browser.current_url
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(browser: Any, sites: dict[str, Path], scheme: str) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        for page in pages(sites["timeline"])[:5]:
            browser.get(page.as_uri())
            browser.execute_script(OPEN)
            assert browser.execute_script(CONTRAST) == [], page
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_nothing_overlaps_at_any_width(browser: Any, sites: dict[str, Path]) -> None:
    page = next(p for p in pages(sites["timeline"]) if p.stem.startswith("9865b390"))
    browser.get(page.as_uri())
    try:
        for width in (390, 740, 800, 1000, 1160, 1280):
            device = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
            wide = browser.execute_script(
                "return [...document.querySelectorAll('.account .beside > div, .fit:has(.groups)')]"
                ".map(e => [e.scrollWidth, e.clientWidth]).filter(([a, b]) => a > b)"
            )
            assert wide == [], width
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_stacked_tables_stay_tables_on_a_phone(phone: Any, sites: dict[str, Path]) -> None:
    page = next(p for p in pages(sites["timeline"]) if p.stem.startswith("9865b390"))
    phone.get(page.as_uri())
    roles = phone.execute_script(
        "return [...document.querySelectorAll('.ledger, .ledger *, .groups, .groups *')]"
        ".filter(e => /^(TABLE|THEAD|TBODY|TFOOT|TR|TD|TH)$/.test(e.tagName))"
        ".map(e => e.getAttribute('role'))"
    )
    assert roles
    assert None not in roles


def test_an_escape_leads_to_its_account(browser: Any, sites: dict[str, Path]) -> None:
    page = next(p for p in pages(sites["timeline"]) if p.stem.startswith("9865b390"))
    browser.get(page.as_uri())
    browser.execute_script("document.querySelector('a.use').click()")
    shown = browser.execute_script(
        "return document.querySelector(':target').querySelector('.ledger').innerText"
    )
    assert "(*Store).Put" in shown


OPEN = "document.querySelectorAll('details').forEach(e => e.open = true)"
# Elements with text of their own whose contrast to the nearest opaque background is below 4.5.
CONTRAST = """
const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
  .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
const back = e => {
  for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c;
  }
  return [255, 255, 255];
};
const bad = [];
for (const e of document.querySelectorAll('body *')) {
  const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
  if (!own || e.closest('svg') || e.closest('.sr')) continue;
  const [a, b] = [light(parse(getComputedStyle(e).color)), light(back(e))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  const name = `${e.tagName}.${e.className} ${e.textContent.slice(0, 30)}`;
  if (ratio < 4.5) bad.push(`${name} ${ratio.toFixed(2)}`);
}
return [...new Set(bad)].slice(0, 10);
"""
