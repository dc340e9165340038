"""The dashboard: a static site that opens from ``file://``, with charts drawn on the server.

:mod:`~harness.outputs.dashboard.views` says what the pages show, apart from HTML;
:mod:`~harness.outputs.dashboard.svg` draws; :mod:`~harness.outputs.dashboard.site` renders and
publishes.
"""

from harness.outputs.dashboard.site import SiteReport, publish

__all__ = ["SiteReport", "publish"]
