"""The histories of a project, and its site made from them; each goes on from the time before."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from harness.analysis.history.history import History
from harness.analysis.history.memo import Memo
from harness.analysis.history.project import project_histories
from harness.analysis.verdict.health import stopped
from harness.analysis.verdict.regressions import Standard
from harness.analysis.verdict.summary import Checkpoint
from harness.config import Config
from harness.engine.session import Session
from harness.errors import StoreError, UsageError
from harness.model import CodePart
from harness.outputs.site.draw.names import environment_id
from harness.outputs.site.publish import Kept, KeptFile, SiteReport, keep_templates, publish
from harness.store import RecordIndex, RecordKey, RecordReader, RecordStore, key_of
from harness.store.kept import KeptValue
from harness.store.memo import FileMemo

# To go through a few records again takes less time than to write down where the others led.
_MOST_AGAIN = 20


@dataclass(slots=True)
class _Past:
    """What was made of the records, by history."""

    index: RecordIndex = field(default_factory=RecordIndex)
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)


@dataclass(slots=True)
class _Site:
    """What is in the output directory, and what was worked out for it."""

    files: dict[str, KeptFile] = field(default_factory=dict)
    memos: dict[str, Memo] = field(default_factory=dict)


class Publishing:
    """One publishing of a project.

    Args:
        session: of the project.
        output: directory of the site.

    Attributes:
        histories: see :func:`load_histories`.

    Raises:
        StoreError: no record can be read.
        UsageError: there are none.
    """

    def __init__(self, session: Session, output: Path) -> None:
        self._session, self._output = session, output
        self._config = config = session.config
        require_records(config)
        memo = FileMemo(session.cache_dir / "published")
        keep_templates(session.cache_dir / "templates")
        project = (str(config.path), str(config.results_dir))
        self._past_kept = KeptValue(memo, *project)
        self._site_kept = KeptValue(memo, *project, str(output))
        self._past: _Past = self._past_kept.load() or _Past()
        self._site: _Site = self._site_kept.load() or _Site()
        self._reader = RecordReader(session.store, self._past.index)
        self.histories = [
            replace(h, memo=self._site.memos.get(environment_id(h), Memo()))
            for h in _histories(session, self._reader)
        ]

    def publish(self, standard: Standard, extra: Mapping[str, bytes] | None = None) -> SiteReport:
        """Write the site; see :func:`harness.outputs.site.publish`."""
        return publish(
            self.histories,
            self._output,
            project=self._config.project,
            commit_url=self._config.show_commit_url,
            extra=extra,
            sources=self._session.repository.file_bytes,
            sources_id=self._session.repository.boundary(),
            standard=standard,
            kept=Kept(self._site.files, self._past.checkpoints),
        )

    def keep(self, done: SiteReport) -> None:
        """Leave what the next publishing goes on from."""
        memos = {environment_id(h): h.memo.turn() for h in self.histories}
        self._site_kept.put(_Site(dict(done.files), memos))
        passes = done.passes
        if any(not p.resumed or p.fresh > _MOST_AGAIN for p in passes.values()):
            checkpoints = {id_: p.checkpoint() for id_, p in passes.items()}
            self._past_kept.put(_Past(self._reader.index, checkpoints))


def require_records(config: Config) -> None:
    """Make sure that there is something to publish.

    Raises:
        UsageError: there is nothing.
    """
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
    histories = project_histories(
        records, session.repository.branch_lines(session.config.branches), now
    )
    if not histories:
        raise UsageError("none of the recorded revisions is on a configured branch")
    limit, committed = session.config.stale_after, session.repository.committed
    return [
        replace(
            h,
            load=partial(_parts, reader, h.machine, h.environment),
            ids={r.revision.hash: reader.id(key_of(r)) for r in h.records},
            part_ids=partial(_part_ids, reader, h.machine, h.environment),
            stopped=stopped(h, now, limit, committed),
        )
        for h in histories
    ]


def _parts(
    reader: RecordReader, machine: str, environment: str, revision: str
) -> dict[str, CodePart]:
    return reader.parts(RecordKey(machine, revision, environment))


def _part_ids(
    reader: RecordReader, machine: str, environment: str, revision: str
) -> Mapping[str, str]:
    return reader.part_ids(RecordKey(machine, revision, environment))
