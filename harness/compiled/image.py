"""A linked test binary as addresses and bytes. ELF only; see :func:`is_decoded`."""

from __future__ import annotations

import contextlib
import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import MeasurementError
from harness.model import Toolchain

# ELF's name of a processor to Go's, where the calls are decoded.
_MACHINES = {"EM_X86_64": "amd64", "EM_AARCH64": "arm64"}
_ELF_SYSTEMS = (
    "android", "dragonfly", "freebsd", "illumos", "linux", "netbsd", "openbsd", "solaris",
)  # fmt: skip
_SYMBOL = struct.Struct("<IBBHQQ")
# The second is the name in position-independent code.
_FUNCTION_TABLE = (".gopclntab", ".data.rel.ro.gopclntab")


def is_decoded(toolchain: Toolchain) -> bool:
    """True if the binaries of a toolchain are decoded; for others there is ``-S``."""
    return toolchain.goos in _ELF_SYSTEMS and toolchain.goarch in _MACHINES.values()


@dataclass(frozen=True, slots=True)
class _Section:
    address: int
    offset: int
    size: int


@dataclass(slots=True)
class Image:
    """An open ELF file; ``architecture`` is Go's name of its processor."""

    architecture: str
    _bytes: mmap.mmap
    _sections: dict[str, _Section]

    @classmethod
    @contextlib.contextmanager
    def open(cls, path: Path) -> Iterator[Image]:
        """Map a file until the context is left.

        Raises:
            MeasurementError: it is no ELF file, or of a processor that is not decoded.
        """
        # Slow to import, and joining calls to sites needs none of it.
        from elftools.common.exceptions import ELFError
        from elftools.elf.elffile import ELFFile

        try:
            with path.open("rb") as stream:
                data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
                elf = ELFFile(stream)
                machine = elf.header["e_machine"]
                if elf.elfclass != 64 or not elf.little_endian or machine not in _MACHINES:
                    raise MeasurementError(f"{path.name} is for {machine}, which is not decoded")
                sections = {
                    s.name: _Section(s["sh_addr"], s["sh_offset"], s["sh_size"])
                    for s in elf.iter_sections()
                    if s["sh_type"] != "SHT_NOBITS"
                }
        except (OSError, ValueError) as err:
            raise MeasurementError(f"cannot read {path.name}: {err}") from None
        except (ELFError, KeyError, UnicodeDecodeError) as err:
            raise MeasurementError(f"{path.name} is no ELF binary: {err}") from None
        if any(s.offset + s.size > len(data) for s in sections.values()):
            raise MeasurementError(f"{path.name} is cut off: a section ends behind its end")
        with contextlib.closing(data):
            yield cls(_MACHINES[machine], data, sections)

    def function_table(self) -> bytes:
        """Return the bytes of ``.gopclntab``.

        Raises:
            MeasurementError: there is none, so Go did not link it.
        """
        for name in _FUNCTION_TABLE:
            if (section := self._sections.get(name)) is not None:
                return self._bytes[section.offset : section.offset + section.size]
        raise MeasurementError("the test binary has no .gopclntab")

    def symbol(self, name: str) -> tuple[int, int]:
        """Return address and size of a symbol; the size is 0 where the linker gives none.

        Raises:
            MeasurementError: it is not there; ``-ldflags=-s`` removes all symbols.
        """
        # Go has tens of thousands of symbols: only the wanted name is looked up, by its bytes.
        nothing = _Section(0, 0, 0)
        names, table = (self._sections.get(part, nothing) for part in (".strtab", ".symtab"))
        wanted = set()
        at, end, sought = names.offset, names.offset + names.size, name.encode() + b"\0"
        while (at := self._bytes.find(sought, at, end)) >= 0:
            wanted.add(at - names.offset)
            at += 1
        size = table.size - table.size % _SYMBOL.size
        for entry in _SYMBOL.iter_unpack(self._bytes[table.offset : table.offset + size]):
            if entry[0] in wanted:
                return entry[4], entry[5]
        raise MeasurementError(f"the test binary has no symbol {name}; was it stripped?")

    def read(self, address: int, size: int = 0) -> bytes:
        """Return bytes at an address; to the end of the section if ``size`` is 0.

        Raises:
            MeasurementError: the file does not hold them.
        """
        for section in self._sections.values():
            inside = address - section.address
            if section.address and 0 <= inside < section.size and inside + size <= section.size:
                start = section.offset + inside
                return self._bytes[start : start + (size or section.size - inside)]
        raise MeasurementError(f"the test binary holds no {size} bytes at {address:#x}")
