"""Sites made from histories: those of `harness.outputs.site.publish`, with their summaries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from harness.analysis.history.history import History
from harness.analysis.verdict.summary import summarise
from harness.outputs.site import publish as site
from harness.outputs.site.publish import SiteReport


def publish(histories: Iterable[History], output: Path, **options: Any) -> SiteReport:
    return site.publish([summarise(h) for h in histories], output, **options)


def render(histories: Iterable[History], **options: Any) -> Iterator[tuple[str, bytes]]:
    return site.render([summarise(h) for h in histories], **options)
