"""The attribution of everything that changed between two records."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from harness.analysis.causes.attribution import (
    Attribution,
    Cause,
    attribute,
    with_benchmark,
    with_part,
)
from harness.analysis.causes.crossing import COUNTED, Crossing, charged_changes, measurement_of
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
    tests = OfTests(crossing.base, crossing.head)
    found = {}
    compiler = _Compiler(crossing)
    for change in changes:
        if change.by_compiler and change.code is Direction.NONE:
            nothing = Attribution(
                change.package, change.benchmark, change.unit, 0.0, (), 0.0, 0.0, "compiler", True
            )
            found[_key(change)] = with_part(nothing, compiler.cause(change))
            continue
        base, head = crossing.code_pair(change.package, change.benchmark)
        before = base.account(change.package, change.benchmark)
        after = head.account(change.package, change.benchmark)
        old = measurement_of(base, change.package, change.benchmark, change.unit)
        new = measurement_of(head, change.package, change.benchmark, change.unit)
        if before is None or after is None or old is None or new is None:
            continue
        sides = pairs.sides(base, head)
        attribution = attribute(sides, change.unit, (old.value, new.value), before, after)
        if change.by_benchmark:
            place = _own_place(crossing, pairs, change, tests)
            attribution = with_benchmark(attribution, change.by_benchmark, place)
        if change.by_compiler:
            attribution = with_part(attribution, compiler.cause(change))
        found[_key(change)] = attribution
    return found


class _Pairs:
    """Two records of a crossing, ready to be accounted for."""

    def __init__(self, crossing: Crossing) -> None:
        self._crossing = crossing
        self._sides: dict[tuple[str, str], Sides] = {}

    def sides(self, base: Record, head: Record) -> Sides:
        """Both, with their escape sites matched; those of test files where accounts have any."""
        pair = (base.revision.hash, head.revision.hash)
        if pair not in self._sides:
            diffs = () if pair[0] == pair[1] else self._crossing.diffs.get(pair)
            self._sides[pair] = sides_of(base, head, diffs)
        return self._sides[pair]


def sides_of(base: Record, head: Record, diffs: Sequence[TreeDiff] | None) -> Sides:
    """Two records with their escape sites matched, also those of test files that accounts name."""
    sites = [s for record in (base, head) for a in record.accounts for s in a.sites]
    named = {file for s in sites for file in (s.file, s.outer_file) if file.endswith("_test.go")}
    return Sides(base, head, diffs, match_records(base, head, diffs, named))


def own_places(crossing: Crossing) -> dict[tuple[str, str, str], OwnPlace]:
    """The places in the tests that caused changes, by package, benchmark and unit."""
    pairs, tests = _Pairs(crossing), OfTests(crossing.base, crossing.head)
    return {
        _key(change): _own_place(crossing, pairs, change, tests)
        for change in charged_changes(crossing)
        if change.by_benchmark
    }


def _own_place(
    crossing: Crossing, pairs: _Pairs, change: Change, tests: Container[str]
) -> OwnPlace:
    """The place in the tests that causes the benchmark's own part of a change."""
    changes = crossing.touched[change.package]
    pair = crossing.test_pair(change.package, change.benchmark)
    if pair is None:
        return OwnPlace(*changes.first)
    benchmark = (change.package, change.benchmark)
    values = [measurement_of(record, *_key(change)) for record in pair]
    old, new = (v.value if v is not None else 0.0 for v in values)
    return own_place(
        pairs.sides(*pair),
        change.unit,
        (old, new),
        (pair[0].account(*benchmark), pair[1].account(*benchmark)),
        changes,
        tests,
    )


def _key(change: Change) -> tuple[str, str, str]:
    return change.package, change.benchmark, change.unit


class _Compiler:
    """The base's code with two releases of Go."""

    def __init__(self, crossing: Crossing) -> None:
        self._older = crossing.older
        self._base = crossing.base

    @cached_property
    def _sides(self) -> Sides:
        assert self._older is not None
        match = match_records(self._older, self._base, ())
        return Sides(self._older, self._base, (), match)

    def cause(self, change: Change) -> Cause:
        """The compiler's part of a change, at the line of the base where it is largest."""
        older, newer = self._sides.base, self._sides.head
        releases = [side.environment.toolchain.release for side in (older, newer)]
        note = f"{releases[0]} → {releases[1]}, same code"
        accounts = [side.account(change.package, change.benchmark) for side in (older, newer)]
        values = [measurement_of(side, *_key(change)) for side in (older, newer)]
        if accounts[0] and accounts[1] and values[0] and values[1]:
            reported = (values[0].value, values[1].value)
            lines = attribute(self._sides, change.unit, reported, accounts[0], accounts[1]).causes
            if lines:
                first = lines[0]
                return replace(
                    first,
                    delta=change.by_compiler,
                    outcome="compiler",
                    note=f"{note}; {first.note}" if first.note else note,
                    at_base=True,
                )
        # It is the compiler's by measurement, whether its line is known or not.
        return Cause(
            file="",
            line=0,
            function=change.benchmark.split("/", 1)[0],
            delta=change.by_compiler,
            outcome="compiler",
            escape="none",
            site=None,
            via="",
            note=note,
            at_base=True,
        )


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
        key = (step.previous, bool(part), needed := _packages_of(history, step, before, after))
        if key not in sides:
            diffs = history.diffs(step.previous, revision)
            pair = history.pair(step.previous, revision, needed)
            # With exchanged tests both sides have the same ones.
            same = _without_tests(diffs, OfTests(base, head)) if part else diffs
            sides[key] = replace(sides_of(pair.base, pair.head, diffs), diffs=same)
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


def _without_tests(
    diffs: Sequence[TreeDiff] | None, tests: Container[str]
) -> tuple[TreeDiff, ...] | None:
    if diffs is None:
        return None
    return tuple(
        replace(d, files=tuple(f for f in d.files if (f.new or f.old or "") not in tests))
        for d in diffs
    )
