"""Keys of pages: where the key and the file on disk are the same, the page is not made again. Pure.

A page of which there is one for each benchmark or each file has its view made every time, and the
view is its key. Those of which there is one for each revision are many, and their views are not
made: their key names what they depend on. Records are named by their contents, a place of a history
by the contents of all records up to it, and what a page tells of later ones explicitly. A test
holds every page that was not made again against the same page made anew.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from hashlib import blake2b
from types import SimpleNamespace

import msgspec

from harness.analysis.series.steps import Step
from harness.analysis.verdict.summary import RevisionSummary
from harness.outputs.site.draw import names
from harness.outputs.site.shared.section import Section
from harness.outputs.text.format import confidence


def digest(*parts: object) -> bytes:
    """Sixteen bytes that stand for values with a faithful ``repr``."""
    return blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def view_key(view: SimpleNamespace) -> bytes | None:
    """A digest of a view; ``None`` where it holds a text that is no UTF-8."""
    try:
        return blake2b(msgspec.msgpack.encode(vars(view), enc_hook=str), digest_size=16).digest()
    except UnicodeEncodeError:
        return None


class PageKeys:
    """The keys of the pages and shards of one environment.

    Args:
        section: of the site; its history knows the ids of its records.
        sources: tells the repository of the source text from one with other commits.
        commit_url: prefix of the web page of a commit.
    """

    def __init__(self, section: Section, sources: str, commit_url: str) -> None:
        self._section = section
        self._commit_url = commit_url
        self._sources = sources
        self._history = section.summary.history
        self._plan = section.plan
        self._newest = section.plan.sites.newest

    @cached_property
    def _frame(self) -> bytes:
        """Common to every page: its frame, and how packages are named."""
        section = self._section
        chrome = section.chrome("", "x")
        directories: dict[str, set[str]] = defaultdict(set)
        for record in self._history.records:
            for package in record.packages:
                directories[package.path].add(package.directory)
        moved = sorted((p, section.directories[p]) for p, d in directories.items() if len(d) > 1)
        siblings = [(s.name, s.root) for s in section.siblings]
        return digest(chrome, siblings, self._commit_url, section.several_packages, moved)

    @cached_property
    def _until(self) -> list[bytes]:
        """By place, a digest of everything that was known there."""
        found: list[bytes] = []
        last = b""
        for revision in self._section.summary.revisions:
            slot = revision.slot
            last = digest(last, slot.hashes, self._history.ids.get(slot.revision, ""))
            found.append(last)
        return found

    def _of(self, page: str, *parts: object) -> bytes:
        siblings = [page in s.pages for s in self._section.siblings]
        return digest(self._frame, page, siblings, *parts)

    def revision(self, summary: RevisionSummary) -> bytes:
        """Of the page of a recorded revision."""
        revision, section = summary.slot.revision, self._section
        record = summary.slot.record
        assert record is not None
        at = section.recorded[revision]
        newer = section.summary.recorded[at + 1 : at + 2]
        origins = {p.carried_from for p in record.packages if p.carried_from is not None}
        return self._of(
            names.revision_page(revision),
            self._until[section.places[revision]],
            self._steps(summary.steps),
            self._pages_at({revision, summary.base.revision.hash if summary.base else ""}),
            [r.slot.revision for r in newer],
            sorted(o for o in origins if o not in self._history.by_hash),
        )

    def revision_shard(self, revision: str) -> bytes:
        """Of the data of a revision, which depends on its record."""
        return self._of(names.revision_shard(revision), self._history.ids[revision])

    def source(self, revision: str, path: str) -> bytes:
        """Of the page of a file at an older revision."""
        page = names.source_page(path, revision)
        others = self._plan.others(revision, path)
        return self._of(page, self._sources, others, self._until[self._section.places[revision]])

    def _steps(self, steps: Iterable[Step]) -> object:
        """Steps as they are shown, and which pages may be linked from them."""
        listed = list(steps)
        sides = {s.previous for s in listed} | {s.revision for s in listed}
        return [_told(s) for s in listed], self._pages_at(sides)

    def _pages_at(self, revisions: Iterable[str]) -> object:
        """The source pages of some revisions; those of the newest one may be linked, too."""
        return [
            (r, sorted(self._planned.get(r, ())), r == self._newest and len(self._until))
            for r in sorted(revisions)
        ]

    @cached_property
    def _planned(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for revision, path in self._plan.pages:
            if revision:
                found[revision].append(path)
        return found


def _told(step: Step) -> tuple[object, ...]:
    """A step as it is shown: of a p-value no more than its words."""
    sure = None if step.p is None else confidence(step.p)
    return (
        *(step.package, step.benchmark, step.unit, step.revision, step.previous),
        *(step.before, step.after, step.direction.value, sure, step.repaired),
    )
