"""The records of a project, and answers to questions about single revisions."""

import hashlib
from dataclasses import replace
from pathlib import Path

import msgspec

from harness.engine.base.answers import answers, narrowed
from harness.errors import StoreError
from harness.model import Record, RunSettings
from harness.store import RecordKey, RecordStore, key_of
from harness.store.merging import rerun, supplement


class Records:
    """Records of revisions: the project's, and answers in the cache.

    The project's records are its history: runs and imports write them, and nothing is lost. What a
    gate, an explanation or a bisection measures is an answer and lies in the cache, by question:
    the head of a pull request is no history, and one question never takes the place of another.
    """

    def __init__(self, project: RecordStore, cache: Path, hash_length: int) -> None:
        self._project = project
        self._cache = cache
        self._hash_length = hash_length

    def answer(self, key: RecordKey, wanted: RunSettings) -> Record | None:
        """The record that holds what a question asks for, narrowed to it; ``None`` if none does.

        One that leaves something to measure is given where no other one does better.
        """
        there = [self._project.read(key), _answer(self._answers(wanted), key)]
        found = [n for r in there if r is not None and (n := narrowed(r, wanted)) is not None]
        return max(found, key=lambda r: (answers(r, wanted), r.started), default=None)

    def has(self, key: RecordKey, wanted: RunSettings) -> bool:
        """Return whether there is a file that may hold the answer."""
        return any(s.path(key).is_file() for s in (self._answers(wanted), self._project))

    def find(self, key: RecordKey, *questions: RunSettings) -> Record | None:
        """The project's record of a key, or else an answer to one of these questions."""
        there = self._project.readable(key)
        found = (_answer(self._answers(question), key) for question in questions)
        return there or next((record for record in found if record is not None), None)

    def write_run(self, record: Record) -> Record:
        """Merge the record of a run into the project's record."""
        before = self._project.readable(key_of(record))
        record = record if before is None else rerun(before, record)
        self._project.write(record, replace=True)
        return record

    def write_answer(self, record: Record, *also: RunSettings) -> Record:
        """Write an answer, supplemented by what other records know of the same binaries.

        Its settings are the question; answers to ``also`` may know something.
        """
        before = self.find(key_of(record), record.settings, *also)
        if before is not None:
            record = supplement(record, before)
        self._answers(record.settings).write(record, replace=True)
        return record

    def supplement(self, record: Record) -> None:
        """Add accounts, executions, exchanges and views to the revision's records in files."""
        key, answers_ = key_of(record), self._answers(record.settings)
        for store, there in (
            (self._project, self._project.readable(key)),
            (answers_, _answer(answers_, key)),
        ):
            grown = supplement(there, record) if there is not None else None
            if grown is not None and grown != there:
                store.write(grown)

    def _answers(self, question: RunSettings) -> RecordStore:
        """The answers to one question; the time lane is no part of it."""
        counted = replace(question, benchtime=None, count=0)
        digest = hashlib.sha256(msgspec.json.encode(counted, order="deterministic")).hexdigest()
        return RecordStore(self._cache / digest[:16], self._hash_length)


def _answer(store: RecordStore, key: RecordKey) -> Record | None:
    """An answer in the cache; a damaged one is measured again silently."""
    try:
        return store.read(key)
    except StoreError:
        return None
