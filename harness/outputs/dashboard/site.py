"""Rendering the site and publishing it in one step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import chain
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.analysis.history import History
from harness.analysis.regressions import Standard
from harness.analysis.summary import Summary, summarise
from harness.errors import StoreError
from harness.outputs.dashboard import columns, escapes, names, regressions
from harness.outputs.dashboard.benchmark import benchmark_view
from harness.outputs.dashboard.compare import compare_data
from harness.outputs.dashboard.navigation import SINGLE_PAGES
from harness.outputs.dashboard.pieces import Section
from harness.outputs.dashboard.revision import revision_view
from harness.outputs.dashboard.shards import shard
from harness.outputs.dashboard.source import source_view
from harness.outputs.dashboard.sources import SourcePlan, Sources, no_sources, source_plan, watched
from harness.outputs.dashboard.tree import TreeChange, replace_tree
from harness.outputs.format import minute, plural, visible

_STATIC = (
    *("style.css", "code.css", "icon.svg", "data.js", "format.js", "keys.js"),
    *("plot.js", "table.js", "list.js", "stats.js", "overview.js", "benchmark.js"),
    *("compare.js", "escapes.js", "source.js", "revision.js"),
)
# Put beside them when the wheel or the editable install was built.
_VENDOR = ("vendor/uplot.js", "vendor/uplot.css", "vendor/uplot-license.txt")
# Put there by `esv nightly`, which a later `esv publish` cannot make again.
_NIGHTLY = ("feed.xml", "nightly.json", "nightly.md")


@dataclass(frozen=True, slots=True)
class SiteReport:
    """What :func:`publish` wrote.

    Attributes:
        path: the output directory.
        index: the page to open.
        pages: how many pages the site has.
        added, changed, removed, unchanged: how many files differ from the site that was there.
    """

    path: Path
    index: Path
    pages: int
    added: int
    changed: int
    removed: int
    unchanged: int


def publish(
    histories: Sequence[History],
    output: Path,
    *,
    project: str,
    commit_url: str = "",
    generated: float | None = None,
    extra: Mapping[str, bytes] | None = None,
    sources: Sources = no_sources,
    standard: Standard | None = None,
) -> SiteReport:
    """Write the site of a project, replacing the one that is there in one step.

    The same input gives the same bytes. Nothing is left of an earlier site; a crash leaves the
    earlier one as it was.

    Args:
        histories: one per machine, environment and branch; the first is the one that ``index.html``
            shows.
        output: directory of the site. It must be missing, empty, or hold an earlier site.
        project: name of the measured project.
        commit_url: prefix of the web page of a commit; ignored unless it is ``http(s)://``.
        generated: time that the site is as of, in seconds since the epoch; the time of the newest
            record if it is not given.
        extra: further files at the top of the site; what an earlier call put there stays.
        sources: gives the content of source files; without it their pages have no text.
        standard: by what regressions are waived; without it none is.

    Raises:
        StoreError: the directory cannot be written, or holds something else.
    """
    rendered = render(
        histories,
        project=project,
        commit_url=commit_url,
        generated=generated,
        sources=sources,
        standard=standard,
    )
    others: dict[str, bytes | None] = {n: None for n in _NIGHTLY if (output / n).is_file()}
    counted = _Counted(chain(rendered, (others | dict(extra or {})).items()))
    change: TreeChange = replace_tree(output, counted)
    return SiteReport(
        path=output,
        index=output / "index.html",
        pages=counted.pages,
        added=change.added,
        changed=change.changed,
        removed=change.removed,
        unchanged=change.unchanged,
    )


class _Counted:
    """Files that are passed on, and how many of them are pages."""

    def __init__(self, files: Iterable[tuple[str, bytes | None]]) -> None:
        self._files = files
        self.pages = 0

    def __iter__(self) -> Iterator[tuple[str, bytes | None]]:
        for name, data in self._files:
            self.pages += name.endswith(".html")
            yield name, data


def render(
    histories: Sequence[History],
    *,
    project: str,
    commit_url: str = "",
    generated: float | None = None,
    sources: Sources = no_sources,
    standard: Standard | None = None,
) -> Iterator[tuple[str, bytes]]:
    """The files of the site as ``(path, content)``; see :func:`publish`."""
    environment = template_environment()
    package = resources.files(__package__) / "static"
    for name in _STATIC:
        yield f"static/{name}", (package / name).read_bytes()
    for name in _VENDOR:
        yield f"static/{name}", _built(package / name)
    sections = _sections(histories, project, commit_url, generated, sources)
    for section in sections:
        if standard is not None:
            section = replace(section, standard=standard)
        yield from _pages(environment, section)


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
    histories: Sequence[History],
    project: str,
    commit_url: str,
    generated: float | None,
    sources: Sources,
) -> list[Section]:
    given = histories or [History("", "", (), ())]
    summaries = [summarise(h, watched) for h in given]
    if generated is None:
        generated = max(
            (r.started + r.duration for s in summaries for r in s.history.records),
            default=float("nan"),
        )
    roots = [""] + [names.environment_root(s.history) for s in summaries[1:]]
    plans = [source_plan(s) for s in summaries]
    ids = tuple(names.environment_id(s.history) for s in summaries)
    siblings = tuple(
        (names.environment_name(s.history), root, _page_names(s, plan))
        for s, root, plan in zip(summaries, roots, plans, strict=True)
    )
    return [
        Section(project, commit_url, summary, root, minute(generated), siblings, plan, ids, sources)
        for summary, root, plan in zip(summaries, roots, plans, strict=True)
    ]


def _page_names(summary: Summary, plan: SourcePlan) -> frozenset[str]:
    return frozenset(
        [
            *(page.path for page in SINGLE_PAGES),
            *(names.benchmark_page(*key) for key in summary.series),
            *(names.revision_page(r.slot.revision) for r in summary.recorded),
            *plan.names,
        ]
    )


def _pages(environment: Environment, section: Section) -> Iterator[tuple[str, bytes]]:
    def page(template: str, view: object) -> bytes:
        text = environment.get_template(template).render(view=view)
        return text.encode("utf-8")

    root = section.root
    for single in SINGLE_PAGES:
        yield root + single.path, page(single.template, single.view(section))
    yield root + regressions.FEED, regressions.feed(section)
    for name, make in columns.shards(section):
        yield root + name, make()
    for key in section.summary.series:
        name = root + names.benchmark_page(*key)
        yield name, page("benchmark.html.j2", benchmark_view(section, *key))
    for revision in section.summary.recorded:
        name = root + names.revision_page(revision.slot.revision)
        yield name, page("revision.html.j2", revision_view(section, revision))
    yield root + escapes.SHARD, shard("escapes", escapes.escapes_data(section))
    for path, content in compare_data(section):
        yield root + path, content
    for hash_, path in sorted(section.plan.pages):
        name = root + names.source_page(path, hash_)
        yield name, page("source.html.j2", source_view(section, hash_, path))


@cache
def template_environment() -> Environment:
    """The templates, with everything that they print escaped and made visible."""
    environment = Environment(
        loader=PackageLoader("harness.outputs.dashboard", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalize,
    )
    environment.filters["plural"] = plural
    return environment


def _finalize(value: object) -> object:
    """Every text that a template prints passes here: what would hide or reorder is written out."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return value
