from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model import Toolchain
from harness.toolchain.versions import (
    ModuleRequirements,
    compare,
    module_requirements,
    parse_version,
    satisfies,
)

# Oldest first; from https://go.dev/doc/toolchain#version and cmd/go's own tests.
ORDER = (
    "1.19.13",
    "1.20rc1",
    "1.20",
    "1.20.1",
    "1.21",
    "1.21beta1",
    "1.21rc1",
    "1.21rc2",
    "1.21rc10",
    "1.21.0",
    "1.21.1",
    "1.21.10",
    "1.22",
    "1.22rc1",
    "1.22.0",
    "1.100.0",
    "2.0.0",
)

numbers = st.integers(0, 130)
versions = st.one_of(
    st.builds("{}.{}".format, numbers, numbers),
    st.builds("{}.{}.{}".format, numbers, numbers, numbers),
    st.builds("{}.{}{}{}".format, numbers, numbers, st.sampled_from(["beta", "rc"]), numbers),
)
directives = st.text('abcgot0123./- \t"`()', max_size=20)


@pytest.mark.parametrize(("older", "newer"), [*itertools.combinations(ORDER, 2)])
def test_order_of_go_releases(older: str, newer: str) -> None:
    assert compare(older, newer) < 0
    assert compare(f"go{newer}", older) > 0


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1.20", "1.20.0"),
        ("go1.21.3", "1.21.3"),
        ("go1.21.3-custom", "1.21.3"),
        ("go1.26.8 X:loopvar", "1.26.8"),
        ("devel go1.28-abcdef0", "1.28"),
    ],
)
def test_other_names_of_one_version(left: str, right: str) -> None:
    assert compare(left, right) == 0


@pytest.mark.parametrize("text", ["", "go", "x", "1.", "1.02", "1.21.x", "1.21.0rc1", "1.21.0.1"])
def test_what_is_no_version(text: str) -> None:
    assert parse_version(text) is None
    assert compare(text, "1.2") < 0


@given(versions, versions, versions)
def test_order_is_total(a: str, b: str, c: str) -> None:
    assert compare(a, a) == 0
    assert compare(a, b) == -compare(b, a)
    if compare(a, b) <= 0 and compare(b, c) <= 0:
        assert compare(a, c) <= 0


@given(numbers, st.integers(21, 130), numbers, numbers)
def test_language_version_then_candidate_then_release(
    major: int, minor: int, patch: int, candidate: int
) -> None:
    line = f"{major}.{minor}"
    assert compare(line, f"{line}rc{candidate}") < 0
    assert compare(f"{line}rc{candidate}", f"{line}.{patch}") < 0


@pytest.mark.parametrize(
    ("text", "go", "toolchain"),
    [
        ("", None, None),
        ("module example.com/m\n", None, None),
        ("module m\n\ngo 1.21\n", "1.21", None),
        ("module m\r\ngo 1.21.3\r\ntoolchain go1.22.1\r\n", "1.21.3", "go1.22.1"),
        ("go 1.21 // at least\n\ttoolchain\tdefault\n", "1.21", "default"),
        ("// go 1.18\ngo 1.19//x\n", "1.19", None),
        ('module "a//b" // go 1.2\ngo "1.20"\ntoolchain `go1.23rc1`\n', "1.20", "go1.23rc1"),
        ("require (\n\tgo 1.2\n\ttoolchain v1\n) // end\ngo 1.24\n", "1.24", None),
        ("require ( // block\n\tgo 1.2\n)\n", None, None),
        ("go 1.21\ngo 1.22\n", "1.21", None),
        ("golang 1.21\ngo\ntoolchain a b\n", None, None),
    ],
)
def test_module_requirements(text: str, go: str | None, toolchain: str | None) -> None:
    assert module_requirements(text) == ModuleRequirements(go, toolchain)


@given(st.lists(directives))
def test_module_requirements_of_any_text(lines: list[str]) -> None:
    found = module_requirements("\n".join(lines))
    for value in (found.go, found.toolchain):
        assert value is None or any(value in line for line in lines)


@pytest.mark.parametrize(
    ("release", "requirement", "enough"),
    [
        ("go1.27.3", "1.27", True),
        ("go1.27.3", "1.27.3", True),
        ("go1.27.3", "go1.27.4", False),
        ("go1.27.3", "1.28", False),
        ("go1.27rc1", "1.27", True),
        ("go1.27rc1", "1.27.0", False),
        ("go1.20", "1.20.0", True),
        ("go1.27.3", "default", True),
        ("devel +0123abc", "1.99", True),
    ],
)
def test_satisfies(release: str, requirement: str, enough: bool) -> None:
    toolchain = Toolchain(release, "linux", "amd64", "PATH", cgo=False)
    assert satisfies(toolchain, requirement) is enough
