"""The single pages of an environment: what the navigation names, and what makes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.outputs.site.draw import names
from harness.outputs.site.pages.compare import compare_view
from harness.outputs.site.pages.correlation import correlation_view
from harness.outputs.site.pages.escapes import escapes_view
from harness.outputs.site.pages.overview import overview_view
from harness.outputs.site.pages.regressions import regressions_view
from harness.outputs.site.pages.status import help_view, status_view
from harness.outputs.site.shared.section import Section


@dataclass(frozen=True, slots=True)
class SinglePage:
    """A page that every environment has once, at its root.

    Attributes:
        path: relative to the root of the environment; in :data:`.names.NAVIGATION` if it is to be
            linked from every page.
        template: its name.
        view: what the template gets as ``view``.
    """

    path: str
    template: str
    view: Callable[[Section], object]


SINGLE_PAGES = (
    SinglePage("index.html", "overview.html.j2", overview_view),
    SinglePage("escapes.html", "escapes.html.j2", escapes_view),
    SinglePage("compare.html", "compare.html.j2", compare_view),
    SinglePage(names.CORRELATION, "correlation.html.j2", correlation_view),
    SinglePage("regressions.html", "regressions.html.j2", regressions_view),
    SinglePage("status.html", "status.html.j2", status_view),
    SinglePage("help.html", "help.html.j2", help_view),
)
