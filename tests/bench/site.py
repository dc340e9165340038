"""``make bench-site``: what publishing a long history costs, and what its pages weigh.

Usage: python -m tests.bench.site [--commits N] [--benchmarks N] [--sites N] [--keep DIR] [--asv]

Exits with 1 if a page costs a browser more than it may.
"""

from __future__ import annotations

import argparse
import gzip
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import asvsite, pagecost
from tests.bench.synthetic import Size, make


def main() -> None:
    """Make the history, publish it twice, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Size()
    for name in ("commits", "benchmarks", "sites", "files", "packages"):
        parser.add_argument(f"--{name}", type=int, default=getattr(default, name))
    parser.add_argument("--keep", type=Path, help="make it here and leave it; used if it is there")
    parser.add_argument("--asv", action="store_true", help="asv publish too, at small sizes")
    arguments = parser.parse_args()
    size = Size(
        arguments.commits,
        arguments.benchmarks,
        arguments.sites,
        arguments.files,
        arguments.packages,
    )
    if arguments.keep:
        _bench(arguments.keep, size, arguments.asv)
        return
    with tempfile.TemporaryDirectory(prefix="esv-bench-site.") as directory:
        _bench(Path(directory), size, arguments.asv)


def _bench(directory: Path, size: Size, asv: bool) -> None:
    print(
        f"{size.commits:,} commits, {size.benchmarks:,} benchmarks of 4 units, {size.sites:,} sites"
    )
    config = directory / "asv.conf.json"
    if not config.is_file():
        started = time.process_time()
        config = make(directory, size)
        print(f"made in {time.process_time() - started:.1f} CPU-s")
    records = sorted((directory / "results").glob("*/*.esv.gz"))
    print(f"records: {sum(p.stat().st_size for p in records) / 1e6:,.1f} MB")
    newest = _newest(directory, records)
    held = newest.read_bytes()
    newest.unlink()
    # What an earlier run has left there would be gone on from.
    shutil.rmtree(directory / "cache", ignore_errors=True)
    _publish(config, "full publish, one commit short")
    newest.write_bytes(held)
    _publish(config, "republish after one new commit")
    _publish(config, "republish of the same")
    _weigh(directory / "html")
    if asv:
        asvsite.report(directory, size)
    if not pagecost.report(directory / "html"):
        sys.exit(1)


def _newest(directory: Path, records: list[Path]) -> Path:
    tip = subprocess.run(
        ["git", "-C", str(directory / "repo"), "rev-parse", "main"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    return next(p for p in records if p.name.startswith(tip[:8]))


def _publish(config: Path, what: str) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    command = [sys.executable, "-m", "harness", "publish", "--quiet", "--config", str(config)]
    cache = config.parent / "cache"
    done = subprocess.run(["/usr/bin/env", f"XDG_CACHE_HOME={cache}", *command], check=True)
    assert done.returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{what}: {time.monotonic() - started:.1f} s wall, {cpu:.1f} CPU-s,"
        f" {after.ru_maxrss / 1e6:,.2f} GB resident at most so far",
        flush=True,
    )


def _weigh(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    sizes = {p: len(gzip.compress(p.read_bytes(), 6)) for p in pages}
    print(f"site: {len(pages):,} pages, {sum(p.stat().st_size for p in pages) / 1e6:,.1f} MB")
    for page, packed in sorted(sizes.items(), key=lambda item: -item[1])[:5]:
        print(f"  {page.relative_to(site)}: {packed / 1e3:,.1f} kB gzipped")


if __name__ == "__main__":
    main()
