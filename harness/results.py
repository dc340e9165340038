"""The measured history as pandas frames, for notebooks and scripts.

>>> import harness
>>> results = harness.open_results("results")
>>> steps = results.frame("steps")

What every column means, and an example: ``docs/frames.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.analysis.causes.attribution import Attribution
from harness.analysis.causes.explain import explain_steps
from harness.analysis.compare.escapes import EscapeCounts
from harness.analysis.frames.correlation import Association, associations
from harness.analysis.frames.frames import (
    Samples,
    accounts_frame,
    attribution_frame,
    correlation_frame,
    escapes_frame,
    intervals_frame,
    steps_frame,
)
from harness.analysis.history.history import History, project_histories
from harness.analysis.series.intervals import SiteIntervals
from harness.analysis.series.steps import Step, recorded_units, steps
from harness.config import load_config, user_cache_dir
from harness.errors import UsageError
from harness.git import open_repository
from harness.model import Record
from harness.store import RecordStore

if TYPE_CHECKING:
    import pandas as pd

FrameName = Literal[
    "samples", "values", "escapes", "escapes-by-revision", "steps", "attribution", "accounts",
    "correlation",
]  # fmt: skip


def open_results(
    path: str | Path,
    *,
    repo: str | Path | None = None,
    branches: tuple[str, ...] = (),
    machine: str | None = None,
    environment: str | None = None,
) -> Results:
    """Open a results directory.

    Without a repository the revisions are in the order of the first parents in the records, and by
    date where that chain has a gap; ``position`` then counts the recorded revisions. With one it
    counts the first-parent history of the branches, and other revisions are left out.

    Args:
        path: the results directory, or an ``asv.conf.json``, whose repository and branches are then
            taken unless others are given.
        repo: path or URL of the measured repository.
        branches: of it; its default branch if there are none.
        machine: only this one.
        environment: only this one, such as ``go1.27.3``.

    Raises:
        ConfigError: ``path`` is a file and no configuration.
        RepositoryError: the repository cannot be read.
        UsageError: there are no such records.

    Warns:
        RecordWarning: a record cannot be read; it is left out.
    """
    directory, names, mirrors = Path(path), branches, user_cache_dir() / "mirrors"
    location = None if repo is None else str(repo)
    hash_length = 8
    if directory.is_file():
        config = load_config(directory)
        directory, mirrors = config.results_dir, config.cache_dir / "mirrors"
        hash_length = config.hash_length
        if location is None:
            location, names = config.repo, branches or tuple(config.branches)
    line: list[str] = []
    if location is not None:
        repository = open_repository(location, mirrors)
        line = repository.first_parents(repository.branch_tips(names))[::-1]
    return Results(RecordStore(directory, hash_length), line, machine, environment)


class Results:
    """The records of a results directory; made by :func:`open_results`.

    Of each record only the measurements and changed lines stay in memory, so that many revisions
    with many escape sites fit into it.
    """

    def __init__(
        self, store: RecordStore, line: list[str], machine: str | None, environment: str | None
    ) -> None:
        self._paths: dict[tuple[str, str, str], Path] = {}
        records: list[Record] = []
        for path, record in store.each(store.read_path):
            key = (record.machine.machine, record.environment.name)
            if machine not in (None, key[0]) or environment not in (None, key[1]):
                continue
            self._paths[*key, record.revision.hash] = path
            records.append(_light(record))
        self._store = store
        histories = project_histories(records, [("", line)])
        self.histories = tuple(sorted(histories, key=lambda h: (h.machine, h.environment)))
        if not self.histories:
            wanted = " ".join(w for w in (machine, environment) if w)
            where = "on the branch" if line else f"in {store.directory}"
            raise UsageError(f"no records {f'of {wanted} ' if wanted else ''}{where}")

    def frame(self, name: FrameName) -> pd.DataFrame:
        """A frame of everything there is, a block for each machine and environment.

        Args:
            name: ``samples`` (a row for each repetition), ``values`` (each measurement), ``steps``
                (each step of each unit), ``attribution`` (each cause of each step that has
                accounts), ``accounts`` (each line of each account), ``escapes`` (each site, with
                the first and the last revision that has it), ``escapes-by-revision`` (each site
                in each revision; large), ``correlation`` (each package, benchmark, unit and event).

        Raises:
            StoreError: a record cannot be read any more.
            UsageError: there is no such frame.
        """
        makers: dict[str, Callable[[History], pd.DataFrame]] = {
            "escapes": lambda h: self._walked[h.machine, h.environment][0],
            "escapes-by-revision": lambda h: escapes_frame(h, self._records(h)),
            "steps": lambda h: steps_frame(h, self.steps(h)),
            "attribution": lambda h: attribution_frame(h, self._attributions(h)),
            "accounts": lambda h: accounts_frame(h, h.records),
            "correlation": lambda h: correlation_frame(h, self.associations(h)),
        }
        if name in ("samples", "values"):
            collected = Samples()
            for history in self.histories:
                for record in history.records:
                    collected.add(record, history.position(record.revision.hash))
            return collected.samples() if name == "samples" else collected.values()
        if name not in makers:
            known = ", ".join(sorted([*makers, "samples", "values"]))
            raise UsageError(f"no frame {name!r}; there are {known}")
        return _joined([makers[name](h) for h in self.histories])

    def steps(self, history: History) -> tuple[Step, ...]:
        """All steps of all units, oldest first."""
        found = [s for unit in recorded_units(history) for s in steps(history, unit)]
        return tuple(sorted(found, key=lambda s: history.position(s.revision)))

    def associations(self, history: History) -> tuple[Association, ...]:
        """The correlation of changes with escapes; see `harness.analysis.frames.correlation`."""
        return associations(history, self._walked[history.machine, history.environment][1])

    @cached_property
    def _walked(
        self,
    ) -> dict[tuple[str, str], tuple[pd.DataFrame, dict[str, dict[str, EscapeCounts]]]]:
        """The escape sites of every history and their changes; one pass over the whole records."""
        found = {}
        for history in self.histories:
            intervals = SiteIntervals(history)
            counts = {r.revision.hash: intervals.count(r) for r in self._records(history)}
            found[history.machine, history.environment] = (intervals_frame(intervals), counts)
        return found

    def _records(self, history: History) -> Iterator[Record]:
        return (self._whole(history, record.revision.hash) for record in history.records)

    def _whole(self, history: History, revision: str) -> Record:
        return self._store.read_path(self._paths[history.machine, history.environment, revision])

    def _attributions(self, history: History) -> dict[Step, Attribution]:
        """The attributions of steps that have both accounts; only their records are read whole."""
        found: dict[Step, Attribution] = {}
        by_revision: dict[str, list[Step]] = {}
        for step in self.steps(history):
            key = (step.package, step.benchmark)
            sides = [history.by_hash[h] for h in (step.previous, step.revision)]
            if all(side.account(*key) for side in sides):
                by_revision.setdefault(step.revision, []).append(step)
        for revision, own in by_revision.items():
            needed = {revision, *(s.previous for s in own)}
            records = tuple(
                self._whole(history, r.revision.hash) if r.revision.hash in needed else r
                for r in history.records
            )
            found |= explain_steps(replace(history, records=records), own)
        return found


def _light(record: Record) -> Record:
    """A record without its large parts that few frames need."""
    packages = tuple(replace(p, raw=None) for p in record.packages)
    return replace(record.with_parts(()), packages=packages, unparsed=(), views=())


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate frames with the same columns, and unite their categories."""
    import pandas as pd
    from pandas.api.types import union_categoricals

    if len(frames) == 1:
        return frames[0]
    joined = {}
    for name in frames[0].columns:
        columns = [f[name] for f in frames]
        if all(isinstance(c.dtype, pd.CategoricalDtype) for c in columns):
            joined[name] = pd.Series(union_categoricals(columns))
        else:
            joined[name] = pd.concat(columns, ignore_index=True)
    return pd.DataFrame(joined)
