"""A revision in one sentence. Pure."""

from harness.analysis.verdict.summary import (
    RevisionState,
    RevisionSummary,
    broken_packages,
    revision_state,
)
from harness.model import Record
from harness.outputs.text.format import plural

SIGNS = {
    RevisionState.MEASURED: ("✓", "quiet"),
    RevisionState.CARRIED: ("↷", "quiet"),
    RevisionState.PARTIAL: ("!", "warning"),
    RevisionState.BROKEN: ("✕", "broken"),
    RevisionState.NO_BENCHMARKS: ("○", "quiet"),
    RevisionState.NOT_MEASURED: ("…", "quiet"),
}


def verdict(revision: RevisionSummary) -> tuple[str, str, str]:
    """Tone, sign and sentence for a revision that has a record."""
    record = revision.slot.record
    parts: list[str] = []
    if record is not None and revision.state in (RevisionState.BROKEN, RevisionState.PARTIAL):
        parts.append(trouble(record))
    if revision.regressions:
        parts.append(f"{plural(revision.regressions, 'benchmark')} with more allocs/op")
    if revision.improvements:
        parts.append(f"{plural(revision.improvements, 'benchmark')} with fewer allocs/op")
    sign, tone = SIGNS[revision.state]
    if revision.state is not RevisionState.BROKEN:
        if revision.regressions:
            sign, tone = "▲", "regression"
        elif revision.improvements and revision.state is not RevisionState.PARTIAL:
            sign, tone = "▼", "improvement"
        elif revision.state is RevisionState.CARRIED:
            sign = SIGNS[RevisionState.MEASURED][0]
    if revision.base is None:
        parts.append("nothing earlier to compare with")
    elif not revision.regressions and not revision.improvements:
        measured = revision.state in (RevisionState.MEASURED, RevisionState.CARRIED)
        of_what = "any benchmark" if measured else "what was measured"
        if record is not None and record.benchmarks():
            parts.append(f"no change in allocs/op of {of_what}")
    if revision.state is RevisionState.NO_BENCHMARKS:
        parts.append("no benchmarks to run")
    if revision.escapes is not None:
        parts.append(_escapes(len(revision.escapes.new), len(revision.escapes.gone)))
    sentence = "; ".join(p for p in parts if p)
    return tone, sign, f"{sentence[:1].upper()}{sentence[1:]}." if sentence else ""


def _escapes(new: int, gone: int) -> str:
    if not new and not gone:
        return "no new or gone escapes"
    parts = [plural(new, "new escape")] if new else []
    if gone:
        parts.append(f"{gone:,} gone" if new else plural(gone, "escape") + " gone")
    return ", ".join(parts)


def trouble(record: Record) -> str:
    """The reason why a revision was not measured as a whole."""
    broken = broken_packages(record)
    parts: list[str] = []
    if broken:
        verb = "does" if len(broken) == 1 else "do"
        parts.append(
            f"{plural(len(broken), 'package')} of {len(record.packages)} {verb} not compile"
        )
    elif revision_state(record) is RevisionState.BROKEN:
        parts.append("could not be measured")
    failures = len({(p.path, f.name) for p in record.packages for f in p.failures})
    if failures:
        parts.append(f"{plural(failures, 'benchmark')} failed")
    return ", ".join(parts) or "not everything could be measured"
