"""asv's files, made from the records: the only module that knows their layout.

asv's own classes write every file (:class:`asv.results.Results`,
:class:`asv.benchmarks.Benchmarks`, :class:`asv.machine.Machine`), into a temporary directory,
because they do not write atomically; from there a file takes its place in one step, and only if
its content is another.

::

    results/benchmarks.json                    the registry, the union over all records
    results/<machine>/machine.json
    results/<machine>/<hash8>-<env>.json       one revision; always 8 digits, whatever hash_length

Everything here can be deleted and made again by :func:`rebuild`.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Container, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
from asv.benchmarks import Benchmarks
from asv.machine import Machine as AsvMachine
from asv.results import Results, get_filename
from asv.runner import BenchmarkResult

from harness import __version__
from harness.model import Record
from harness.model.units import asv_unit
from harness.scratch import scratch_directory
from harness.store.asv.suite import Numbers, Suite, Track, Value
from harness.store.files import Stamp, stamp, write_atomic
from harness.store.records import RECORD_SUFFIX, RecordStore
from harness.words import utc

# The account of a benchmark is its unit and parameters, which are compared by themselves; a version
# that followed the code would cut every series at each edit of the Go benchmark.
VERSION = "1"
_MADE = ".asv-made"  # not ``.json``: asv would take it for results
_RESULT_FILE = re.compile(r"[0-9a-f]{8}-(?:go\d|env-[0-9a-f]{32}).*\.json")


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Result of :func:`rebuild`; every path is below the results directory."""

    written: tuple[Path, ...]  # files whose content was another; `unchanged` were right already
    unchanged: tuple[Path, ...]
    stale: tuple[Path, ...]  # result files of a Go environment whose record is gone
    removed: tuple[Path, ...]  # those of `stale` that were deleted


def rebuild(store: RecordStore, *, prune: bool = False, force: bool = False) -> Rebuilt:
    """Make all of asv's files again from the records.

    A result file is left alone if it, its record and the suite are what they were when it was made.

    Args:
        prune: delete the result files of Go environments whose record is gone.
        force: trust nothing of what is there.
    """
    directory = store.directory
    records = list(store.numbers_and_sites())
    written: list[Path] = []
    unchanged: list[Path] = []
    if records or prune:
        suite = Suite.of(record for _, record in records)
        made = _Made.load(directory, suite)
        right = set() if force else made.right(directory, records)
        written, unchanged = _write_results(directory, [r for _, r in records], suite, right)
        made.save(directory, records)
    # That of a record which is set aside may well be right.
    known = {*written, *unchanged, *map(_results_of, store.set_aside)}
    results = sorted(p for p in directory.glob("*/*.json") if _RESULT_FILE.fullmatch(p.name))
    stale = [p for p in results if p not in known]
    if prune:
        for path in stale:
            path.unlink(missing_ok=True)
    return Rebuilt(tuple(written), tuple(unchanged), tuple(stale), tuple(stale if prune else ()))


def _write_results(
    directory: Path, records: Sequence[Record], suite: Suite, right: Container[Path]
) -> tuple[list[Path], list[Path]]:
    """Write the registry, machine files, and result files but those in ``right``; see `Rebuilt`."""
    described = {track.name: describe(track) for track in suite.tracks.values()}
    # Of records with the same machine name the latest describes the machine.
    machines = {r.machine.machine: r.machine for r in sorted(records, key=lambda r: r.started)}
    written: list[Path] = []
    unchanged: list[Path] = []
    with scratch_directory(Path(tempfile.gettempdir()), "esv-asv-") as temporary:

        def place(relative: Path) -> None:
            data = (temporary / relative).read_bytes()
            target = directory / relative
            same = _content(target) == data
            if not same:
                write_atomic(target, data)
            (unchanged if same else written).append(target)

        for record in records:
            target = result_path(directory, record)
            if target in right:
                unchanged.append(target)
                continue
            _results(record, suite, described).save(str(temporary))
            place(target.relative_to(directory))
        for machine_ in machines.values():
            entry = AsvMachine()
            entry.__dict__.update(asdict(machine_))
            entry.save(str(temporary))
            place(Path(machine_.machine) / "machine.json")
        # Last, so that no reader finds a parameter in the registry that the files do not have.
        conf = SimpleNamespace(benchmark_dir="benchmarks", results_dir=str(temporary))
        Benchmarks(conf, described.values()).save()
        place(Path("benchmarks.json"))
    return written, unchanged


class _Made(msgspec.Struct):
    """The sources of each result file, stored next to the files; may be deleted at any time."""

    suite: str  # digest of the suite and of the programs that write
    # Stamp of the record and of the result file, by the latter's path.
    files: dict[str, tuple[Stamp, Stamp]] = {}

    @classmethod
    def load(cls, directory: Path, suite: Suite) -> _Made:
        """The entries of files that were made for this suite."""
        tracks = [describe(track) for track in suite.tracks.values()]
        writers = [version("asv"), __version__]
        digest = hashlib.sha256(msgspec.json.encode([tracks, writers])).hexdigest()
        try:
            found = msgspec.json.decode((directory / _MADE).read_bytes(), type=cls)
        except (OSError, msgspec.DecodeError):
            return cls(digest)
        return found if found.suite == digest else cls(digest)

    def right(self, directory: Path, records: Iterable[tuple[Path, Record]]) -> set[Path]:
        """Result files that would be written as they are."""
        now = _stamps(directory, records)
        return {directory / name for name, both in now.items() if self.files.get(name) == both}

    def save(self, directory: Path, records: Iterable[tuple[Path, Record]]) -> None:
        """Note what the files were made from."""
        self.files = _stamps(directory, records)
        data = msgspec.json.encode(self, order="deterministic")
        if _content(directory / _MADE) != data:
            write_atomic(directory / _MADE, data)


def _stamps(
    directory: Path, records: Iterable[tuple[Path, Record]]
) -> dict[str, tuple[Stamp, Stamp]]:
    """Stamps of the record and of its result file, by the latter's path."""
    found = {}
    for path, record in records:
        target = result_path(directory, record)
        with suppress(OSError):
            found[target.relative_to(directory).as_posix()] = (stamp(path), stamp(target))
    return found


def result_path(directory: Path, record: Record) -> Path:
    """Path of asv's results of a record."""
    name: str = get_filename(record.machine.machine, record.revision.hash, record.environment.name)
    return directory / name


def _results_of(path: Path) -> Path:
    """Path of asv's results of the record in a file."""
    digits, _, environment = path.name.removesuffix(RECORD_SUFFIX).partition("-")
    return path.with_name(f"{digits[:8]}-{environment}.json")


def describe(track: Track) -> dict[str, Any]:
    """A track as asv describes a benchmark in ``benchmarks.json``.

    asv's parameters are the ``repr`` of Python values.
    """
    return {
        "name": track.name,
        "pretty_name": track.title,
        "code": track.source,
        "version": VERSION,
        "type": "track",
        "unit": asv_unit(track.unit),
        "param_names": [track.axis],
        "params": [[repr(param) for param in track.params]],
    }


def as_answer(value: Value) -> float | dict[str, object] | None:
    """A value in the form in which a benchmark answers asv's runner."""
    if value.samples:
        return {"samples": list(value.samples), "number": 1}
    return value.number


def _results(record: Record, suite: Suite, described: dict[str, dict[str, Any]]) -> Results:
    """One record in asv's form; what asv measures of itself (durations) is not there."""
    release = record.environment.toolchain.release.removeprefix("go")
    results = Results(
        {**asdict(record.machine), "python": release},
        {},
        record.revision.hash,
        record.revision.date * 1000,
        release,
        record.environment.name,
        {**record.environment.build_variables, **record.environment.run_variables},
    )
    started = utc(record.started)
    numbers = Numbers(record)
    for track in suite.tracks.values():
        values = [numbers.value(track, param) for param in track.params]
        result = [v.number for v in values]
        samples = [list(v.samples) or None for v in values]
        number = [1 if v.samples else None for v in values]
        answer = BenchmarkResult(result, samples, number, int(None in result), "", None)
        track_ = described[track.name]
        results.add_result(track_, answer, started_at=started, record_samples=True)
    return results


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
