"""``esv steps``: every step of the recorded history, newest first, those that were repaired too."""

from collections.abc import Sequence

from harness.analysis.causes.explain import explain_steps
from harness.analysis.frames.correlation import associations
from harness.analysis.history.history import History
from harness.analysis.series.intervals import SiteIntervals
from harness.analysis.series.steps import recorded_units, steps
from harness.cli.context import configuration, emit
from harness.cli.options import StepsOptions
from harness.cli.publishing import load_histories
from harness.errors import EXIT_CLEAN, UsageError
from harness.model import ALLOCS
from harness.outputs.records.json import correlation_json, steps_json
from harness.outputs.text.correlation import correlation_text
from harness.outputs.text.format import visible
from harness.outputs.text.steps import steps_text


def run(options: StepsOptions) -> int:
    """List the steps of the newest history, or what its units correlate with."""
    history = load_histories(configuration(options))[0]
    units = _units(history, options.unit or (ALLOCS,))
    as_json = options.format == "json"
    if options.correlation:
        intervals = SiteIntervals(history)
        counts = {record.revision.hash: intervals.count(record) for record in history.records}
        pairings = associations(history, counts, units)
        text = correlation_json(history, pairings) if as_json else correlation_text(pairings)
        emit(options, text)
        return EXIT_CLEAN
    found = [s for unit in units for s in steps(history, unit)]
    found.sort(key=lambda s: (-history.position(s.revision), s.package, s.benchmark, s.unit))
    write = steps_json if as_json else steps_text
    emit(options, write(history, found, explain_steps(history, found)))
    return EXIT_CLEAN


def _units(history: History, wanted: Sequence[str]) -> list[str]:
    recorded = recorded_units(history)
    if "all" in wanted:
        return list(recorded)
    for unit in wanted:
        if unit not in recorded:
            there = ", ".join(visible(u) for u in recorded) or "none"
            raise UsageError(f"--unit {visible(unit)}: not recorded; there are {there}")
    return list(dict.fromkeys(wanted))
