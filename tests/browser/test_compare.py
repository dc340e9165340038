"""The page that compares two revisions, in a browser."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.compare.comparison import compare, judge
from harness.analysis.compare.samples import median_interval
from harness.model import ALLOCS, SECONDS, Lane, Measurement
from harness.outputs.text.format import percent, signed, value
from tests.browser.pages import requests
from tests.builders import make_untruncated, timeline_records

STATS = """
const side = m => ({time: m[0], exact: m[1], samples: m[2], cut: m[3]});
return arguments[0].map(([a, b]) => esvStats.judge(side(a), side(b)))
  .map((j, i) => [j.way, j.p, esvStats.interval(arguments[0][i][0][2])]);
"""
PRINTED = """
return arguments[0].map(([a, b, unit]) =>
  [esv.value(a, unit), esvStats.signed(b - a, unit), esvStats.percent(a, b)]);
"""


def opened(browser: Any, address: str) -> None:
    """Open the page and wait until something is compared."""
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get("about:blank")
    browser.get(address)
    WebDriverWait(browser, 20).until(lambda b: "worse" in status(b))


def status(browser: Any) -> str:
    found = browser.find_elements("css selector", "#compare [role=status]")
    return str(found[0].text) if found else ""


def rows(browser: Any) -> list[str]:
    return [r.text for r in browser.find_elements("css selector", ".virtual tr.row")]


def test_the_browser_judges_as_the_analysis_does(
    browser: Any, sites: dict[str, Path], serve: Any
) -> None:
    opened(browser, serve(sites["timeline"], "file") + "compare.html")
    rng = random.Random(7)
    pairs: list[tuple[Measurement, Measurement]] = []
    for case in range(160):
        lane = Lane.TIME if case % 4 else Lane.ALLOCATION
        sizes = rng.choice(
            [(1, 1), (3, 3), (6, 6), (10, 7), (20, 20), (30, 26), (60, 55), (31, 40), (101, 9)]
        )
        digits = rng.choice([0, 1, 6])  # few digits make ties
        made = [
            tuple(round(rng.gauss(10 + side * rng.random(), 1), digits) for _ in range(n))
            for side, n in enumerate(sizes)
        ]
        unit = ALLOCS if lane is Lane.ALLOCATION else SECONDS
        pairs.append(
            (
                Measurement(unit, lane, made[0], len(set(made[0])) == 1),
                Measurement(unit, lane, made[1], len(set(made[1])) == 1),
            )
        )
    for _ in range(60):
        one, other = (
            make_untruncated(*(round(rng.gauss(side, 0.1), 2) for _ in range(3)))
            for side in (10, rng.choice([10, 10.5, 11, 12]))
        )
        pairs.append((one, other))
    found = browser.execute_script(
        STATS,
        [
            [[m.lane is Lane.TIME, m.exact, list(m.samples), m.untruncated or None] for m in pair]
            for pair in pairs
        ],
    )
    for (a, b), (way, p, bounds) in zip(pairs, found, strict=True):
        direction, expected = judge(a.unit, a, b)
        sign = (b.value > a.value) - (b.value < a.value)
        assert way == (0 if direction.value == "none" else sign)
        assert (p is None) == (expected is None)
        if expected is not None:
            assert p == pytest.approx(expected, rel=1e-9 if len(a.samples) < 26 else 1e-4, abs=1e-7)
        low, high = median_interval(a.samples)
        assert bounds == ([low, high] if abs(low) + abs(high) < 1e300 else None)


def test_numbers_read_as_everywhere_else(browser: Any, sites: dict[str, Path], serve: Any) -> None:
    opened(browser, serve(sites["timeline"], "file") + "compare.html")
    cases = [
        (a, b, unit)
        for unit in ("allocs/op", "B/op", "sec/op", "things/op")
        for a, b in ((0, 3), (12, 9), (1234567, 1234568), (3.14159e-6, 2e-9), (0.5, 12345.678))
    ]
    shown = browser.execute_script(PRINTED, cases)
    for (a, b, unit), texts in zip(cases, shown, strict=True):
        ratio = b / a if a else float("inf")
        assert texts == [value(a, unit), signed(b - a, unit), percent(ratio)], (a, b, unit)


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_two_revisions_and_the_address_brings_them_back(
    browser: Any, sites: dict[str, Path], serve: Any, scheme: str
) -> None:
    from selenium.webdriver.support.ui import Select, WebDriverWait

    base, head = timeline_records()[0], timeline_records()[-1]
    root = serve(sites["timeline"], scheme)
    browser.get_log("browser")
    browser.get_log("performance")
    opened(browser, root + "compare.html")
    before = status(browser)
    select = Select(browser.find_element("name", "base"))
    assert len(select.options) == len(timeline_records())
    select.select_by_value(base.revision.hash)
    WebDriverWait(browser, 20).until(lambda b: status(b) != before)
    Select(browser.find_element("name", "unit")).select_by_visible_text("allocs/op")
    changes = compare(base, head, frozenset({ALLOCS}))
    worse = sum(c.direction.value == "regression" for c in changes)
    better = sum(c.direction.value == "improvement" for c in changes)
    assert f"▲ {worse} worse, ▼ {better} better" in status(browser)
    browser.find_element("css selector", "th[data-name=change] button").click()
    address, shown = browser.current_url, rows(browser)
    assert base.revision.hash in address
    assert head.revision.hash in address
    assert shown
    opened(browser, address)
    assert rows(browser) == shown
    header = browser.find_element("css selector", "th[data-name=change]")
    assert header.get_attribute("aria-sort") == "ascending"
    words = browser.find_element("css selector", "#compare input[type=search]")
    words.send_keys("store")
    assert all("store" in text for text in rows(browser))
    assert "no change" not in " ".join(rows(browser))
    browser.find_element("name", "all").send_keys(" ")
    assert "no change" in " ".join(rows(browser))
    assert browser.get_log("browser") == []
    urls = requests(browser)
    assert urls
    assert all(u.startswith((root, "about:")) for u in urls), urls


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_two_releases_of_go_and_the_warning(
    browser: Any, sites: dict[str, Path], serve: Any, scheme: str
) -> None:
    from selenium.webdriver.support.ui import Select, WebDriverWait

    root = serve(sites["timeline"], scheme)
    opened(browser, root + "compare.html")
    warning = browser.find_element("css selector", "#compare [role=alert]")
    assert warning.text == ""
    places = Select(browser.find_element("name", "base-in"))
    places.select_by_index(1)
    WebDriverWait(browser, 20).until(lambda b: "different conditions" in warning.text)
    assert "Go release: go1.26.5 linux/amd64 → go1.27.3 linux/amd64" in warning.text
    address = browser.current_url
    assert "base-in=go1-26-5-" in address
    # The same address, seen from the page of the other environment.
    other = next((sites["timeline"] / "e").iterdir()).name
    opened(browser, f"{root}e/{other}/compare.html#{address.split('#')[1]}")
    warning = browser.find_element("css selector", "#compare [role=alert]")
    assert "Go release: go1.26.5 linux/amd64 → go1.27.3 linux/amd64" in warning.text
    links = browser.execute_script(
        "return [...document.querySelectorAll('.virtual a')].map(a => a.href)"
    )
    assert all(u.startswith(root + "b/") or "/b/" in u for u in links)


def test_a_revision_that_is_not_recorded_is_said(
    browser: Any, sites: dict[str, Path], serve: Any
) -> None:
    opened(browser, serve(sites["timeline"], "file") + "compare.html#base=" + "0" * 40)
    warning = browser.find_element("css selector", "#compare [role=alert]").text
    assert "000000000000, is not recorded" in warning


def test_hostile_names_are_text(browser: Any, sites: dict[str, Path], serve: Any) -> None:
    browser.get_log("browser")
    opened(browser, serve(sites["hostile"], "file") + "compare.html#all=1")
    found = browser.execute_script(
        "return [document.querySelectorAll('img, iframe, svg[onload], b').length,"
        " document.querySelector('#compare').innerText]"
    )
    assert found[0] == 0
    assert "<script>alert(1)</script>" in found[1]
    assert browser.get_log("browser") == []


BANDS = """
const box = e => e.getBoundingClientRect();
return [...document.querySelectorAll('.virtual tr.row')].map(row => {
  const band = row.querySelector('.values .place'), own = box(band), whole = box(row);
  const link = box(row.querySelector('.bench'));
  const value = document.createRange();
  value.selectNode(row.querySelector('.values').firstChild);
  const values = value.getBoundingClientRect();
  return {
    text: band.textContent, height: whole.height,
    inside: own.left >= whole.left && own.right <= whole.right && own.bottom <= whole.bottom,
    below: values.bottom <= own.top + 1 && link.bottom <= values.top + 1,
    whole: band.scrollWidth <= band.clientWidth,
  };
});
"""


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_shows_the_intervals_below_the_values(
    browser: Any, sites: dict[str, Path], serve: Any, width: int
) -> None:
    base, head = (timeline_records()[n].revision.hash for n in (2, 14))
    device = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    try:
        address = f"compare.html#base={base}&head={head}&all=1&unit=sec%2Fop"
        opened(browser, serve(sites["timeline"], "file") + address)
        found = browser.execute_script(BANDS)
        whole = browser.execute_script("return document.documentElement.scrollWidth")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert whole == width
    assert len(found) > 10
    assert len({row["height"] for row in found}) == 1
    for row in found:
        assert " to " in row["text"]
        assert (row["inside"], row["below"], row["whole"]) == (True, True, True), row
