"""The report of ``esv nightly`` as text and Markdown."""

from collections.abc import Iterable, Mapping

from harness.analysis.causes.attribution import Attribution
from harness.analysis.compare.comparison import Direction
from harness.analysis.history.history import History, Stopped
from harness.analysis.series.steps import Step
from harness.analysis.verdict.news import EnvironmentNews, NightlyReport
from harness.analysis.verdict.policy import Violation
from harness.model import ALLOCS, Outcome
from harness.outputs.text.explanation import OUTCOMES, describe_cause, waived_by
from harness.outputs.text.format import minute, one_line, plural, signed, value, visible, with_unit
from harness.outputs.text.markdown import code, plain
from harness.policy.model import Waiver
from harness.words import utc

MARKER = "<!-- escape-velocity:nightly -->"
MOST_ROWS = 50
_MOST_CAUSES = 3


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
    """The message that measuring has stopped, the same on every day."""
    newer = plural(found.newer, "newer revision")
    than = f"than {found.newest[:8]} " if found.newest else ""
    return (
        f"measuring has stopped: no revision {than and 'newer '}{than}has given a number since"
        f" {minute(found.since)}; {newer} without one"
    )


def _warnings(report: NightlyReport) -> list[str]:
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
    """For a terminal: new steps, worst first, then what was done."""
    lines = [f"esv nightly: {headline(report)}"]
    lines += [visible(line) for line in _warnings(report)]
    for found in report.environments:
        judged = report.judged(found)
        for title, steps in _sections(found, judged):
            lines += ["", f"{title}, {_where(found)}"]
            for step in steps[:MOST_ROWS]:
                lines += step_lines(found.history, step, found.attributions.get(step))
                waiver = _waiver(judged, step)
                lines += [f"    {visible(waived_by(waiver))}"] if waiver else []
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
            for step in steps[:MOST_ROWS]:
                cells = _step_cells(found, step)
                waiver = _waiver(judged, step)
                if waiver:
                    cells[-1] = f"{code(visible(waived_by(waiver)))} {cells[-1]}".strip()
                lines.append("| " + " | ".join(cells) + " |")
            lines += ["", *_more(len(steps))]
    lines += ["", *(f"- {plain(line)}" for line in _done(report))]
    return "\n".join(lines) + "\n"


def _waiver(judged: Mapping[Step, Violation], step: Step) -> Waiver | None:
    return judged[step].waiver if step in judged else None


def _where(found: EnvironmentNews) -> str:
    history = found.history
    return f"{history.environment}, {history.branch}" if history.branch else history.environment


def _sections(
    found: EnvironmentNews, judged: Mapping[Step, Violation]
) -> list[tuple[str, list[Step]]]:
    waived = [s for s, violation in judged.items() if violation.waiver is not None]
    new = ordered(s for s in found.news.new if s not in waived)
    worse = [s for s in new if s.direction is Direction.REGRESSION]
    better = [s for s in new if s.direction is not Direction.REGRESSION]
    named = [
        ("New regressions", worse),
        ("Waived by the policy", ordered(waived)),
        ("Improvements", better),
        ("Told to fewer commits since", ordered(found.news.narrowed)),
    ]
    return [(title, listed) for title, listed in named if listed]


def ordered(steps: Iterable[Step]) -> list[Step]:
    """Allocations before bytes, the largest relative step first."""
    return sorted(steps, key=lambda s: (s.unit != ALLOCS, -s.size[0], s.package, s.benchmark))


def step_lines(history: History, step: Step, attribution: Attribution | None) -> list[str]:
    """A step in plain text, with its commit and causes."""
    commit = history.by_hash[step.revision].revision
    lines = [
        f"  {visible(step.benchmark)} ({visible(step.package)}):"
        f" {value(step.before, step.unit)} → {with_unit(step.after, step.unit)}"
        f" ({signed(step.delta, step.unit)})",
        f"    at {commit.short} {visible(one_line(commit.subject, 70))}{_between(step)}",
    ]
    if attribution is None:
        return lines
    lines.append(f"    {attribution.outcome}: {OUTCOMES[attribution.outcome]}")
    for cause in attribution.causes[:_MOST_CAUSES]:
        where = f"{visible(cause.file)}:{cause.line}" + (" (base)" if cause.at_base else "")
        lines.append(f"    {cause.delta:+,.4g} at {where}: {describe_cause(cause)}")
        if cause.note:
            lines.append(f"      {visible(cause.note)}")
    return lines


def _step_cells(found: EnvironmentNews, step: Step) -> list[str]:
    commit = found.history.by_hash[step.revision].revision
    attribution = found.attributions.get(step)
    why = "" if attribution is None else str(attribution.outcome)
    for cause in attribution.causes[:1] if attribution is not None else ():
        why += f": {code(f'{cause.file}:{cause.line}')} {code(describe_cause(cause))}"
    return [
        f"{code(commit.short)} {code(commit.subject, 60)}{_between(step)}",
        code(f"{step.package.rsplit('/', 1)[-1]}.{step.benchmark.removeprefix('Benchmark')}"),
        f"{value(step.before, step.unit)} → {with_unit(step.after, step.unit)}",
        why,
    ]


def _between(step: Step) -> str:
    if not step.between:
        return ""
    return f", or in one of {plural(len(step.between), 'commit')} before it"


def _more(count: int) -> list[str]:
    hidden = count - MOST_ROWS
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
