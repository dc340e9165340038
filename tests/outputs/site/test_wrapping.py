"""Long names in narrow columns."""

from __future__ import annotations

import re

import pytest
from markupsafe import escape

from harness.outputs.site.shared.links import BenchmarkLink
from harness.outputs.text.format import visible
from tests.hostile import HOSTILE
from tests.outputs.site.pages import Page


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("BenchmarkA", "BenchmarkA"),
        ("BenchmarkLines/records=40", "BenchmarkLines/|records=40"),
        ("BenchmarkHistogram_Quantile/p=50", "Benchmark|Histogram_|Quantile/p=50"),
        ("BenchmarkAppendQuoted/quoted/spaces", "BenchmarkAppend|Quoted/quoted/|spaces"),
        ("benchmarkwithoutanyplaceforit", "benchmarkwithoutanyplaceforit"),
    ],
)
def test_a_name_may_break_between_its_parts(name: str, shown: str) -> None:
    assert BenchmarkLink(name, "", "").wrapped == shown.replace("|", "<wbr>")


@pytest.mark.parametrize("name", [f"BenchmarkSub/{name}Tail_end=1" for name in HOSTILE])
def test_the_text_stays_as_it_was_and_does_nothing(name: str) -> None:
    shown = BenchmarkLink(name, "", "").wrapped
    assert shown.replace("<wbr>", "") == escape(visible(name))
    page = Page(f"<p>{shown}</p>".encode("utf-8", "strict"))
    assert "".join(page.words) == visible(name)
    assert {tag for tag, _ in page.tags} <= {"p", "wbr"}
    assert not re.search(r"<(?!wbr>)", shown)
