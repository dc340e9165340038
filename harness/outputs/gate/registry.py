"""The formats of ``esv gate``: pure functions from a report to a document, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.outputs.gate.base import Reporter

FORMATS = ("text", "markdown", "json", "sarif", "github", "junit", "gitlab", "html")


def reporter(name: str) -> Reporter:
    """The module of a format, which has the two functions of the protocol.

    Loaded when it is asked for: templates take longer to load than a small gate may.
    """
    match name:
        case "text":
            from harness.outputs.gate import text

            return text
        case "markdown":
            from harness.outputs.gate import markdown

            return markdown
        case "json":
            from harness.outputs.gate import json

            return json
        case "sarif":
            from harness.outputs.gate import sarif

            return sarif
        case "github":
            from harness.outputs.gate import github

            return github
        case "junit":
            from harness.outputs.gate import junit

            return junit
        case "gitlab":
            from harness.outputs.gate import gitlab

            return gitlab
        case "html":
            from harness.outputs.gate import html

            return html
        case _:
            raise KeyError(name)
