"""Overview, regressions, status, help and benchmark pages, over ``file://`` and http."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.compare.comparison import Direction
from harness.analysis.verdict.regressions import commit_changes
from harness.analysis.verdict.summary import summarise
from harness.outputs.site.draw import names
from tests.browser.pages import keys, ready, requests
from tests.builders import timeline_history

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
STORE = names.benchmark_page("example.com/timeline/store", "BenchmarkStorePut/keys=100")
PAGES = ["index.html", "regressions.html", "status.html", "help.html", STORE]
SHOWN = (
    "return [...document.querySelectorAll('table[data-list] tbody tr')]"
    ".filter(r => !r.hidden).map(r => r.cells[0].textContent.trim().split(' ')[0])"
)
MEDIANS = ["BenchmarkRingMedian/n=128", "BenchmarkRingMedian/n=16"]
TAB, ENTER, ESCAPE = "\ue004", "\ue007", "\ue00c"


@pytest.fixture(params=["file", "http"])
def base(request: pytest.FixtureRequest, sites: dict[str, Path], serve: Any) -> str:
    return str(serve(sites["timeline"], request.param))


def focused(browser: Any, script: str) -> Any:
    return browser.execute_script(f"const e = document.activeElement; return {script}")


@pytest.mark.parametrize("page", PAGES)
def test_silence_and_nothing_from_elsewhere(browser: Any, base: str, page: str) -> None:
    browser.get("about:blank")
    requests(browser)
    browser.get_log("browser")
    browser.get(base + page)
    if page in ("index.html", STORE):
        ready(browser, "")
    assert browser.get_log("browser") == []
    asked = [url for url in requests(browser) if not url.endswith("/favicon.ico")]
    assert asked
    assert all(url.startswith(base) for url in asked), asked


@pytest.fixture(params=["light", "dark", "phone"])
def look(request: pytest.FixtureRequest, browser: Any) -> Iterator[str]:
    kind = str(request.param)
    media = [{"name": "prefers-color-scheme", "value": "dark" if kind == "dark" else "light"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    if kind == "phone":
        device = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    yield kind
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def violations(browser: Any) -> list[str]:
    """What axe-core finds wrong, with the elements."""
    # Through the protocol: the policy of the pages forbids scripts that are put into them.
    browser.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    found = browser.execute_async_script(
        "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']})"
        ".then(r => done(r.violations.map(v => v.id + ': ' + v.help + ' '"
        " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | '))))"
    )
    return [str(v) for v in found]


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is made by an editable install")
def test_axe_finds_nothing(browser: Any, sites: dict[str, Path], look: str) -> None:
    browser.set_script_timeout(60)
    source = next((sites["timeline"] / "s").glob("store-go-*")).name
    code = ("escapes.html", "compare.html", f"s/{source}")
    for page in [*PAGES, *code, "correlation.html"]:
        browser.get((sites["timeline"] / page).as_uri())
        if page in ("index.html", STORE, *code):
            ready(browser, "")
        assert violations(browser) == [], (page, look)
        wide = browser.execute_script("return document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, page
    keys(browser, "?")
    assert violations(browser) == []
    keys(browser, ESCAPE)


def test_filter_and_sort_are_in_the_address_and_come_back(browser: Any, base: str) -> None:
    ready(browser, base + "index.html")
    every = browser.execute_script(SHOWN)
    keys(browser, "/", "m", "e", "d", "i", "a", "n")
    assert browser.execute_script(SHOWN) == [
        "BenchmarkRingMedian/n=128",
        "BenchmarkRingMedian/n=16",
    ]
    status = browser.find_element("css selector", ".controls [role=status]")
    assert status.text == f"2 of {len(every)} benchmarks"
    head = browser.find_element("css selector", "th[data-sort='1'] button")
    head.send_keys(ENTER)
    assert head.find_element("xpath", "..").get_attribute("aria-sort") == "descending"
    address = browser.current_url
    assert "q=median" in address
    assert "sort=-1" in address
    ready(browser, address)
    assert browser.execute_script(SHOWN) == [
        "BenchmarkRingMedian/n=128",
        "BenchmarkRingMedian/n=16",
    ]
    assert (
        browser.find_element("css selector", "input[type=search]").get_attribute("value")
        == "median"
    )
    browser.find_element("css selector", "th[data-sort='1'] button").send_keys(ENTER)
    assert browser.execute_script(SHOWN) == [
        "BenchmarkRingMedian/n=16",
        "BenchmarkRingMedian/n=128",
    ]
    assert browser.execute_script("return document.querySelectorAll('th[aria-sort]').length") == 1


def test_package_unit_and_steps_narrow_the_table(browser: Any, base: str) -> None:
    ready(browser, base + "index.html#package=store&steps=up&unit=sec%2Fop")
    found = browser.execute_script(SHOWN)
    columns = browser.execute_script(
        "return [...document.querySelectorAll('th[data-unit]')]"
        ".filter(t => getComputedStyle(t).display !== 'none').map(t => t.dataset.unit)"
    )
    assert columns == ["sec/op"]
    worse = {
        s.benchmark
        for r in summarise(timeline_history()).revisions
        for s in r.steps
        if s.unit == "sec/op"
        and s.direction is Direction.REGRESSION
        and s.package.endswith("/store")
    }
    assert worse
    assert sorted(found) == sorted(worse)


def test_numbers_sort_as_numbers_and_gaps_come_last(browser: Any, base: str) -> None:
    ready(browser, base + "index.html#sort=2")
    values = browser.execute_script(
        "return [...document.querySelectorAll('table[data-list] tbody tr')]"
        ".map(r => r.dataset.values.split(',')[2]).map(v => v === '' ? null : Number(v))"
    )
    numbers = [v for v in values if v is not None]
    assert numbers == sorted(numbers)
    assert len(numbers) > 20
    assert values[: len(numbers)] == numbers


def test_by_keyboard_from_the_overview_to_a_revision(browser: Any, base: str) -> None:
    """Tab and Enter only; the focus can always be seen."""
    ready(browser, base + "index.html")
    for _ in range(60):
        keys(browser, TAB)
        seen = focused(
            browser,
            "[getComputedStyle(e).outlineStyle, getComputedStyle(e).outlineWidth, e.className,"
            " e.getAttribute('href') || '']",
        )
        assert seen[0] != "none" and seen[1] != "0px", seen
        if seen[2] == "commit":
            break
    else:
        pytest.fail("no commit was reached")
    keys(browser, ENTER)
    assert browser.current_url.endswith(seen[3])


def test_g_and_a_letter_lead_to_pages_and_the_keys_are_told(browser: Any, base: str) -> None:
    ready(browser, base + "index.html")
    keys(browser, "g", "r")
    assert browser.current_url.endswith("/regressions.html")
    keys(browser, "g", "s")
    assert browser.current_url.endswith("/status.html")
    keys(browser, "?")
    dialog = browser.find_element("css selector", "dialog.keys")
    assert dialog.is_displayed()
    assert "Overview" in dialog.text
    keys(browser, ESCAPE)
    assert not dialog.is_displayed()


def test_every_regression_is_two_clicks_from_the_overview(
    browser: Any, sites: dict[str, Path]
) -> None:
    ready(browser, (sites["timeline"] / "index.html").as_uri())
    first = set(browser.execute_script("return [...document.links].map(a => a.href)"))
    browser.find_element("link text", "Regressions").click()
    second = set(browser.execute_script("return [...document.links].map(a => a.href)"))
    for change in commit_changes(summarise(timeline_history()), Direction.REGRESSION):
        page = (sites["timeline"] / "r" / f"{change.summary.slot.revision}.html").as_uri()
        assert page in first | second


def test_one_sheet_for_paper(browser: Any, sites: dict[str, Path]) -> None:
    """Printed, the benchmark page has its sparklines, and no controls."""
    ready(browser, (sites["timeline"] / STORE).as_uri())
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        shown = browser.execute_script(
            "return ['.still', '.live', 'header nav'].map("
            "s => getComputedStyle(document.querySelector(s)).display)"
        )
        assert shown == ["block", "none", "none"]
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_the_library_is_published_with_its_licence(sites: dict[str, Path]) -> None:
    vendor = resources.files("harness.outputs.site") / "static" / "vendor"
    for name in ("uplot.js", "uplot.css", "uplot-license.txt"):
        published = sites["timeline"] / "static" / "vendor" / name
        assert published.read_bytes() == (vendor / name).read_bytes()
