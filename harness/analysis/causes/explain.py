"""The attribution of everything that changed between two records."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from harness.analysis.causes.attribution import (
    Attribution,
    Cause,
    attribute,
    with_benchmark,
    with_part,
)
from harness.analysis.causes.crossing import COUNTED, Crossing, charged_changes
from harness.analysis.causes.ownpart import own_place
from harness.analysis.causes.pairing import Sides
from harness.analysis.compare.comparison import Change, Direction
from harness.analysis.compare.escapes import match_records
from harness.analysis.compare.testfiles import OfTests
from harness.analysis.history.history import History
from harness.analysis.series.steps import Step
from harness.model import Account, OwnPlace, Record, TreeDiff


def explain(
    crossing: Crossing, changes: Iterable[Change]
) -> dict[tuple[str, str, str], Attribution]:
    """Attributions by package, benchmark and unit, for the changes that have both accounts."""
    pairs = _Pairs(crossing)
    found = {}
    for change in changes:
        benchmark = (change.package, change.benchmark)
        if change.by_compiler and change.code is Direction.NONE:
            attribution = Attribution(
                *benchmark, change.unit, 0.0, (), 0.0, 0.0, "compiler", exact=True
            )
        else:
            base, head = crossing.code_pair(*benchmark)
            before, after = base.account(*benchmark), head.account(*benchmark)
            old, new = crossing.measured(base, change), crossing.measured(head, change)
            if before is None or after is None or old is None or new is None:
                continue
            values = (old.value, new.value)
            attribution = attribute(pairs.sides(base, head), change.unit, values, before, after)
            if change.by_benchmark:
                place = pairs.own_place(change)
                attribution = with_benchmark(attribution, change.by_benchmark, place)
        if change.by_compiler:
            attribution = with_part(attribution, pairs.by_compiler(change))
        found[_key(change)] = attribution
    return found


class _Pairs:
    """The records of a crossing two by two, ready to be accounted for."""

    def __init__(self, crossing: Crossing) -> None:
        self._crossing = crossing
        self._tests = OfTests(crossing.base, crossing.head)
        self._sides: dict[tuple[str, str], Sides] = {}

    def sides(self, base: Record, head: Record) -> Sides:
        """Both, with their escape sites matched; those of test files where accounts have any."""
        pair = (base.revision.hash, head.revision.hash)
        if pair not in self._sides:
            diffs = () if pair[0] == pair[1] else self._crossing.diffs.get(pair)
            self._sides[pair] = sides_of(base, head, diffs)
        return self._sides[pair]

    def own_place(self, change: Change) -> OwnPlace:
        """The place in the tests that causes the benchmark's own part of a change."""
        changes = self._crossing.touched[change.package]
        benchmark = (change.package, change.benchmark)
        pair = self._crossing.test_pair(*benchmark)
        if pair is None:
            return OwnPlace(*changes.first)
        values = [self._crossing.measured(record, change) for record in pair]
        old, new = (v.value if v is not None else 0.0 for v in values)
        accounts = (pair[0].account(*benchmark), pair[1].account(*benchmark))
        sides = self.sides(*pair)
        return own_place(sides, change.unit, (old, new), accounts, changes, self._tests)

    @cached_property
    def _releases(self) -> Sides:
        """The base's code with two releases of Go."""
        older, base = self._crossing.older, self._crossing.base
        assert older is not None
        return Sides(older, base, (), match_records(older, base, ()))

    def by_compiler(self, change: Change) -> Cause:
        """The compiler's part of a change, at the line of the base where it is largest."""
        sides = (self._releases.base, self._releases.head)
        older, newer = (side.environment.toolchain.release for side in sides)
        note = f"{older} → {newer}, same code"
        before, after = (side.account(change.package, change.benchmark) for side in sides)
        old, new = (self._crossing.measured(side, change) for side in sides)
        if before and after and old and new:
            values = (old.value, new.value)
            lines = attribute(self._releases, change.unit, values, before, after).causes
            if lines:
                return replace(
                    lines[0],
                    delta=change.by_compiler,
                    outcome="compiler",
                    note=f"{note}; {lines[0].note}" if lines[0].note else note,
                    at_base=True,
                )
        # It is the compiler's by measurement, whether its line is known or not.
        function, delta = change.benchmark.split("/", 1)[0], change.by_compiler
        return Cause("", 0, function, delta, "compiler", "none", None, "", note, at_base=True)


def sides_of(base: Record, head: Record, diffs: Sequence[TreeDiff] | None) -> Sides:
    """Two records with their escape sites matched, also those of test files that accounts name."""
    sites = [s for record in (base, head) for a in record.accounts for s in a.sites]
    named = {file for s in sites for file in (s.file, s.outer_file) if file.endswith("_test.go")}
    return Sides(base, head, diffs, match_records(base, head, diffs, named))


def own_places(crossing: Crossing) -> dict[tuple[str, str, str], OwnPlace]:
    """The places in the tests that caused changes, by package, benchmark and unit."""
    pairs = _Pairs(crossing)
    return {
        _key(change): pairs.own_place(change)
        for change in charged_changes(crossing)
        if change.by_benchmark
    }


def _key(change: Change) -> tuple[str, str, str]:
    return change.package, change.benchmark, change.unit


def explain_steps(history: History, found: Iterable[Step]) -> dict[Step, Attribution]:
    """Attributions of the steps that have both accounts.

    Where the tests changed and were exchanged, the benchmark's own part is among the causes.
    """
    explained: dict[Step, Attribution] = {}
    sides: dict[tuple[str, bool, frozenset[str]], Sides] = {}
    revision = ""
    for step in sorted(found, key=lambda s: s.revision):
        if step.unit not in COUNTED:
            continue
        if step.revision != revision:  # the sides of one revision are large enough
            revision, sides = step.revision, {}
        head = history.by_hash[revision]
        base = history.by_hash[step.previous]
        exchange = head.exchange(step.previous, step.package, step.benchmark)
        part = (exchange.parts.get(step.unit) if exchange else None) or 0.0
        before = base.account(step.package, step.benchmark)
        after = head.account(step.package, step.benchmark)
        reported = (step.before, step.after)
        if exchange and part and exchange.forward:
            before, reported = exchange.account, (step.before + part, step.after)
        elif exchange and part:
            after, reported = exchange.account, (step.before, step.after - part)
        if before is None or after is None:
            continue
        needed = _packages_of(history, step, before, after)
        key = (step.previous, bool(part), needed)
        if key not in sides:
            diffs = history.diffs(step.previous, revision)
            matched = sides_of(*history.pair(step.previous, revision, needed), diffs)
            if part and diffs is not None:
                # With exchanged tests both sides have the same ones.
                tests = OfTests(base, head)
                kept = [[f for f in d.files if (f.new or f.old or "") not in tests] for d in diffs]
                diffs = tuple(replace(d, files=tuple(k)) for d, k in zip(diffs, kept, strict=True))
            sides[key] = replace(matched, diffs=diffs)
        attribution = attribute(sides[key], step.unit, reported, before, after)
        if exchange and part:
            place = exchange.places.get(step.unit, OwnPlace(exchange.file, exchange.line))
            attribution = with_benchmark(attribution, part, place)
        explained[step] = attribution
    return explained


def _packages_of(history: History, step: Step, *accounts: Account) -> frozenset[str]:
    """The packages with a line in one of the accounts."""
    files = {f for a in accounts for s in a.sites for f in (s.file, s.outer_file)}
    directories = {f.rpartition("/")[0] or "." for f in files}
    return frozenset(
        p.path
        for hash_ in (step.previous, step.revision)
        for p in history.by_hash[hash_].packages
        if p.directory in directories
    )
