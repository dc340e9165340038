"""Escape sites over a whole history: from when to when each was there. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.analysis.compare.escapes import (
    EscapeCounts,
    EscapeTracker,
    Followed,
    TrackerCheckpoint,
)
from harness.analysis.history.history import History, Parts
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
        before: how many records had its package before the first that has it.
    """

    site: EscapeSite
    first: str
    last: str
    records: int = 1
    ended: str = ""
    before: int = 0


@dataclass(frozen=True, slots=True)
class SpellsCheckpoint:
    """Where :class:`Spells` has come to, without what the newest record has anyway.

    Attributes:
        all: ``(site, first, last, records, ended, before)`` of every spell; of one that stands
            there is no site.
        open: ``(package, number in its code, number of the spell)`` of those that stand, in code
            that the tracker has.
        begun, compiled: of the same name.
        tracker: of the sites.
    """

    all: tuple[tuple[EscapeSite | None, str, str, int, str, int], ...]
    open: tuple[tuple[str, int, int], ...]
    begun: bool
    compiled: Mapping[str, tuple[str, int]]
    tracker: TrackerCheckpoint


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
    # By package: the last record in which it compiled, and how many there were. What is the same
    # from record to record need not be looked at site by site.
    _compiled: dict[str, tuple[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tracker = EscapeTracker(self.history)

    def add(self, record: Record) -> tuple[tuple[EscapeSite, ...], tuple[EscapeSite, ...]]:
        """Take the next record, oldest first; returns the sites that came and those that went.

        What the first record has did not come with it, nor what a package has that had never
        compiled before.
        """
        followed = self.follow(record)
        return ((), ()) if followed is None else self.take(record, followed)

    def follow(self, record: Record) -> Followed | None:
        """The first half of :meth:`add`: which site is which.

        Returns:
            ``None`` for a record that says nothing, which needs no more.
        """
        return self._tracker.follow(record)

    def take(
        self, record: Record, followed: Followed
    ) -> tuple[tuple[EscapeSite, ...], tuple[EscapeSite, ...]]:
        """The second half."""
        match = followed.match
        begun, self._begun = self._begun, True
        revision = record.revision.hash
        # All are taken before any is put back: records may share the objects of equal sites.
        kept = [(self._open.pop(id(old)), old, new) for old, new in match.kept]
        for site in match.gone:
            spell = self._open.pop(id(site))
            self._settle(spell)
            spell.ended = revision
        seen = {p: self._compiled.get(p, ("", 0)) for p in self._packages(record)}
        for spell, old, new in kept:
            if old.package != new.package:
                self._settle(spell)
                spell.before = seen.get(new.package, ("", 0))[1] - spell.records
            spell.site = new
            self._open[id(new)] = spell
        for site in match.new:
            spell = Spell(site, revision, revision, before=seen.get(site.package, ("", 0))[1])
            self._open[id(site)] = spell
            self._all.append(spell)
        for package, (_, count) in seen.items():
            self._compiled[package] = (revision, count + 1)
        came = tuple(s for s in match.new if s.package not in followed.first) if begun else ()
        return came, match.gone

    def _packages(self, record: Record) -> set[str]:
        """The packages of a record that say something."""
        failed = record.uncompiled
        return self._tracker.parts.keys() - failed

    def _settle(self, spell: Spell) -> None:
        """Bring a spell that stands up to the last record in which its package compiled."""
        last, count = self._compiled.get(spell.site.package, (spell.last, 0))
        spell.last, spell.records = last, count - spell.before

    def count(self, record: Record) -> dict[str, EscapeCounts]:
        """Take the next record, and count what came and went by package."""
        return counts_by_package(*self.add(record))

    @property
    def all(self) -> list[Spell]:
        """Every site that ever was, in the order in which they came."""
        for spell in self._open.values():
            self._settle(spell)
        return self._all

    def of(self, site: EscapeSite) -> Spell | None:
        """The spell of a site of the record that was taken last, ``None`` if it has none.

        Args:
            site: the very object of :attr:`parts`, not an equal one.
        """
        return self._open.get(id(site))

    @property
    def parts(self) -> Parts:
        """What the compiler says of the record that was taken last, by package."""
        return self._tracker.parts

    def checkpoint(self) -> SpellsCheckpoint:
        """What :meth:`resumed` goes on from."""
        number = {id(s): n for n, s in enumerate(self._all)}
        standing = [
            (package, index, number[id(spell)])
            for package, part in self._tracker.code().items()
            for index, site in enumerate(part.in_code)
            if (spell := self._open.get(id(site))) is not None
        ]
        assert len(standing) == len(self._open), "every standing site is in the newest code"
        stands = {n for _, _, n in standing}
        return SpellsCheckpoint(
            tuple(
                (None if n in stands else s.site, s.first, s.last, s.records, s.ended, s.before)
                for n, s in enumerate(self._all)
            ),
            tuple(standing),
            self._begun,
            dict(self._compiled),
            self._tracker.checkpoint(),
        )

    @classmethod
    def resumed(cls, history: History, at: SpellsCheckpoint) -> Spells:
        """As it was, of a history with the same records up to there."""
        spells = cls(history)
        spells._tracker = EscapeTracker.resumed(history, at.tracker)
        code = spells._tracker.code()
        sites = {n: code[package].in_code[index] for package, index, n in at.open}
        spells._all = [
            Spell(site or sites[n], first, last, records, ended, before)
            for n, (site, first, last, records, ended, before) in enumerate(at.all)
        ]
        spells._open = {id(site): spells._all[n] for n, site in sites.items()}
        spells._begun, spells._compiled = at.begun, dict(at.compiled)
        return spells

    @property
    def every(self) -> Sequence[Spell]:
        """As :attr:`all`; those that stand may not be up to date."""
        return self._all

    def stands(self, spell: Spell) -> bool:
        """Whether the newest record has the site."""
        return self._open.get(id(spell.site)) is spell


def counts_by_package(
    new: Sequence[EscapeSite], gone: Sequence[EscapeSite]
) -> dict[str, EscapeCounts]:
    """How many sites came and went, of packages with any."""
    came, went = Counter(s.package for s in new), Counter(s.package for s in gone)
    return {p: EscapeCounts(came[p], went[p]) for p in came | went}
