"""Accounts made by hand: allocations by line, for records of :mod:`tests.builders`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from harness.model import BYTES, Account, AllocationSite, InliningDecision, Position, Record

# Without an account, so that the wording "in the same commit" is seen.
UNACCOUNTED = "metrics: remember the latest sample of a gauge"
BUDGET = "function too complex: cost 92 exceeds budget 80"

_Place = tuple[str, int, str, str]


def make_place(
    file: str = "p/p.go",
    line: int = 12,
    function: str = "F",
    *,
    via: str = "",
    allocs: float = 1.0,
    size: float | None = None,
) -> AllocationSite:
    """A line that allocates."""
    size = 16 * allocs if size is None else size
    return AllocationSite(file, line, function, file, line, via, allocs, size)


def make_account(
    package: str, benchmark: str, places: Iterable[AllocationSite], *, exact: bool = True
) -> Account:
    """The account of a benchmark; its totals are those of the lines."""
    sites = tuple(sorted(places, key=lambda s: -s.allocs))
    total, size = sum(s.allocs for s in sites), sum(s.bytes for s in sites)
    return Account(package, benchmark, sites, total, size, exact)


def with_accounts(records: Sequence[Record], truth: dict[str, Any]) -> tuple[Record, ...]:
    """The records of a scripted history with accounts of every step but one.

    The growth of a slice is measured with a fraction, and of the line that is reached twice as
    often only a half is found.
    """
    module = truth["module"]
    found: list[dict[tuple[str, str], Account]] = [{} for _ in records]
    states: dict[tuple[str, str], dict[_Place, float]] = {}
    last: dict[tuple[str, str], tuple[int, float]] = {}
    weights: dict[tuple[str, str], float] = {}
    for number, (record, commit) in enumerate(zip(records, truth["commits"], strict=True)):
        for package, result in record.benchmarks():
            key = (package, result.name)
            allocs = commit["allocs"][package][result.name]
            size = result.measurement(BYTES)
            if size is not None and allocs:
                weights[key] = size.value / allocs
            if key not in last:
                states[key] = {(f"{_directory(package, module)}/old.go", 3, "old", ""): allocs}
            elif allocs != last[key][1]:
                index, before = last[key]
                old = dict(states[key])
                _step(states[key], record, commit, package, allocs - before)
                if record.revision.subject != UNACCOUNTED:
                    found[index].setdefault(key, _account(key, old, weights[key]))
                    found[number][key] = _account(key, states[key], weights[key])
            last[key] = (number, allocs)
    broke = next(i for i, c in enumerate(truth["commits"]) if c["what"] == "lost inlining")
    cause = truth["commits"][broke]["cause"]
    return tuple(
        replace(
            record,
            accounts=tuple(accounts.values()),
            inlining=(_inlining(module, cause, lost=number >= broke),),
        )
        for number, (record, accounts) in enumerate(zip(records, found, strict=True))
    )


def hostile_accounts(
    package: str, texts: Sequence[str], number: int
) -> tuple[tuple[Account, ...], tuple[InliningDecision, ...]]:
    """Accounts and inlining decisions of revision ``number`` whose every text is hostile."""
    accounts = tuple(
        make_account(
            package,
            f"Benchmark{n}",
            [
                make_place(
                    f"{n}.go",
                    12,
                    n,
                    via=n * (place % 3),
                    # A lost inlining explains what allocates only where it is lost.
                    allocs=number % (1 + place) if place % 3 else number % 2,
                )
            ],
            exact=place % 2 == 0,
        )
        for place, n in enumerate(texts)
    )
    inlining = tuple(
        InliningDecision("p", n, Position(f"{n}.go", 1, 1), number % 2 == 0, 9, texts[0] + n)
        for n in texts
    )
    return accounts, inlining


def _step(
    state: dict[_Place, float], record: Record, commit: dict[str, Any], package: str, delta: float
) -> None:
    """Put a change on the lines that the ground truth names."""
    if delta < 0:
        gone = [p for p in state if p[2] != "old"] or list(state)
        for place in gone:
            taken = min(state[place], -delta)
            state[place] -= taken
            delta += taken
        return
    places = _places(record, commit, package)
    share, rest = divmod(delta, len(places))
    for number, place in enumerate(places):
        more = share + (rest if number == 0 else 0)
        if commit["what"] == "append without capacity":
            more += 0.99
        if commit["what"] == "allocating site executed twice":
            more /= 2
        state[place] = state.get(place, 0) + more


def _places(record: Record, commit: dict[str, Any], package: str) -> list[_Place]:
    cause, new = commit["cause"], {s["message"] for s in commit["sites"]["new"]}
    if cause and not cause["only_on_side"]:
        return [(cause["file"], cause["line"], cause["function"], "")]
    sites = [s for s in record.escapes if s.package == package and s.message in new]
    if sites:
        return list(
            dict.fromkeys((s.position.file, s.position.line, s.function, "") for s in sites)
        )
    via = "strings.ToLower" if "library" in commit["what"] else ""
    return [(f"{package.rsplit('/', 1)[-1]}/grow.go", 7, "grow", via)]


def _account(key: tuple[str, str], state: dict[_Place, float], weight: float) -> Account:
    return make_account(
        *key,
        [
            make_place(
                file, line, function, via=via, allocs=allocs, size=weight * math.floor(allocs)
            )
            for (file, line, function, via), allocs in state.items()
            if allocs
        ],
    )


def _inlining(module: str, cause: dict[str, Any], *, lost: bool) -> InliningDecision:
    place = Position(cause["file"], cause["line"] - 1, 6)
    package = f"{module}/{cause['file'].split('/')[0]}"
    cost, reason = (92, BUDGET) if lost else (79, "")
    return InliningDecision(package, cause["function"], place, not lost, cost, reason)


def _directory(package: str, module: str) -> str:
    return package.removeprefix(module).strip("/") or "."
