"""The function table of a Go binary, ``.gopclntab``. Pure.

Its form is documented with ``runtime.pcHeader``, ``runtime._func`` and ``runtime.inlinedCall``; the
tables that map addresses to values are those of "Go 1.2 Runtime Symbol Information"
(https://golang.org/s/go12symtab). The form is the same from Go 1.20 to at least 1.27, as its magic
number says. Little-endian with 8-byte addresses, as on amd64 and arm64.
"""

import struct
from bisect import bisect_right
from dataclasses import dataclass

from harness.errors import MeasurementError

_MAGIC = 0xFFFFFFF1
_HEADER = struct.Struct("<IBBBBQQQQQQQQ")
_FUNCTION = struct.Struct("<IiIIIIIIIiBBBB")  # runtime._func, 44 bytes
_INLINED = struct.Struct("<B3xiii")  # runtime.inlinedCall, 16 bytes
_WORD = struct.Struct("<I")
_NONE = 0xFFFFFFFF
_PCDATA_INLINING = 2
_FUNCDATA_INLINING = 3
_MAX_NAME = 1 << 16
_MAX_DEPTH = 1000
_Table = tuple[list[int], list[int]]


@dataclass(frozen=True, slots=True)
class Place:
    """A function that code came from, and the source line."""

    function: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the table; ``inline_tree`` is an offset, -1 for none."""

    name: str
    entry: int
    end: int
    start_line: int
    stack_table: int
    file_table: int
    line_table: int
    inline_table: int
    inline_tree: int
    unit: int


class FunctionTable:
    """A decoded ``.gopclntab``.

    Args:
        data: the table, from its header.
        text: address of ``runtime.text``, to which the table's addresses are relative.
        inlining: ``go:func.*``, which has the inline trees.

    Raises:
        MeasurementError: it is no such table, or damaged; so do all methods.
    """

    def __init__(self, data: bytes, text: int, inlining: bytes) -> None:
        self._data = data
        self._text = text
        self._inlining = inlining
        header = _unpack(_HEADER, data, 0)
        magic, _, _, self._quantum, pointer, count, _, _, *offsets = header
        if magic != _MAGIC or pointer != 8 or self._quantum not in (1, 4):
            raise MeasurementError(f"an unknown form of .gopclntab (magic number {magic:#x})")
        self._names, self._units, self._files, self._tables, self._functions = offsets
        size = count * 8 + 4
        if count == 0 or max(offsets) > len(data) or self._functions + size > len(data):
            raise _damaged()
        index = struct.unpack_from(f"<{2 * count + 1}I", data, self._functions)
        self._entries: list[int] = [text + offset for offset in index[0::2]]
        self._offsets = index[1::2]
        self._decoded: dict[int, _Table] = {}
        self._file_names: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._offsets)

    def entry(self, index: int) -> int:
        """Return the address of a function."""
        return self._entries[index]

    def name(self, index: int) -> str:
        """Return the full name of a function, type arguments as ``[...]``."""
        where = self._functions + self._offsets[index] + 4
        return self._name(_word(self._data, where))

    def function(self, index: int) -> Function:
        """Return a function without its tables."""
        where = self._functions + self._offsets[index]
        fields = _unpack(_FUNCTION, self._data, where)
        offset, name, _, _, stack, file, line, pcdata, unit, start, _, _, _, funcdata = fields
        entry, end = self._text + offset, self._entries[index + 1]
        if entry != self._entries[index] or end < entry:
            raise _damaged()
        where += _FUNCTION.size
        inline_table, inline_tree = 0, -1
        if pcdata > _PCDATA_INLINING:
            inline_table = _word(self._data, where + 4 * _PCDATA_INLINING)
        if funcdata > _FUNCDATA_INLINING:
            tree = _word(self._data, where + 4 * (pcdata + _FUNCDATA_INLINING))
            inline_tree = -1 if tree == _NONE else tree
        return Function(
            self._name(name), entry, end, start, stack, file, line, inline_table, inline_tree, unit
        )

    def frame_size(self, function: Function) -> int:
        """Return the size of the stack frame in bytes: the most that the stack pointer is moved."""
        _, values = self._table(function.stack_table)
        return max(0, max(values, default=0))

    def declared(self, function: Function) -> tuple[str, int]:
        """Return file and line of the declaration."""
        return self._position(function, 0)[0], max(function.start_line, 0)

    def places(self, function: Function, address: int) -> list[Place]:
        """Return the origin of the code at an address: the innermost inlined function first.

        The last is the function itself.
        """
        offset = address - function.entry
        found: list[Place] = []
        while len(found) < _MAX_DEPTH:
            file, line = self._position(function, offset)
            call = -1
            if function.inline_tree >= 0:
                call = self._value(function.inline_table, offset)
            if call < 0:
                found.append(Place(function.name, file, line))
                return found
            where = function.inline_tree + call * _INLINED.size
            _, name, parent, _ = _unpack(_INLINED, self._inlining, where)
            if not 0 <= parent < function.end - function.entry:
                raise _damaged()
            found.append(Place(self._name(name), file, line))
            offset = parent
        raise _damaged()

    def _position(self, function: Function, offset: int) -> tuple[str, int]:
        number = self._value(function.file_table, offset)
        line = self._value(function.line_table, offset)
        return self._file(function.unit, number), max(line, 0)

    def _file(self, unit: int, number: int) -> str:
        if number < 0 or unit == _NONE:
            return ""
        offset = _word(self._data, self._units + 4 * (unit + number))
        if offset == _NONE:
            return ""
        if offset not in self._file_names:
            self._file_names[offset] = self._text_at(self._files + offset)
        return self._file_names[offset]

    def _name(self, offset: int) -> str:
        if offset < 0:
            raise _damaged()
        return self._text_at(self._names + offset)

    def _text_at(self, where: int) -> str:
        end = self._data.find(b"\0", where, where + _MAX_NAME)
        if end < 0:
            raise _damaged()
        return self._data[where:end].decode("utf-8", "replace")

    def _value(self, table: int, offset: int) -> int:
        """Return a table's value at an offset from the function's entry; -1 for none."""
        ends, values = self._table(table)
        index = bisect_right(ends, offset)
        return values[index] if index < len(values) else -1

    def _table(self, offset: int) -> _Table:
        """Return ends of ranges and their values, which the table holds as differences."""
        if offset == 0:
            return [], []
        if offset in self._decoded:
            return self._decoded[offset]
        data, at = self._data, self._tables + offset
        value, end = -1, 0
        ends: list[int] = []
        values: list[int] = []
        while True:
            difference, at = _varint(data, at)
            if difference == 0 and ends:
                break
            value += ~(difference >> 1) if difference & 1 else difference >> 1
            step, at = _varint(data, at)
            end += step * self._quantum
            ends.append(end)
            values.append(value)
        self._decoded[offset] = ends, values
        return ends, values


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return an unsigned number in groups of seven bits, and the offset after it."""
    value = 0
    for shift in range(0, 35, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _damaged()


def _word(data: bytes, where: int) -> int:
    word: int = _unpack(_WORD, data, where)[0]
    return word


def _unpack(form: struct.Struct, data: bytes, where: int) -> tuple[int, ...]:
    if where < 0 or where + form.size > len(data):
        raise _damaged()
    return form.unpack_from(data, where)


def _damaged() -> MeasurementError:
    return MeasurementError("the function table .gopclntab of the test binary is damaged")
