"""``esv check``."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from harness.cli.context import configuration
from harness.cli.site import check_store
from harness.config import Config
from harness.engine.jobs.canary import check_canary
from harness.errors import EXIT_CLEAN, EXIT_ERROR, ConfigError, EscapeVelocityError
from harness.git import open_repository
from harness.toolchain import find_go
from harness.toolchain.overlay import with_heap_costs, without_heap_costs
from harness.words import plural

_ENOUGH_DISK = 2 * 1024**3


def check(arguments: argparse.Namespace) -> int:
    """Look at everything that measuring depends on; one line each, 2 if any fails."""
    try:
        config = configuration(arguments)
    except ConfigError as err:
        print(f"FAIL  configuration: {err}")
        return EXIT_ERROR
    print(f"ok    configuration: {config.path}")
    checks: list[tuple[str, Callable[[], str]]] = [
        ("repository", partial(_repository, config)),
        ("disk", partial(_disk, config)),
        ("records", partial(_records, config)),
    ]
    for release in arguments.go or config.releases or (None,):
        checks.append((f"canary {release or 'go'}", partial(_canary, config, release)))
    failed = False
    for name, function in checks:
        try:
            line = f"ok    {name}: {function()}"
        except EscapeVelocityError as err:
            failed = True
            line = f"FAIL  {name}: {err}"
        print(line, flush=True)
    return EXIT_ERROR if failed else EXIT_CLEAN


def _repository(config: Config) -> str:
    repository = open_repository(config.repo, config.cache_dir / "mirrors")
    tips = repository.branch_tips(config.branches)
    return f"{repository.directory}, {plural(len(repository.first_parents(tips)), 'revision')}"


def _disk(config: Config) -> str:
    place = config.cache_dir
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < _ENOUGH_DISK:
        raise ConfigError(f"{free / 2**30:.1f} GiB free under {place}; Go's caches need 2 GiB")
    _writable(config.results_dir)
    return f"{free / 2**30:.0f} GiB free under {place}"


def _writable(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".esv-check"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as err:
        raise ConfigError(f"cannot write to {directory}: {err.strerror or err}") from None


def _records(config: Config) -> str:
    problems, notes = check_store(config)
    if problems:
        raise ConfigError("; ".join(problems))
    return "; ".join(["all readable, every line of the compiler understood", *notes])


def _canary(config: Config, release: str | None) -> str:
    go = find_go(release, config.cache_dir)
    problems = check_canary(config, go)
    if problems:
        raise ConfigError(f"{go.toolchain.release}: " + "; ".join(problems))
    known = "escapes, allocs/op and the heap's other costs as known"
    if not with_heap_costs(go, config.cache_dir):
        known = f"escapes and allocs/op as known; {without_heap_costs(go.toolchain.release)}"
    return f"{go.toolchain.release} ({go.toolchain.source}) {known}"
