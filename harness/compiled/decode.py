"""Direct calls in machine code, for amd64 and arm64. Pure."""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection
from functools import cache
from typing import Any

from harness.errors import MeasurementError

_CALL = b"\xe8"  # CALL rel32, the only direct call of amd64
_CALL_SIZE = 5
_DISPLACEMENT = struct.Struct("<i")

Call = tuple[int, int]
"""Address of a call and of what it calls."""


def decoder(architecture: str) -> Callable[[bytes, int, Collection[int]], list[Call]]:
    """The function that finds calls: ``find(code, address, targets)``.

    It takes the bytes of a function, its address and the addresses whose callers are wanted.

    Raises:
        MeasurementError: there is none for the architecture.
    """
    found = {"amd64": _amd64, "arm64": _arm64}.get(architecture)
    if found is None:
        raise MeasurementError(f"calls of {architecture} are not decoded")
    return found


def _amd64(code: bytes, address: int, targets: Collection[int]) -> list[Call]:
    # A byte 0xe8 with a wanted distance behind it is nearly always a call; only where there is
    # one, the instructions are decoded to be certain that it begins one.
    candidates: dict[int, int] = {}
    at = code.find(_CALL)
    while 0 <= at <= len(code) - _CALL_SIZE:
        target = address + at + _CALL_SIZE + _DISPLACEMENT.unpack_from(code, at + 1)[0]
        if target in targets:
            candidates[address + at] = target
        at = code.find(_CALL, at + 1)
    if not candidates:
        return []
    return _at_instructions(_disassembler("amd64"), code, address, candidates)


def _arm64(code: bytes, address: int, targets: Collection[int]) -> list[Call]:
    # BL: 0b100101, then the distance in words as a signed number of 26 bits.
    candidates: dict[int, int] = {}
    words = struct.unpack_from(f"<{len(code) // 4}I", code)
    for index, word in enumerate(words):
        if word >> 26 != 0b100101:
            continue
        distance = ((word & 0x3FFFFFF) ^ 0x2000000) - 0x2000000
        target = address + 4 * (index + distance)
        if target in targets:
            candidates[address + 4 * index] = target
    if not candidates:
        return []
    return _at_instructions(_disassembler("arm64"), code, address, candidates)


def _at_instructions(
    disassembler: Any, code: bytes, address: int, candidates: dict[int, int]
) -> list[Call]:
    """The candidates that begin an instruction that is a call."""
    found: list[Call] = []
    # Nothing behind the last candidate matters.
    last = max(candidates) - address + _CALL_SIZE
    for where, _, mnemonic, _ in disassembler.disasm_lite(code[:last], address):
        if where in candidates and mnemonic in ("call", "bl"):
            found.append((where, candidates[where]))
    return found


def load() -> None:
    """Load the libraries that read a binary, which takes as long as reading a small one."""
    import capstone  # type: ignore[import-untyped]  # noqa: F401
    from elftools.elf import elffile  # noqa: F401


@cache
def _disassembler(architecture: str) -> Any:
    import capstone  # slow, and needed only to read a binary

    if architecture == "amd64":
        found = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    else:
        found = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    found.skipdata = True  # an instruction that capstone does not know ends nothing
    return found
