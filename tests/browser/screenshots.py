"""``make screenshots``: the pictures of the documentation, from the published site of the fixture.

The pages are found by what they say, so that the pictures stay those of the same findings.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from tests.browser.conftest import ARGUMENTS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
# What the pages are found by; `make demo` has told of the first.
_BENCHMARK = "count-size-long-"
_REVISION = "inlining lost"


def main() -> int:
    """Write the pictures; 2 if there is no site or no browser."""
    site = ROOT / "html"
    if not (site / "index.html").is_file():
        print("no site in html/; `make demo` writes it", file=sys.stderr)
        return 2
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        print("no browser (Debian: apt-get install chromium chromium-driver)", file=sys.stderr)
        return 2
    revision = next(p for p in sorted((site / "r").iterdir()) if _REVISION in p.read_text("utf-8"))
    link = re.search(r'href="\.\./(s/[^"#]+#L\d+)"', revision.read_text("utf-8"))
    assert link is not None, "the page of a revision with a cause links its source"
    benchmark = next(p for p in sorted((site / "b").iterdir()) if p.name.startswith(_BENCHMARK))
    pages = {
        "overview": ("index.html", 1100),
        "benchmark": (f"b/{benchmark.name}", 1200),
        "revision": (f"r/{revision.name}", 1100),
        "source": (link[1], 800),
        "escapes": ("escapes.html", 800),
    }
    _shoot({name: (f"{site.as_uri()}/{page}", high) for name, (page, high) in pages.items()})
    return 0


def _shoot(pages: dict[str, tuple[str, int]]) -> None:
    from selenium import webdriver
    from selenium.webdriver.support.ui import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for argument in (*ARGUMENTS, "--hide-scrollbars"):
        options.add_argument(argument)
    service = webdriver.ChromeService(executable_path=str(shutil.which("chromedriver")))
    browser = webdriver.Chrome(options=options, service=service)
    try:
        for name, (address, height) in pages.items():
            browser.set_window_size(1280, height)
            browser.get(address)
            WebDriverWait(browser, 30).until(
                lambda b: b.execute_script("return document.readyState") == "complete"
            )
            # Charts and lists are drawn in the frames after that.
            browser.execute_async_script("setTimeout(arguments[0], 500)")
            browser.save_screenshot(str(DOCS / f"{name}.png"))
            print(DOCS / f"{name}.png")
    finally:
        browser.quit()


if __name__ == "__main__":
    sys.exit(main())
