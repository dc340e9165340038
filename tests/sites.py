"""Sites made from histories: those of `harness.outputs.site.publish`, with their summaries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.analysis.history.history import History
from harness.analysis.verdict.summary import summarise
from harness.outputs.site import publish as site
from harness.outputs.site.draw.tree import MARKER
from harness.outputs.site.publish import SiteReport


def publish(histories: Iterable[History], output: Path, **options: Any) -> SiteReport:
    return site.publish([summarise(h) for h in histories], output, **options)


def render(histories: Iterable[History], **options: Any) -> Iterator[tuple[str, bytes]]:
    """The files of a site, by path."""
    with TemporaryDirectory() as directory:
        output = publish(histories, Path(directory) / "html", **options).path
        for path in sorted(p for p in output.rglob("*") if p.is_file() and p.name != MARKER):
            yield path.relative_to(output).as_posix(), path.read_bytes()
