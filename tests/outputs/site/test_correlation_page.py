"""The page of how numbers go with escapes."""

from __future__ import annotations

import re

from harness.analysis.frames.correlation import Correlation
from harness.analysis.history.history import History
from harness.analysis.series.sites import follow_sites
from harness.model import ALLOCS
from harness.outputs.site.draw.scatter import Dot, scatter
from tests.builders import (
    MODULE,
    make_benchmark,
    make_hash,
    make_package,
    make_record,
    make_site,
)
from tests.hostile import HOSTILE, hostile_history
from tests.outputs.site.pages import Page, check_links, site

P = f"{MODULE}/p"


def history(*, rises: bool) -> History:
    """Every third revision brings an escape; and one allocation, if it is to rise with it."""
    records = []
    for number in range(30):
        sites = [make_site(f"moved to heap: x{n}", line=n + 1) for n in range(number // 3 + 1)]
        allocs = len(sites) if rises else 7
        package = make_package(P, [make_benchmark("BenchmarkF", allocs, 64)])
        records.append(make_record(number, [package], escapes=sites))
    return History.build(records)


def test_an_association_is_said_and_each_point_leads_to_its_revision() -> None:
    made = history(rises=True)
    files = site(made)
    page = Page(files["correlation.html"])
    assert re.search(r"\d+ of \d+ pairings .* show an association", page.text)
    assert "▲ rises with it" in page.text
    dots = [a for t, a in page.tags if t == "a" and "1 new escape" in (a.get("aria-label") or "")]
    assert {f"r/{make_hash(n)}.html" for n in range(3, 30, 3)} == {a["href"] for a in dots}
    check_links(files)


def test_where_there_is_none_that_is_said() -> None:
    page = Page(site(history(rises=False))["correlation.html"]).text
    assert "shows an association: the numbers do not change more" in page
    assert "rises with it" not in page


def test_too_few_revisions_are_said_to_be_too_few() -> None:
    few = History.build(history(rises=True).records[:6])
    page = Page(site(few)["correlation.html"]).text
    assert "Nothing can be said: no package has 5 revisions" in page


def test_observations_are_the_pairs_with_their_escapes() -> None:
    made = history(rises=True)
    counts = follow_sites(made).counts
    seen = Correlation(made, counts, (ALLOCS,)).observations(P, ALLOCS)
    assert len(seen) == 29
    assert [(o.change, o.new, o.gone) for o in seen[:3]] == [(0, 0, 0), (0, 0, 0), (0.5, 1, 0)]


def test_hostile_text_in_a_plot_is_text() -> None:
    dots = [Dot(n, 0.1, text, text) for n, text in enumerate(HOSTILE)]
    drawing = scatter(dots, HOSTILE[1])
    assert "<script" not in drawing
    assert "<img" not in drawing
    assert "onload=alert" not in re.sub(r'="[^"]*"|>[^<]*<', "", drawing)
    # One has no address.
    assert len(re.findall("<a ", drawing)) == len(HOSTILE) - 1
    assert "Correlation" in Page(site(hostile_history())["correlation.html"]).text
