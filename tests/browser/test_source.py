"""The pages of source files in a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from harness.outputs.site.draw import names
from tests.browser.pages import requests
from tests.builders import TRUTH, timeline_history


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, timeline: Path) -> Path:
    """The site of the fixture with the text of its source."""
    from harness.git import Repository
    from tests.sites import publish

    root = tmp_path_factory.mktemp("source") / "site"
    repository = Repository(timeline)
    publish([timeline_history()], root, project="timeline", sources=repository.file_bytes)
    return root


def planted() -> list[dict[str, Any]]:
    truth = json.loads(TRUTH.read_text("utf-8"))
    return [c for c in truth["commits"] if c["kind"] == "regression"]


CLICK = """
const link = [...document.querySelectorAll('main a[href]')]
  .find(a => a.href.startsWith(arguments[0]) && a.getClientRects().length);
if (!link) return false;
link.click();
return true;
"""
SHOWN = "return document.querySelector('tr:target').innerText"
OPEN = "document.querySelectorAll('main details').forEach(e => e.open = true)"


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_from_the_overview_to_the_line_in_three_clicks(
    browser: Any, site: Path, serve: Any, scheme: str
) -> None:
    root = serve(site, scheme)
    chosen = planted() if scheme == "file" else planted()[:3]
    for commit in chosen:
        browser.get_log("browser")
        requests(browser)
        browser.get(root + "index.html")
        browser.execute_script(OPEN)
        assert browser.execute_script(CLICK, root + names.revision_page(commit["revision"]))
        browser.execute_script(OPEN)
        page = root + names.source_page(commit["cause"]["file"], commit["revision"])
        assert browser.execute_script(CLICK, page + "#L"), commit["subject"]
        assert browser.current_url.startswith(page + "#L")
        wait_for_one_of(browser, "allocs/op", commit["cause"]["message"])
        assert browser.get_log("browser") == []
        assert [u for u in requests(browser) if not u.startswith(root)] == []


def address_ends(browser: Any, text: str) -> None:
    WebDriverWait(browser, 20, 0.02).until(lambda b: b.current_url.endswith(text))


def wait_for_one_of(browser: Any, *words: str) -> None:
    """The line that was jumped to has one of these words, once the browser has laid it out."""
    WebDriverWait(browser, 20, 0.02).until(
        lambda b: any(word in b.execute_script(SHOWN) for word in words)
    )


def file_page(site: Path) -> str:
    return names.source_page("store/store.go", planted()[0]["revision"])


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_keys_go_from_escape_to_escape(browser: Any, site: Path, serve: Any, scheme: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    browser.get(serve(site, scheme) + file_page(site))
    lines = browser.execute_script(
        "return [...document.querySelectorAll('tr.heap')].map(r => '#' + r.id)"
    )
    assert len(lines) > 2
    here = "return [location.hash, document.activeElement.getAttribute('href')]"
    for key, line in (("n", 0), ("n", 1), ("p", 0), ("p", -1), ("n", 0)):
        ActionChains(browser).send_keys(key).perform()
        assert browser.execute_script(here) == [lines[line]] * 2
    status = browser.find_element("css selector", "[role=status]")
    # It follows the address, which the browser tells of a little later.
    WebDriverWait(browser, 20, 0.02).until(lambda _: status.text == f"escape 1 of {len(lines)}")


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_what_is_hidden_is_in_the_address(
    browser: Any, site: Path, serve: Any, scheme: str
) -> None:
    browser.get(serve(site, scheme) + file_page(site) + "#L3")
    box = browser.find_element("css selector", "input[name=escapes]")
    box.send_keys(" ")
    # The driver is told of an address that a script changed a moment later.
    address_ends(browser, "?hide=escapes#L3")
    address = browser.current_url
    visible = "return [...document.querySelectorAll('.esc')].some(e => e.getClientRects().length)"
    assert browser.execute_script(visible) is False
    browser.get("about:blank")
    browser.get(address)
    assert browser.execute_script(visible) is False
    box = browser.find_element("css selector", "input[name=escapes]")
    assert not box.is_selected()
    box.send_keys(" ")  # a click may miss while the page scrolls to the line
    address_ends(browser, ".html#L3")
    assert browser.execute_script(visible) is True
    assert browser.get_log("browser") == []


def test_the_source_is_complete_without_scripts(browser: Any, site: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get((site / file_page(site)).as_uri())
        rows = browser.find_elements("css selector", "table.source tbody tr")
        assert len(rows) > 50
        assert browser.find_elements("css selector", ".esc details summary")
        assert not browser.find_elements("css selector", "button")
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
