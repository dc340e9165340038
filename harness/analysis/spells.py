"""Escape sites over a whole history: from when to when each was there. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from harness.analysis.correlation import EscapeCounts
from harness.analysis.escapes import EscapeTracker
from harness.analysis.history import History
from harness.model import EscapeSite, Record


@dataclass(slots=True)
class Spell:
    """A site over the history.

    Attributes:
        site: as it was last seen.
        first: hash of the first revision that has it.
        last: hash of the last one.
        records: how many records have it.
        ended: hash of the revision that no longer has it; empty while it stands.
    """

    site: EscapeSite
    first: str
    last: str
    records: int = 1
    ended: str = ""


@dataclass(slots=True)
class Spells:
    """Collects the escape sites of a history, and from when to when each was there.

    Args:
        history: its order; the records themselves come one by one.
    """

    history: History
    _tracker: EscapeTracker = field(init=False)
    _open: dict[int, Spell] = field(default_factory=dict)
    _all: list[Spell] = field(default_factory=list)
    _begun: bool = False

    def __post_init__(self) -> None:
        self._tracker = EscapeTracker(self.history)

    def add(self, record: Record) -> tuple[tuple[EscapeSite, ...], tuple[EscapeSite, ...]]:
        """Take the next record, oldest first; returns the sites that came and those that went.

        What the first record has did not come with it, nor what a package has that had never
        compiled before.
        """
        match = self._tracker.follow(record)
        if match is None:
            return (), ()
        begun, self._begun = self._begun, True
        revision = record.revision.hash
        # All are taken before any is put back: records may share the objects of equal sites.
        kept = [(self._open.pop(id(old)), new) for old, new in match.kept]
        for site in match.gone:
            self._open.pop(id(site)).ended = revision
        for spell, new in kept:
            spell.site, spell.last = new, revision
            spell.records += 1
            self._open[id(new)] = spell
        for site in match.new:
            spell = Spell(site, revision, revision)
            self._open[id(site)] = spell
            self._all.append(spell)
        first = self._tracker.first
        came = tuple(s for s in match.new if s.package not in first) if begun else ()
        return came, match.gone

    def count(self, record: Record) -> dict[str, EscapeCounts]:
        """Take the next record, and count what came and went by package."""
        new, gone = self.add(record)
        came, went = Counter(s.package for s in new), Counter(s.package for s in gone)
        return {p: EscapeCounts(came[p], went[p]) for p in came | went}

    @property
    def all(self) -> list[Spell]:
        """Every site that ever was, in the order in which they came."""
        return self._all

    def of(self, site: EscapeSite) -> Spell | None:
        """The spell of a site of the record that was taken last, ``None`` if it has none.

        Args:
            site: the very object of that record, not an equal one.
        """
        return self._open.get(id(site))

    def stands(self, spell: Spell) -> bool:
        """Whether the newest record has the site."""
        return self._open.get(id(spell.site)) is spell
