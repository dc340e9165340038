"""Direct calls in machine code, for amd64 and arm64. Pure."""

import struct
from collections.abc import Callable, Collection, Iterator
from functools import cache
from typing import Any

from harness.errors import MeasurementError

_CALL = b"\xe8"  # CALL rel32, the only direct call of amd64
_CALL_SIZE = 5
_DISPLACEMENT = struct.Struct("<i")

Call = tuple[int, int]
"""Address of a call and of what it calls."""


def decoder(architecture: str) -> Callable[[bytes, int, Collection[int]], list[Call]]:
    """Return the function that finds calls: ``find(code, address, targets)``.

    It takes the bytes of a function, its address and the addresses whose callers are wanted. A
    pattern of bytes with a wanted distance is nearly always a call; only where there is one, the
    instructions are decoded to be certain that it begins one.

    Raises:
        MeasurementError: there is none for the architecture.
    """
    candidates_in = {"amd64": _amd64, "arm64": _arm64}.get(architecture)
    if candidates_in is None:
        raise MeasurementError(f"calls of {architecture} are not decoded")

    def find(code: bytes, address: int, targets: Collection[int]) -> list[Call]:
        candidates = {a: t for a, t in candidates_in(code, address) if t in targets}
        if not candidates:
            return []
        last = max(candidates) - address + _CALL_SIZE
        decoded = _disassembler(architecture).disasm_lite(code[:last], address)
        calls = (at for at, _, mnemonic, _ in decoded if mnemonic in ("call", "bl"))
        return [(at, candidates[at]) for at in calls if at in candidates]

    return find


def _amd64(code: bytes, address: int) -> Iterator[Call]:
    at = code.find(_CALL)
    while 0 <= at <= len(code) - _CALL_SIZE:
        distance = _DISPLACEMENT.unpack_from(code, at + 1)[0]
        yield address + at, address + at + _CALL_SIZE + distance
        at = code.find(_CALL, at + 1)


def _arm64(code: bytes, address: int) -> Iterator[Call]:
    # BL: 0b100101, then the distance in words as a signed number of 26 bits.
    words = struct.unpack_from(f"<{len(code) // 4}I", code)
    for index, word in enumerate(words):
        if word >> 26 == 0b100101:
            distance = ((word & 0x3FFFFFF) ^ 0x2000000) - 0x2000000
            yield address + 4 * index, address + 4 * (index + distance)


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
