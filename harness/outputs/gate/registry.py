"""The formats of ``esv gate``: pure functions from a report to a document, by name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from harness.outputs.gate.base import Reporter

FORMATS = ("text", "markdown", "json", "sarif", "github", "junit", "gitlab", "html")


def reporter(name: str) -> Reporter:
    """The module of a format, which has the two functions of the protocol.

    Loaded when it is asked for: templates take longer to load than a small gate may.
    """
    return cast("Reporter", import_module(f"harness.outputs.gate.{name}"))
