"""The site that asv makes of the same records, at sizes where that takes no hours.

What it costs is drawn up from three sizes by the law ``a + S (p + q C)`` for S series of C commits:
asv goes through every series by itself, and looks at each of its values.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.synthetic import Size, make

_SMALL = Size(commits=100, benchmarks=20, sites=200, files=10, packages=5)
_SIZES = (
    _SMALL,
    Size(_SMALL.commits, 2 * _SMALL.benchmarks, _SMALL.sites, _SMALL.files, _SMALL.packages),
    Size(2 * _SMALL.commits, _SMALL.benchmarks, _SMALL.sites, _SMALL.files, _SMALL.packages),
)


@dataclass(frozen=True, slots=True)
class Published:
    """What a site cost: series (0 if not counted), commits, CPU-s, bytes and files."""

    series: int
    commits: int
    cpu: float
    size: int
    files: int


def report(directory: Path, full: Size) -> None:
    """Publish records of three sizes with asv and with esv, and print what both cost.

    Args:
        directory: for the records and sites.
        full: the size that asv's figures are extrapolated to.
    """
    asv = []
    for number, size in enumerate(_SIZES):
        place = directory / f"asv-{number}"
        config = place / "asv.conf.json"
        if not config.is_file():
            config = make(place, size)
        esv = [sys.executable, "-m", "harness"]
        _run([*esv, "rebuild", "--quiet", "--config", str(config)])
        settings = json.loads(config.read_text())
        other = place / "asv-only.conf.json"
        other.write_text(json.dumps({**settings, "html_dir": str(place / "asv-html")}))
        theirs = _published(
            [sys.executable, "-m", "asv", "publish", "--config", str(other)],
            place / "asv-html",
            size.commits,
        )
        publish = [*esv, "publish", "--quiet", "--config", str(config)]
        ours = _published(publish, place / "html", size.commits)
        asv.append(theirs)
        print(f"{size.commits} commits, {size.benchmarks} benchmarks, {theirs.series} series:")
        for name, found in (("asv", theirs), ("esv", ours)):
            print(f"  {name} publish {found.cpu:6.1f} CPU-s {found.size / 1e6:6.1f} MB", end="")
            print(f" {found.files:6,} files", flush=True)
    per_benchmark = (asv[1].series - asv[0].series) / _SMALL.benchmarks
    series = round(asv[0].series + per_benchmark * (full.benchmarks - _SMALL.benchmarks))
    series += (asv[0].series - round(per_benchmark * _SMALL.benchmarks)) * (
        full.packages // _SMALL.packages - 1
    )
    print(
        f"asv at {full.commits:,} commits and {series:,} series, by a + S (p + q C) of the three:"
        f" {law(asv, series, full.commits):,.0f} CPU-s"
    )


def law(found: Sequence[Published], series: int, commits: int) -> float:
    """CPU-s at another size.

    Args:
        found: at S series and C commits, at more series, and at more commits.
        series: that there are.
        commits: of each.
    """
    one, wider, longer = found
    each = (wider.cpu - one.cpu) / (wider.series - one.series)
    base = one.cpu - each * one.series
    by_commit = (longer.cpu - one.cpu) / (longer.commits - one.commits) / one.series
    return base + series * (each + by_commit * (commits - one.commits))


def _published(command: Sequence[str], site: Path, commits: int) -> Published:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _run(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    files = [p for p in site.rglob("*") if p.is_file()]
    series = len(list((site / "graphs").glob("*/**/*.json"))) if (site / "graphs").is_dir() else 0
    return Published(series, commits, cpu, sum(p.stat().st_size for p in files), len(files))


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
