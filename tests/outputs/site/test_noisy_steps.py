"""Steps of values that do not repeat, on the site: apart from exact ones, with their confidence."""

from __future__ import annotations

from harness.analysis.history.history import History
from harness.outputs.site.draw import names
from tests.analysis.series.test_steps import timed
from tests.builders import MODULE, make_hash
from tests.sites import render


def test_change_points_are_said_with_their_confidence() -> None:
    history = History.build(timed([1e-6] * 15 + [1.3e-6] * 10 + [1e-6] * 15))
    pages = {n: c.decode() for n, c in render([history], project="p") if n.endswith(".html")}
    page = pages[names.benchmark_page(f"{MODULE}/p", "BenchmarkX")]
    assert page.count("change point, p ") == 2
    assert f"repaired in {make_hash(25)[:8]}" in page
    revision = pages[names.revision_page(make_hash(15))]
    assert "1 change point in values that do not repeat" in revision
    assert "about 5 % have none" in revision
    assert "No change in allocs/op or B/op." in revision
    quiet = pages[names.revision_page(make_hash(5))]
    assert "change point" not in quiet
