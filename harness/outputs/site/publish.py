"""Rendering the site and publishing it in one step."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.analysis.verdict.regressions import Standard
from harness.analysis.verdict.summary import Summary
from harness.errors import StoreError
from harness.outputs.site.draw import names
from harness.outputs.site.draw.shards import Json, shard
from harness.outputs.site.draw.svg import sparkline, strip
from harness.outputs.site.draw.tree import Stamp, replace_tree, stamps
from harness.outputs.site.keys import PageKeys, view_key
from harness.outputs.site.pages import compare, correlation, escapes, overview, regressions, status
from harness.outputs.site.pages.benchmark import benchmark_view
from harness.outputs.site.pages.revision import revision_view
from harness.outputs.site.pages.source import source_view
from harness.outputs.site.shared import columns
from harness.outputs.site.shared.escapes import flow_view
from harness.outputs.site.shared.section import Section, Sibling
from harness.outputs.site.shared.sources import SourcePlan, Sources, no_sources, source_plan
from harness.outputs.text.format import minute, plural, visible

_STATIC = (
    *("style.css", "code.css", "icon.svg", "data.js", "format.js", "keys.js"),
    *("plot.js", "table.js", "list.js", "stats.js", "overview.js", "benchmark.js"),
    *("compare.js", "escapes.js", "source.js", "revision.js"),
)
# Put next to them when the wheel or the editable install was built.
_VENDOR = ("vendor/uplot.js", "vendor/uplot.css", "vendor/uplot-license.txt")
# What every environment has once: path, template, and what makes the view.
_SINGLE_PAGES: tuple[tuple[str, str, Callable[[Section], object]], ...] = (
    ("index.html", "overview.html.j2", overview.overview_view),
    (names.ESCAPES, "escapes.html.j2", escapes.escapes_view),
    ("compare.html", "compare.html.j2", compare.compare_view),
    (names.CORRELATION, "correlation.html.j2", correlation.correlation_view),
    ("regressions.html", "regressions.html.j2", regressions.regressions_view),
    ("status.html", "status.html.j2", status.status_view),
    ("help.html", "help.html.j2", status.help_view),
)
# Put there by `esv nightly`, which a later `esv publish` cannot make again.
_NIGHTLY = ("feed.xml", "nightly.json", "nightly.md")


class KnownFile(NamedTuple):
    """A file as it was written, and what it was made of.

    Attributes:
        key: of :class:`~harness.outputs.site.keys.PageKeys`.
        size: in bytes.
        changed: time of the last change in nanoseconds.
    """

    key: bytes
    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class SiteReport:
    """Result of :func:`publish`.

    Attributes:
        path: the output directory.
        index: the page to open.
        pages: how many pages the site has.
        added, changed, removed, unchanged: how many files differ from the site that was there.
        made: how many files were made; the others were known to be as they were.
        files: for the next call; files whose key is the same need not be made again.
    """

    path: Path
    index: Path
    pages: int
    added: int
    changed: int
    removed: int
    unchanged: int
    made: int
    files: Mapping[str, KnownFile]


@dataclass(frozen=True, slots=True)
class _File:
    """A file of the site that may have to be made."""

    name: str  # its path
    make: Callable[[], bytes]  # makes its content
    key: bytes | None = None  # what it depends on, ``None`` where that is not known


@dataclass(frozen=True, slots=True)
class _Origin:
    """The places of the project's commits and files; see :func:`publish`."""

    commit_url: str
    sources: Sources
    sources_id: str = ""


def publish(
    summaries: Sequence[Summary],
    output: Path,
    *,
    project: str,
    commit_url: str = "",
    extra: Mapping[str, bytes] | None = None,
    sources: Sources = no_sources,
    sources_id: str = "",
    standard: Standard | None = None,
    known: Mapping[str, KnownFile] | None = None,
) -> SiteReport:
    """Write the site of a project, replacing the one that is there in one step.

    The same input gives the same bytes. Nothing is left of an earlier site; a crash leaves the
    earlier one as it was.

    Args:
        summaries: one per machine, environment and branch; the first is the one that
            ``index.html`` shows.
        output: directory of the site. It must be missing, empty, or hold an earlier site.
        project: name of the measured project.
        commit_url: prefix of the web page of a commit; ignored unless it is ``http(s)://``.
        extra: further files at the top of the site; what an earlier call put there stays.
        sources: gives the content of source files; without it their pages have no text.
        sources_id: tells a repository from one that has other commits.
        standard: by what regressions are waived; without it none is.
        known: ``files`` of an earlier call of the same harness.

    Raises:
        StoreError: the directory cannot be written, or holds something else.
    """
    sections = _sections(summaries, project, standard)
    origin = _Origin(commit_url, sources, sources_id)
    there = stamps(output)
    keys: dict[str, bytes] = {}
    counts = {"pages": 0, "made": 0}

    def contents() -> Iterator[tuple[str, bytes | Stamp | None]]:
        for file in _files(sections, origin):
            counts["pages"] += file.name.endswith(".html")
            if file.key is not None:
                keys[file.name] = file.key
                stamp = there.get(file.name)
                if stamp is not None and (known or {}).get(file.name) == (file.key, *stamp):
                    yield file.name, stamp
                    continue
            counts["made"] += 1
            yield file.name, file.make()
        for name in _NIGHTLY:
            if name in there and name not in (extra or {}):
                yield name, None
        yield from (extra or {}).items()

    change = replace_tree(output, contents())
    return SiteReport(
        path=output,
        index=output / "index.html",
        pages=counts["pages"],
        added=change.added,
        changed=change.changed,
        removed=change.removed,
        unchanged=change.unchanged,
        made=counts["made"],
        files={name: KnownFile(key, *change.stamps[name]) for name, key in keys.items()},
    )


def render(
    summaries: Sequence[Summary],
    *,
    project: str,
    commit_url: str = "",
    sources: Sources = no_sources,
    standard: Standard | None = None,
) -> Iterator[tuple[str, bytes]]:
    """The files of the site as ``(path, content)``; see :func:`publish`."""
    sections = _sections(summaries, project, standard)
    for file in _files(sections, _Origin(commit_url, sources)):
        yield file.name, file.make()


def _files(sections: Sequence[Section], origin: _Origin) -> Iterator[_File]:
    package = resources.files(__package__) / "static"
    for name in _STATIC:
        yield _File(f"static/{name}", (package / name).read_bytes)
    for name in _VENDOR:
        yield _File(f"static/{name}", partial(_built, package / name))
    for section in sections:
        yield from chain(_single(section, origin), _pages(section, origin))


def _built(file: Traversable) -> bytes:
    """A file of the charts' library, which only a build puts there.

    Raises:
        StoreError: there was none.
    """
    try:
        return file.read_bytes()
    except OSError:
        raise StoreError(
            f"the site's charts are not built in: {file} is missing; install escape-velocity again"
            " (in a clone: make install)"
        ) from None


def _sections(
    summaries: Sequence[Summary], project: str, standard: Standard | None
) -> list[Section]:
    generated = max(
        (s.history.began(r) + r.duration for s in summaries for r in s.history.records),
        default=float("nan"),
    )
    roots = [""] + [names.environment_root(s.history) for s in summaries[1:]]
    plans = [source_plan(s) for s in summaries]
    siblings = tuple(
        Sibling(
            names.environment_name(s.history),
            names.environment_id(s.history),
            root,
            _page_names(s, plan),
        )
        for s, root, plan in zip(summaries, roots, plans, strict=True)
    )
    return [
        Section(project, s, root, minute(generated), siblings, plan, standard or Standard())
        for s, root, plan in zip(summaries, roots, plans, strict=True)
    ]


def _page_names(summary: Summary, plan: SourcePlan) -> frozenset[str]:
    return frozenset(
        [
            *(path for path, _, _ in _SINGLE_PAGES),
            *(names.benchmark_page(*key) for key in summary.series),
            *(names.revision_page(r.slot.revision) for r in summary.recorded),
            *plan.names,
        ]
    )


def _single(section: Section, origin: _Origin) -> Iterator[_File]:
    """The files that an environment has once."""

    def data(name: str, make: Callable[[Section], Json]) -> Callable[[], bytes]:
        return lambda: shard(name, make(section))

    root = section.root
    for path, template, view in _SINGLE_PAGES:
        yield _File(root + path, _page(section, template, view))
    yield _File(root + names.FEED, partial(regressions.feed, section, origin.commit_url))
    yield _File(root + columns.HISTORY_SHARD, partial(columns.history_shard, section))
    yield _File(root + escapes.SHARD, data("escapes", escapes.escapes_data))
    yield _File(root + compare.INDEX, data("revisions", compare.index))


def _page(
    section: Section, template: str, view: Callable[..., object], *of: object
) -> Callable[[], bytes]:
    return lambda: _printed(template, view(section, *of))


def _printed(template: str, view: object) -> bytes:
    return template_environment().get_template(template).render(view=view).encode()


def _pages(section: Section, origin: _Origin) -> Iterator[_File]:
    """The other files of an environment."""
    root, summary = section.root, section.summary
    keys = None
    if summary.history.ids:
        keys = PageKeys(section, origin.sources_id, origin.commit_url)
    page = partial(_page, section)

    def key(of: Callable[..., bytes], *args: object) -> bytes | None:
        return None if keys is None else of(keys, *args)

    columns_of: dict[str, str] = {}
    for series in summary.series:
        yield _File(
            root + names.benchmark_shard(*series),
            partial(columns.benchmark_shard, section, *series, columns_of),
        )
        view = benchmark_view(section, *series)
        yield _File(
            root + names.benchmark_page(*series),
            partial(_printed, "benchmark.html.j2", view),
            view_key(view),
        )
    numbers = compare.Numbers(section)
    for revision in summary.recorded:
        hash_ = revision.slot.revision
        yield _File(
            root + names.revision_page(hash_),
            page("revision.html.j2", revision_view, revision, origin.commit_url),
            key(PageKeys.revision, revision),
        )
        yield _File(
            root + names.revision_shard(hash_),
            partial(numbers.shard, hash_),
            key(PageKeys.revision_shard, hash_),
        )
    for hash_, path in sorted(section.plan.pages):
        name = root + names.source_page(path, hash_)
        if hash_:
            make = page("source.html.j2", source_view, origin.sources, hash_, path)
            yield _File(name, make, key(PageKeys.source, hash_, path))
        else:
            live = source_view(section, origin.sources, hash_, path)
            yield _File(name, partial(_printed, "source.html.j2", live), view_key(live))


@cache
def template_environment() -> Environment:
    """The templates, with everything that they print escaped and made visible."""
    environment = Environment(
        loader=PackageLoader("harness.outputs.site", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalize,
    )
    environment.filters |= {"plural": plural, "flow": flow_view}
    # Drawn where a page is printed: the view of one that stays as it is has no drawing made.
    environment.globals |= {"sparkline": sparkline, "strip": strip}
    return environment


def _finalize(value: object) -> object:
    """Every text that a template prints passes here: what would hide or reorder is written out."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return value
