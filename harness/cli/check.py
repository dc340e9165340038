"""``esv check``: look at everything that measuring depends on."""

import shutil
import time
from collections.abc import Callable
from functools import partial

from harness.cli.context import configuration
from harness.cli.options import CheckOptions
from harness.config import Config
from harness.engine.jobs.canary import check_canary
from harness.errors import EXIT_CLEAN, EXIT_ERROR, ConfigError, EscapeVelocityError, StoreError
from harness.git import open_repository
from harness.outputs.text.format import minute
from harness.store import RecordStore
from harness.toolchain import find_go
from harness.toolchain.overlay import with_heap_costs, without_heap_costs
from harness.words import plural

_ENOUGH_DISK = 2 * 1024**3


def run(options: CheckOptions) -> int:
    """Print one line for each check; 2 if any fails."""
    try:
        config = configuration(options)
    except ConfigError as err:
        print(f"FAIL  configuration: {err}")
        return EXIT_ERROR
    print(f"ok    configuration: {config.path}")
    checks: dict[str, Callable[[Config], str]] = {
        "repository": _repository, "disk": _disk, "records": _records
    }  # fmt: skip
    for release in options.go or config.releases or (None,):
        checks[f"canary {release or 'go'}"] = partial(_canary, release=release)
    status = EXIT_CLEAN
    for name, function in checks.items():
        try:
            line = f"ok    {name}: {function(config)}"
        except EscapeVelocityError as err:
            status = EXIT_ERROR
            line = f"FAIL  {name}: {err}"
        print(line, flush=True)
    return status


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
    probe = config.results_dir / ".esv-check"
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as err:
        raise ConfigError(f"cannot write to {probe.parent}: {err.strerror or err}") from None
    return f"{free / 2**30:.0f} GiB free under {place}"


def _records(config: Config) -> str:
    problems, notes = check_store(config)
    if problems:
        raise ConfigError("; ".join(problems))
    return "; ".join(["all readable, every line of the compiler understood", *notes])


def check_store(config: Config) -> tuple[list[str], list[str]]:
    """Problems of the records on disk, and notes about them."""
    problems, notes = [], []
    store = RecordStore(config.results_dir, config.hash_length)
    for path in store.paths():
        try:
            record = store.read_path(path)
        except StoreError as err:
            problems.append(str(err))
            continue
        # Git takes any date, and clocks may be ahead.
        notes += [
            f"{path.name}: {word} in the future ({minute(at)})"
            for word, at in (("measured", record.started), ("committed", record.revision.date))
            if at > time.time()
        ]
        if record.unread:
            packages = ", ".join(e.package for e in record.unread)
            notes.append(
                f"{path.name}: compiled code of {packages} not read: {record.unread[0].message}"
            )
        if record.unparsed:
            first = record.unparsed[0]
            where = f"{first.position}: " if first.position else ""
            problems.append(
                f"{path}: {plural(len(record.unparsed), 'heap-related line')} of"
                f" {record.environment.toolchain.release} not understood, the first:"
                f" {where}{first.text}; measure it again with a newer escape-velocity, or report it"
            )
    return problems, notes


def _canary(config: Config, release: str | None) -> str:
    go = find_go(release, config.cache_dir)
    problems = check_canary(config, go)
    if problems:
        raise ConfigError(f"{go.toolchain.release}: " + "; ".join(problems))
    known = "escapes, allocs/op and the heap's other costs as known"
    if not with_heap_costs(go, config.cache_dir):
        known = f"escapes and allocs/op as known; {without_heap_costs(go.toolchain.release)}"
    return f"{go.toolchain.release} ({go.toolchain.source}) {known}"
