"""This machine as asv knows it, read without asv, whose import takes longer than a small gate may.

Equal to what :mod:`asv.machine` gives (``tests/store/test_machine.py``). Nothing is written.
"""

import json
import os
import platform
import sys
from dataclasses import fields
from pathlib import Path

from harness.errors import StoreError
from harness.model import Machine

# Of asv's machine files.
_VERSION = 1


def machine(name: str | None = None, results_dir: Path | None = None) -> Machine:
    """The machine that measures.

    The entry of ``~/.asv-machine.json`` if there is one; else what the results directory has under
    that name, so that a new kernel does not begin new series; else asv's defaults.

    Args:
        name: asv's ``--machine``; ``None`` for this host.

    Raises:
        StoreError: its name cannot be that of a directory.
    """
    wanted = name or platform.node()
    entry = _entry(wanted)
    if entry is None and results_dir is not None:
        entry = _load(results_dir / wanted / "machine.json")
    if entry is None:
        entry = {**defaults(), "machine": wanted}
    values = {f.name: str(entry.get(f.name) or "") for f in fields(Machine)}
    if not values["machine"] or Path(values["machine"]).name != values["machine"]:
        raise StoreError(
            f"the machine's name {values['machine']!r} cannot be a directory;"
            " give it another with `asv machine`"
        )
    return Machine(**values)


def defaults() -> dict[str, str]:
    """Values of asv for a machine that nobody described."""
    if not sys.platform.startswith("linux"):
        from asv.machine import Machine as AsvMachine

        return {key: str(value) for key, value in AsvMachine.get_defaults().items()}
    host = platform.uname()
    memory = _proc("meminfo", "MemTotal").split()
    return {
        "machine": host.node,
        "os": f"{host.system} {host.release}",
        "num_cpu": str(os.cpu_count()),
        "arch": host.machine,
        "cpu": _proc("cpuinfo", "model name"),
        "ram": str(int(memory[0]) * (1024 if memory[1:] == ["kB"] else 1)) if memory else "",
    }


def _entry(wanted: str) -> dict[str, object] | None:
    """The entry of that name in the user's file, or the only one if this host is asked for."""
    # Path.expanduser raises where the user has no home directory.
    known = _load(Path(os.path.expanduser("~/.asv-machine.json")))  # noqa: PTH111
    if known is None:
        return None
    found = known.get(wanted)
    if found is None and len(known) == 1 and wanted == platform.node():
        found = next(iter(known.values()))
    return found if isinstance(found, dict) else None


def _load(path: Path) -> dict[str, object] | None:
    """A file of asv without its version; ``None`` if it is not there or cannot be used."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(data, dict) or data.pop("version", None) != _VERSION:
        return None
    return data


def _proc(name: str, key: str) -> str:
    """The first value of a key in a file of ``/proc``."""
    try:
        lines = Path("/proc", name).read_text("ascii", "replace").splitlines()
    except OSError:
        return ""
    pairs = (line.partition(":") for line in lines)
    return next((value.strip() for k, _, value in pairs if k.strip() == key), "")
