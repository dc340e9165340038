"""Whether revisions that bring or remove escapes also change the numbers. Pure.

One observation is a pair of neighbouring measurements of a benchmark: the relative change of the
unit, (after - before) / max(after, before), and how many escape sites came to and went from its
package in between. The relative change is bounded (0 → 3 is 1, 3 → 0 is -1, none is 0), so that
zeros need no constant and one large step does not decide alone. Pairs with the same test binary are
left out: nothing could change.

The effect is the mean change of the pairs with such an escape minus the mean of those without. That
is what a person asks (how much more does it change then?) and survives what breaks a correlation
coefficient here: few events, and a great many changes that are exactly 0. Its interval is the
percentile bootstrap of both groups; its p-value that of the permutation of the labels, corrected by
Benjamini and Hochberg over the rows with the same unit and event. Kendall's tau-b (which allows for
ties) with the number of sites stands beside it. Where either group has fewer than five pairs,
nothing is said. An association is not a cause: attribution names causes, step by step.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from harness.analysis.history import History
from harness.analysis.steps import observed_pairs, recorded_units

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST = 5
ALPHA = 0.05
CONFIDENCE = 0.95
_PERMUTATIONS = 9_999
_RESAMPLES = 1_999
_SEED = 20_260_105
Event = Literal["new", "gone"]
_EVENTS: tuple[Event, Event] = ("new", "gone")
Verdict = Literal["rises", "falls", "none", "too few"]


@dataclass(frozen=True, slots=True)
class EscapeCounts:
    """How many escape sites came to and went from a package in one revision."""

    new: int
    gone: int


@dataclass(frozen=True, slots=True)
class Association:
    """How changes of a unit go with escapes that come or go.

    Attributes:
        package: import path.
        benchmark: full name; empty for all benchmarks of the package, their changes averaged.
        unit: of the values.
        event: whether pairs with a ``new`` or with a ``gone`` escape site of the package are told
            from the others.
        pairs: neighbouring measurements that were compared.
        events: how many of them have such a site.
        changed: how many of those with one changed the value at all.
        changed_without: how many of the others did.
        effect: mean relative change with such a site minus that without; 0.1 is 10 % of the larger
            of the two values. NaN where there are too few.
        low: lower end of the 95 % interval of ``effect``.
        high: upper end.
        tau: Kendall's tau-b of the change with the number of sites; NaN where one never varies.
        p: of the permutation test, corrected for the rows of the same unit and event; NaN where
            there are too few.
        verdict: ``rises`` or ``falls`` with the event where ``p`` is at most 0.05 and the interval
            is on one side of 0, else ``none``; ``too few`` without five pairs of either kind.
    """

    package: str
    benchmark: str
    unit: str
    event: Event
    pairs: int
    events: int
    changed: int
    changed_without: int
    effect: float
    low: float
    high: float
    tau: float
    p: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Group:
    """The observations of one row: changes, and how many sites came or went beside each."""

    package: str
    benchmark: str
    unit: str
    event: Event
    changes: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    """What became of a package from one measurement to the next.

    Attributes:
        previous: hash of the earlier revision.
        revision: hash of the later one.
        change: relative change of the unit, the mean over the package's benchmarks.
        new: escape sites of the package that came in between.
        gone: those that went.
    """

    previous: str
    revision: str
    change: float
    new: int
    gone: int


def relative_change(before: float, after: float) -> float:
    """Change as a share of the larger value, -1 to 1 for values that are not negative."""
    size = max(abs(before), abs(after))
    return (after - before) / size if size else 0.0


def associations(
    history: History,
    escapes: Mapping[str, Mapping[str, EscapeCounts]],
    units: Iterable[str] | None = None,
    *,
    benchmarks: bool = True,
) -> tuple[Association, ...]:
    """One row for each package and each benchmark, unit and event.

    Args:
        history: the records.
        escapes: by revision, then by package: what came and went since the record before it.
            Packages without either may be left out.
        units: only these; ``None`` for every recorded one.
        benchmarks: whether each benchmark has rows, or only its package.
    """
    rows: list[Association] = []
    for unit in recorded_units(history) if units is None else units:
        groups = [g for g in _groups(history, escapes, unit) if benchmarks or not g.benchmark]
        for event in ("new", "gone"):
            rows += _corrected([_associate(g) for g in groups if g.event == event])
    return tuple(rows)


def observations(
    history: History, escapes: Mapping[str, Mapping[str, EscapeCounts]], unit: str
) -> dict[str, tuple[Observation, ...]]:
    """What :func:`associations` is made from, by package; in the order of the history.

    Args:
        history: the records.
        escapes: as for :func:`associations`.
        unit: of the values.
    """
    sums = _Sums(history, escapes)
    found = {}
    for package, by_pair in _by_package(history, unit).items():
        pairs = sorted(by_pair, key=lambda p: (history.position(p[1]), history.position(p[0])))
        new, gone = (sums.between(package, pairs, event) for event in _EVENTS)
        found[package] = tuple(
            Observation(*pair, math.fsum(by_pair[pair]) / len(by_pair[pair]), came, went)
            for pair, came, went in zip(pairs, new, gone, strict=True)
        )
    return found


def _by_package(history: History, unit: str) -> dict[str, dict[tuple[str, str], list[float]]]:
    """The changes of a package's benchmarks from one revision to another."""
    found: dict[str, dict[tuple[str, str], list[float]]] = {}
    for (package, _), pairs in observed_pairs(history, unit).items():
        own = found.setdefault(package, {})
        for previous, revision, before, after in pairs:
            own.setdefault((previous, revision), []).append(relative_change(before, after))
    return found


def _groups(
    history: History, escapes: Mapping[str, Mapping[str, EscapeCounts]], unit: str
) -> list[_Group]:
    sums = _Sums(history, escapes)
    found: list[_Group] = []
    for (package, benchmark), pairs in observed_pairs(history, unit).items():
        changes = [relative_change(before, after) for _, _, before, after in pairs]
        found += _of_both_events(sums, package, benchmark, unit, [p[:2] for p in pairs], changes)
    for package, by_pair in _by_package(history, unit).items():
        means = [math.fsum(c) / len(c) for c in by_pair.values()]
        found += _of_both_events(sums, package, "", unit, list(by_pair), means)
    return sorted(found, key=lambda g: (g.package, g.benchmark))


class _Sums:
    """How many sites came and went between any two revisions, by package."""

    def __init__(self, history: History, escapes: Mapping[str, Mapping[str, EscapeCounts]]) -> None:
        self._place = {r.revision.hash: i for i, r in enumerate(history.records)}
        self._events: dict[str, list[tuple[int, EscapeCounts]]] = {}
        for revision, packages in escapes.items():
            for package, counts in packages.items():
                listed = self._events.setdefault(package, [])
                listed.append((self._place[revision], counts))

    def between(self, package: str, pairs: Sequence[tuple[str, str]], event: Event) -> list[int]:
        """Sites that came or went after the first and up to the second revision of each pair."""
        import numpy as np

        amounts = np.zeros(len(self._place) + 1, dtype=np.int64)
        for place, counts in self._events.get(package, ()):
            amounts[place + 1] += counts.new if event == "new" else counts.gone
        total = amounts.cumsum()
        place_of = self._place
        return [int(total[place_of[b] + 1] - total[place_of[a] + 1]) for a, b in pairs]


def _of_both_events(
    sums: _Sums,
    package: str,
    benchmark: str,
    unit: str,
    pairs: Sequence[tuple[str, str]],
    changes: Sequence[float],
) -> list[_Group]:
    return [
        _Group(
            package,
            benchmark,
            unit,
            event,
            tuple(changes),
            tuple(sums.between(package, pairs, event)),
        )
        for event in _EVENTS
    ]


def _associate(group: _Group) -> Association:
    """One row, its p-value not yet corrected."""
    import numpy as np

    changes = np.asarray(group.changes, dtype=np.float64)
    counts = np.asarray(group.counts, dtype=np.int64)
    there = counts > 0
    inside, outside = changes[there], changes[~there]
    effect = low = high = tau = p = math.nan
    verdict: Verdict = "too few"
    if min(len(inside), len(outside)) >= FEWEST:
        effect = float(inside.mean() - outside.mean())
        low, high = _interval(inside, outside)
        tau = _tau(changes, counts)
        p = _permuted(changes, len(inside), effect)
        verdict = "none"
        if low > 0 or high < 0:
            verdict = "rises" if effect > 0 else "falls"
    return Association(
        package=group.package,
        benchmark=group.benchmark,
        unit=group.unit,
        event=group.event,
        pairs=len(changes),
        events=len(inside),
        changed=int((inside != 0).sum()),
        changed_without=int((outside != 0).sum()),
        effect=effect,
        low=low,
        high=high,
        tau=tau,
        p=p,
        verdict=verdict,
    )


def _corrected(rows: Sequence[Association]) -> list[Association]:
    """The rows with p-values after Benjamini and Hochberg, and verdicts that follow from them."""
    from dataclasses import replace

    tested = sorted((r.p, i) for i, r in enumerate(rows) if not math.isnan(r.p))
    found = list(rows)
    least = 1.0
    for rank in range(len(tested), 0, -1):
        p, index = tested[rank - 1]
        least = min(least, p * len(tested) / rank)
        row = rows[index]
        found[index] = replace(row, p=least, verdict=row.verdict if least <= ALPHA else "none")
    return found


def _interval(inside: Floats, outside: Floats) -> tuple[float, float]:
    """The percentile bootstrap of the difference of two means."""
    import numpy as np

    rng = np.random.default_rng(_SEED)
    differences = _means(rng, inside) - _means(rng, outside)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(differences, [tail, 1 - tail])
    return float(low), float(high)


def _means(rng: np.random.Generator, values: Floats) -> Floats:
    """Means of resamples; of many values they are normal, and drawn as such."""
    count = len(values)
    found: Floats
    if count > 200:
        found = rng.normal(values.mean(), values.std() / math.sqrt(count), _RESAMPLES)
    else:
        found = values[rng.integers(0, count, (_RESAMPLES, count))].mean(axis=1)
    return found


def _tau(changes: Floats, counts: NDArray[np.int64]) -> float:
    if changes.min() == changes.max() or counts.min() == counts.max():
        return math.nan
    from scipy.stats import kendalltau

    return float(kendalltau(changes, counts).statistic)


def _permuted(changes: Floats, count: int, effect: float) -> float:
    """Two-sided p-value of a difference of means under every way to give out the labels."""
    import numpy as np

    if changes.min() == changes.max():
        return 1.0
    total = len(changes)
    # The sum of the smaller group says it all: the difference is linear in it.
    fewer = min(count, total - count)
    sums = changes[_draws(total, fewer)].sum(axis=1)
    means = sums / fewer - (changes.sum() - sums) / (total - fewer)
    extreme = int((np.abs(means) >= abs(effect) * (1 - 1e-9)).sum())
    return (extreme + 1) / (_PERMUTATIONS + 1)


@lru_cache(maxsize=8)
def _draws(total: int, count: int) -> NDArray[np.int32]:
    """``count`` of ``total`` places without replacement, many times; the same for every series."""
    import numpy as np

    rng = np.random.default_rng(_SEED)
    found = np.empty((_PERMUTATIONS, count), dtype=np.int32)
    for start in range(0, _PERMUTATIONS, 500):
        rows = min(500, _PERMUTATIONS - start)
        order = rng.random((rows, total), dtype=np.float32).argpartition(count - 1, axis=1)
        found[start : start + rows] = order[:, :count]
    return found
