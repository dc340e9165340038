"""The association of new and gone escapes with changes of the numbers; see docs/steps.md.

One observation is a pair of neighbouring measurements of a benchmark: the relative change of the
unit, and the numbers of escape sites that are new to and gone from its package in between. Pairs
with the same test binary are left out: nothing could change. The effect is the mean change of the
pairs with such an escape minus the mean of those without, with a percentile bootstrap as interval;
the p-value is that of the permutation of the labels, corrected by Benjamini and Hochberg.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from typing import Literal

from harness.analysis.compare.escapes import EscapeCounts
from harness.analysis.history.history import History
from harness.analysis.series.steps import observed_pairs, recorded_units

# Pairs with and without an event below which nothing is said.
FEWEST = 5
_LEVEL = 0.05
Tendency = Literal["rises", "falls", "none", "too few"]
Event = Literal["new", "gone"]
_EVENTS: tuple[Event, Event] = ("new", "gone")


@dataclass(frozen=True, slots=True)
class Association:
    """The association of a unit with new or gone escapes.

    Attributes:
        benchmark: empty for all benchmarks of the package, their changes averaged.
        event: of the package's sites.
        pairs: number of neighbouring measurements; ``events`` of them have such a site.
        changed, changed_without: number of pairs with and without such a site that changed.
        effect: mean relative change with such a site minus that without; 0.1 is 10 % of the larger
            of the two values. NaN where there are too few.
        low, high: the 95 % interval of ``effect``.
        tau: Kendall's tau-b of the change with the number of sites; NaN where one never varies, and
            where there are too few.
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
    verdict: Tendency


@dataclass(frozen=True, slots=True)
class Observation:
    """A package from one measurement to the next.

    Attributes:
        change: relative change of the unit, the mean over the package's benchmarks.
        new, gone: numbers of escape sites of the package in between.
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
) -> tuple[Association, ...]:
    """One row for each package and each benchmark, unit and event.

    Args:
        escapes: by revision, then by package; packages without new or gone sites may be left out.
        units: every recorded one by default.
    """
    wanted = recorded_units(history) if units is None else units
    return Correlation(history, escapes, wanted).associations(benchmarks=True)


class Correlation:
    """Observations of a history, and the associations in them; ``escapes`` as above."""

    def __init__(
        self,
        history: History,
        escapes: Mapping[str, Mapping[str, EscapeCounts]],
        units: Iterable[str],
    ) -> None:
        self._history = history
        self._sums = _Sums(history, escapes)
        self._means = {unit: _mean_changes(history, unit) for unit in units}

    def associations(self, *, benchmarks: bool) -> tuple[Association, ...]:
        """As :func:`associations`; without ``benchmarks`` of packages only, and with tau NaN."""
        found: list[Association] = []
        for unit in self._means:
            rows: dict[Event, list[Association]] = {event: [] for event in _EVENTS}
            for key, pairs, changes in self._observed(unit, benchmarks=benchmarks):
                for event, counts in zip(_EVENTS, self._sums.between(key[0], pairs), strict=True):
                    row = _associate((*key, unit, event), changes, counts, ranked=benchmarks)
                    rows[event].append(row)
            found += [row for event in _EVENTS for row in _corrected(rows[event])]
        return tuple(found)

    def observations(self, package: str, unit: str) -> tuple[Observation, ...]:
        """The observations of a package, in the order of the history."""
        means = self._means[unit].get(package, {})
        position = self._history.position
        pairs = sorted(means, key=lambda p: (position(p[1]), position(p[0])))
        new, gone = self._sums.between(package, pairs)
        return tuple(
            Observation(*pair, means[pair], came, went)
            for pair, came, went in zip(pairs, new, gone, strict=True)
        )

    def _observed(
        self, unit: str, *, benchmarks: bool
    ) -> list[tuple[tuple[str, str], list[tuple[str, str]], list[float]]]:
        """Pairs of revisions and changes, by package and name, the package as such first."""
        found = [((p, ""), list(m), list(m.values())) for p, m in self._means[unit].items()]
        for key, pairs in observed_pairs(self._history, unit).items() if benchmarks else ():
            changes = [relative_change(before, after) for _, _, before, after in pairs]
            found.append((key, [(pair[0], pair[1]) for pair in pairs], changes))
        return sorted(found, key=lambda entry: entry[0])


def _mean_changes(history: History, unit: str) -> dict[str, dict[tuple[str, str], float]]:
    """The mean changes of a package's benchmarks, by package and :func:`observed_pairs`."""
    found: dict[str, dict[tuple[str, str], list[float]]] = {}
    for (package, _), pairs in observed_pairs(history, unit).items():
        own = found.setdefault(package, {})
        for previous, revision, before, after in pairs:
            own.setdefault((previous, revision), []).append(relative_change(before, after))
    return {
        package: {pair: math.fsum(changes) / len(changes) for pair, changes in own.items()}
        for package, own in found.items()
    }


class _Sums:
    """The numbers of new and gone sites between any two revisions, by package."""

    def __init__(self, history: History, escapes: Mapping[str, Mapping[str, EscapeCounts]]) -> None:
        self._place = {r.revision.hash: i for i, r in enumerate(history.records)}
        self._events: dict[str, list[tuple[int, EscapeCounts]]] = {}
        for revision, packages in escapes.items():
            for package, counts in packages.items():
                listed = self._events.setdefault(package, [])
                listed.append((self._place[revision], counts))
        self._known: dict[str, tuple[list[int], list[int]]] = {}

    def between(
        self, package: str, pairs: Sequence[tuple[str, str]]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Sites that are new, and gone, after the first up to the second revision of each pair."""
        if package not in self._known:
            came, went = ([0] * (len(self._place) + 1) for _ in _EVENTS)
            for place, counts in self._events.get(package, ()):
                came[place + 1] += counts.new
                went[place + 1] += counts.gone
            # The numbers before each record and after the last one.
            self._known[package] = (list(accumulate(came)), list(accumulate(went)))
        places = [(self._place[a] + 1, self._place[b] + 1) for a, b in pairs]
        new, gone = (tuple(n[b] - n[a] for a, b in places) for n in self._known[package])
        return new, gone


def _associate(
    key: tuple[str, str, str, Event],
    changes: Sequence[float],
    counts: Sequence[int],
    *,
    ranked: bool,
) -> Association:
    """One row, its p-value not yet corrected."""
    from harness.analysis.frames.effects import effect_of  # numpy takes long to load

    found = effect_of(changes, counts)
    tau = math.nan
    if ranked and found.verdict != "too few":
        from scipy.stats import kendalltau  # takes longer to load than the rest of a publishing

        tau = float(kendalltau(changes, counts, method="asymptotic").statistic)
    return Association(*key, pairs=len(changes), tau=tau, **asdict(found))


def _corrected(rows: Sequence[Association]) -> list[Association]:
    """The rows with p-values after Benjamini and Hochberg, and verdicts that follow from them."""
    tested = sorted((r.p, i) for i, r in enumerate(rows) if not math.isnan(r.p))
    found = list(rows)
    least = 1.0
    for rank, (p, index) in reversed([*enumerate(tested, 1)]):
        least = min(least, p * len(tested) / rank)
        verdict = found[index].verdict if least <= _LEVEL else "none"
        found[index] = replace(found[index], p=least, verdict=verdict)
    return found
