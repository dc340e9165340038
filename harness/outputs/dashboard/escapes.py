"""The page of all live escape sites, and its data. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.analysis.costs import UNKNOWN, Reach
from harness.analysis.sites import RevisionSites, SiteLife
from harness.model import EscapeSite
from harness.outputs.dashboard import names
from harness.outputs.dashboard.code_views import EscapesView, PackageSites
from harness.outputs.dashboard.parts import Link
from harness.outputs.dashboard.pieces import Section, short_function
from harness.outputs.dashboard.shards import Json
from harness.outputs.explanation import describe_cost
from harness.outputs.format import clip, day, one_line, visible

SHARD = "data/escapes.js"
_NOT_REACHED = (Reach.UNEXECUTED, Reach.UNCOVERED)


def escapes_view(section: Section) -> EscapesView:
    """Everything that the page shows without its data."""
    sites = section.plan.sites
    known = sites.at.get(sites.newest)
    by_package: dict[str, list[EscapeSite]] = {}
    for site, _ in known.sites if known else ():
        by_package.setdefault(site.package, []).append(site)
    came: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    for counts in sites.counts.values():
        for package, count in counts.items():
            came[package] += count.new
            gone[package] += count.gone
    return EscapesView(
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
    sites: Sequence[EscapeSite],
    came: Counter[str],
    gone: Counter[str],
) -> PackageSites:
    reaches = [known.reach.get(s, UNKNOWN).reach for s in sites]
    files = Counter(s.position.file for s in sites)
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


@dataclass(slots=True)
class _Table:
    """Values that are named by their number."""

    values: list[Json] = field(default_factory=list)
    _numbers: dict[Hashable, int] = field(default_factory=dict)

    def number(self, key: Hashable, value: Json) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self.values)
            self.values.append(value)
        return self._numbers[key]

    def text(self, text: str, limit: int = 400) -> int:
        known = self._numbers.get(text)
        return self.number(text, visible(clip(text, limit))) if known is None else known


def escapes_data(section: Section) -> Json:
    """Every live site, column by column; texts are shown as they are.

    Columns hold numbers of ``packages``, ``kinds``, ``functions``, ``files``, ``messages``,
    ``costs`` and ``revisions``. ``spells`` has first and last revision and the one without the
    site, or -1, of each spell in turn; ``covered`` and ``allocates`` are 1, 0 or -1 where it is
    not known; ``allocs`` is the most that a profiled benchmark allocates on the line.
    """
    sites = section.plan.sites
    known = sites.at.get(sites.newest)
    tables = {
        name: _Table()
        for name in ("packages", "kinds", "functions", "files", "messages", "costs", "revisions")
    }
    columns: dict[str, list[Any]] = {
        name: []
        for name in (
            "package", "kind", "function", "file", "line", "message", "cost", "spells", "covered",
            "allocates", "allocs",
        )
    }  # fmt: skip
    order = {r.slot.revision: i for i, r in enumerate(section.summary.recorded)}
    for site, life in known.sites if known else ():
        assert known is not None
        cost = known.reach.get(site, UNKNOWN)
        file = site.position.file
        here = known.costs.get((file, site.position.line), ())
        row = {
            "package": tables["packages"].number(
                site.package, visible(section.short_package(site.package))
            ),
            "kind": tables["kinds"].text(site.kind.value),
            "function": tables["functions"].text(short_function(site.function)),
            "file": tables["files"].number(
                file, [visible(clip(file, 200)), section.plan.link(known.revision, file, 0, "")]
            ),
            "line": site.position.line,
            "message": tables["messages"].text(site.message),
            "cost": tables["costs"].text(describe_cost(cost)),
            "spells": _spells(section, life, tables["revisions"], order),
            "covered": -1 if cost.covered is None else int(cost.covered),
            "allocates": -1 if cost.allocates is None else int(cost.allocates),
            "allocs": round(max((c.allocs for c in here), default=0), 3),
        }
        for name, value in row.items():
            columns[name].append(value)
    return {
        "recorded": len(order),
        **{name: table.values for name, table in tables.items()},
        "columns": columns,
    }


def _spells(section: Section, life: SiteLife, table: _Table, order: dict[str, int]) -> list[int]:
    def number(revision: str) -> int:
        if not revision:
            return -1
        record = section.summary.history.by_hash[revision]
        return table.number(
            revision,
            [
                names.revision_page(revision),
                record.revision.short,
                visible(one_line(record.revision.subject, 100)),
                day(record.revision.date),
                order[revision],
            ],
        )

    return [n for s in life.spells for n in (number(s.first), number(s.last), number(s.ended))]
