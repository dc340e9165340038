"""Result lines and files in the Go benchmark format, written. Pure.

Format: https://go.dev/design/14313-benchmark-format.
"""

from collections.abc import Iterable, Mapping

from harness.gobench.benchfmt import BenchmarkLine, standard_unit
from harness.gobench.saved import SavedLine
from harness.model import SECONDS


def write_saved(
    lines: Iterable[SavedLine],
    units: Mapping[str, Mapping[str, str]] | None = None,
    notes: Iterable[str] = (),
) -> str:
    """Return a file in the Go benchmark format, which ``benchstat`` reads.

    A value is written so that it is read back to the last bit, ``sec/op`` as ``ns/op`` where that
    is possible. The numbers of the lines are not used. ``units`` are ``Unit`` lines, such as
    ``{"sec/op": {"assume": "exact"}}``, ``notes`` comments for a person.
    """
    text = [f"# {' '.join(note.split())}" for note in notes]
    for unit, says in (units or {}).items():
        text.append(" ".join(["Unit", unit, *(f"{k}={v}" for k, v in says.items())]))
    config: Mapping[str, str] = {}
    for line in lines:
        text += [f"{key}:" for key in config if key not in line.config]
        text += [
            f"{key}: {' '.join(value.split())}"
            for key, value in line.config.items()
            if config.get(key) != value
        ]
        config = line.config
        text.append(format_result(line.result, line.procs))
    return "".join(f"{row}\n" for row in text)


def format_result(line: BenchmarkLine, procs: int = 1) -> str:
    """Return a result line as the testing package prints it."""
    suffix = f"-{procs}" if procs > 1 else ""
    values = [_printed(value, unit) for unit, value in line.values.items()]
    return "\t".join([f"{line.name}{suffix}", f"{line.iterations:>8}", *values])


def _printed(value: float, unit: str) -> str:
    if unit == SECONDS:
        # The shortest that is read as the same number.
        for digits in range(1, 18):
            text = f"{value * 1e9:.{digits}g}"
            if float(text) * standard_unit("ns/op")[1] == value:
                return f"{_plain(float(text)):>12} ns/op"
    return f"{_plain(value):>12} {unit}"


def _plain(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)
