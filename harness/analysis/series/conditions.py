"""Changes of the toolchain, the processor or the settings along a history.

Values from both sides of such a place may differ without a change of the code.
"""

from dataclasses import dataclass
from itertools import pairwise

from harness.analysis.history.history import History
from harness.model import Record


@dataclass(frozen=True, slots=True)
class ConditionChange:
    """A revision that was measured under another condition than the one before it."""

    revision: str
    what: str
    before: str
    after: str


def condition_changes(history: History) -> tuple[ConditionChange, ...]:
    """Every change of a condition, oldest first."""
    return tuple(
        ConditionChange(head.revision.hash, what, before, after)
        for base, head in pairwise(history.records)
        for (what, before), after in zip(
            _conditions(base).items(), _conditions(head).values(), strict=True
        )
        if before != after
    )


def _conditions(record: Record) -> dict[str, str]:
    tool, machine = record.environment.toolchain, record.machine
    cgo = " with cgo" if tool.cgo else ""
    cpus = machine.num_cpu and f"{machine.num_cpu} CPUs"
    return {
        "toolchain": f"{tool.release} {tool.goos}/{tool.goarch}{cgo}",
        "machine": ", ".join(filter(None, (machine.cpu, cpus))),
        "settings": f"-benchtime={record.settings.alloc_benchtime}",
    }
