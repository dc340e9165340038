"""``esv explain``: account for what changed from the parent, line by line."""

from collections.abc import Sequence

from harness.analysis.causes.attribution import Attribution, Cause
from harness.analysis.causes.crossing import Crossing, benchmarks_of, charged_changes
from harness.analysis.causes.explain import explain
from harness.analysis.causes.garbage import DRIVERS, collections
from harness.analysis.compare.comparison import Change
from harness.analysis.compare.erased import inlining_changes
from harness.analysis.compare.records import diff_records
from harness.cli.context import emit, open_session
from harness.cli.options import ExplainOptions
from harness.engine.base.answers import none_matched
from harness.engine.jobs.exchange import MOST_EXPLAINED, cross
from harness.engine.session import Session
from harness.errors import EXIT_CLEAN, MeasurementError, UsageError
from harness.model import Outcome, Record
from harness.outputs.records.explain import explain_json
from harness.outputs.text.erased import inlining_lines
from harness.outputs.text.explanation import collection_lines, explain_change
from harness.outputs.text.reproduce import reproduce
from harness.outputs.text.terminal import code_lines, compiler_lines, difference_lines, heading
from harness.words import plural


def run(options: ExplainOptions) -> int:
    """Account for what changed; always 0 if it could be measured."""
    with open_session(options, bench=options.bench) as (session, _):
        head_hash = session.resolve(options.revision)
        base_hash = _base(session, head_hash, options.base)
        spec = session.environments([options.go] if options.go else ())[0]
        base = session.ensure_counted(base_hash, spec)
        head = session.ensure_counted(head_hash, spec)
        _require_numbers(head)
        # Benchmarks that are new in the head get their baseline from its tests on the base's code.
        if base.outcome is not Outcome.NO_BENCHMARKS and not none_matched(base):
            _require_numbers(base)
        older = session.older_release(options.base_go, spec)
        crossing = cross(session, base, head, spec, MOST_EXPLAINED, older)
        base, head = crossing.base, crossing.head
        changes = charged_changes(crossing)
        wanted = benchmarks_of(changes)[:MOST_EXPLAINED]
        diffs = session.diffs(base_hash, head_hash)
        diff = diff_records(base, head, diffs, changes, crossing.older)
        attributions = explain(crossing, changes)
        inlining = inlining_changes(base, head)

        def source(cause: Cause) -> str:
            side = base_hash if cause.at_base else head_hash
            lines = (session.repository.file_text(side, cause.file) or "").splitlines()
            return lines[cause.line - 1] if 0 < cause.line <= len(lines) else ""

        if options.format == "json":
            emit(options, explain_json(diff, attributions, inlining))
            return EXIT_CLEAN
        lines = [*heading(base, head, crossing.older), ""]
        for change in changes:
            key = (change.package, change.benchmark, change.unit)
            if (change.package, change.benchmark) in wanted:
                lines += explain_change(change, attributions.get(key), source)
                lines += [*_collections(crossing, change, changes, attributions.get(key)), ""]
        hidden = len(benchmarks_of(changes)) - len(wanted)
        if hidden:
            lines += [f"{plural(hidden, 'more benchmark')} changed; choose with --bench", ""]
        if not changes:
            lines += ["no change in allocs/op or B/op", ""]
        else:
            lines += [f"reproduce: {reproduce(head, changes[0].package, changes[0].benchmark)}", ""]
        changed = inlining_lines(inlining)
        lines += [*changed, ""] if changed else []
        lines += [*difference_lines(diff.escapes), *compiler_lines(diff.by_compiler)]
        lines += code_lines(diff.code)
        emit(options, "\n".join(lines) + "\n")
    return EXIT_CLEAN


def _collections(
    crossing: Crossing, change: Change, changes: Sequence[Change], attribution: Attribution | None
) -> list[str]:
    """The garbage collections of a benchmark, once: below the unit that drives them."""
    key = (change.package, change.benchmark)
    own = {c.unit for c in changes if (c.package, c.benchmark) == key}
    if change.unit != next((unit for unit in DRIVERS if unit in own), None):
        return []
    return collection_lines(collections(*crossing.code_pair(*key), *key), attribution)


def _base(session: Session, head: str, name: str | None) -> str:
    if name:
        return session.resolve(name)
    parent = session.repository.revision(head).parent
    if parent is None:
        raise UsageError(f"{head[:8]} has no parent to compare with; name one with --base")
    return session.resolve(parent)


def _require_numbers(record: Record) -> None:
    """Make sure that there is something to explain.

    Raises:
        MeasurementError: the record has no number; in Go's own words.
        UsageError: ``--bench`` selects nothing.
    """
    if none_matched(record):
        there = ", ".join(sorted({name for p in record.packages for name in p.declared}))
        raise UsageError(
            f"no benchmark of {record.revision.short} is selected by --bench"
            f" {record.settings.bench!r}; there are {there}"
        )
    if not record.benchmarks():
        reason = record.errors[0].message.splitlines()[0] if record.errors else "no benchmarks"
        raise MeasurementError(f"{record.revision.short} could not be measured: {reason}")
