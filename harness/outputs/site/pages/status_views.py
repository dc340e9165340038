"""What the pages of the status and of the help show, apart from HTML: see :mod:`.views`."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from harness.outputs.site.shared.parts import BenchmarkLink, CommitView, Fact, Link
from harness.outputs.site.shared.views import Chrome


@dataclass(frozen=True, slots=True)
class NoiseRow:
    """A unit over all benchmarks: how many repeat exactly, and how far the others spread."""

    unit: str
    benchmarks: int
    exact: int
    typical: str
    widest: tuple[tuple[BenchmarkLink, str], ...]


@dataclass(frozen=True, slots=True)
class SilentRow:
    """A benchmark without a value now."""

    benchmark: BenchmarkLink
    state: str
    reason: str
    since: CommitView


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """A change of what was measured with."""

    commit: CommitView
    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class StatusView:
    """``status.html``; ``strip`` is the history as a row of states."""

    chrome: Chrome
    environments: tuple[tuple[Link, tuple[Fact, ...]], ...]
    conditions: tuple[ConditionRow, ...]
    strip: Markup
    coverage: tuple[tuple[str, str, str, int, str], ...]
    silent: tuple[SilentRow, ...]
    broken: tuple[tuple[CommitView, str], ...]
    more_broken: int
    noise: tuple[NoiseRow, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HelpView:
    """``help.html``: its words are in the template."""

    chrome: Chrome
