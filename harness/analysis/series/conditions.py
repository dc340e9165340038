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
        for what, before, after in zip(_NAMES, _conditions(base), _conditions(head), strict=True)
        if before != after
    )


_NAMES = ("toolchain", "machine", "settings")


def _conditions(record: Record) -> tuple[str, str, str]:
    tool, machine, settings = record.environment.toolchain, record.machine, record.settings
    toolchain = f"{tool.release} {tool.goos}/{tool.goarch}" + (" with cgo" if tool.cgo else "")
    hardware = ", ".join(
        p for p in (machine.cpu, machine.num_cpu and f"{machine.num_cpu} CPUs") if p
    )
    return toolchain, hardware, f"-benchtime={settings.alloc_benchtime}"
