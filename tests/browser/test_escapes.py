"""The page of all escape sites in a browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.history.history import History
from harness.model import Position
from tests.browser.pages import requests
from tests.builders import MODULE, make_benchmark, make_package, make_record, make_site

MANY = 20_000
# Of one key, on the main thread of the browser.
MOST_MS = 50


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with very many escape sites."""
    from tests.sites import publish

    root = tmp_path_factory.mktemp("many") / "site"
    kinds = ("moved to heap: x", "make([]byte, n) escapes to heap", "new(T) escapes to heap")
    sites = [
        replace(
            make_site(f"{kinds[n % 3]}{n % 97}", package=f"{MODULE}/p{n % 7}", function=f"F{n}"),
            position=Position(f"p{n % 7}/file{n % 21}.go", n // 21 + 1, 2),
        )
        for n in range(MANY)
    ]
    packages = [make_package(f"{MODULE}/p{n}", [make_benchmark("BenchmarkA", 1)]) for n in range(7)]
    records = [
        make_record(0, packages, escapes=sites[: MANY // 2]),
        make_record(1, packages, escapes=sites),
    ]
    publish([History.build(records)], root, project="many")
    return root


def ready(browser: Any, address: str) -> Any:
    """Open the page and wait for its list."""
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get("about:blank")
    browser.get(address)
    WebDriverWait(browser, 20).until(
        lambda b: b.find_elements("css selector", "#sites [role=status]")
    )
    return browser.find_element("css selector", "#sites input[type=search]")


def status(browser: Any) -> str:
    return str(browser.find_element("css selector", "#sites [role=status]").text)


KEY = """
const box = document.querySelector('#sites input[type=search]');
box.value = arguments[0];
box.dispatchEvent(new Event('input'));
document.querySelector('.virtual').getBoundingClientRect();
return document.querySelector('#sites [role=status]').textContent;
"""


def busy(browser: Any) -> float:
    """Milliseconds of processor time that the page's main thread has taken so far."""
    metrics = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return 1000 * next(float(m["value"]) for m in metrics if m["name"] == "TaskDuration")


def test_the_filter_is_quick_and_few_rows_are_in_the_document(
    browser: Any, many: Path, serve: Any
) -> None:
    ready(browser, serve(many, "file") + "escapes.html")
    assert status(browser) == f"{MANY:,} of {MANY:,} sites"
    browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    try:
        for text in ("f", "fi", "fil", "file", "file1", "file12", "file1 p3", "zzz", ""):
            before = busy(browser)
            said = browser.execute_script(KEY, text)
            assert busy(browser) - before < MOST_MS, text
            assert said.startswith("0 of") == (text == "zzz"), text
    finally:
        browser.execute_cdp_cmd("Performance.disable", {})
    assert len(browser.find_elements("css selector", ".virtual tr.row")) < 60
    assert (many / "data/escapes.js").stat().st_size < 3_000_000


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_what_is_chosen_is_in_the_address_and_comes_back(
    browser: Any, sites: dict[str, Path], serve: Any, scheme: str
) -> None:
    from selenium.webdriver.support.ui import Select

    root = serve(sites["timeline"], scheme)
    browser.get_log("browser")
    browser.get_log("performance")
    box = ready(browser, root + "escapes.html")
    everything = status(browser)
    box.send_keys("store heap")
    Select(browser.find_element("name", "kind")).select_by_visible_text("make")
    browser.find_element("css selector", "th[data-name=since] button").click()
    rows = [r.text for r in browser.find_elements("css selector", ".virtual tr.row")]
    assert rows
    assert all("store" in text and "make(" in text for text in rows), rows
    assert status(browser) != everything
    first = browser.find_element("css selector", ".virtual tr.row button")
    message = first.text
    first.click()
    assert browser.switch_to.active_element.text == message
    address = browser.current_url
    ready(browser, address)
    again = [r.text for r in browser.find_elements("css selector", ".virtual tr.row")]
    assert again == rows
    header = browser.find_element("css selector", "th[data-name=since]")
    assert header.get_attribute("aria-sort") == "descending"
    assert browser.find_element("css selector", ".detail h3").text == message
    assert browser.find_elements("css selector", ".detail .spells a")
    assert browser.get_log("browser") == []
    urls = requests(browser)
    assert urls
    assert all(u.startswith((root, "about:")) for u in urls), urls


def test_by_keyboard_alone(browser: Any, many: Path, serve: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    ready(browser, serve(many, "file") + "escapes.html")

    def press(*keys: str) -> None:
        ActionChains(browser).send_keys(*keys).perform()

    def place() -> object:
        return browser.execute_script(
            "const r = document.activeElement.closest('tr[data-place]');"
            "return r && Number(r.dataset.place)"
        )

    press("/")
    assert browser.switch_to.active_element.get_attribute("type") == "search"
    browser.execute_script("document.querySelector('.virtual').focus()")
    press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert place() == 2
    press(Keys.END)
    assert place() == MANY - 1
    press(Keys.ARROW_UP)
    assert place() == MANY - 2
    press(Keys.ENTER)
    assert browser.find_element("css selector", ".detail").is_displayed()
    assert "site=" in browser.current_url
    press(Keys.ESCAPE)
    assert not browser.find_element("css selector", ".detail").is_displayed()
    assert place() == MANY - 2
    assert "site=" not in browser.current_url


def test_without_scripts_the_packages_are_there(browser: Any, sites: dict[str, Path]) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get((sites["timeline"] / "escapes.html").as_uri())
        assert not browser.find_element("id", "sites").is_displayed()
        links = browser.find_elements("css selector", ".files a")
        assert len(links) > 3
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_hostile_sites_are_text(browser: Any, sites: dict[str, Path], serve: Any) -> None:
    browser.get_log("browser")
    ready(browser, serve(sites["hostile"], "file") + "escapes.html")
    found = browser.execute_script(
        "document.querySelectorAll('.virtual button.plain').forEach(b => b.click());"
        "return [document.querySelectorAll('img, iframe, svg[onload], b').length,"
        " document.querySelector('.virtual').innerText]"
    )
    assert found[0] == 0
    assert "<script>alert(1)</script>" in found[1]
    assert browser.get_log("browser") == []
