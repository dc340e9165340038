"""Commits with their steps as an Atom feed (RFC 4287)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.analysis.causes.attribution import Attribution
from harness.analysis.compare.comparison import Direction
from harness.analysis.history.history import History
from harness.analysis.series.steps import Step
from harness.model import ALLOCS
from harness.outputs.nightly.report import MOST_ROWS, ordered, rfc3339, step_lines
from harness.outputs.text.explanation import waived_by
from harness.outputs.text.format import one_line, plural, visible
from harness.policy.model import Waiver

FEED_NAME = "feed.xml"
_MOST_ENTRIES = 50
_ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """The steps of a commit."""

    history: History
    attributions: Mapping[Step, Attribution]  # of the steps, as far as there are accounts
    revision: str
    steps: tuple[Step, ...]
    at: float  # when they became known
    page: str = ""  # of the revision, relative to the feed; empty for none
    waivers: tuple[Waiver, ...] = ()  # where all of the commit is waived


def commits_feed(
    project: str, entries: Iterable[FeedEntry], kind: str, title: str, commit_url: str = ""
) -> bytes:
    """The entries, in any order, as a feed with the latest known first.

    Args:
        kind: a word for the feed's id.
        commit_url: prefix of the web page of a commit; ignored unless it is ``http(s)://``.
    """
    in_order = sorted(entries, key=lambda e: e.at, reverse=True)
    feed = Element("feed", xmlns=_ATOM)
    SubElement(feed, "id").text = f"urn:esv:{_urn(project)}:{kind}"
    SubElement(feed, "title").text = visible(f"{project}: {title}")
    SubElement(feed, "updated").text = rfc3339(in_order[0].at if in_order else 0.0)
    SubElement(SubElement(feed, "author"), "name").text = "Escape Velocity"
    feed.extend(_feed_entry(project, entry, commit_url) for entry in in_order[:_MOST_ENTRIES])
    indent(feed)
    data: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _feed_entry(project: str, told: FeedEntry, commit_url: str) -> Element:
    revision, steps = told.revision, told.steps
    commit = told.history.by_hash[revision].revision
    worse = [s for s in steps if s.direction is Direction.REGRESSION and s.unit == ALLOCS]
    word = plural(len(worse), "regression") if worse else plural(len(steps), "change")
    entry = Element("entry")
    environment = told.history.environment
    SubElement(entry, "id").text = f"urn:esv:{_urn(project)}:{_urn(environment)}:{revision}"
    let_pass = "waived: " if told.waivers else ""
    SubElement(entry, "title").text = visible(
        f"{let_pass}{word} at {commit.short}: {one_line(commit.subject, 100)}"
    )
    if told.waivers:
        SubElement(entry, "category", term="waived")
    SubElement(entry, "updated").text = rfc3339(told.at)
    if told.page:
        SubElement(entry, "link", rel="alternate", type="text/html", href=told.page)
    if re.match(r"https?://", commit_url):
        relation = {"rel": "via"} if told.page else {}
        SubElement(entry, "link", {**relation, "href": visible(commit_url) + revision})
    lines = list(dict.fromkeys(visible(waived_by(w)) for w in told.waivers))
    for step in ordered(steps)[:MOST_ROWS]:
        lines += step_lines(told.history, step, told.attributions.get(step))
    SubElement(entry, "content", type="text").text = "\n".join(lines)
    return entry


def _urn(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text) or "-"
