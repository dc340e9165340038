"""The histories of one project: records grouped by machine, environment and branch."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.analysis.history.history import History
from harness.model import Record


def project_histories(
    records: Iterable[Record],
    branches: Sequence[tuple[str, Sequence[str]]],
    read_at: float = math.inf,
) -> list[History]:
    """One history for each machine, environment and branch that has records.

    As in asv, a branch also has what it shares with others. The environment with the newest record
    comes first, its branches in the given order.

    Args:
        branches: name and first-parent history of each, oldest first. The name of a single branch
            is not shown.
        read_at: when the records were read, in seconds since the epoch.
    """
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.machine.machine, record.environment.name), []).append(record)
    found: list[tuple[float, History]] = []
    for group in groups.values():
        for number, (name, line) in enumerate(branches):
            history = replace(
                History.build(group, line),
                branch=name if len(branches) > 1 else "",
                other_branch=number > 0,
                read_at=read_at,
            )
            if history.records:
                found.append((max(map(history.began, group)), history))
    return [history for _, history in sorted(found, key=lambda f: f[0], reverse=True)]
