"""The page of a benchmark: charts, range, keys and table, over ``file://`` and http."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from harness.model import PackageOutcome
from harness.outputs.site.draw import names
from harness.outputs.text import format as text
from tests.browser.pages import drag, keys, ready
from tests.builders import timeline_records

STORE = names.benchmark_page("example.com/timeline/store", "BenchmarkStorePut/keys=100")
HASHES = [r.revision.hash for r in timeline_records()]
STEP = next(r.revision.hash for r in timeline_records() if "by reference" in r.revision.message)
RANGE = "return document.querySelector('.span').textContent"


@pytest.fixture(params=["file", "http"])
def base(request: pytest.FixtureRequest, sites: dict[str, Path], serve: Any) -> str:
    return str(serve(sites["timeline"], request.param))


def rows(browser: Any) -> list[str]:
    return [
        str(r)
        for r in browser.execute_script(
            "return [...document.querySelectorAll('table.history tbody tr')].map(r => r.innerText)"
        )
    ]


def test_every_unit_is_drawn_and_the_sparklines_make_way(browser: Any, base: str) -> None:
    ready(browser, base + STORE)
    drawn, shown = browser.execute_script(
        "return [[...document.querySelectorAll('.plot')].map("
        "  p => [p.querySelector('strong').textContent, p.querySelector('canvas').width > 300]),"
        " getComputedStyle(document.querySelector('.still')).display]"
    )
    assert drawn == [[u, True] for u in ("allocs/op", "B/op", "sec/op", "escapes")]
    assert shown == "none"
    assert browser.get_log("browser") == []


def test_the_range_of_the_address_is_restored(browser: Any, base: str) -> None:
    ready(browser, f"{base}{STORE}#from={HASHES[10]}&to={HASHES[19]}")
    assert browser.execute_script(RANGE).startswith("10 of 50 places")
    found = rows(browser)
    # What is carried there from an earlier row has none of its own.
    measured = [
        record.revision.short
        for record in reversed(timeline_records()[10:20])
        if next(p for p in record.packages if p.path == "example.com/timeline/store").outcome
        is PackageOutcome.MEASURED
    ]
    assert 0 < len(measured) < 10
    assert [row[:8] for row in found] == measured
    browser.execute_script("location.hash = arguments[0]", f"from={HASHES[1]}&to={HASHES[3]}")
    browser.execute_script("return new Promise(done => setTimeout(done, 50))")
    assert browser.execute_script(RANGE).startswith("3 of 50 places")


def test_a_revision_that_is_not_there_is_said(browser: Any, base: str) -> None:
    ready(browser, f"{base}{STORE}#from={'0' * 40}&to={HASHES[19]}")
    assert "does not have" in browser.find_element("css selector", ".notice").text
    assert browser.execute_script(RANGE).startswith("20 of 50 places")


def test_keys_zoom_step_and_open(browser: Any, base: str) -> None:
    ready(browser, base + STORE)
    browser.execute_script("document.querySelector('.plots').focus()")
    keys(browser, "p", "p")
    assert STEP[:8] in browser.find_element("css selector", ".readout").text
    said = browser.execute_script(
        "return document.querySelector('.live > [role=status].sr').textContent"
    )
    assert "allocs/op 100 ▲ +100" in said
    keys(browser, "+")
    assert browser.execute_script(RANGE).startswith("25 of 50 places")
    assert f"from={HASHES[0]}" in browser.current_url or "from=" in browser.current_url
    keys(browser, "0")
    assert "#" not in browser.current_url
    keys(browser, "\ue007")
    assert browser.current_url.endswith(f"r/{STEP}.html")


def test_dragging_zooms_and_a_click_opens(browser: Any, base: str) -> None:
    ready(browser, base + STORE)
    drag(browser, ".plot .u-over", 0.5, 0.7)
    count = int(browser.execute_script(RANGE).split()[0])
    assert 9 <= count <= 12
    assert "from=" in browser.current_url
    address = browser.current_url
    drag(browser, ".plot .u-over", 0.5, 0.5)
    assert "/r/" in browser.current_url
    browser.back()
    ready(browser, "")
    assert browser.current_url == address
    assert browser.execute_script(RANGE).startswith(f"{count} of 50 places")


def test_units_are_in_the_address(browser: Any, base: str) -> None:
    ready(browser, base + STORE)
    browser.execute_script(
        "[...document.querySelectorAll('.units label')].find(l => l.innerText.trim() === 'B/op')"
        ".querySelector('input').click()"
    )
    address = browser.current_url
    assert "units=allocs" in address
    browser.get("about:blank")
    ready(browser, address)
    assert browser.execute_script(
        "return [...document.querySelectorAll('.plothead strong')].map(s => s.textContent)"
    ) == ["allocs/op", "sec/op", "escapes"]


def test_the_rows_of_a_range_are_those_of_the_server(browser: Any, base: str) -> None:
    """The same commit reads the same, whoever made the row."""
    for page in (
        STORE,
        names.benchmark_page("example.com/timeline/encode", "BenchmarkEncodeRecord"),
    ):
        ready(browser, base + page)
        published = rows(browser)
        ready(browser, f"{base}{page}#from={HASHES[0]}&to={HASHES[-2]}")
        made = rows(browser)
        assert len(made) > 10
        assert made == [row for row in published if not row.startswith(HASHES[-1][:8])]


def test_a_gap_is_not_drawn_across(browser: Any, sites: dict[str, Path]) -> None:
    """Where the package does not build the line ends: no pixel of its colour in the gap."""
    ready(
        browser,
        (
            sites["timeline"]
            / names.benchmark_page("example.com/timeline/encode", "BenchmarkAppendQuoted/plain")
        ).as_uri(),
    )
    inside, beside = browser.execute_script(
        """
        const plot = document.querySelector('.plot'), canvas = plot.querySelector('canvas');
        const data = esv.get('benchmark').series[0];
        const gap = data.states.indexOf('d');
        const over = plot.querySelector('.u-over'), box = canvas.getBoundingClientRect();
        const area = over.getBoundingClientRect(), ratio = canvas.width / box.width;
        const column = place => {
          const share = (place + 0.5) / data.values.length;
          const x = Math.round((area.left - box.left + area.width * share) * ratio);
          const pixels = canvas.getContext('2d').getImageData(x, 0, 1, canvas.height).data;
          let blue = 0;
          for (let i = 0; i < pixels.length; i += 4)
            if (pixels[i] < 20 && pixels[i + 2] > 150 && pixels[i + 3] > 200) blue += 1;
          return blue;
        };
        return [column(gap), column(gap - 1)];
        """
    )
    assert inside == 0
    assert beside > 0
    browser.get_log("browser")  # the browser advises on reading pixels back


NUMBERS = [
    0,
    1,
    12,
    1234,
    0.57,
    1.6e-5,
    12345.67,
    3.14159e-6,
    1.2345e-9,
    9.99999e-7,
    2.5e-13,
    1e9,
    -8192,
    5.1e7,
    0.001234,
]


def test_numbers_read_as_in_python(browser: Any, sites: dict[str, Path]) -> None:
    ready(browser, (sites["timeline"] / STORE).as_uri())
    units = ["allocs/op", "B/op", "sec/op", "gc-pause-sec/op", "heap-live-B", "MB/s"]
    found = browser.execute_script(
        "return arguments[1].map(u => arguments[0].map(n => esv.value(n, u)))", NUMBERS, units
    )
    assert found == [[text.value(float(n), u) for n in NUMBERS] for u in units]
    assert text.value(math.nan, "x") == browser.execute_script("return esv.value(null, 'x')")


def test_hostile_text_stays_text_in_charts_and_rows(browser: Any, sites: dict[str, Path]) -> None:
    for page in sorted((sites["hostile"] / "b").iterdir()):
        ready(browser, page.as_uri())
        browser.execute_script(
            "const h = esv.get('history').hashes; esv.setState({from: h[0], to: h[0]});"
            "dispatchEvent(new HashChangeEvent('hashchange'))"
        )
        assert browser.execute_script("return document.querySelectorAll('img, iframe').length") == 0
        assert browser.execute_script("return window.ran || 0") == 0
        assert browser.get_log("browser") == []
