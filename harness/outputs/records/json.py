"""Records, comparisons and steps as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from harness.analysis.causes.attribution import Attribution
from harness.analysis.compare.comparison import Change
from harness.analysis.compare.escapes import EscapeDiff
from harness.analysis.compare.records import RecordDetail, RecordDiff
from harness.analysis.compare.views import ViewDiff
from harness.analysis.frames.correlation import Association
from harness.analysis.history.history import History
from harness.analysis.series.steps import Step
from harness.model import EscapeSite, Record, View
from harness.outputs.text.erased import erased_json
from harness.outputs.text.format import json_text


def record_json(detail: RecordDetail) -> str:
    """The whole record, as it is stored, and the escapes that inlining erases."""
    return json_text({**msgspec.to_builtins(detail.record), "erased": erased_json(detail.erased)})


def comparison_json(diff: RecordDiff) -> str:
    """Every unit of every benchmark of two records, and the new and gone escapes.

    A side that is missing is null, as are figures that cannot be told of it. Where the base was
    measured with another release of Go, what that changes is apart (``compiler``).
    """
    compiler = None
    if diff.older is not None and diff.by_compiler is not None:
        compiler = {
            "base": diff.older.environment.name,
            "head": diff.base.environment.name,
            "escapes": _escapes(diff.by_compiler),
        }
    shown, head = diff.older or diff.base, diff.head
    return json_text(
        {
            "schema": "esv.compare/1",
            "base": {"revision": shown.revision.hash, "environment": shown.environment.name},
            "head": {"revision": head.revision.hash, "environment": head.environment.name},
            "changes": [_change(c) for c in diff.changes],
            "escapes": _escapes(diff.escapes),
            "compiler": compiler,
            "code": msgspec.to_builtins(diff.code),
        }
    )


def views_json(base: tuple[View, Record], head: tuple[View, Record], difference: ViewDiff) -> str:
    """The lines that only one of two views has, by subject."""
    sides = {
        word: {
            "revision": record.revision.hash,
            "environment": record.environment.name,
            "gcflags": view.gcflags,
        }
        for word, (view, record) in (("base", base), ("head", head))
    }
    return json_text({"schema": "esv.views/1", **sides, **msgspec.to_builtins(difference)})


def steps_json(
    history: History, found: Sequence[Step], attributions: Mapping[Step, Attribution]
) -> str:
    """Steps with their causes."""
    entries = []
    for step in found:
        attribution = attributions.get(step)
        account = {
            "outcome": attribution.outcome if attribution else None,
            "explained": attribution.explained if attribution else None,
            "causes": attribution.causes if attribution else [],
        }
        entries.append({**msgspec.to_builtins(step), **account})
    return json_text(
        {"schema": "esv.steps/1", "environment": history.environment, "steps": entries}
    )


def correlation_json(history: History, found: Sequence[Association]) -> str:
    """Associations of changes with escapes; packages first, then their benchmarks."""
    sides = {"machine": history.machine, "environment": history.environment}
    return json_text({"schema": "esv.correlation/1", **sides, "associations": found})


def _change(change: Change) -> dict[str, Any]:
    both = change.base is not None and change.head is not None
    return {
        "package": change.package,
        "benchmark": change.benchmark,
        "unit": change.unit,
        "base": change.base.samples if change.base else None,
        "head": change.head.samples if change.head else None,
        "delta": change.delta if both else None,
        "direction": change.direction.value,
        "exact": change.exact,
        "p": change.p,
        "by_compiler": change.by_compiler,
    }


def _escapes(escapes: EscapeDiff) -> dict[str, Any]:
    return {
        "new": [_site(s, escapes) for s in escapes.new],
        "gone": [_site(s, escapes) for s in escapes.gone],
        "kept": escapes.kept,
        "unknown": escapes.unknown,
    }


def _site(site: EscapeSite, escapes: EscapeDiff) -> dict[str, Any]:
    cost = escapes.cost(site)
    return {**msgspec.to_builtins(site), "allocates": cost.allocates, "reach": cost.reach}
