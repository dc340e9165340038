"""Compiled code of two records: functions with other stack frames or allocation calls.

Which functions are linked and inlined differs between revisions, so only functions that both
records have are compared.
"""

from collections import Counter
from dataclasses import dataclass

from harness.model import FunctionCode, Record


@dataclass(frozen=True, slots=True)
class FunctionChange:
    """A function with another frame or other calls.

    Attributes:
        file, line: where it is declared at head.
        before, after: bytes of its stack frame, or number of its allocation calls.
    """

    package: str
    function: str
    file: str
    line: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class CodeDiff:
    """The functions outside of test files that differ, the largest difference first."""

    frames: tuple[FunctionChange, ...] = ()  # those whose stack frame has another size, in bytes
    calls: tuple[FunctionChange, ...] = ()  # those with more or fewer allocation calls
    known: bool = False  # whether both records have compiled code


def diff_code(base: Record, head: Record) -> CodeDiff:
    """Compare the compiled functions of two records by package and name."""
    before, after = _functions(base), _functions(head)
    old, new = _calls(base), _calls(head)
    frames, calls = [], []
    for name, function in after.items():
        earlier = before.get(name)
        if earlier is None:
            continue
        place = (*name, function.file, function.line)
        if earlier.frame_bytes != function.frame_bytes:
            frames.append(FunctionChange(*place, earlier.frame_bytes, function.frame_bytes))
        if old[name] != new[name]:
            calls.append(FunctionChange(*place, old[name], new[name]))
    return CodeDiff(_largest(frames), _largest(calls), bool(before and after))


def _functions(record: Record) -> dict[tuple[str, str], FunctionCode]:
    """By package and name; of several of one name (``init``) that with the largest frame."""
    found: dict[tuple[str, str], FunctionCode] = {}
    for function in record.functions:
        if function.test:
            continue
        name = (function.package, function.function)
        if name not in found or found[name].frame_bytes < function.frame_bytes:
            found[name] = function
    return found


def _calls(record: Record) -> Counter[tuple[str, str]]:
    return Counter((c.package, c.function) for c in record.calls if not c.test)


def _largest(changes: list[FunctionChange]) -> tuple[FunctionChange, ...]:
    return tuple(sorted(changes, key=lambda c: (-abs(c.after - c.before), c.package, c.function)))
