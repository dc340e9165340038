"""The function table, and names: damage ends in an error, never in a loop."""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.compiled.allocators import allocation_kind
from harness.compiled.decode import decoder
from harness.compiled.image import Image
from harness.compiled.names import Packages, plain_name
from harness.compiled.pclntab import FunctionTable
from harness.errors import MeasurementError
from harness.model.compiled import AllocationKind


@dataclass(frozen=True)
class Parts:
    table: bytes
    text: int
    inlining: bytes


@cache
def parts_of(path: Path) -> Parts:
    with Image.open(path) as image:
        text = image.symbol("runtime.text")[0]
        return Parts(image.function_table(), text, image.read(*image.symbol("go:func.*")))


def walk(parts: Parts, step: int) -> int:
    """Ask everything of every ``step``-th function."""
    table = FunctionTable(parts.table, parts.text, parts.inlining)
    seen = 0
    for index in range(0, len(table), step):
        function = table.function(index)
        assert table.frame_size(function) >= 0
        table.declared(function)
        for address in range(function.entry, min(function.end, function.entry + 256), 16):
            assert table.places(function, address)
        seen += 1
    return seen


def test_whole_table(binary: Path) -> None:
    """The standard library too: every function of the binary is read."""
    assert walk(parts_of(binary), 1) > 3000


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(share=st.floats(0, 1))
def test_truncated(binary: Path, share: float) -> None:
    parts = parts_of(binary)
    # The last function's entry ends the table (in Go 1.27 the inline trees follow).
    header = struct.unpack_from("<8x8Q", parts.table)
    count, functions = header[0], header[7]
    (last,) = struct.unpack_from("<I", parts.table, functions + 8 * (count - 1) + 4)
    kept = int((functions + last + 43) * share)
    with pytest.raises(MeasurementError):
        table = FunctionTable(parts.table[:kept], parts.text, parts.inlining)
        table.function(len(table) - 1)


def test_truncated_inline_trees(binary: Path) -> None:
    parts = parts_of(binary)
    for kept in (0, 7, 100, len(parts.inlining) // 2):
        with pytest.raises(MeasurementError):
            walk(Parts(parts.table, parts.text, parts.inlining[:kept]), 1)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    changes=st.lists(
        st.tuples(st.floats(0, 0.9999), st.integers(0, 255), st.booleans()), min_size=1, max_size=30
    )
)
def test_damaged(binary: Path, changes: list[tuple[float, int, bool]]) -> None:
    parts = parts_of(binary)
    table, inlining = bytearray(parts.table), bytearray(parts.inlining)
    for place, value, in_table in changes:
        target = table if in_table else inlining
        # Half of the damage in the header and the index, where it does the most.
        target[int(place * (len(target) if value % 2 else min(len(target), 4096)))] = value
    with contextlib.suppress(MeasurementError):
        walk(Parts(bytes(table), parts.text, bytes(inlining)), 40)


@settings(max_examples=200)
@given(data=st.binary(max_size=400))
def test_noise(data: bytes) -> None:
    with pytest.raises(MeasurementError):
        FunctionTable(data, 0, b"")
    with pytest.raises(MeasurementError):
        FunctionTable(b"\xf1\xff\xff\xff\0\0\1\x08" + data[:56], 0, b"").function(0)


@settings(max_examples=200)
@given(code=st.binary(max_size=200), architecture=st.sampled_from(["amd64", "arm64"]))
def test_noise_as_code(code: bytes, architecture: str) -> None:
    for address, target in decoder(architecture)(code, 0x401000, range(0x400000, 0x403000)):
        assert 0x401000 <= address < 0x401000 + len(code)
        assert 0x400000 <= target < 0x403000


def test_a_call_begins_an_instruction() -> None:
    find = decoder("amd64")
    call = bytes.fromhex("e8fb0f0000")
    assert find(call, 0x1000, {0x2000}) == [(0x1000, 0x2000)]
    # The same bytes as the constant of MOVABS $…, AX.
    assert find(bytes.fromhex("48b8") + call + bytes(3), 0xFFE, {0x2000}) == []
    assert find(call, 0x1000, {0x2001}) == []
    assert decoder("arm64")(bytes.fromhex("00040094"), 0x1000, {0x2000}) == [(0x1000, 0x2000)]
    assert decoder("arm64")(bytes.fromhex("ffffff97"), 0x1000, {0xFFC}) == [(0x1000, 0xFFC)]
    with pytest.raises(MeasurementError, match="riscv64"):
        decoder("riscv64")


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("example.com/m.F", ("example.com/m", "F")),
        ("example.com/m.(*T).M", ("example.com/m", "(*T).M")),
        ("example.com/m.F.func1#gW254ZG/fY=#", ("example.com/m", "F.func1")),
        ("example.com/m.Top[go.shape.struct { A a/b.C }]", ("example.com/m", "Top[...]")),
        ("example.com/m.(*S[...]).Push.func1", ("example.com/m", "(*S[...]).Push.func1")),
        ("example.com/yaml%2ev3.F", ("example.com/yaml.v3", "F")),
        ("example.com/m_test.TestX", ("example.com/m", "TestX")),
        ("example.com/m/p.F", None),
        ("type:.eq.example.com/m.T", None),
        ("go:buildid", None),
        ("memeqbody", None),
        ("", None),
    ],
)
def test_packages(symbol: str, expected: tuple[str, str] | None) -> None:
    packages = Packages(["example.com/m", "example.com/yaml.v3"])
    assert packages.split(symbol) == expected


def test_a_package_that_is_called_test() -> None:
    packages = Packages(["example.com/m", "example.com/m_test"])
    assert packages.split("example.com/m_test.F") == ("example.com/m_test", "F")
    assert plain_name("gopkg.in/yaml%2ev3.Top[int]") == "gopkg.in/yaml.v3.Top[...]"


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        ("runtime.newobject", AllocationKind.OBJECT),
        ("runtime.mallocgcTinySC2", AllocationKind.OBJECT),
        ("runtime.mallocgcSmallScanNoHeaderSC7", AllocationKind.OBJECT),
        ("runtime.makeslicecopy", AllocationKind.SLICE),
        ("runtime.growsliceBufNoAlias", AllocationKind.APPEND),
        ("runtime.moveSliceNoCapNoScan", AllocationKind.APPEND),
        ("runtime.makemap_small", AllocationKind.MAP),
        ("runtime.mapassign_fast64ptr", AllocationKind.MAP),
        ("runtime.makechan64", AllocationKind.CHAN),
        ("runtime.convTnoptr", AllocationKind.BOXING),
        ("runtime.concatstring5", AllocationKind.STRING),
        ("runtime.concatbyte2", AllocationKind.STRING),
        ("runtime.slicebytetostring", AllocationKind.STRING),
        ("runtime.slicebytetostringtmp", None),
        ("runtime.deferprocStack", None),
        ("runtime.deferproc", AllocationKind.DEFER),
        ("runtime.mapaccess1", None),
        ("example.com/m.newobject", None),
    ],
)
def test_allocators(function: str, kind: AllocationKind | None) -> None:
    assert allocation_kind(function) is kind
