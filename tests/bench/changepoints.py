"""How well methods find change points in noisy series (harness/analysis/series/changepoints.py).

Usage: python -m tests.bench.changepoints [--series N] [--tables NAME ...] [--methods NAME ...]
       [--before FILE] [--real FILE]

Simulates series of a time over history and prints for each method: false alarms in series that are
flat, the share of steps found and how many revisions after a step it is reported, how far from the
true place, and CPU time. ``--before FILE`` adds another version of ``changepoints.py``, as
``git show REVISION:harness/analysis/series/changepoints.py`` prints it.
``--real FILE`` reads real values instead: JSON, a list of series, each a list of revisions, each a
list of repetitions, of code that did not change. The steps of ``--real`` are planted by scaling.

Noise: a revision's median differs from the level by a standard deviation sigma, of which four
fifths are common to its repetitions (another build, another moment) and the rest is theirs,
``COUNT`` each.

E-divisive is that of Apache Otava, where it can be imported (``make bench-changepoints`` gets it).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from asv import step_detect
from scipy.stats import binomtest, mannwhitneyu

from harness.analysis.series.changepoints import change_points, change_points_of_all

try:
    from otava.analysis import compute_change_points  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    compute_change_points = None

COUNT = 6
FAMILY = 60
TOLERANCE = 5  # revisions; a report further off is a false one
LATEST = 40
Samples = list[list[float]]
Rng = np.random.Generator
Method = Callable[[Samples, int], list[int]]


def neighbours(series: Samples, _: int) -> list[int]:
    """A U-test of every revision's repetitions with those of the one before it, at 0.05."""
    y = np.array(series)
    p = mannwhitneyu(y[:-1], y[1:], axis=1).pvalue
    return [int(i) + 1 for i in np.flatnonzero(p < 0.05)]


def asv(series: Samples, _: int) -> list[int]:
    """asv's: an L1 Potts model whose penalty is an information criterion."""
    found = step_detect.detect_steps([statistics.median(s) for s in series])
    return [int(step[0]) for step in found[1:]]


def asv_tested(series: Samples, family: int) -> list[int]:
    """asv's levels, each change held against its neighbours with a U-test of the medians."""
    y = [statistics.median(s) for s in series]
    edges = [0, *asv(series, family), len(y)]
    return [
        edges[i]
        for i in range(1, len(edges) - 1)
        if mannwhitneyu(y[edges[i - 1] : edges[i]], y[edges[i] : edges[i + 1]]).pvalue
        <= 0.05 / family
    ]


def otava(series: Samples, _: int) -> list[int]:
    """Apache Otava: E-divisive in windows of 50, Student's t at 0.001."""
    assert compute_change_points is not None
    return [int(c.index) for c in compute_change_points([statistics.median(s) for s in series])[0]]


def otava_corrected(series: Samples, family: int) -> list[int]:
    """The same with its p-values corrected for places and series."""
    assert compute_change_points is not None
    y = [statistics.median(s) for s in series]
    found = compute_change_points(y, max_pvalue=0.05 / family / len(y))[0]
    return [int(c.index) for c in found]


def ours(series: Samples, family: int) -> list[int]:
    """harness.analysis.series.changepoints at the level of one step among ``family`` series."""
    return [c.index for c in change_points(_medians(series), series, 0.05 / family)]


def esv_alone(series: Samples, family: int) -> list[int]:
    """The same where only the medians of revisions are known."""
    return [c.index for c in change_points(_medians(series), None, 0.05 / family)]


def version(file: Path) -> dict[str, Method]:
    """The methods ``before`` of another version of the module."""
    spec = importlib.util.spec_from_file_location("changepoints_before", file)
    assert spec is not None and spec.loader is not None
    module = sys.modules["changepoints_before"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def before(series: Samples, family: int, *, alone: bool = False) -> list[int]:
        samples = None if alone else series
        return [c.index for c in module.change_points(_medians(series), samples, 0.05 / family)]

    return {"before": before, "before, medians alone": partial(before, alone=True)}


METHODS: dict[str, Method] = {
    "U-test of neighbours": neighbours,
    "asv": asv,
    "asv + U-test, corrected": asv_tested,
    **({"Otava": otava, "Otava, corrected": otava_corrected} if compute_change_points else {}),
    "esv": ours,
    "esv, medians alone": esv_alone,
}

# Share of the series, sigma in per cent: the noise of a stretch.
NOISE_LEVELS = {
    "2→10": ((0.5, 2), (0.5, 10)),
    "10→2": ((0.5, 10), (0.5, 2)),
    "2→5": ((0.5, 2), (0.5, 5)),
    "5→2": ((0.5, 5), (0.5, 2)),
    "several": ((0.2, 2), (0.2, 8), (0.2, 3), (0.2, 10), (0.2, 2)),
}
BURSTS = {"burst of 5": 5, "burst of 10": 10, "burst of 20": 20}


def levels_of_noise(kind: str, n: int) -> np.ndarray:
    """The standard deviation of every revision, in units of 1 %."""
    if kind in BURSTS:
        sigmas = np.full(n, 2.0)
        sigmas[n // 2 : n // 2 + BURSTS[kind]] = 10
        return sigmas
    stretches = NOISE_LEVELS.get(kind, ((1.0, 3),))
    edges = np.cumsum([0] + [share for share, _ in stretches]) * n
    places = np.searchsorted(edges[1:], np.arange(n), side="right")
    return np.array([sigma for _, sigma in stretches], dtype=float)[places]


def noise(kind: str, rng: Rng, n: int, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Logarithm of the revisions' deviations, and the factor of their repetitions' spread."""
    z = rng.standard_normal(n)
    factor = np.ones(n)
    if kind == "heavy":
        z = rng.standard_t(3, n) / math.sqrt(3)
    elif kind == "similar":
        for i in range(1, n):
            z[i] = 0.5 * z[i - 1] + math.sqrt(0.75) * z[i]
    elif kind == "drift":
        z = z + 2 * np.sin(np.arange(n) / 24 + rng.uniform(0, 6))
    elif kind == "uneven":
        factor = np.where(rng.random(n) < 0.15, 4.0, 1.0)
        z = z * factor
    elif kind == "outliers":
        hit = rng.random(n) < 0.03
        z = z + np.where(hit, rng.uniform(5, 30, n), 0)
    return z * sigma * 0.8, factor


def simulate(
    kind: str, rng: Rng, n: int, sigma: float, steps: Sequence[tuple[int, float]] = ()
) -> Samples:
    """A series; ``steps`` are ``(place, relative size)``."""
    z, factor = noise(kind, rng, n, sigma)
    if kind in NOISE_LEVELS or kind in BURSTS:
        louder = levels_of_noise(kind, n) * 0.01 / sigma
        z, factor = z * louder, factor * louder
    level = np.zeros(n)
    for place, size in steps:
        level[place:] += math.log1p(size)
    own = 0.6 * sigma * math.sqrt(COUNT) / 1.25
    e = rng.standard_normal((n, COUNT)) * own * factor[:, None]
    return [[float(x) for x in row] for row in 1e-6 * np.exp((level + z)[:, None] + e)]


KINDS = ("normal", "heavy", "outliers", "uneven", "similar", "drift")


def false_alarms(count: int, lengths: Sequence[int]) -> None:
    """Print the number of reports in flat series."""
    print(f"\nFalse alarms: reports per 100 flat series, sigma 3 %, {count} series each")
    print(f"{'':26}" + "".join(f"{f'{k} {n}':>13}" for k in KINDS for n in lengths))
    for name, method in METHODS.items():
        cells = []
        for kind in KINDS:
            for n in lengths:
                rng = np.random.default_rng(n)
                total = sum(len(method(simulate(kind, rng, n, 0.03), 1)) for _ in range(count))
                cells.append(f"{100 * total / count:13.1f}")
        print(f"{name:26}" + "".join(cells), flush=True)


def flat(count: int, lengths: Sequence[int]) -> None:
    """Print the share of flat series with any step, where the noise has a level and where not."""
    kinds = (*NOISE_LEVELS, *BURSTS, *KINDS)
    print(f"\nFlat: per cent of {count} series with any step, level 0.05, with its 95 % interval")
    for name, method in METHODS.items():
        print(name)
        for kind in kinds:
            cells = []
            for n in lengths:
                rng = np.random.default_rng(n)
                hit = sum(bool(method(simulate(kind, rng, n, 0.03), 1)) for _ in range(count))
                low, high = (100 * x for x in binomtest(hit, count).proportion_ci(method="wilson"))
                cells.append(f"{f'{100 * hit / count:.1f} ({low:.1f} to {high:.1f})':>22}")
            print(f"  {kind:14}" + "".join(cells), flush=True)


def power(count: int, before: int) -> None:
    """Print the share of steps found so many revisions after they came."""
    distances = (3, 5, 10, 20, before)
    print(f"\nPower: per cent of {count} steps found, level 0.05, by revisions after the step,")
    print(f"  {before} before it; in each cell {' / '.join(METHODS)}")
    print(f"{'':14}" + "".join(f"{d:>24}" for d in distances))
    for sigma in (0.01, 0.03, 0.05, 0.08):
        for size in (0.03, 0.05, 0.10, 0.20):
            cells = []
            for after in distances:
                rng = np.random.default_rng(19)
                found = dict.fromkeys(METHODS, 0)
                for _ in range(count):
                    series = simulate("normal", rng, before + after, sigma, [(before, size)])
                    for name, method in METHODS.items():
                        said = method(series, 1)
                        found[name] += any(abs(p - before) <= TOLERANCE for p in said)
                cells.append(f"{' / '.join(f'{100 * f / count:.0f}' for f in found.values()):>24}")
            print(f"{f'{sigma:.0%}, +{size:.0%}':14}" + "".join(cells), flush=True)


def families(count: int, n: int) -> None:
    """Print what the correction for the number of series leaves of them."""
    print(f"\nesv, {count} families of {FAMILY} series of {n}, all flat: families with any report;")
    print("  with 10 % at 3 sigma: share of reported series that have none, of steps found")
    for kind in KINDS:
        rng = np.random.default_rng(7)
        any_ = wrong = right = planted = 0
        for _ in range(count):
            flat = [simulate(kind, rng, n, 0.03) for _ in range(FAMILY)]
            any_ += any(change_points_of_all([(_medians(s), s) for s in flat]))
            some = [
                simulate(kind, rng, n, 0.03, [(int(rng.integers(10, n - 10)), 0.094)])
                for _ in range(FAMILY // 10)
            ]
            found = change_points_of_all([(_medians(s), s) for s in some + flat[len(some) :]])
            right += sum(map(bool, found[: len(some)]))
            wrong += sum(map(bool, found[len(some) :]))
            planted += len(some)
        share = wrong / max(1, wrong + right)
        print(
            f"  {kind:10} {any_:3} of {count}   {share:6.1%}   {right / planted:6.1%}", flush=True
        )


def _medians(series: Samples) -> list[float]:
    return [statistics.median(s) for s in series]


CASES = ((0.01, 0.03), (0.01, 0.05), (0.03, 0.05), (0.03, 0.10), (0.08, 0.20), (0.08, 0.40))


def delays(count: int, before: int) -> None:
    """Print how many revisions with the new level a report needs."""
    print(f"\nDelay: revisions with the new level until it is reported, after {before} of the old;")
    print(f"  median (90 %), of {count}; - beyond {LATEST}; one of {FAMILY} series where corrected")
    heads = [f"{sigma:.0%}, +{size:.0%}" for sigma, size in CASES]
    print(f"{'':26}" + "".join(f"{h:>14}" for h in heads))
    for name, method in METHODS.items():
        cells = []
        for sigma, size in CASES:
            rng = np.random.default_rng(11)
            needed = []
            for _ in range(count):
                full = simulate("normal", rng, before + LATEST, sigma, [(before, size)])
                needed.append(_delay(method, full, before))
            needed.sort()
            cells.append(f"{_shown(needed, 0.5)} ({_shown(needed, 0.9)})")
        print(f"{name:26}" + "".join(f"{c:>14}" for c in cells), flush=True)


def _delay(method: Method, full: Samples, before: int) -> int:
    after: int
    for after in (*range(1, 11), 12, 15, 20, 30, LATEST):
        found = method(full[: before + after], FAMILY)
        if any(abs(place - before) <= TOLERANCE for place in found):
            return after
    return LATEST + 1


def _shown(ordered: Sequence[int], share: float) -> str:
    value = ordered[min(len(ordered) - 1, int(share * len(ordered)))]
    return "-" if value > LATEST else str(value)


def places(count: int) -> None:
    """Print how many steps are found, where, and what else is reported."""
    print(f"\nPlace: one step in 200 revisions and one repaired after 6; {count} series each, of")
    print(f"  {FAMILY}: steps found within {TOLERANCE}, at the very commit, others reported/series")
    cases = ((0.01, 0.05), (0.03, 0.10), (0.08, 0.20))
    print(f"{'':26}" + "".join(f"{f'{s:.0%}, +{d:.0%}':>22}" for s, d in cases))
    for name, method in METHODS.items():
        cells = []
        for sigma, size in cases:
            rng = np.random.default_rng(13)
            found = exact = other = 0
            for _ in range(count):
                at = int(rng.integers(20, 100))
                truth = [at, at + 60, at + 66]
                signs = [size, size, 1 / (1 + size) - 1]
                series = simulate("normal", rng, 200, sigma, list(zip(truth, signs, strict=True)))
                said = method(series, FAMILY)
                for place in truth:
                    near = [p for p in said if abs(p - place) <= min(TOLERANCE, 2)]
                    found += bool(near)
                    exact += place in near
                    said = [p for p in said if p not in near[:1]]
                other += len(said)
            total = 3 * count
            cells.append(f"{found / total:9.0%} {exact / total:5.0%} {other / count:6.2f}")
        print(f"{name:26}" + "".join(f"{c:>22}" for c in cells), flush=True)


def times(lengths: Sequence[int]) -> None:
    """Print CPU time."""
    print("\nCPU time: milliseconds a series")
    print(f"{'':26}" + "".join(f"{n:>10}" for n in lengths))
    for name, method in METHODS.items():
        cells = []
        for n in lengths:
            rng = np.random.default_rng(17)
            some = [simulate("normal", rng, n, 0.03, [(n // 2, 0.1)]) for _ in range(5)]
            start = time.process_time()
            for series in some:
                method(series, FAMILY)
            cells.append(f"{200 * (time.process_time() - start):10.1f}")
        print(f"{name:26}" + "".join(cells), flush=True)


def real(file: Path) -> None:
    """Print false alarms in real series, and the delay of steps planted in their second half."""
    series: list[Samples] = json.loads(file.read_text("utf-8"))
    lengths = sorted(len(s) for s in series)
    spreads = [100 * float(np.std(np.log(_medians(s)))) for s in series]
    print(f"\nReal: {len(series)} series of {lengths[0]} to {lengths[-1]} revisions,")
    print(f"  standard deviation of the medians {min(spreads):.1f} to {max(spreads):.1f} %")
    print(f"{'':26}{'false/series':>14}" + "".join(f"{f'+{s:.0%}':>14}" for s in (0.05, 0.1, 0.2)))
    for name, method in METHODS.items():
        cells = [f"{sum(len(method(s, 1)) for s in series) / len(series):14.2f}"]
        for size in (0.05, 0.1, 0.2):
            needed = []
            for s in series:
                middle = len(s) // 2
                planted = [[x * (1 + size) for x in r] if i >= middle else r
                           for i, r in enumerate(s)]  # fmt: skip
                needed.append(_delay(method, planted[: middle + LATEST], middle))
            needed.sort()
            cells.append(f"{f'{_shown(needed, 0.5)} ({_shown(needed, 0.9)})':>14}")
        print(f"{name:26}" + "".join(cells), flush=True)


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--series", type=int, default=60, metavar="N", help="series in each cell")
    parser.add_argument("--real", type=Path, metavar="FILE", help="real values only")
    parser.add_argument("--before", type=Path, metavar="FILE", help="another version of the module")
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="only these")
    parser.add_argument("--tables", nargs="+", metavar="NAME", help="only these")
    arguments = parser.parse_args()
    if arguments.before:
        METHODS.update(version(arguments.before))
    for name in set(METHODS) - set(arguments.methods or METHODS):
        del METHODS[name]
    if arguments.real:
        real(arguments.real)
        return
    count = arguments.series
    tables: dict[str, Callable[[], None]] = {
        "false_alarms": lambda: false_alarms(count, (50, 200)),
        "flat": lambda: flat(count, (30, 100, 300)),
        "power": lambda: power(count, 100),
        "families": lambda: families(max(5, count // 3), 100),
        "delays": lambda: delays(max(10, count // 3), 100),
        "places": lambda: places(max(10, count // 3)),
        "times": lambda: times((20, 200, 500, 2000)),
    }
    for name in arguments.tables or tables:
        tables[name]()


if __name__ == "__main__":
    main()
