"""The command that shows a number without the harness."""

import re
import shlex

from harness.model import Record
from harness.model.selection import exactly

_RELEASE = re.compile(r"go\d+[\w.]*")


def reproduce(record: Record, package: str, benchmark: str) -> str:
    """Check out the revision and run the one benchmark as the allocation lane does.

    For a POSIX shell at the repository's root, with the release and the variables of the record. A
    work tree with uncommitted changes is there already, so nothing is checked out. A package that
    the record does not have is taken for the root's.
    """
    directory = next((p.directory for p in record.packages if p.path == package), ".")
    environment = record.environment
    variables = {**environment.build_variables, **environment.run_variables}
    if _RELEASE.fullmatch(environment.toolchain.release):
        variables["GOTOOLCHAIN"] = environment.toolchain.release
    words = [
        *(f"{name}={shlex.quote(value)}" for name, value in sorted(variables.items())),
        "go test",
        *(() if directory in ("", ".") else (f"-C {shlex.quote(directory)}",)),
        f"-run '^$' -bench {shlex.quote(exactly([benchmark]))} -benchmem -trimpath -cpu=1",
        f"-benchtime={shlex.quote(record.settings.alloc_benchtime)}",
    ]
    command = " ".join(words)
    if record.revision.uncommitted:
        return command
    return f"git checkout {shlex.quote(record.revision.hash)} && {command}"
