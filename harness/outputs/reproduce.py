"""The command by which a person sees a number without the harness. Pure."""

from __future__ import annotations

import shlex

from harness.analysis import Change
from harness.model import Record


def reproduce(change: Change, record: Record) -> str:
    """Check out the revision and run the one benchmark as the allocation lane does."""
    package = next((p for p in record.packages if p.path == change.package), None)
    directory = package.directory if package else "."
    target = "." if directory == "." else f"./{directory}"
    pattern = "/".join(f"^{part}$" for part in change.benchmark.split("/"))
    return (
        f"git checkout {record.revision.short} && go test -run '^$' -bench {shlex.quote(pattern)}"
        f" -benchmem -benchtime={record.settings.alloc_benchtime} -cpu=1 {shlex.quote(target)}"
    )
