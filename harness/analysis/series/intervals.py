"""Escape sites over a whole history: the interval in which each was live. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.analysis.compare.escapes import EscapeCounts, EscapeTracker, Followed
from harness.analysis.history.history import History, Parts
from harness.model import EscapeSite, Execution, Record


@dataclass(slots=True)
class Interval:
    """Consecutive records that have a site.

    Attributes:
        site: as it was last seen.
        first, last: hashes of the first and the last revision that have it.
        records: how many records have it.
        ended: hash of the revision that no longer has it; empty while it is live.
        before: how many records had its package before the first that has it.
        execution: whether benchmarks execute it, as far as that was looked up when it was new.
    """

    site: EscapeSite
    first: str
    last: str
    records: int = 1
    ended: str = ""
    before: int = 0
    execution: Execution | None = None


class SiteIntervals:
    """Collects the interval of every escape site, record by record, oldest first."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._tracker = EscapeTracker(history)
        self._live: dict[int, Interval] = {}  # by the `id` of the site
        self._all: list[Interval] = []
        self._begun = False
        # By package: the last record in which it compiled, and how many there were. What is the
        # same from record to record need not be looked at site by site.
        self._compiled: dict[str, tuple[str, int]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_live": list(self._live.values())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._live = {id(interval.site): interval for interval in state["_live"]}

    def count(self, record: Record) -> dict[str, EscapeCounts]:
        """Take the next record, and count by package the sites that came and went."""
        followed = self.follow(record)
        return {} if followed is None else counts_by_package(*self.take(record, followed))

    def follow(self, record: Record) -> Followed | None:
        """Match the sites of the next record; ``None`` if nothing of it compiles."""
        return self._tracker.follow(record)

    def take(
        self, record: Record, followed: Followed
    ) -> tuple[tuple[EscapeSite, ...], tuple[EscapeSite, ...]]:
        """Take the record that was followed; returns the sites that came and those that went.

        What the first record has did not come with it, nor what a package has that had never
        compiled before.
        """
        match = followed.match
        begun, self._begun = self._begun, True
        revision = record.revision.hash
        # All are taken before any is put back: records may share the objects of equal sites.
        staying = [(self._live.pop(id(old)), old, new) for old, new in match.kept]
        for site in match.gone:
            interval = self._live.pop(id(site))
            self._settle(interval)
            interval.ended = revision
        compiled = self._tracker.parts.keys() - record.uncompiled
        seen = {p: self._compiled.get(p, ("", 0)) for p in compiled}
        for interval, old, new in staying:
            if old.package != new.package:
                self._settle(interval)
                interval.before = seen.get(new.package, ("", 0))[1] - interval.records
            interval.site = new
            self._live[id(new)] = interval
        for site in match.new:
            before = seen.get(site.package, ("", 0))[1]
            interval = self._live[id(site)] = Interval(site, revision, revision, before=before)
            self._all.append(interval)
        for package, (_, count) in seen.items():
            self._compiled[package] = (revision, count + 1)
        came = tuple(s for s in match.new if s.package not in followed.first) if begun else ()
        return came, match.gone

    def _settle(self, interval: Interval) -> None:
        """Bring a live interval up to the last record in which its package compiled."""
        last, count = self._compiled.get(interval.site.package, (interval.last, 0))
        interval.last, interval.records = last, count - interval.before

    @property
    def all(self) -> list[Interval]:
        """Every interval, in the order in which they begin."""
        for interval in self._live.values():
            self._settle(interval)
        return self._all

    def of(self, site: EscapeSite) -> Interval | None:
        """The interval, if any, of a site of :attr:`parts`: of the object, not an equal one."""
        return self._live.get(id(site))

    @property
    def parts(self) -> Parts:
        """The compiler's diagnostics in the record that was taken last, by package."""
        return self._tracker.parts

    def live(self, interval: Interval) -> bool:
        """Return whether the newest record has the site."""
        return self._live.get(id(interval.site)) is interval


def counts_by_package(
    new: Sequence[EscapeSite], gone: Sequence[EscapeSite]
) -> dict[str, EscapeCounts]:
    """Count the sites that came and went, of packages with any."""
    came, went = Counter(s.package for s in new), Counter(s.package for s in gone)
    return {p: EscapeCounts(came[p], went[p]) for p in came | went}
