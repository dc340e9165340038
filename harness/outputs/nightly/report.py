"""What a nightly run found, as text, Markdown, JSON and an Atom feed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.analysis.causes.attribution import Attribution
from harness.analysis.compare.comparison import Direction
from harness.analysis.history.history import History, Stopped
from harness.analysis.series.steps import Step
from harness.analysis.verdict.news import EnvironmentNews, NightlyReport, counted_steps, series_of
from harness.analysis.verdict.policy import Violation
from harness.model import ALLOCS, Outcome
from harness.model.nightly import Reported
from harness.outputs.text.explanation import OUTCOMES, describe_cause
from harness.outputs.text.format import minute, one_line, plural, signed, value, visible
from harness.outputs.text.markdown import code, plain
from harness.policy.model import Waiver
from harness.words import utc

MARKER = "<!-- escape-velocity:nightly -->"
FEED_NAME = "feed.xml"
_MOST_ROWS = 50
_MOST_CAUSES = 3
_MOST_ENTRIES = 50
_ATOM = "http://www.w3.org/2005/Atom"


def headline(report: NightlyReport) -> str:
    """One sentence: how many regressions are new, or why nothing could be told."""
    worse = report.regressions
    if worse:
        commits = {step.revision for _, step in worse}
        return f"{plural(len(worse), 'new regression')} in {plural(len(commits), 'commit')}"
    if report.lost:
        return "there is nothing to compare with"
    if report.stopped:
        return "measuring has stopped"
    if report.nothing_measured:
        return "nothing could be measured"
    if report.failed:
        return f"{plural(len(report.failed), 'revision')} could not be measured"
    if report.problems:
        return "not everything could be done"
    if not any(e.compared for e in report.environments):
        there = max((e.baseline for e in report.environments), default=0)
        return f"nothing to compare with yet: {plural(there, 'revision')} recorded as the baseline"
    return "no new regression"


def stopped_text(found: Stopped) -> str:
    """What is said where measuring has stopped, the same on every day."""
    newer = plural(found.newer, "newer revision")
    than = f"than {found.newest[:8]} " if found.newest else ""
    return (
        f"measuring has stopped: no revision {than and 'newer '}{than}has given a number since"
        f" {minute(found.since)}; {newer} without one"
    )


def _warnings(report: NightlyReport) -> list[str]:
    """What keeps the report from being a clean one, a line each."""
    lines = [*report.lost]
    if report.unfetched_since:
        lines.append(
            "measuring has stopped: nothing could be fetched since"
            f" {minute(report.unfetched_since)}"
        )
    for found in report.environments:
        if found.history.stopped is not None:
            lines.append(f"{_where(found)}: {stopped_text(found.history.stopped)}")
    return [*lines, *report.problems]


def nightly_text(report: NightlyReport) -> str:
    """For a terminal: what is new, worst first, then what was done."""
    lines = [f"esv nightly: {headline(report)}"]
    lines += [visible(line) for line in _warnings(report)]
    for found in report.environments:
        judged = report.judged(found)
        for title, steps in _sections(found, judged):
            lines += ["", f"{title}, {_where(found)}"]
            for step in steps[:_MOST_ROWS]:
                lines += _step_text(found, step)
                lines += _waiver_text(judged.get(step))
            lines += _more(len(steps))
    lines += ["", *(visible(line) for line in _done(report))]
    return "\n".join(lines) + "\n"


def nightly_markdown(report: NightlyReport) -> str:
    """For a chat, a mail, or the summary of a job; foreign text shows and does nothing."""
    sign = {0: "✅", 1: "❌"}.get(report.exit_code, "⚠️")
    lines = [MARKER, f"### {sign} {plain(report.project)} nightly: {headline(report)}", ""]
    lines += [f"- {code(line)}" for line in _warnings(report)]
    for found in report.environments:
        judged = report.judged(found)
        for title, steps in _sections(found, judged):
            lines += ["", f"**{title}**, {code(_where(found))}", ""]
            lines += ["| commit | benchmark | before → after | why |", "|---|---|---|---|"]
            for step in steps[:_MOST_ROWS]:
                cells = _step_cells(found, step)
                violation = judged.get(step)
                if violation is not None and violation.waiver is not None:
                    cells[-1] = f"{code(_waived_by(violation.waiver))} {cells[-1]}".strip()
                lines.append("| " + " | ".join(cells) + " |")
            lines += ["", *_more(len(steps))]
    lines += ["", *(f"- {plain(line)}" for line in _done(report))]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class FeedSource:
    """One history with what was reported of it."""

    history: History
    reported: tuple[Reported, ...]
    attributions: dict[Step, Attribution]


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """The steps of a commit, to be told in a feed.

    Attributes:
        history: that has the commit.
        attributions: of the steps, as far as there are accounts.
        revision: hash of the commit.
        steps: at least one.
        at: when they became known, seconds since the epoch.
        page: of the revision, relative to the feed; empty for none.
        waivers: by which the commit is let pass as a whole; empty if it is not.
    """

    history: History
    attributions: Mapping[Step, Attribution]
    revision: str
    steps: tuple[Step, ...]
    at: float
    page: str = ""
    waivers: tuple[Waiver, ...] = ()


def atom_feed(project: str, sources: Iterable[FeedSource], commit_url: str = "") -> bytes:
    """The reported steps as an Atom feed (RFC 4287), an entry for each commit, newest first.

    Args:
        project: name of the project.
        sources: the histories.
        commit_url: prefix of the web page of a commit; ignored unless it is ``http(s)://``.
    """
    entries: list[FeedEntry] = []
    for source in sources:
        known = {(r.series, r.direction, r.revision): r.at for r in source.reported if r.at}
        by_commit: dict[str, list[Step]] = {}
        times: dict[str, float] = {}
        for step in counted_steps(source.history):
            at = known.get((series_of(step), str(step.direction), step.revision))
            if at:
                by_commit.setdefault(step.revision, []).append(step)
                times[step.revision] = max(at, times.get(step.revision, 0.0))
        entries += [
            FeedEntry(source.history, source.attributions, revision, tuple(steps), times[revision])
            for revision, steps in by_commit.items()
        ]
    return commits_feed(project, entries, "steps", "steps in allocations", commit_url)


def commits_feed(
    project: str, entries: Iterable[FeedEntry], kind: str, title: str, commit_url: str = ""
) -> bytes:
    """Commits with their steps as an Atom feed (RFC 4287), the latest known first.

    Args:
        project: name of the project.
        entries: in any order.
        kind: a word that tells the feed from others of the project.
        title: what it is of.
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
    lines = list(dict.fromkeys(_waived_by(w) for w in told.waivers))
    lines += [line for step in ordered(steps)[:_MOST_ROWS] for line in _step_text(told, step)]
    SubElement(entry, "content", type="text").text = "\n".join(lines)
    return entry


def _where(found: EnvironmentNews) -> str:
    """The environment, and the branch where there are several."""
    history = found.history
    return f"{history.environment}, {history.branch}" if history.branch else history.environment


def _sections(
    found: EnvironmentNews, judged: Mapping[Step, Violation]
) -> list[tuple[str, list[Step]]]:
    waived = {s for s, violation in judged.items() if violation.waiver is not None}
    new = ordered(s for s in found.news.new if s not in waived)
    worse = [s for s in new if s.direction is Direction.REGRESSION]
    better = [s for s in new if s.direction is not Direction.REGRESSION]
    narrowed = ordered(found.news.narrowed)
    named = [
        ("New regressions", worse),
        ("Waived by the policy", ordered(waived)),
        ("Improvements", better),
    ]
    return [(t, s) for t, s in (*named, ("Told to fewer commits since", narrowed)) if s]


def ordered(steps: Iterable[Step]) -> list[Step]:
    """Allocations before bytes, the largest relative step first."""

    def size(step: Step) -> float:
        ratio = (step.after + 1) / (step.before + 1)
        return max(ratio, 1 / ratio)

    return sorted(steps, key=lambda s: (s.unit != ALLOCS, -size(s), s.package, s.benchmark))


def _step_text(found: EnvironmentNews | FeedEntry, step: Step) -> list[str]:
    commit = found.history.by_hash[step.revision].revision
    lines = [
        f"  {visible(step.benchmark)} ({visible(step.package)}):"
        f" {value(step.before, step.unit)} → {value(step.after, step.unit)} {step.unit}"
        f" ({signed(step.delta, step.unit)})",
        f"    at {commit.short} {visible(one_line(commit.subject, 70))}{_between(step)}",
    ]
    attribution = found.attributions.get(step)
    if attribution is None:
        return lines
    lines.append(f"    {attribution.outcome}: {OUTCOMES[attribution.outcome]}")
    for cause in attribution.causes[:_MOST_CAUSES]:
        where = f"{visible(cause.file)}:{cause.line}" + (" (base)" if cause.at_base else "")
        lines.append(f"    {cause.delta:+,.4g} at {where}: {describe_cause(cause)}")
        if cause.note:
            lines.append(f"      {visible(cause.note)}")
    return lines


def _waiver_text(violation: Violation | None) -> list[str]:
    if violation is None or violation.waiver is None:
        return []
    return [f"    {_waived_by(violation.waiver)}"]


def _waived_by(waiver: Waiver) -> str:
    return visible(f"waived until {waiver.expires} by {waiver.owner}: {waiver.reason}")


def _step_cells(found: EnvironmentNews, step: Step) -> list[str]:
    commit = found.history.by_hash[step.revision].revision
    why = ""
    attribution = found.attributions.get(step)
    if attribution is not None:
        why = str(attribution.outcome)
        if attribution.causes:
            cause = attribution.causes[0]
            why += f": {code(f'{cause.file}:{cause.line}')} {code(describe_cause(cause))}"
    return [
        f"{code(commit.short)} {code(commit.subject, 60)}{_between(step)}",
        code(f"{step.package.rsplit('/', 1)[-1]}.{step.benchmark.removeprefix('Benchmark')}"),
        f"{value(step.before, step.unit)} → {value(step.after, step.unit)} {step.unit}",
        why,
    ]


def _between(step: Step) -> str:
    if not step.between:
        return ""
    return f", or in one of {plural(len(step.between), 'commit')} before it"


def _more(count: int) -> list[str]:
    hidden = count - _MOST_ROWS
    return [f"… and {hidden} more", ""] if hidden > 0 else []


def _done(report: NightlyReport) -> list[str]:
    broken = [r for r in report.measured if r.outcome is Outcome.BROKEN]
    lines = [
        f"{plural(len(report.measured), 'revision')} measured, {len(broken)} of them broken;"
        f" {report.remaining} left for later"
    ]
    for record in broken[:10]:
        error = record.errors[0].message if record.errors else ""
        lines.append(f"{record.revision.short} does not build: {one_line(error, 120)}")
    for hash_, message in report.failed[:10]:
        lines.append(f"{hash_[:8]} could not be measured: {one_line(message, 160)}")
    for found in report.environments:
        lines.append(
            f"{_where(found)}: {plural(found.compared, 'revision')} compared,"
            f" {found.baseline} before them"
        )
    lines += report.notes
    return lines


def rfc3339(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 has it, UTC."""
    return utc(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def _urn(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text) or "-"
