"""Allocations of benchmarks by line, which move with the lines of the source. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, field

from harness.analysis.history.history import History
from harness.diagnostics.identity import LineMap
from harness.model import ALLOCS, Measurement, Record

# A file and a line.
Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class LineCost:
    """Allocations of a benchmark on a line.

    Attributes:
        function: of the line, in the compiler's words.
        via: the library function that the line calls and that allocates, or empty.
        allocs, bytes: per operation.
        revision: hash of the revision that was profiled; the benchmark's allocs/op and the line
            are since unchanged.
    """

    package: str
    benchmark: str
    function: str
    via: str
    allocs: float
    bytes: float
    revision: str


@dataclass(slots=True)
class LineCosts:
    """Allocations of each benchmark by line, kept up to date from record to record."""

    history: History
    _previous: str = ""
    since: str = ""
    _changed: dict[str, str] = field(default_factory=dict)
    _lines: dict[str, dict[int, list[LineCost]]] = field(default_factory=dict)
    # Value of allocs/op that the account of a benchmark is of.
    _values: dict[tuple[str, str], float] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Take the next record, oldest first."""
        self._move(record)
        # The same results are as they were.
        before = self.history.by_hash.get(self._previous)
        results = {} if before is None else {p.path: p.benchmarks for p in before.packages}
        self._previous = record.revision.hash
        stale = {
            (package.path, result.name)
            for package in record.packages
            if results.get(package.path) is not package.benchmarks
            for result in package.benchmarks
            if not self._holds(package.path, result.name, result.measurement(ALLOCS))
        }
        new = {(a.package, a.benchmark) for a in record.accounts}
        gone = stale | new
        for lines in self._lines.values() if gone else ():
            for line, costs in lines.items():
                lines[line] = [c for c in costs if (c.package, c.benchmark) not in gone]
        numbers = {
            (package, result.name): measured.value
            for package, result in (record.benchmarks() if new else ())
            if (measured := result.measurement(ALLOCS)) is not None
        }
        for account in record.accounts:
            key = (account.package, account.benchmark)
            self._values[key] = numbers.get(key, account.allocs)
            for s in account.sites:
                cost = LineCost(*key, s.function, s.via, s.allocs, s.bytes, self._previous)
                self._lines.setdefault(s.file, {}).setdefault(s.line, []).append(cost)

    def at(
        self, files: Collection[str] | None
    ) -> tuple[dict[Place, tuple[LineCost, ...]], dict[str, str]]:
        """The costs of some files now, or of all, and the revisions that changed them last."""
        chosen = self._lines.keys() if files is None else files
        found = {
            (file, line): tuple(
                sorted(costs, key=lambda c: (-c.allocs, -c.bytes, c.package, c.benchmark))
            )
            for file in chosen
            for line, costs in self._lines.get(file, {}).items()
            if costs
        }
        names = self._changed.keys() if files is None else files
        return found, {f: self._changed[f] for f in names if f in self._changed}

    def _holds(self, package: str, name: str, measured: Measurement | None) -> bool:
        value = self._values.get((package, name))
        return value is None or (measured is not None and measured.low <= value <= measured.high)

    def _move(self, record: Record) -> None:
        """Put every line where the commit put it; forget what it changed."""
        if not self._previous:
            self.since = record.revision.hash
            return
        way = self.history.diffs(self._previous, record.revision.hash)
        if way is None:
            # Nobody knows what changed in between.
            self._lines, self._values, self._changed = {}, {}, {}
            self.since = record.revision.hash
            return
        for diff in way:
            moves = LineMap(diff)
            gone = {c.old: self._lines.pop(c.old, {}) for c in diff.files if c.old is not None}
            for file, lines in gone.items():
                for line, costs in lines.items():
                    place = moves.new_line(file, line)
                    if place is not None:
                        target = self._lines.setdefault(place[0], {})
                        target.setdefault(place[1], []).extend(costs)
            for change in diff.files:
                if change.old is not None:
                    self._changed.pop(change.old, None)
            for change in diff.files:
                if change.new is not None:
                    self._changed[change.new] = record.revision.hash
