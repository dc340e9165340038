"""The formats of ``esv gate``: pure functions from a report to a document, by name."""

from __future__ import annotations

from collections.abc import Mapping

from harness.outputs.reports import (
    document,
    github,
    gitlab,
    html,
    junit,
    markdown,
    sarif,
    text,
)
from harness.outputs.reports.base import Reporter

# A module is a reporter: it has the two functions of the protocol.
REPORTERS: Mapping[str, Reporter] = {
    "text": text,
    "markdown": markdown,
    "json": document,
    "sarif": sarif,
    "github": github,
    "junit": junit,
    "gitlab": gitlab,
    "html": html,
}
