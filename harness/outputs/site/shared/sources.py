"""The files that the site shows, by revision, and the links to them. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from harness.analysis.history.history import History
from harness.analysis.series.sites import RevisionSites, SiteHistory, follow_sites
from harness.analysis.verdict.summary import Summary, files_behind
from harness.model import Position
from harness.outputs.site.draw import names

# The content of a file at a revision, by hash and path; `None` where it cannot be had.
Sources: TypeAlias = Callable[[str, str], bytes | None]


def no_sources(_revision: str, _path: str) -> bytes | None:
    """The sources of a project without a repository."""
    return None


@dataclass(frozen=True)
class SourcePlan:
    """The source pages of one environment.

    Attributes:
        history: of which they are.
        sites: what they tell, of the newest revision and of what was asked for in time.
        pages: revision and path; an empty revision is the newest one of which anything compiled.
        asked: place in the history of the first revision that the page stands behind; not of the
            pages of the newest revision.
    """

    history: History
    sites: SiteHistory
    pages: frozenset[tuple[str, str]]
    asked: Mapping[tuple[str, str], int]

    def told(self, revision: str, path: str) -> RevisionSites:
        """The sites and costs that a page shows; an empty revision is the newest one."""
        sites = self.sites
        at = revision or sites.newest
        if at == sites.newest or path in sites.files.get(at, ()):
            return sites.at[at]
        return self._looked_up[at]

    @cached_property
    def _looked_up(self) -> Mapping[str, RevisionSites]:
        """Sites that the pass over the history did not keep: it is gone through again."""
        wanted: dict[str, set[str]] = {}
        for revision, path in self.pages:
            if revision and path not in self.sites.files.get(revision, ()):
                wanted.setdefault(revision, set()).add(path)
        return follow_sites(self.history, wanted).at

    @property
    def names(self) -> Iterator[str]:
        """The pages' names, relative to the root of the environment."""
        return (names.source_page(path, revision) for revision, path in self.pages)

    def revisions_of(self, file: str) -> Sequence[str]:
        """The revisions at which a file has a page, in no order."""
        return self._revisions.get(file, ())

    @cached_property
    def _revisions(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for revision, file in self.pages:
            found.setdefault(file, []).append(revision)
        return found

    def others(self, revision: str, file: str) -> Sequence[str]:
        """The revisions of the other pages that the page of a file names, the newest first.

        That of an older revision names earlier ones that were there before it, so that it never
        changes.
        """
        place = self.history.position
        found = [r for r in self.revisions_of(file) if r != revision]
        if revision:
            by = self.asked[revision, file]
            found = [
                r for r in found if r and place(r) < place(revision) and self.known(r, file, by)
            ]
        line = len(self.history.line)
        return sorted(found, key=lambda r: place(r) if r else line, reverse=True)

    def known(self, revision: str, file: str, by: int) -> bool:
        """Return whether a page was there when the history had come to a place."""
        return self.asked.get((revision, file), by + 1) <= by

    def link(self, revision: str, file: str, line: int, up: str, by: int | None = None) -> str:
        """The page of a line, empty if there is none.

        Args:
            revision: full hash.
            file: relative to the repository's root.
            line: counted from 1; 0 for the file as such.
            up: prefix of the link.
            by: place in the history of the page that links: what only later revisions ask for is
                not linked there, so that they do not change it.
        """
        there = (revision, file) in self.pages
        if not there or (by is not None and not self.known(revision, file, by)):
            if revision != self.sites.newest or ("", file) not in self.pages:
                return ""
            revision = ""
        return f"{up}{names.source_page(file, revision)}" + (f"#L{line}" if line > 0 else "")


def source_plan(summary: Summary) -> SourcePlan:
    """Plan pages of the files with live sites at the newest revision, and of those behind steps."""
    asked: dict[tuple[str, str], int] = {}
    for revision in summary.revisions:
        for page in files_behind(revision):
            if in_tree(page[1]):
                asked.setdefault(page, summary.history.position(revision.slot.revision))
    pages = set(asked)
    sites = summary.sites
    if sites.newest:
        pages |= {("", file) for file in sites.at[sites.newest].by_file if in_tree(file)}
    return SourcePlan(summary.history, sites, frozenset(pages), asked)


def in_tree(file: str) -> bool:
    """Return whether a revision can have a file: the compiler does not make it."""
    return bool(file) and not file.startswith("/") and not Position(file, 1, 1).generated
