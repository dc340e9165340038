from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.toolchain.versions import Version, parse_version

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


def version(text: str) -> Version:
    found = parse_version(text)
    assert found is not None
    return found


@pytest.mark.parametrize(("older", "newer"), [*itertools.combinations(ORDER, 2)])
def test_order_of_go_releases(older: str, newer: str) -> None:
    assert version(older) < version(newer)
    assert version(f"go{newer}") > version(older)


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
    assert version(left) == version(right)


@pytest.mark.parametrize("text", ["", "go", "x", "1.", "1.02", "1.21.x", "1.21.0rc1", "1.21.0.1"])
def test_what_is_no_version(text: str) -> None:
    assert parse_version(text) is None


@given(numbers, st.integers(21, 130), numbers, numbers)
def test_language_version_then_candidate_then_release(
    major: int, minor: int, patch: int, candidate: int
) -> None:
    line = f"{major}.{minor}"
    assert version(line) < version(f"{line}rc{candidate}") < version(f"{line}.{patch}")
