"""``docs/accuracy.md`` from the data and the figures of ``real.py``. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from tests.bench.realdata import (
    ByHarness,
    Change,
    Figures,
    Neutral,
    Project,
    Said,
)

Projects = Sequence[tuple[Project, Figures]]

_ENOUGH = 0.98
_SUMS = 0.95

_HEAD = """\
# Accuracy on real commits

Written by `make accuracy-real CLONES=DIR` from the files in [accuracy/](accuracy), where `.toml` is
what a person judged and `.json` what was measured. Do not edit.

**Before** and **after** are allocs/op as plain `go test -run '^$' -bench … -benchmem
-benchtime=100x -cpu=1` prints them at the base (the first parent, unless another is named) and at
the commit; nothing of the harness takes part in that. The rest is what `esv explain COMMIT` says,
with a configuration as `esv init` writes it. The judgement is that of a person who read the
commit and the source at the line that is named. *Right*: the first cause is the line that explains
most of the change, and what is said of it is true. *Partly*: it is a cause but not the largest, or
the line is right and what is said of it is not. Else *wrong*. Should a later run name another first
cause than the one that was judged, the row says *judge again* and does not count as right. A commit
counts as right if all of its rows do.

¹ The benchmark is only in the commit: the base was run by hand with the commit's test files.
"""

_NEUTRAL_HEAD = """\
## Commits that change no allocation

Commits that change Go code, but, as run by hand, no benchmark's allocs/op, and, as read by a
person, no escape. The harness must report no step, no new and no gone site. *Naive* are the lines
`file:line: message` of `go build -gcflags=-m ./...` that say that something goes to the heap and
that only the commit (+) or only the base (-) has.
"""

_SUM_HEAD = """\
## Sums

For every benchmark of one revision of each repository: the allocations per operation of all lines
of the account, against what is reported. `testing` cuts allocs/op to a whole number (a true 4.99
prints as 4). So the same benchmark is run by hand once more with a `testing` that prints its count
divided by its iterations *uncut*. What is cut off is a part of an allocation in every operation,
which the sum has, or what happens once in the run, which it has not. A sum *adds up* if it is
within 1 % or 0.05 of the reported figure, of the uncut one, or between the two. *Equal* counts
those that are within 1 % or 0.05 of the whole number itself.
"""


def render(projects: Projects) -> tuple[str, list[str]]:
    """The page, and what is not as it should be, one line each."""
    wrong: list[str] = []
    tables = [*_changes(projects, wrong), *_neutral(projects, wrong), *_sums(projects, wrong)]
    lines = [_HEAD, "## Summary", "", *_summary(projects, wrong), "", *tables]
    return "\n".join(lines).rstrip() + "\n", wrong


def matches(said: Said, row: Change) -> bool:
    """Whether a cause that the harness names is the one that a person found."""
    cause = row.cause
    return cause is not None and (said.file, said.line, said.function) == (
        cause.file,
        cause.line,
        cause.function,
    )


def seen(figures: Figures, row: Change) -> bool:
    """Whether the harness reports the figures that plain Go prints."""
    measured = figures.changes.get(row.key)
    if measured is None or measured.hand is None or measured.esv is None:
        return False
    return (measured.esv.before, measured.esv.after) == (measured.hand.before, measured.hand.after)


def verdict(figures: Figures, row: Change) -> str:
    """The judgement, or *judge again* where it was made of something else."""
    measured = figures.changes.get(row.key)
    if measured is None or measured.esv is None:
        return "not measured"
    said = measured.esv.causes[0] if measured.esv.causes else None
    hit = said is not None and matches(said, row)
    if (row.judgement == "right" and not hit) or (row.judgement == "wrong" and hit):
        return "judge again"
    if row.judgement == "open":
        return "not judged"
    return row.judgement


def _rows(projects: Projects) -> Iterable[tuple[Project, Figures, Change]]:
    return ((p, f, row) for p, f in projects for row in p.changes)


def _neutrals(projects: Projects) -> Iterable[tuple[Project, Figures, Neutral]]:
    return ((p, f, row) for p, f in projects for row in p.neutral)


def _summary(projects: Projects, wrong: list[str]) -> list[str]:
    rows = list(_rows(projects))
    commits = len({(p.name, r.commit) for p, _, r in rows})
    unseen = [(p.name, r.commit) for p, f, r in rows if not seen(f, r)]
    not_right = [(p.name, r.commit) for p, f, r in rows if verdict(f, r) != "right"]
    shares = [m.esv.explained for _, f, r in rows if (m := f.changes.get(r.key)) and m.esv]
    median = statistics.median(shares) if shares else 0.0
    neutral = list(_neutrals(projects))
    silent = sum(_silent(f, r) for _, f, r in neutral)
    flagged = sum(_naive(f, r) for _, f, r in neutral)
    sums = [s for _, f in projects for s in f.sums]
    fit = sum(s.adds_up for s in sums)
    if rows and median < _ENOUGH:
        wrong.append(f"median explained share {median:.3f} is below {_ENOUGH}")
    if sums and fit < _SUMS * len(sums):
        wrong.append(f"only {fit} of {len(sums)} sums add up")
    releases = ", ".join(sorted({f"go{p.go}" for p, _ in projects}))
    return [
        "| | |",
        "|---|---|",
        f"| repositories | {len(projects)} |",
        f"| changed allocs/op | {commits} commits, {len(rows)} benchmarks |",
        f"| change seen, with the figures of `go test` | {_both(unseen, commits, rows)} |",
        f"| first cause right | {_both(not_right, commits, rows)} |",
        f"| explained share | median {median:.3f}, {sum(s >= _ENOUGH for s in shares)} of"
        f" {len(shares)} at least {_ENOUGH} |",
        f"| commits that changed none: no step, no new or gone site | {silent} of {len(neutral)} |",
        f"| of these, flagged by the naive comparison | {flagged} |",
        f"| sums of the lines that equal the reported figure | {_of(fit, len(sums))} |",
        f"| Go | {releases} |",
    ]


def _both(failed: Sequence[tuple[str, str]], commits: int, rows: Sequence[object]) -> str:
    """How many rows did not fail, and how many commits have none that did."""
    return (
        f"{commits - len(set(failed))} of {commits} commits,"
        f" {len(rows) - len(failed)} of {len(rows)} benchmarks"
    )


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({100 * part / whole:.1f} %)" if whole else "")


def _changes(projects: Projects, wrong: list[str]) -> list[str]:
    lines = ["## Commits that changed allocs/op", ""]
    for project, figures in projects:
        if not project.changes:
            continue
        lines += [f"### {_link(project)}", ""]
        lines += [project.found, ""] if project.found else []
        lines += [
            "| commit | benchmark | before | after | esv | outcome | first cause | explained"
            " | judgement | why |",
            "|---|---|--:|--:|--:|---|---|--:|---|---|",
        ]
        for row in project.changes:
            lines.append(_change_line(project, figures, row))
            word = verdict(figures, row)
            if word != "right":
                wrong.append(f"{project.name} {row.key}: first cause {word}")
            if not seen(figures, row):
                wrong.append(f"{project.name} {row.key}: not seen with the figures of go test")
        lines.append("")
    return lines


def _change_line(project: Project, figures: Figures, row: Change) -> str:
    measured = figures.changes.get(row.key)
    hand = measured.hand if measured else None
    esv = measured.esv if measured else None
    place = row.benchmark.removeprefix("Benchmark")
    if row.package != ".":
        place = f"{row.package} {place}"
    commit = _commit(project, row.commit)
    if row.base:
        commit += f" from {_commit(project, row.base)}"
    return _table_row(
        commit,
        _cell(place),
        f"{hand.before:g}{'¹' if hand.tests_of_head else ''}" if hand else "?",
        f"{hand.after:g}" if hand else "?",
        _same(esv, seen(figures, row)),
        esv.outcome if esv else "?",
        _cause(esv.causes[0]) if esv and esv.causes else "none",
        f"{esv.explained:.3f}" if esv else "?",
        verdict(figures, row),
        _cell(row.why)
        + (f"; true: `{row.cause.text()}`" if row.cause and row.judgement != "right" else ""),
    )


def _same(esv: ByHarness | None, same: bool) -> str:
    if esv is None:
        return "?"
    if same:
        return "same"
    return "no change" if esv.before is None else f"{esv.before:g} → {esv.after:g}"


def _cause(said: Said) -> str:
    place = f"`{said.file}:{said.line}`{' (base)' if said.side == 'base' else ''}"
    what = f"in {said.via}" if said.via else said.message
    words = {"new": "new: ", "gone": "gone: ", "kept": "as before: "}.get(said.escape, "")
    text = f"{words}{what}" if what else said.outcome
    note = f"; {said.note}" if said.note else ""
    return f"{said.delta:+g} {place} {_code(said.function)} {_cell(text + note)}"


def _neutral(projects: Projects, wrong: list[str]) -> list[str]:
    lines = [
        _NEUTRAL_HEAD,
        "| commit | what it does | benchmarks | steps | new | gone | B/op | naive |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for project, figures, row in _neutrals(projects):
        measured = figures.neutral.get(row.key)
        hand = measured.hand if measured else None
        esv = measured.esv if measured else None
        lines.append(
            _table_row(
                f"{project.name} {_commit(project, row.commit)}",
                _cell(row.why) + (f" **{_cell(row.miss)}**" if row.miss else ""),
                str(hand.benchmarks) if hand else "?",
                *(str(len(x)) for x in (esv.steps, esv.new, esv.gone, esv.bytes))
                if esv
                else ("?", "?", "?", "?"),
                f"+{hand.naive_new} -{hand.naive_gone}" if hand else "?",
            )
        )
        name = f"{project.name} {row.key}"
        if hand and hand.differ:
            wrong.append(f"{name} is not neutral: {'; '.join(hand.differ)}")
        if not _silent(figures, row):
            said = [*esv.steps, *esv.new, *esv.gone] if esv else ["not measured"]
            wrong.append(f"{name}: {'; '.join(said[:3])}")
    return [*lines, ""]


def _silent(figures: Figures, row: Neutral) -> bool:
    measured = figures.neutral.get(row.key)
    if measured is None or measured.esv is None:
        return False
    return not (measured.esv.steps or measured.esv.new or measured.esv.gone)


def _naive(figures: Figures, row: Neutral) -> bool:
    measured = figures.neutral.get(row.key)
    return bool(measured and measured.hand and measured.hand.naive_new + measured.hand.naive_gone)


def _sums(projects: Projects, wrong: list[str]) -> list[str]:
    lines = [
        _SUM_HEAD,
        "| revision | benchmarks | add up | equal | exact | left out |",
        "|---|--:|--:|--:|--:|---|",
    ]
    misses = []
    for project, figures in projects:
        check = project.sums
        if check is None:
            continue
        found = figures.sums
        lines.append(
            _table_row(
                f"{project.name} {_commit(project, check.revision)}",
                str(len(found)),
                _of(sum(s.adds_up for s in found), len(found)),
                _of(sum(s.equal for s in found), len(found)),
                str(sum(s.exact for s in found)),
                _cell(check.left_out) or "none",
            )
        )
        reasons = {(m.package, m.benchmark): m.reason for m in check.misses}
        for miss in (s for s in found if not s.adds_up):
            reason = reasons.get((miss.package, miss.benchmark), "")
            if not reason:
                wrong.append(f"{project.name} {miss.benchmark}: does not add up, no reason given")
            misses.append(
                _table_row(
                    project.name,
                    _cell(f"{miss.package} {miss.benchmark}".removeprefix(". ")),
                    f"{miss.reported:g}",
                    f"{miss.uncut:g}",
                    "none" if miss.account is None else f"{miss.account:.3f}",
                    _cell(reason) or "?",
                )
            )
    if misses:
        lines += [
            "",
            "Those that do not add up:",
            "",
            "| repository | benchmark | reported | uncut | sum of lines | reason |",
            "|---|---|--:|--:|--:|---|",
            *misses,
        ]
    return lines


def _table_row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;").strip()


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _link(project: Project) -> str:
    return f"[{project.repository.removeprefix('https://github.com/')}]({project.repository})"


def _commit(project: Project, commit: str) -> str:
    return f"[{commit[:8]}]({project.repository}/commit/{commit})"
