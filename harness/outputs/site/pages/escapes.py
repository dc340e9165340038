"""The page of all live escape sites, and its data. Pure."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

from harness.analysis.compare.costs import Reach, SiteCost
from harness.analysis.series.sites import RevisionSites
from harness.model import EscapeSite
from harness.outputs.site.draw import names
from harness.outputs.site.draw.shards import Json
from harness.outputs.site.shared.escapes import short_function
from harness.outputs.site.shared.links import Link
from harness.outputs.site.shared.section import Section
from harness.outputs.text.explanation import describe_cost
from harness.outputs.text.format import clip, day, one_line, visible

SHARD = "data/escapes.js"
_NOT_REACHED = (Reach.UNEXECUTED, Reach.UNCOVERED)


@dataclass(frozen=True, slots=True)
class PackageSites:
    """The live escape sites of a package, counted.

    Attributes:
        package: short name.
        live: how many sites stand.
        allocating: of these, how many are on a line where a benchmark is known to allocate.
        uncovered: how many no benchmark executes.
        came, gone: how many came and went over the history, after the first measured revision.
        files: with how many sites each.
    """

    package: str
    live: int
    allocating: int
    uncovered: int
    came: int
    gone: int
    files: tuple[tuple[Link, int], ...]


def escapes_view(section: Section) -> SimpleNamespace:
    """Everything that the page shows without its data."""
    sites = section.plan.sites
    known = sites.at.get(sites.newest)
    by_package: dict[str, list[tuple[EscapeSite, SiteCost]]] = {}
    if known is not None:
        for site, _ in known.sites:
            by_package.setdefault(site.package, []).append((site, known.cost(site)))
    came: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    for counts in sites.counts.values():
        for package, count in counts.items():
            came[package] += count.new
            gone[package] += count.gone
    return SimpleNamespace(
        chrome=section.chrome("Escapes", "escapes.html"),
        commit=section.commit(sites.newest, "") if sites.newest else None,
        live=len(known.sites) if known else 0,
        packages=tuple(
            _package(section, known, package, by_package.get(package, []), came, gone)
            for package in sorted({*by_package, *gone})
            if known is not None
        ),
    )


def _package(
    section: Section,
    known: RevisionSites,
    package: str,
    sites: Sequence[tuple[EscapeSite, SiteCost]],
    came: Counter[str],
    gone: Counter[str],
) -> PackageSites:
    reaches = [cost.reach for _, cost in sites]
    files = Counter(site.position.file for site, _ in sites)
    return PackageSites(
        package=section.short_package(package),
        live=len(sites),
        allocating=sum(r is Reach.ALLOCATES for r in reaches),
        uncovered=sum(r in _NOT_REACHED for r in reaches),
        came=came[package],
        gone=gone[package],
        files=tuple(
            (Link(clip(f, 200), section.plan.link(known.revision, f, 0, "")), files[f])
            for f in sorted(files)
        ),
    )


class _Table(dict[Any, int]):
    """The numbers of rows, by what a row is made from; each is made once.

    Args:
        made: gives a row as it is shown.
    """

    def __init__(self, made: Callable[[Any], Json]) -> None:
        super().__init__()
        self._made = made
        self.rows: list[Json] = []

    def __missing__(self, key: Any) -> int:
        number = self[key] = len(self.rows)
        self.rows.append(self._made(key))
        return number


def _text(text: str) -> str:
    return visible(clip(text, 400))


def escapes_data(section: Section) -> Json:
    """Every live site, column by column; texts are shown as they are.

    Columns hold numbers of ``packages``, ``kinds``, ``functions``, ``files``, ``messages``,
    ``costs`` and ``revisions``. ``spells`` has first and last revision and the one without the
    site, or -1, of each interval in turn; ``covered`` and ``allocates`` are 1, 0 or -1 where it is
    not known; ``allocs`` is the most that a profiled benchmark allocates on the line.
    """
    history = section.summary.history
    order = {r.slot.revision: i for i, r in enumerate(section.summary.recorded)}
    newest = section.plan.sites.newest
    known = section.plan.sites.at.get(newest)

    def file_row(file: str) -> Json:
        return [visible(clip(file, 200)), section.plan.link(newest, file, 0, "")]

    def revision_row(revision: str) -> Json:
        own = history.by_hash[revision].revision
        return [
            names.revision_page(revision),
            own.short,
            visible(one_line(own.subject, 100)),
            day(own.date),
            order[revision],
        ]

    packages = _Table(lambda package: visible(section.short_package(package)))
    kinds, functions, messages, costs = (_Table(_text) for _ in range(4))
    files, revisions = _Table(file_row), _Table(revision_row)
    revisions[""] = -1
    number_of_function = cache(lambda name: functions[short_function(name)])
    number_of_cost = cache(
        lambda allocates, reach: costs[describe_cost(SiteCost(allocates, reach))]
    )
    sites = [site for site, _ in known.sites] if known else []
    told = [known.cost(site) for site, _ in known.sites] if known else []
    allocs = (
        {p: round(max(c.allocs for c in own), 3) for p, own in known.costs.items() if own}
        if known
        else {}
    )
    columns: dict[str, list[Any]] = {
        "package": [packages[s.package] for s in sites],
        "kind": [kinds[s.kind.value] for s in sites],
        "function": [number_of_function(s.function) for s in sites],
        "file": [files[s.position.file] for s in sites],
        "line": [s.position.line for s in sites],
        "message": [messages[s.message] for s in sites],
        "cost": [number_of_cost(c.allocates, c.reach) for c in told],
        "spells": [
            [
                n
                for s in life.intervals
                for n in (revisions[s.first], revisions[s.last], revisions[s.ended])
            ]
            for _, life in (known.sites if known else ())
        ],
        "covered": [_flag(c.covered) for c in told],
        "allocates": [_flag(c.allocates) for c in told],
        "allocs": [allocs.get((s.position.file, s.position.line), 0) for s in sites],
    }
    tables = {
        "packages": packages,
        "kinds": kinds,
        "functions": functions,
        "files": files,
        "messages": messages,
        "costs": costs,
        "revisions": revisions,
    }
    return {
        "recorded": len(order),
        **{name: table.rows for name, table in tables.items()},
        "columns": columns,
    }


def _flag(value: bool | None) -> int:
    return -1 if value is None else int(value)
