"""Pages that show more than they come with: many benchmarks, and values that are carried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from harness.analysis.history.history import History
from tests.browser.pages import path_of
from tests.builders import MODULE, make_benchmark, make_hash, make_package, make_record
from tests.sites import publish


@pytest.fixture(scope="module")
def many_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """70 benchmarks that are carried in the second of two revisions, and one that is not."""
    many = [make_benchmark(f"BenchmarkCarried{n:02d}", n, 64.0 * n) for n in range(70)]
    own = [make_benchmark("BenchmarkOwn", 3, seconds=[3e-6, 1e-6, 2e-6, 5e-6])]
    records = [
        make_record(0, [make_package(f"{MODULE}/p", many), make_package(f"{MODULE}/q", own)]),
        make_record(
            1,
            [
                make_package(f"{MODULE}/p", many, carried_from=make_hash(0)),
                make_package(f"{MODULE}/q", own),
            ],
        ),
    ]
    site = tmp_path_factory.mktemp("many") / "site"
    publish([History.build(records)], site, project="many")
    return site


def test_carried_values_come_when_they_are_asked_for(browser: Any, many_site: Path) -> None:
    page = many_site / "r" / f"{make_hash(1)}.html"
    text = page.read_text("utf-8")
    assert "BenchmarkOwn" in text
    assert "BenchmarkCarried" not in text
    assert "70 other benchmarks are carried" in text
    assert f'from</span> <a class="commit" href="../r/{make_hash(0)}.html">' in text

    browser.get(page.as_uri())
    browser.find_element("css selector", "#carried button").click()
    WebDriverWait(browser, 10).until(
        lambda b: len(b.find_elements("css selector", "#values ~ .scroll")) == 2
    )
    rows = browser.execute_script(
        "return [...document.querySelectorAll('[data-carried] .scroll:last-child tbody tr')]"
        ".map(r => [...r.cells].map(c => c.textContent.trim()))"
    )
    assert len(rows) == 70
    assert rows[69] == ["BenchmarkCarried69 p", "69", "4,416\u202fB", "\N{EN DASH}"]
    link = browser.find_element("link text", "BenchmarkCarried69").get_attribute("href")
    assert path_of(link).is_file()
    assert not [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]


def test_the_overview_shows_all_benchmarks_when_asked_or_filtered(
    browser: Any, many_site: Path
) -> None:
    shown = (
        "return [...document.querySelectorAll('table[data-list] tbody tr')]"
        ".filter(r => r.offsetHeight).length"
    )
    browser.get((many_site / "index.html").as_uri())
    assert browser.execute_script(shown) == 60
    button = browser.find_element("css selector", ".scroll + p button")
    assert button.text == "Show all 71 benchmarks"
    button.send_keys(Keys.ENTER)
    assert browser.execute_script(shown) == 71
    focused = browser.switch_to.active_element
    assert focused.text == "BenchmarkCarried60"
    browser.get("about:blank")
    browser.get((many_site / "index.html").as_uri() + "#q=carried69")
    assert browser.execute_script(shown) == 1
    assert not browser.find_elements("css selector", ".scroll + p button")
