"""What rules and patterns of a policy cover."""

import pytest

from harness.policy.model import (
    LISTED,
    NoEscape,
    Threshold,
    is_within,
    matches_benchmark,
    matches_file,
    matches_path,
    matches_text,
)


@pytest.mark.parametrize(
    ("threshold", "base", "worse", "allowed"),
    [
        (Threshold(), 0, 1, False),
        (Threshold(2), 0, 2, True),
        (Threshold(relative=0.05), 100, 5, True),
        (Threshold(relative=0.05), 100, 6, False),
        (Threshold(relative=9), 0, 1, False),
        (LISTED, 0, 99, True),
    ],
)
def test_thresholds(threshold: Threshold, base: float, worse: float, allowed: bool) -> None:
    assert threshold.allows(base, worse) is allowed


def test_patterns() -> None:
    assert matches_benchmark("BenchmarkX", "BenchmarkX/a/b")
    assert matches_benchmark("BenchmarkX/a/.*", "BenchmarkX/a/b")
    assert not matches_benchmark("BenchmarkX", "BenchmarkXY")
    assert matches_path("example.com/m/...", "example.com/m")
    assert matches_path("example.com/m/...", "example.com/m/p/q")
    assert not matches_path("example.com/m/...", "example.com/mm")
    assert matches_path("example.com/m/p.(*T).M", "example.com/m/p.(*T).M")


@pytest.mark.parametrize(
    ("pattern", "file", "covered"),
    [
        ("q/*.go", "q/a.go", True),
        ("q/*.go", "q/r/a.go", False),
        ("**/a.go", "a.go", True),
        ("q/**", "q/r/a.go", True),
        ("q/*.go", "q/a_test.go", False),  # a rule about code is not about its tests
        ("q/a_test.go", "q/a_test.go", True),
    ],
)
def test_a_rule_without_escapes_covers_files(pattern: str, file: str, covered: bool) -> None:
    assert NoEscape(pattern, "", 1).covers(file) is covered


def test_a_file_pattern_has_no_other_signs() -> None:
    assert not matches_file("a.go", "axgo")


@pytest.mark.parametrize(
    ("function", "inside"), [("F", True), ("F.func1", True), ("F-range1", True), ("Fx", False)]
)
def test_literals_and_loop_bodies_are_within_a_function(function: str, inside: bool) -> None:
    assert is_within(function, "F") is inside


def test_a_message_pattern_goes_over_lines() -> None:
    assert matches_text("moved to heap: *", "moved to heap: x")
    assert matches_text("`*` escapes to heap", "`a\nb` escapes to heap")
    assert not matches_text("moved to heap: x", "moved to heap: xy")
