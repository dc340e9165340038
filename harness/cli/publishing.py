"""The histories of a project, and its site made from them."""

import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from hashlib import blake2b
from importlib import metadata
from pathlib import Path

import msgspec

import harness
from harness.analysis.history.history import History, project_histories
from harness.analysis.verdict.health import stopped
from harness.analysis.verdict.regressions import Standard
from harness.analysis.verdict.resume import dump, resume
from harness.config import Config
from harness.engine.session import Session
from harness.errors import StoreError, UsageError
from harness.model import CodePart
from harness.outputs.site.draw.names import environment_id
from harness.outputs.site.publish import KnownFile, SiteReport, publish
from harness.store import RecordKey, RecordReader, RecordStore, key_of
from harness.store.cache import FileCache
from harness.store.files import Stamp

# What pages are made with, besides the code of this package.
_LIBRARIES = ("Jinja2", "MarkupSafe", "msgspec", "numpy")
# To go through a few records again takes less time than to write a pass down.
_MOST_AGAIN = 20
_DIGEST = 16


class _Known(msgspec.Struct):
    """State that one publishing leaves for the next.

    Attributes:
        records: the record files that are whole.
        files: of the site.
        passes: over the histories, by the name of their environment.
    """

    records: dict[bytes, Stamp] = {}
    files: dict[str, KnownFile] = {}
    passes: dict[str, bytes] = {}


class Publishing:
    """One publishing of a project, whose ``histories`` are those of :func:`load_histories`.

    Raises:
        StoreError: no record can be read.
        UsageError: there are none.
    """

    def __init__(self, session: Session, output: Path) -> None:
        self._session, self._output = session, output
        config = session.config
        require_records(config)
        self._cache = FileCache(session.cache_dir / "published")
        owner = (str(config.path), str(config.results_dir), str(output))
        self._cache_key = blake2b(repr(owner).encode("utf-8", "surrogatepass")).hexdigest()
        self._known = _known(self._cache.get(self._cache_key) or b"")
        self._reader = RecordReader(session.store, self._known.records)
        self.histories = _histories(session, self._reader)

    def publish(self, standard: Standard, extra: Mapping[str, bytes] | None = None) -> SiteReport:
        """Write the site; see :func:`harness.outputs.site.publish`."""
        passes, fresh, summaries = {}, {}, []
        for history in self.histories:
            id_ = environment_id(history)
            passes[id_] = resume(history, self._known.passes.get(id_, b""))
            fresh[id_] = passes[id_].fresh
            # At once: the reader shares the code of the next record with what it read last.
            summaries.append(passes[id_].summary())
        done = publish(
            summaries,
            self._output,
            project=self._session.config.project,
            commit_url=self._session.config.show_commit_url,
            extra=extra,
            sources=self._session.repository.file_bytes,
            sources_id=self._session.repository.boundary(),
            standard=standard,
            known=self._known.files,
        )
        written = {
            id_: dump(p) if fresh[id_] > _MOST_AGAIN else self._known.passes.get(id_, b"")
            for id_, p in passes.items()
        }
        left = _Known(self._reader.verified, dict(done.files), written)
        body = msgspec.msgpack.encode(left)
        self._cache.put(self._cache_key, _digest(body) + body)
        return done


def _known(data: bytes) -> _Known:
    """Decode the state of an earlier publishing; it is empty if damaged or of another version."""
    digest, body = data[:_DIGEST], data[_DIGEST:]
    return msgspec.msgpack.decode(body, type=_Known) if digest == _digest(body) else _Known()


def _digest(data: bytes) -> bytes:
    """A digest that data of another version does not have, whose types may be others."""
    return blake2b(data, key=code_digest(), digest_size=_DIGEST).digest()


@cache
def code_digest() -> bytes:
    """A digest of the harness, of Python and of the libraries that pages are made with."""
    found = blake2b(sys.version.encode(), digest_size=16)
    for name in _LIBRARIES:
        found.update(f"{name} {metadata.version(name)}\n".encode())
    root = Path(harness.__file__).parent
    for file in sorted(p for p in root.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        found.update(f"{file.relative_to(root)} {file.stat().st_size}\n".encode())
        found.update(file.read_bytes())
    return found.digest()


def require_records(config: Config) -> None:
    """Raise UsageError where there is nothing to publish."""
    if not RecordStore(config.results_dir, config.hash_length).paths():
        raise UsageError(f"no records in {config.results_dir}; measure something first (`esv run`)")


def load_histories(config: Config) -> list[History]:
    """The histories of a project; see :func:`project_histories`.

    Raises:
        StoreError: no record can be read.
        UsageError: there are none.
    """
    require_records(config)
    with Session(config) as session:
        return _histories(session, RecordReader(session.store))


def _histories(session: Session, reader: RecordReader) -> list[History]:
    records = list(reader.records())
    if not records:
        raise StoreError(f"no record in {session.store.directory} can be read")
    now = time.time()
    lines = session.repository.branch_lines(session.config.branches)
    histories = project_histories(records, lines, now)
    if not histories:
        raise UsageError("none of the recorded revisions is on a configured branch")
    limit, committed = session.config.stale_after, session.repository.committed
    return [
        replace(
            h,
            load=partial(_parts, reader, h.machine, h.environment),
            ids={r.revision.hash: reader.id(key_of(r)) for r in h.records},
            stopped=stopped(h, now, limit, committed),
        )
        for h in histories
    ]


def _parts(
    reader: RecordReader, machine: str, environment: str, revision: str
) -> dict[str, CodePart]:
    return reader.parts(RecordKey(machine, revision, environment))
