"""Coverage profiles, and what they say of a place."""

from __future__ import annotations

import pytest

from harness.gobench.coverage import execution, line_executed, merge_blocks, read_profile
from harness.model import Execution, Position

SOURCE = b"""package p

var table = map[string]*int{"a": new(int)}

func F(n int,
	s string) *int {
	if n > 3 {
		v := n
		return &v
	}
	f := func() int { return n }
	_ = f
	return nil
}

func Never(n int) *int { return &n }

func Empty() {}
"""
PROFILE = """mode: set
example.com/m/p/p.go:6.18,7.11 1 1
example.com/m/p/p.go:7.11,10.3 2 0
example.com/m/p/p.go:11.2,11.18 1 1
example.com/m/p/p.go:11.18,11.30 1 0
example.com/m/p/p.go:12.2,13.12 2 1
example.com/m/p/p.go:16.24,16.37 1 0
example.com/other/o.go:1.1,2.2 1 1
not a block
"""


def relative(path: str) -> str | None:
    return path.removeprefix("example.com/m/") if path.startswith("example.com/m/") else None


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        (3, 34, Execution.EXECUTED),  # an initialiser
        (5, 8, Execution.EXECUTED),  # a parameter
        (6, 2, Execution.EXECUTED),
        (7, 2, Execution.EXECUTED),
        (8, 3, Execution.UNEXECUTED),  # a branch
        (8, 0, Execution.UNEXECUTED),
        (11, 7, Execution.EXECUTED),  # the literal itself
        (11, 27, Execution.UNEXECUTED),  # in it
        (16, 12, Execution.UNCOVERED),
        (16, 34, Execution.UNCOVERED),
        (18, 6, None),
    ],
)
def test_where_benchmarks_come_by(line: int, column: int, expected: Execution | None) -> None:
    blocks = read_profile(PROFILE, relative)
    assert set(blocks) == {"p/p.go"}
    assert execution(blocks["p/p.go"], SOURCE, Position("p/p.go", line, column)) is expected


def test_what_any_run_executes_is_executed() -> None:
    other = PROFILE.replace("10.3 2 0", "10.3 2 1").replace("7.11 1 1", "7.11 1 0")
    both = merge_blocks(read_profile(text, relative) for text in (PROFILE, other))
    place = Position("p/p.go", 8, 3)
    assert execution(both["p/p.go"], SOURCE, place) is Execution.EXECUTED
    assert line_executed(both["p/p.go"], 9)
    assert not line_executed(both["p/p.go"], 16)
