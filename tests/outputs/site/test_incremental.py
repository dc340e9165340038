"""A site that is published again after more records is the one that is made from nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness.analysis.history.history import History
from harness.analysis.verdict.resume import dump, resume
from harness.analysis.verdict.summary import Pass
from harness.model import CodePart, Record
from harness.outputs.site.draw.tree import MARKER
from harness.outputs.site.publish import KnownFile, SiteReport, publish
from harness.outputs.site.shared.sources import Sources
from harness.store import RecordKey, RecordReader, RecordStore, key_of
from tests.builders import timeline_records


@dataclass
class Project:
    """A store with records, and the site that is made of it."""

    directory: Path
    line: Sequence[str]
    known: Mapping[str, KnownFile] = field(default_factory=dict)
    passes: list[bytes] = field(default_factory=lambda: [b""])
    fresh: int = 0  # records that the last publishing had not known

    @property
    def store(self) -> RecordStore:
        return RecordStore(self.directory / "results")

    def histories(self) -> list[History]:
        """One for each environment, the newest first."""
        reader = RecordReader(self.store)
        groups: dict[tuple[str, str], list[Record]] = {}
        for record in reader.records():
            key = (record.machine.machine, record.environment.name)
            groups.setdefault(key, []).append(record)
        newest_first = sorted(
            groups.values(), key=lambda g: max(r.started for r in g), reverse=True
        )
        return [self._history(reader, records) for records in newest_first]

    def _history(self, reader: RecordReader, records: list[Record]) -> History:
        some = records[0]

        def load(revision: str) -> dict[str, CodePart]:
            return reader.parts(RecordKey(some.machine.machine, revision, some.environment.name))

        history = History.build(records, self.line, load)
        return replace(history, ids={r.revision.hash: reader.id(key_of(r)) for r in records})

    def again(self) -> SiteReport:
        """Publish with what the last time left."""
        histories = self.histories()
        passes = [resume(h, p) for h, p in zip(histories, self.passes, strict=True)]
        self.fresh = sum(p.fresh for p in passes)
        done = self._publish("html", histories, passes, self.known)
        self.known, self.passes = done.files, [dump(p) for p in passes]
        return done

    def differs(self) -> list[str]:
        """Files of the site that are not as they are when they are made from nothing."""
        histories = self.histories()
        self._publish("fresh", histories, [Pass(h) for h in histories], {})
        one, two = files(self.directory / "html"), files(self.directory / "fresh")
        return sorted(n for n in one.keys() | two.keys() if one.get(n) != two.get(n))

    def _publish(
        self,
        name: str,
        histories: Sequence[History],
        passes: Sequence[Pass],
        known: Mapping[str, KnownFile],
    ) -> SiteReport:
        return publish(
            [p.summary() for p in passes],
            self.directory / name,
            project="timeline",
            sources=sources(histories),
            known=known,
        )


def files(directory: Path) -> Mapping[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name != MARKER
    }


def sources(histories: Sequence[History]) -> Sources:
    """Files that name the commits which changed them, by the recorded diffs."""
    records = {r.revision.hash: r for h in histories for r in h.records}
    line = histories[0].line

    def text(revision: str, path: str) -> bytes | None:
        words = ["package p"]
        for hash_ in line[: line.index(revision) + 1]:
            diff = records[hash_].diff if hash_ in records else None
            if diff is None or any(path in (c.old, c.new) for c in diff.files):
                words.append(f"// {hash_}")
        return "\n".join([*words, *("x" * 40)]).encode()

    return text


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, [r.revision.hash for r in timeline_records()])


def grown(project: Project, records: Sequence[Record], start: int) -> Iterator[SiteReport]:
    """Publish some records, and then again after each of the others."""
    for record in records[:start]:
        project.store.write(record)
    yield project.again()
    for record in records[start:]:
        project.store.write(record)
        yield project.again()


@pytest.mark.parametrize(
    "numbers",
    [
        range(20, 30),
        pytest.param(range(1, 60), marks=pytest.mark.slow),
    ],
    ids=["some", "all"],
)
def test_after_each_record_the_site_is_the_one_that_is_made_from_nothing(
    project: Project, numbers: range
) -> None:
    records = timeline_records()[: numbers.stop]
    for number, done in enumerate(grown(project, records, numbers.start)):
        assert project.fresh == (1 if number else numbers.start)
        assert project.differs() == [], number
        files = done.added + done.changed + done.unchanged
        assert number < 25 or done.made < 0.6 * files, "most is kept"
