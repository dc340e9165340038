"""What the pages of a site cost a browser: CPU time of its main thread, and bytes over the wire.

Used by ``make bench-site``. CPU time and not wall time, so that a busy machine says the same; on
one whose processors share a core, figures of a busy one are larger all the same.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.browser.conftest import ARGUMENTS, BROWSERS, Quiet

_CPU_MS = 250.0
_WIRE_KB = 500.0
_KEY_MS = 50.0
_TIMES = 3
_TYPED = "escapes to heap f"
# A page is ready when its scripts say so, or else when it is loaded, and two frames are drawn.
_READY = """
const done = arguments[0], root = document.documentElement;
const drawn = () => requestAnimationFrame(() => requestAnimationFrame(() => done(
  performance.getEntriesByType("resource").map(e => e.name))));
const said = () => root.hasAttribute("data-ready");
const scripts = /(overview|benchmark|compare|escapes|source)[.]js$/;
const waits = [...document.scripts].some(s => scripts.test(s.src));
if (!waits || said()) drawn();
else new MutationObserver((_, self) => { if (said()) { self.disconnect(); drawn(); } })
  .observe(root, { attributes: true });
"""
_TYPE = """
const done = arguments[1], box = document.querySelector("input[type=search]");
box.value += arguments[0];
box.dispatchEvent(new Event("input", { bubbles: true }));
requestAnimationFrame(() => requestAnimationFrame(() => done(box.value)));
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """One page.

    Attributes:
        page: its path.
        cpu: milliseconds of the main thread until it was ready, the middle of several loads.
        script, style, layout: of it, in scripts, in styles and in layout.
        wire: kB gzipped, of the page with its scripts, styles and data.
        html: of it, the page's own.
    """

    page: str
    cpu: float
    script: float
    style: float
    layout: float
    wire: float
    html: float


def report(site: Path, each: int = 4) -> bool:
    """Print the costliest of several pages of each kind; whether all are within their limits."""
    with _browser() as driver, _served(site) as address:
        print(f"{'page':>12} {'loaded':>7} {'CPU ms':>7} {'script':>7} {'style':>6}", end="")
        print(f" {'layout':>6} {'kB gz':>7} {'html':>6}  costliest")
        kept = True
        for kind, pages in _kinds(site, each):
            costs = [_cost(driver, address, site, page) for page in pages]
            worst, largest = max(costs, key=lambda c: c.cpu), max(costs, key=lambda c: c.wire)
            within = worst.cpu <= _CPU_MS and largest.wire <= _WIRE_KB
            kept &= within
            print(
                f"{kind:>12} {len(pages):>7} {worst.cpu:7.0f} {worst.script:7.0f}"
                f" {worst.style:6.0f} {worst.layout:6.0f} {largest.wire:7.1f} {largest.html:6.1f}"
                f"  {worst.page[:60]}{'' if within else '  OVER'}",
                flush=True,
            )
        keys = _keys(driver, address)
        kept &= max(keys) <= _KEY_MS
        print(
            f"escapes filter: {median(keys):.1f} ms a key, at most {max(keys):.1f}"
            f" ({len(keys)} keys)"
        )
    print(f"limits: {_CPU_MS:.0f} ms, {_WIRE_KB:.0f} kB, {_KEY_MS:.0f} ms a key")
    return kept


def _kinds(site: Path, each: int) -> Iterator[tuple[str, list[str]]]:
    """Kinds of pages with some of each: the largest two, and others evenly spread."""
    for path in sorted(site.glob("*.html")):
        yield path.stem.replace("index", "overview"), [path.name]
    for kind, folder in (("benchmark", "b"), ("revision", "r"), ("source", "s")):
        found = sorted((site / folder).glob("*.html"))
        if not found:
            continue
        chosen = sorted(found, key=lambda p: -p.stat().st_size)[:2]
        rest = [p for p in found if p not in chosen]
        chosen += rest[:: max(1, len(rest) // max(1, each - 2))][: each - 2]
        yield kind, [p.relative_to(site).as_posix() for p in chosen]


def _cost(driver: Any, address: str, site: Path, page: str) -> Cost:
    measured = []
    names: Sequence[str] = ()
    for _ in range(_TIMES):
        # From a page of the same site, so that the process of the page is there already.
        driver.get(address + "static/icon.svg")
        before = _metrics(driver)
        driver.get(address + page)
        names = driver.execute_async_script(_READY)
        after = _metrics(driver)
        measured.append({name: after[name] - before.get(name, 0.0) for name in after})
    own = sorted(measured, key=lambda m: m["ThreadTime"])[len(measured) // 2]
    files = {page, *(unquote(urlsplit(n).path).lstrip("/") for n in names)}
    return Cost(
        page,
        own["ThreadTime"] * 1e3,
        own["ScriptDuration"] * 1e3,
        own["RecalcStyleDuration"] * 1e3,
        own["LayoutDuration"] * 1e3,
        sum(_packed(site / f) for f in files) / 1e3,
        _packed(site / page) / 1e3,
    )


def _keys(driver: Any, address: str) -> list[float]:
    """Milliseconds of the main thread for each key in the filter of the list of escapes."""
    driver.get(address + "escapes.html")
    driver.execute_async_script(_READY)
    found = []
    for key in _TYPED:
        before = _metrics(driver)["ThreadTime"]
        driver.execute_async_script(_TYPE, key)
        found.append((_metrics(driver)["ThreadTime"] - before) * 1e3)
    return found


def _metrics(driver: Any) -> dict[str, float]:
    found = driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return {m["name"]: float(m["value"]) for m in found}


@cache
def _packed(file: Path) -> int:
    return len(gzip.compress(file.read_bytes(), 6))


@contextmanager
def _served(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _browser() -> Iterator[Any]:
    """A headless Chromium that keeps one process for a site.

    Raises:
        SystemExit: it is not installed.
    """
    binary = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    driver_path = shutil.which("chromedriver")
    if binary is None or driver_path is None:
        raise SystemExit("no browser (Debian: apt-get install chromium chromium-driver)")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    with tempfile.TemporaryDirectory(prefix="esv-chromium.") as profile:
        for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.add_argument("--disable-features=BackForwardCache,ProactivelySwapBrowsingInstance")
        service = webdriver.ChromeService(executable_path=driver_path)
        driver = webdriver.Chrome(options=options, service=service)
        try:
            driver.set_page_load_timeout(120)
            driver.set_script_timeout(120)
            driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
            yield driver
        finally:
            driver.quit()
