"""The formats of ``esv gate``: pure functions from a report to a document, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import cast

from harness.outputs.reports.base import Reporter

# A module is a reporter: it has the two functions of the protocol.
_MODULES = {
    "text": "text",
    "markdown": "markdown",
    "json": "document",
    "sarif": "sarif",
    "github": "github",
    "junit": "junit",
    "gitlab": "gitlab",
    "html": "html",
}


class _Reporters(Mapping[str, Reporter]):
    """Loads a format when it is asked for: with templates, a page takes longer than a gate may."""

    def __getitem__(self, name: str) -> Reporter:
        return cast(Reporter, import_module(f"harness.outputs.reports.{_MODULES[name]}"))

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


REPORTERS: Mapping[str, Reporter] = _Reporters()
