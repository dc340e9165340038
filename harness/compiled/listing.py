"""Allocation calls and frame sizes from the compiler's listing, ``-S``.

``-S`` prints the innermost line of each instruction; ``-d=pctab=pctoinline`` prints each function a
second time, before that, with the outermost line and which inlined call an instruction belongs to,
and then the tree of those calls.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from harness.compiled.allocators import allocation_kind
from harness.compiled.gather import CompiledCode, gather
from harness.compiled.names import Packages, plain_name
from harness.errors import MeasurementError
from harness.model.compiled import AllocationCall, FunctionCode
from harness.toolchain import GoCommand

# The compiler works on one function at a time (-c=1), so that their tables do not mix.
LISTING_FLAGS = ("-trimpath", "-buildvcs=false", "-gcflags=-c=1 -S -d=pctab=pctoinline")
# A place that a ``//line`` directive gives is followed by that in the file itself.
_AT = r"\((?P<file>.+?):(?P<line>\d{1,9})(?:\[.*\])?\)"
_TABLE = re.compile(r"funcpctab (?P<name>.+) \[valfunc=pctoinline\]")
_TABLE_LINE = re.compile(r" *(?P<offset>[0-9a-f]+)(?: +-?\d+)? +\d{5,} " + _AT + r"\t(?P<code>.*)")
_TABLE_VALUE = re.compile(r" *[0-9a-f]+ +(?P<inlined>-?\d{1,9}) +\d{5,} \(")
_TREE = re.compile(r"-- inlining tree for (?P<name>.+):")
_TREE_LINE = re.compile(r"\d+ \| (?P<parent>-?\d{1,9}) \| (?P<name>.+) \(.*\) pc=-?\d+")
_STEXT = " STEXT "
_LOCALS = re.compile(r"\blocals=0x(?P<frame>[0-9a-f]{1,15})")
_CODE_LINE = re.compile(r"\t0x(?P<offset>[0-9a-f]+) \d{5,} " + _AT + r"\t(?P<code>.*)")
# `Call` on wasm, `JAL X1, f(SB)` on riscv64.
_CALL = re.compile(r"(?:CALL|Call|JAL|BL)\t(?:\w+, )?(?P<callee>\S+)\(SB\)")


@dataclass(slots=True)
class _Table:
    """The first listing of a function: per offset of a call the outermost line and inlined call."""

    calls: dict[int, tuple[str, int, int]] = field(default_factory=dict)
    tree: list[tuple[int, str]] = field(default_factory=list)

    def inlined(self, index: int) -> tuple[str, ...]:
        names: list[str] = []
        while 0 <= index < len(self.tree) and len(names) <= len(self.tree):
            index, name = self.tree[index]
            names.append(plain_name(name))
        return tuple(reversed(names))


def compile_listing(
    go: GoCommand,
    packages: Collection[str],
    relative: Callable[[str], str] = lambda path: path,
    *,
    others: Collection[str] = (),
) -> CompiledCode:
    """Compile packages and their tests once more for their listing, and read it.

    ``others`` are packages whose generic functions are wanted too, where these packages use them.

    Raises:
        MeasurementError: they do not compile, or it takes too long.
    """
    flags = ("-test", "-export", *LISTING_FLAGS, *go.flags)
    done = go.run("list", *flags, "--", *sorted(packages))
    if not done.ok:
        lines = done.stderr.splitlines()
        errors = [line for line in lines if re.match(r"[^\s:]+\.go:\d+", line)] or lines[-1:]
        reason = f"took more than {go.timeout:g} s" if done.timed_out else " ".join(errors[:3])
        raise MeasurementError(f"go with -S: {reason}")
    return parse_listing(done.stderr, {*packages, *others}, relative)


def parse_listing(
    output: str, packages: Collection[str], relative: Callable[[str], str] = lambda path: path
) -> CompiledCode:
    """Read the output of a build with :data:`LISTING_FLAGS`.

    Lines of plain ``-S`` are enough, but then the outermost line is that of the innermost.
    """
    return gather(_Reader(packages, relative).read(output))


class _Reader:
    """Reads the output; the first listing of a function comes before the second."""

    def __init__(self, packages: Collection[str], relative: Callable[[str], str]) -> None:
        self._packages = Packages(packages)
        self._relative = relative
        self._tables: dict[str, _Table] = {}
        # The function that the next lines are about.
        self._table: _Table | None = None
        self._inlined = -1
        self._name: tuple[str, str] | None = None
        self._frame = 0
        self._symbol = ""
        self._calls: list[AllocationCall] = []
        self._found: list[tuple[FunctionCode, list[AllocationCall]]] = []

    def read(self, output: str) -> list[tuple[FunctionCode, list[AllocationCall]]]:
        for line in output.split("\n"):
            if line.startswith("\t"):
                if self._name is not None:
                    self._code(self._name, line)
            elif line.startswith(" "):
                if self._table is not None:
                    self._table_line(self._table, line)
            elif line[:1].isdigit() and (step := _TREE_LINE.fullmatch(line)) is not None:
                if self._table is not None:
                    self._table.tree.append((int(step["parent"]), step["name"]))
            else:
                self._heading(line)
        return self._found

    def _heading(self, line: str) -> None:
        self._name = self._table = None
        if line.startswith("# "):
            self._tables.clear()
        elif (match := _TABLE.fullmatch(line)) is not None:
            self._inlined = -1
            if self._packages.split(match["name"]) is not None:
                self._table = self._tables[match["name"]] = _Table()
        elif (match := _TREE.fullmatch(line)) is not None:
            self._table = self._tables.get(match["name"])
        elif _STEXT in line:
            self._symbol, _, rest = line.partition(_STEXT)
            match = _LOCALS.search(rest)
            if match is not None and "size=" in rest:
                self._name = self._packages.split(self._symbol)
                self._frame = int(match["frame"], 16)
                self._calls = []

    def _table_line(self, table: _Table, line: str) -> None:
        value = _TABLE_VALUE.match(line)
        if value is not None:
            self._inlined = int(value["inlined"])
        match = _TABLE_LINE.fullmatch(line)
        if match is not None and _CALL.match(match["code"]):
            where = match["file"], int(match["line"]), self._inlined
            table.calls[int(match["offset"], 16)] = where

    def _code(self, name: tuple[str, str], line: str) -> None:
        match = _CODE_LINE.fullmatch(line)
        if match is None:
            return
        file, number = self._relative(match["file"]), int(match["line"])
        if match["code"].startswith("TEXT\t"):
            self._found.append((FunctionCode(*name, self._frame, file, number), self._calls))
            return
        call = _CALL.match(match["code"])
        kind = allocation_kind(call["callee"]) if call is not None else None
        if call is None or kind is None:
            return
        table = self._tables.get(self._symbol, _Table())
        here = (match["file"], number, -1)
        outer_file, outer_line, inlined = table.calls.get(int(match["offset"], 16), here)
        where = (file, number, self._relative(outer_file), outer_line)
        made = AllocationCall(*name, call["callee"], kind, *where, table.inlined(inlined))
        self._calls.append(made)
