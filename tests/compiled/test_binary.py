"""The decoder against the compiler's own listing."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from harness.compiled.binary import read_binary
from harness.compiled.gather import merge
from harness.compiled.image import is_decoded
from harness.compiled.listing import compile_listing, parse_listing
from harness.errors import MeasurementError
from harness.model import Toolchain
from harness.model.compiled import AllocationCall
from harness.process import tool_environment
from harness.toolchain import Go, GoCommand, find_go
from tests.compiled.conftest import CODE, PACKAGES
from tests.compiled.support import Module, compare

P = PACKAGES[0]


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("architecture", ["amd64", pytest.param("arm64", marks=pytest.mark.slow)])
def test_equals_listing(module: Module, tmp_path: Path, package: str, architecture: str) -> None:
    other = Module(module.go, module.directory, architecture)
    binary = other.link(package, tmp_path / "x.test")
    found = compare(other, package, binary)
    assert (found.only_binary, found.only_listing) == ([], [])
    assert found.calls >= (30 if package == P else 2)
    assert found.functions >= (20 if package == P else 2)


@pytest.mark.parametrize("package", PACKAGES)
def test_equals_listing_for_another_processor(
    program: Module, tmp_path: Path, package: str
) -> None:
    other = Module(program.go, program.directory, "arm64")
    found = compare(other, package, other.build(tmp_path / "x"))
    assert (found.only_binary, found.only_listing) == ([], [])
    assert found.calls >= (30 if package == P else 1)
    assert found.functions >= (20 if package == P else 1)


def test_equals_listing_of_timeline(go: Go, timeline: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(timeline, tree, ignore=shutil.ignore_patterns(".git"))
    assert any(tree.glob("*.go")) or any(tree.glob("*/*.go"))
    module = Module(go, tree)
    format_ = "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}"
    packages = module.run("list", "-f", format_, "./...").split()
    calls = 0
    for package in packages:
        found = compare(module, package, module.link(package, tmp_path / "x.test"))
        assert (package, found.only_binary, found.only_listing) == (package, [], [])
        calls += found.calls
    assert calls > 50


@pytest.mark.slow
@pytest.mark.parametrize("release", ["1.21.13", "1.22", "1.23", "1.24.11", "1.25.5", "1.26.6"])
@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_equals_listing_of_other_releases(
    release: str,
    architecture: str,
    go: Go,
    write_module: Callable[[], Path],
    tmp_path: Path,
) -> None:
    other = find_go(release, go.build_cache.parent)
    module = Module(other, write_module(), architecture)
    for package in PACKAGES:
        found = compare(module, package, module.link(package, tmp_path / "x.test"))
        assert (package, found.only_binary, found.only_listing) == (package, [], [])
        assert found.calls >= 2


def test_position_independent_program(program: Module, tmp_path: Path) -> None:
    found = read_binary(program.build(tmp_path / "x"), [P])
    assert len(found.calls) >= 30
    assert read_binary(program.build(tmp_path / "pie", "-buildmode=pie"), [P]) == found


@pytest.mark.slow
def test_position_independent_binary(module: Module, binary: Path, tmp_path: Path) -> None:
    other = module.link(P, tmp_path / "pie.test", "-buildmode=pie")
    assert read_binary(other, [P]) == read_binary(binary, [P])


def test_marked_lines(binary: Path) -> None:
    found: dict[int, set[str]] = defaultdict(set)
    for call in read_binary(binary, [P]).calls:
        if call.outer_file.endswith("/p.go"):
            found[call.outer_line].add(call.kind.value)
    for number, line in enumerate(CODE.lstrip("\n").splitlines(), 1):
        marks = re.search(r"//@ (.*)", line)
        if marks is not None:
            expected = set(marks[1].split()) - {"none", "silent"}
            assert found.get(number, set()) == expected, line


def test_inlined_calls_stand_where_they_land(binary: Path) -> None:
    calls = read_binary(binary, [P]).calls
    twice = _only(calls, "(*T).Twice")
    new = _line("return &T{1, 2}")
    assert (twice.line, twice.outer_line) == (new, _line("n := New()"))
    assert twice.inlined == (f"{P}.New",)
    assert not twice.test
    library = {c.kind.value: c for c in calls if c.function == "Library"}
    assert library["append"].file == "slices/slices.go"
    assert library["append"].inlined[0] == "slices.Clone[...]"
    assert library["append"].outer_file == "example.com/m/p/p.go"
    assert library["map"].callee == "maps.clone"
    outside = [c for c in calls if c.function == "TestOutside"]
    assert {c.package for c in outside} == {P}
    assert all(c.test for c in outside)
    assert ("example.com/m/yaml.v3.Make",) in {c.inlined for c in outside}


def test_generic_functions_have_one_name(binary: Path) -> None:
    functions = [f for f in read_binary(binary, [P]).functions if "Push" in f.function]
    assert {f.function for f in functions} >= {"(*Stack[...]).Push"}
    assert not [f for f in functions if "string" in f.function or "shape" in f.function]


def test_frames(binary: Path) -> None:
    frames = {f.function: f for f in read_binary(binary, [P]).functions}
    frame = frames["TestAll"]
    assert frame.file == "example.com/m/p/p_test.go"
    assert frame.line == 5
    assert frame.test
    assert frame.frame_bytes >= 1000  # Frame is inlined
    assert frames["fill"].frame_bytes == 0


def test_relative_paths_and_other_packages(binary: Path) -> None:
    code = read_binary(binary, [P], lambda path: path.removeprefix("example.com/m/"))
    assert {c.outer_file for c in code.calls} == {"p/p.go", "p/p_test.go", "p/outside_test.go"}
    assert read_binary(binary, ["example.com/m"]).functions == ()
    both = read_binary(binary, PACKAGES)
    assert {f.package for f in both.functions} == {P}  # yaml's Make is inlined
    assert merge([code, code]) == code


def test_listing_serves_where_nothing_is_decoded(program: Module, tmp_path: Path) -> None:
    env = {**program.go.environment(tool_environment()), "GOWORK": "off", "GOARCH": "riscv64"}
    env |= {"GOOS": "linux", "CGO_ENABLED": "0"}
    code = compile_listing(GoCommand(program.go.binary, program.directory, env, 300), PACKAGES)
    kinds = {(c.function, c.kind, c.outer_line) for c in code.calls}
    decoded = read_binary(program.build(tmp_path / "x"), [P])
    ours = {(c.function, c.kind, c.outer_line) for c in decoded.calls}
    assert len(ours) >= 20
    assert ours <= kinds
    assert {f.package for f in code.functions} == set(PACKAGES)
    with pytest.raises(MeasurementError, match=r"go with -S: .*nowhere"):
        compile_listing(GoCommand(program.go.binary, program.directory, env, 300), ["./nowhere"])


def test_what_is_decoded() -> None:
    def toolchain(goos: str, goarch: str) -> Toolchain:
        return Toolchain("go1.27.3", goos, goarch, "PATH", False)

    assert is_decoded(toolchain("linux", "amd64"))
    assert is_decoded(toolchain("freebsd", "arm64"))
    assert not is_decoded(toolchain("darwin", "arm64"))
    assert not is_decoded(toolchain("linux", "riscv64"))


def test_unreadable_binaries(module: Module, program: Module, binary: Path, tmp_path: Path) -> None:
    missing, text = tmp_path / "missing.test", tmp_path / "text.test"
    text.write_text("#!/bin/sh\n")
    empty = tmp_path / "empty.test"
    empty.touch()
    with pytest.raises(MeasurementError, match=r"cannot read missing\.test"):
        read_binary(missing, [P])
    with pytest.raises(MeasurementError, match=r"text\.test is no ELF binary"):
        read_binary(text, [P])
    with pytest.raises(MeasurementError, match=r"empty\.test"):
        read_binary(empty, [P])
    stripped = module.link(P, tmp_path / "stripped.test", "-ldflags=-s")
    with pytest.raises(MeasurementError, match="stripped"):
        read_binary(stripped, [P])
    foreign = Module(program.go, program.directory, "riscv64").build(tmp_path / "riscv")
    with pytest.raises(MeasurementError, match="EM_RISCV, which is not decoded"):
        read_binary(foreign, [P])
    whole = binary.read_bytes()
    for part in (100, len(whole) // 3, len(whole) // 2, len(whole) - 1000):
        cut = tmp_path / "cut.test"
        cut.write_bytes(whole[:part])
        with pytest.raises(MeasurementError):
            read_binary(cut, [P])


@pytest.mark.parametrize("field", [24, 32], ids=["sh_offset", "sh_size"])
def test_a_section_that_ends_behind_the_file(binary: Path, tmp_path: Path, field: int) -> None:
    whole = bytearray(binary.read_bytes())
    with binary.open("rb") as stream:
        elf = ELFFile(stream)
        header = elf["e_shoff"] + elf.get_section_index(".strtab") * elf["e_shentsize"]
    whole[header + field : header + field + 8] = (2**63).to_bytes(8, "little")
    damaged = tmp_path / "damaged.test"
    damaged.write_bytes(whole)
    with pytest.raises(MeasurementError, match=r"damaged\.test is cut off"):
        read_binary(damaged, [P])


def test_speed(binary: Path) -> None:
    """It must stay a small part of the 0.9 s and more that linking takes."""
    read_binary(binary, [P])
    limit = float(os.environ.get("ESV_TEST_DECODE_SECONDS") or 0.5)
    started = time.process_time()
    read_binary(binary, [P])
    assert time.process_time() - started < limit


def _only(calls: tuple[AllocationCall, ...], function: str) -> AllocationCall:
    (found,) = [c for c in calls if c.function == function]
    return found


def _line(text: str) -> int:
    lines = CODE.lstrip("\n").splitlines()
    (found,) = [n for n, line in enumerate(lines, 1) if text in line]
    return found


# What go1.27.3 prints of a function behind `//line gen/lexer.y:7`, with its tables left out.
LINE_DIRECTIVE = """# example.com/m/p
funcpctab example.com/m/p.Lex [valfunc=pctoinline]
     0     -1 00000 (example.com/m/p/gen/lexer.y:8[example.com/m/p/line.go:5])\tTEXT\texample.com/m/p.Lex(SB), ABIInternal, $32-8
    1a        00026 (example.com/m/p/gen/lexer.y:8[example.com/m/p/line.go:5])\tCALL\truntime.makemap(SB)
example.com/m/p.Lex STEXT size=54 align=0x0 args=0x8 locals=0x20 funcid=0x0
\t0x0000 00000 (example.com/m/p/gen/lexer.y:8[example.com/m/p/line.go:5])\tTEXT\texample.com/m/p.Lex(SB), ABIInternal, $32-8
\t0x001a 00026 (example.com/m/p/gen/lexer.y:8[example.com/m/p/line.go:5])\tCALL\truntime.makemap(SB)
"""  # noqa: E501


def test_a_listing_behind_a_line_directive() -> None:
    code = parse_listing(LINE_DIRECTIVE, ["example.com/m/p"])
    place = "example.com/m/p/gen/lexer.y", 8
    assert [(f.function, f.frame_bytes, f.file, f.line) for f in code.functions] == [
        ("Lex", 32, *place)
    ]
    assert [(c.callee, c.file, c.line, c.outer_file, c.outer_line) for c in code.calls] == [
        ("runtime.makemap", *place, *place)
    ]
