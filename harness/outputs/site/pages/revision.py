"""The view of a revision's page. Pure."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

from harness.analysis.compare.code import CodeDiff
from harness.analysis.compare.escapes import EscapeDiff
from harness.analysis.series.series import UNIT_ORDER
from harness.analysis.series.steps import Step
from harness.analysis.verdict.summary import RevisionSummary
from harness.model import ALLOCS, EscapeSite, PackageOutcome, Record
from harness.outputs.site.draw import names
from harness.outputs.site.shared.account_views import AccountView
from harness.outputs.site.shared.accounts import Place, account_views, place_of
from harness.outputs.site.shared.escapes import EscapeView, UseView, escape_view, short_function
from harness.outputs.site.shared.links import BenchmarkLink, CommitView, Link
from harness.outputs.site.shared.records import measured_under
from harness.outputs.site.shared.section import Section, StepView
from harness.outputs.site.shared.values import Cell, cell
from harness.outputs.site.shared.verdicts import SIGNS, verdict
from harness.outputs.text.format import NOISY, clip, minute
from harness.outputs.text.reproduce import reproduce

_UP = "../"
_WEB = ("https://", "http://")
_LONGEST_MESSAGE = 64_000
_COMMANDS = 5
_MOST_FUNCTIONS = 50
# Benchmarks with values beyond which those that were measured here are shown alone.
_MOST_VALUES = 60
_OUTCOMES = {
    PackageOutcome.MEASURED: "measured",
    PackageOutcome.CARRIED: "carried",
    PackageOutcome.NO_BENCHMARKS: "no benchmarks",
    PackageOutcome.NO_TESTS: "no tests",
    PackageOutcome.NOT_SELECTED: "not selected",
    PackageOutcome.BUILD_FAILED: "does not compile",
    PackageOutcome.RUN_FAILED: "no benchmark gave a number",
}


@dataclass(frozen=True, slots=True)
class ErrorView:
    """Something that Go refused, or that failed while it ran."""

    package: str
    what: str
    where: str
    message: str


@dataclass(frozen=True, slots=True)
class PackageRow:
    """Outcome of a package."""

    path: str
    outcome: str
    benchmarks: int
    carried_from: CommitView | None


@dataclass(frozen=True, slots=True)
class ValueRow:
    """All values of one benchmark in one revision; ``carried_from`` is ``None`` if measured."""

    benchmark: BenchmarkLink
    cells: tuple[Cell, ...]
    carried_from: CommitView | None = None


@dataclass(frozen=True, slots=True)
class OverlayView:
    """A go.mod that was put in place of the revision's."""

    directory: str
    reason: str
    go_mod: str


@dataclass(frozen=True, slots=True)
class FunctionRow:
    """A function that was compiled otherwise: ``what`` of it, before and after."""

    function: str
    where: str
    package: str
    what: str
    before: str
    after: str


def explain_command(record: Record, base: str, *, release: bool) -> str:
    """The command that accounts for what a revision changed, for a POSIX shell.

    Args:
        record: of the revision.
        base: hash of the revision that it is compared with.
        release: whether the Go release has to be named.
    """
    parts = ["esv", "explain", shlex.quote(record.revision.hash)]
    if base != record.revision.parent:
        parts += ["--base", shlex.quote(base)]
    if release:
        parts += ["--go", shlex.quote(record.environment.toolchain.release.removeprefix("go"))]
    return " ".join(parts)


def revision_view(section: Section, summary: RevisionSummary, commit_url: str) -> SimpleNamespace:
    """Everything that the page of a revision shows; the revision has a record.

    ``values`` leaves ``carried`` benchmarks out, whose values are in ``shard``.
    """
    record = summary.slot.record
    assert record is not None, "only revisions with a record have a page"
    revision = record.revision
    sign, tone = SIGNS[summary.state]
    older, newer = _neighbours(section, revision.hash)
    message = revision.message.strip()
    first, _, rest = message.partition("\n")
    diff = summary.escapes
    base = None if summary.base is None else summary.base.revision.hash
    at = section.summary.history.position(revision.hash)
    # Change points stand apart from exact steps, but for those that are accounted for.
    steps = [s for s in summary.steps if s.p is None or s in section.attributions]
    other = _ordered(section, [s for s in summary.steps if s not in steps])
    accounts, uses = account_views(section, steps, _UP)
    unaccounted = [s for s in steps if s not in section.attributions]
    verdict_tone, verdict_sign, sentence = verdict(summary)
    values = _values(section, record)
    return SimpleNamespace(
        chrome=section.chrome(
            f"{revision.short} {revision.subject}", names.revision_page(revision.hash)
        ),
        hash=revision.hash,
        subject=clip(first, 400) or "(no message)",
        body=clip(rest.strip("\n"), _LONGEST_MESSAGE),
        author=clip(revision.author, 200),
        date=minute(revision.date),
        commit_url=f"{commit_url}{revision.hash}" if commit_url.startswith(_WEB) else "",
        state=summary.state.value,
        tone=tone,
        sign=sign,
        sentence=sentence,
        older=older,
        newer=newer,
        parents=tuple(_parent(section, p) for p in revision.parents),
        base=None if base is None else section.commit(base, _UP),
        between=0 if base is None else len(section.summary.history.between(base, revision.hash)),
        errors=_errors(record),
        failures=_failures(section, record),
        changed=len({(s.package, s.benchmark) for s in steps}),
        verdict_tone=verdict_tone,
        verdict_sign=verdict_sign,
        accounts=accounts,
        steps=_by_unit(_ordered(section, unaccounted)),
        other_steps=other,
        other_by_unit=_by_unit(other),
        noisy=NOISY,
        added=tuple(section.benchmark(*key, _UP) for key in summary.added),
        removed=tuple(section.benchmark(*key, _UP) for key in summary.removed),
        compared=diff is not None,
        new=()
        if diff is None
        else _escapes(section, diff, diff.new, accounts, uses, (revision.hash, at)),
        gone=()
        if diff is None
        else _escapes(section, diff, diff.gone, accounts, uses, (base or "", at)),
        kept=0 if diff is None else diff.kept,
        unknown=() if diff is None else diff.unknown,
        packages=_packages(section, record),
        units=UNIT_ORDER,
        values=values,
        carried=len(record.benchmarks()) - len(values),
        shard=names.revision_shard(revision.hash),
        overlays=tuple(
            OverlayView(o.directory, clip(o.reason, 4000), clip(o.go_mod, 16_000))
            for o in record.overlays
        ),
        facts=measured_under(record, summary),
        explain=(
            explain_command(record, base, release=bool(section.root))
            if base is not None and diff is not None and record.benchmarks()
            else ""
        ),
        reproduce=_commands(record, steps),
        code=_code(section, summary.code)[:_MOST_FUNCTIONS],
        more_code=len(_code(section, summary.code)[_MOST_FUNCTIONS:]),
    )


def _code(section: Section, code: CodeDiff) -> tuple[FunctionRow, ...]:
    """Functions with another stack frame, then those with more or fewer allocation calls."""
    return tuple(
        FunctionRow(
            clip(short_function(c.function), 160),
            clip(f"{c.file}:{c.line}", 300),
            section.short_package(c.package),
            what,
            f"{c.before:,}{unit}",
            f"{c.after:,}{unit}",
        )
        for what, unit, changes in (
            ("stack frame", "\N{NO-BREAK SPACE}B", code.frames),
            ("allocation calls", "", code.calls),
        )
        for c in changes
    )


def _escapes(
    section: Section,
    diff: EscapeDiff,
    sites: Sequence[EscapeSite],
    accounts: Sequence[AccountView],
    uses: Mapping[Place, UseView],
    where: tuple[str, int],
) -> tuple[EscapeView, ...]:
    """Escape sites of a revision, those that an account uses first.

    ``where`` is the revision that has them, and the place of the page in the history.
    """
    revision, by = where
    unused = UseView("in no account", "") if accounts else None
    return tuple(
        escape_view(
            section,
            site,
            uses.get(place_of(site), unused),
            diff.cost(site),
            place=(revision, _UP),
            by=by,
        )
        for site in sorted(sites, key=lambda s: place_of(s) not in uses)
    )


def _neighbours(section: Section, revision: str) -> tuple[CommitView | None, CommitView | None]:
    """The previous and the next revision that have a record."""
    at = section.recorded[revision]
    recorded = section.summary.recorded
    older = section.commit(recorded[at - 1].slot.revision, _UP) if at else None
    if at + 1 == len(recorded):
        return older, None
    return older, section.commit(recorded[at + 1].slot.revision, _UP)


def _parent(section: Section, parent: str) -> Link:
    known = parent in section.summary.history.by_hash
    return Link(parent[:8], _UP + names.revision_page(parent) if known else "")


def _errors(record: Record) -> tuple[ErrorView, ...]:
    told = {p.path for p in record.packages if p.failures}
    return tuple(
        ErrorView(
            package=e.package or "the module",
            what=e.stage,
            where=f"{e.file}:{e.line}" if e.file and e.line else e.file,
            message=clip(e.message, _LONGEST_MESSAGE),
        )
        for e in record.errors
        if e.stage != "run" or e.package not in told
    )


def _failures(section: Section, record: Record) -> tuple[ErrorView, ...]:
    lanes: dict[tuple[str, str, str, str], list[str]] = {}
    for p in record.packages:
        for f in p.failures:
            lanes.setdefault((p.path, f.name, f.kind, f.message), []).append(f.lane.value)
    return tuple(
        ErrorView(
            package=section.short_package(package),
            what=f"{kind} in the {' and the '.join(dict.fromkeys(found))} lane",
            where=clip(name, 200),
            message=clip(message, _LONGEST_MESSAGE),
        )
        for (package, name, kind, message), found in lanes.items()
    )


def _ordered(section: Section, steps: list[Step]) -> tuple[StepView, ...]:
    """Regressions before improvements, allocs/op before B/op, the largest share first."""

    def rank(step: Step) -> tuple[int, bool, float, str, str]:
        unit = UNIT_ORDER.index(step.unit) if step.unit in UNIT_ORDER else len(UNIT_ORDER)
        better = step.direction.value != "regression"
        return unit, better, -abs(step.ratio - 1), step.package, step.benchmark

    return tuple(section.step(s, _UP) for s in sorted(steps, key=rank))


def _by_unit(steps: tuple[StepView, ...]) -> tuple[tuple[str, tuple[StepView, ...]], ...]:
    units = dict.fromkeys(s.unit for s in steps)
    return tuple((unit, tuple(s for s in steps if s.unit == unit)) for unit in units)


def _packages(section: Section, record: Record) -> tuple[PackageRow, ...]:
    return tuple(
        PackageRow(
            path=clip(p.path, 300),
            outcome=_OUTCOMES[p.outcome],
            benchmarks=len(p.benchmarks),
            carried_from=None if p.carried_from is None else section.commit(p.carried_from, _UP),
        )
        for p in record.packages
    )


def _values(section: Section, record: Record) -> tuple[ValueRow, ...]:
    """Measured values, then those that are carried, unless these are very many."""
    every = [(p, b) for p in record.packages for b in p.benchmarks]
    shown = sorted(every, key=lambda pair: pair[0].carried_from is not None)
    if len(every) > _MOST_VALUES:
        shown = [pair for pair in shown if pair[0].carried_from is None]
    return tuple(
        ValueRow(
            section.benchmark(p.path, result.name, _UP),
            tuple(
                cell(
                    result.measurement(unit),
                    section.steps.get((p.path, result.name, unit, record.revision.hash)),
                )
                for unit in UNIT_ORDER
            ),
            None if p.carried_from is None else section.commit(p.carried_from, _UP),
        )
        for p, result in shown
    )


def _commands(record: Record, steps: list[Step]) -> tuple[str, ...]:
    """Commands for benchmarks that failed or changed, else for the first that was measured."""
    here = {(package, b.name) for package, b in record.benchmarks()}
    failed = dict.fromkeys((p.path, f.name) for p in record.packages for f in p.failures if f.name)
    changed = dict.fromkeys(
        (s.package, s.benchmark) for s in sorted(steps, key=lambda s: s.unit != ALLOCS)
    )
    chosen = [*failed, *(key for key in changed if key in here)][:_COMMANDS]
    if not chosen:
        measured = sorted(record.packages, key=lambda p: p.carried_from is not None)
        chosen = [(p.path, b.name) for p in measured for b in p.benchmarks][:1]
    return tuple(clip(reproduce(record, package, name), 2000) for package, name in chosen)
