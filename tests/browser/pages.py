"""What the tests of pages do: wait until one is ready, press keys, drag; what a page asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname


def ready(browser: Any, address: str) -> None:
    """Open a page (or stay on it), and wait until its scripts have said that it is ready."""
    from selenium.webdriver.support.ui import WebDriverWait

    if address:
        browser.get("about:blank")
        browser.get(address)
    WebDriverWait(browser, 20, 0.02).until(
        lambda b: b.execute_script(
            "return document.readyState === 'complete'"
            " && document.documentElement.hasAttribute('data-ready')"
        )
    )


def path_of(address: str) -> Path:
    """The file that a ``file:`` address names."""
    return Path(url2pathname(urlsplit(address).path))


def requests(browser: Any) -> list[str]:
    """Every address that was asked for since the log was last read."""
    found = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            found.append(message["params"]["request"]["url"])
    return found


def keys(browser: Any, *pressed: str) -> None:
    """Press keys, one after the other, wherever the focus is."""
    from selenium.webdriver import ActionChains

    chain = ActionChains(browser, duration=10)
    for key in pressed:
        chain.send_keys(key)
    chain.perform()


def drag(browser: Any, selector: str, start: float, end: float) -> None:
    """Press on an element at a share of its width, and let go at another; the same is a click."""
    from selenium.webdriver import ActionChains

    element = browser.find_element("css selector", selector)
    width = element.size["width"]
    chain = ActionChains(browser, duration=30)
    chain.move_to_element_with_offset(element, round((start - 0.5) * width), 0).click_and_hold()
    if end != start:
        chain.move_by_offset(round((end - start) * width / 2), 0)
        chain.move_by_offset(round((end - start) * width / 2), 0)
    chain.release().perform()
