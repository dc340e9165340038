"""``esv explain`` on a small repository."""

from __future__ import annotations

import json

import pytest

from tests.e2e.support import Project, commit

_FRESH = """package keep

import "testing"

func BenchmarkFresh(b *testing.B) {
	for i := 0; i < b.N; i++ {
		Keep(i)
	}
}
"""


@pytest.mark.slow
def test_a_base_without_any_of_the_benchmarks(small: Project) -> None:
    """The first benchmark has its baseline from the base's code too."""
    text = (small.repo / "keep/keep.go").read_text("utf-8")
    by_value = text.replace("*int", "int").replace("&n", "n")
    assert by_value != text
    commit(small.repo, "keep: by value", {"keep/keep.go": by_value, "keep/fresh_test.go": _FRESH})
    small.configure({"bench": "Fresh"})
    run = small.esv("explain", "HEAD", "--format", "json", "--quiet", timeout=1200)
    assert (run.code, run.err) == (0, "")
    changes = [c for c in json.loads(run.out)["changes"] if c["unit"] == "allocs/op"]
    assert [(c["benchmark"], c["base"], c["head"]) for c in changes] == [("BenchmarkFresh", 1, 0)]
    assert changes[0]["causes"][0]["message"] == "moved to heap: n"


def test_a_head_without_benchmarks(small: Project) -> None:
    """There is nothing to explain."""
    small.configure({"bench": "NoSuch"})
    message = small.esv("explain", "HEAD", "--quiet").refused("explain")
    assert "no benchmark of" in message
    assert "'NoSuch'; there are BenchmarkKeep, BenchmarkNothing" in message
