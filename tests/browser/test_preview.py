"""``esv preview`` in a browser: a page is loaded again when the site is published anew."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.cli.preview import make_server, stamp
from tests.browser.pages import requests
from tests.builders import timeline_history
from tests.sites import publish

URL = "https://git.example.com/commit/"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A site, and where it is served."""
    site = tmp_path / "site"
    publish([timeline_history(count=4)], site, project="before")
    server = make_server(site, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield site, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def get(address: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as err:
        return err.code, b""


def test_the_page_loads_again_after_a_publishing(browser: Any, served: tuple[Path, str]) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    site, address = served
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(address + "escapes.html#q=store")
    WebDriverWait(browser, 10).until(lambda b: b.find_elements("css selector", "#sites input"))
    assert "before" in browser.title
    # The same site once more is no reason: a script's mark outlives it.
    browser.execute_script("window.kept = 1")
    publish([timeline_history(count=4)], site, project="before")
    time.sleep(2.5)
    assert browser.execute_script("return window.kept") == 1
    publish([timeline_history(count=4)], site, project="after")
    WebDriverWait(browser, 20).until(lambda b: "after" in b.title)
    assert browser.current_url == address + "escapes.html#q=store"
    urls = requests(browser)
    assert urls
    assert all(u.startswith(address) for u in urls)
    assert [e for e in browser.get_log("browser") if "/-/stamp.js" not in e["message"]] == []
    browser.get("about:blank")


def test_the_site_itself_asks_nothing(served: tuple[Path, str]) -> None:
    site, address = served
    status, page = get(address)
    assert status == 200
    assert page.count(b"/-/reload.js") == 1
    assert page.replace(b'<script src="/-/reload.js" defer></script>\n', b"") == (
        (site / "index.html").read_bytes()
    )
    for file in site.rglob("*"):
        assert file.is_dir() or b"/-/" not in file.read_bytes(), file
    assert not (site / "static/reload.js").exists()


def test_answers(served: tuple[Path, str]) -> None:
    site, address = served
    assert get(address + "-/stamp.js?7") == (200, f'esvStamp("{stamp(site)}");\n'.encode())
    assert get(address + "static/style.css")[1] == (site / "static/style.css").read_bytes()
    assert get(address + "no/such.html")[0] == 404
    assert get(address + "../" * 9 + "etc/passwd")[0] == 404
    seen = [stamp(site)]
    publish([timeline_history(count=4)], site, project="before")
    assert stamp(site) == seen[0], "nothing changed"
    newest = timeline_history(count=4).records[-1]
    changes: list[dict[str, Any]] = [
        {"project": "after"},
        {"extra": {"nightly.md": b"x"}},
        {"commit_url": URL},
    ]
    for change in changes:
        publish([timeline_history(count=4)], site, **{"project": "before", **change})
        assert stamp(site) not in seen, change
        seen.append(stamp(site))
    assert (
        f"{URL}{newest.revision.hash}".encode()
        in (site / "r" / f"{newest.revision.hash}.html").read_bytes()
    )
    (site / "index.html").write_text("by hand")
    publish([timeline_history(count=4)], site, project="before", commit_url=URL)
    assert stamp(site) not in seen
    assert stamp(site / "none") == ""
