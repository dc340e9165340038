"""A headless Chromium, one for all tests of this directory."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
)


def _absent(what: str) -> None:
    reason = f"{what} is not installed (Debian: apt-get install chromium chromium-driver)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Selenium driver; its log holds every message of the console and every request."""
    binary = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    driver_path = shutil.which("chromedriver")
    if binary is None:
        _absent("chromium")
    if driver_path is None:
        _absent("chromedriver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(binary)
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(executable_path=str(driver_path))
    )
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing of it."""

    def log_message(self, *arguments: object) -> None:
        return


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Path, str], str]]:
    """The address of a directory, with its slash, over ``file`` or ``http`` (on the loopback)."""
    servers: dict[Path, http.server.ThreadingHTTPServer] = {}

    def address(directory: Path, scheme: str) -> str:
        if scheme == "file":
            return directory.as_uri() + "/"
        if directory not in servers:
            handler = functools.partial(Quiet, directory=str(directory))
            server = servers[directory] = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
            threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[directory].server_port}/"

    yield address
    for server in servers.values():
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The site of the fixture ``timeline``, in two environments, and that of hostile names."""
    from harness.model import Environment, Toolchain
    from tests.builders import timeline_history
    from tests.hostile import (
        hostile_commits,
        hostile_environments,
        hostile_history,
        hostile_source,
    )
    from tests.sites import publish

    root = tmp_path_factory.mktemp("sites")
    older = Environment(Toolchain("go1.26.5", "linux", "amd64", "cache", False))
    histories = [timeline_history(), timeline_history(older, 12)]
    publish(histories, root / "timeline", project="timeline", commit_url="https://example.com/c/")
    publish(
        [hostile_history(), hostile_commits(), *hostile_environments()],
        root / "out" / "hostile",
        project="<b onclick=alert(1)>\u202e",
        sources=hostile_source,
    )
    return {"timeline": root / "timeline", "hostile": root / "out" / "hostile"}
