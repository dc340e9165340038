"""Results that can be taken over: the same test binary, run in the same way and place."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from harness.engine.base.answers import narrowed_package
from harness.engine.revision.code import PackageCode
from harness.model import PackageOutcome, PackageResult, Record, RunSettings
from harness.model.selection import covers
from harness.store import RecordKey, RecordStore


def package_key(binary_id: str, directory: str, blobs: Mapping[str, str]) -> str:
    """Identity of the binary and of the files (``blobs``) that a package's benchmarks read.

    The files are those in the package's directory and, below it, those in directories without Go
    files of their own (``testdata``): tests run there and read what lies there. What a benchmark
    reads elsewhere cannot be seen; ``esv run --no-carry`` measures it all the same.
    """
    root = PurePosixPath(directory)
    files: dict[PurePosixPath, list[str]] = {}
    packages: set[PurePosixPath] = set()
    for file in blobs:
        path = PurePosixPath(file)
        parent = path.parent
        if parent == root or root in parent.parents:
            files.setdefault(parent, []).append(file)
            if path.suffix == ".go" and parent != root and "testdata" not in parent.parts:
                packages.add(parent)
    digest = hashlib.sha256(f"{binary_id}\n".encode())
    for parent in sorted(files):
        inner = [parent, *parent.parents]
        if any(p in packages for p in inner[: inner.index(root)]):
            continue
        for file in sorted(files[parent]):
            digest.update(f"{file}\0{blobs[file]}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


class CarryIndex:
    """Results by key, from the records that this session has seen.

    Looked into are the records measured by this session and, for each revision, those of its
    neighbours in the history, which is where an equal binary is found.
    """

    def __init__(self, store: RecordStore, *, enabled: bool) -> None:
        self._store = store
        self.enabled = enabled
        self._seen: set[RecordKey] = set()
        self._results: dict[tuple[str, str, str], list[tuple[Record, PackageResult]]] = {}

    def add(self, record: Record) -> None:
        """Make the results of a record available."""
        for package in record.packages:
            if package.outcome is PackageOutcome.MEASURED and package.key and not package.failures:
                key = (record.machine.machine, record.environment.name, package.key)
                self._results.setdefault(key, []).append((record, package))

    def look_at(self, machine: str, environment: str, revisions: Iterable[str]) -> None:
        """Read the records of these revisions, if they are there."""
        for revision in revisions:
            key = RecordKey(machine, revision, environment)
            if not self.enabled or key in self._seen:
                continue
            self._seen.add(key)
            record = self._store.readable(key)
            if record is not None:
                self.add(record)
                # A carried result is that of the revision which it was carried from.
                origins = {p.carried_from for p in record.packages if p.carried_from}
                self.look_at(machine, environment, origins)

    def find(
        self, machine: str, environment: str, key: str, settings: RunSettings, revision: str
    ) -> tuple[Record, PackageResult] | None:
        """The results of another revision with this key, marked as carried, and its record.

        With ``--alloc-only`` the numbers of the time lane come along if they are there.
        """
        if not self.enabled:
            return None
        for record, package in self._results.get((machine, environment, key), ()):
            if (
                record.revision.hash != revision
                and _same_way(record.settings, settings)
                # Its compiled code is carried along; older records have none.
                and _was_read(record, package.path)
            ):
                return record, replace(
                    narrowed_package(package, settings.bench),
                    outcome=PackageOutcome.CARRIED,
                    carried_from=record.revision.hash,
                )
        return None


def code_of(record: Record, package: str, linked: Collection[str]) -> PackageCode:
    """The compiled code in the test binary of a package, as a record has it."""
    unread = next((e for e in record.unread if e.package == package), None)
    if unread is not None:
        return PackageCode(unread=unread)
    return PackageCode(
        tuple(c for c in record.calls if c.package in linked),
        tuple(f for f in record.functions if f.package in linked),
    )


def _was_read(record: Record, package: str) -> bool:
    """Return whether the test binary of a package was read, or reading it failed."""
    read = any(f.package == package for f in record.functions)
    return read or any(e.package == package for e in record.unread)


def _same_way(there: RunSettings, here: RunSettings) -> bool:
    if not covers(there.bench, here.bench) or there.alloc_benchtime != here.alloc_benchtime:
        return False
    return here.count == 0 or (there.benchtime, there.count) == (here.benchtime, here.count)
