"""Data as scripts: what they say comes back, and nothing in it can end the script."""

from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.verdict.summary import summarise
from harness.outputs.site import publish as site
from harness.outputs.site.draw.shards import Json, shard
from harness.outputs.site.shared import columns
from tests.builders import timeline_history

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def read(script: bytes) -> tuple[str, object]:
    """Key and value of a shard, read as a JavaScript parser would."""
    match = re.fullmatch(
        r"esv\.provide\((\".*?\"),JSON\.parse\('([^']*)'\)\);\n", script.decode("ascii")
    )
    assert match is not None, script
    return json.loads(match[1]), json.loads(match[2].replace("\\\\", "\\"))


@given(st.text(), VALUES)
def test_what_goes_in_comes_out_and_stays_text(key: str, value: Json) -> None:
    script = shard(key, value)
    assert read(script) == (key, value)
    assert not re.search(rb"[<>&\n\r](?!\Z)|[^\x00-\x7f]", script)
    assert script == shard(key, value)


def test_no_number_that_json_has_not() -> None:
    with pytest.raises(ValueError, match="JSON"):
        shard("k", [math.nan])


def test_a_shard_can_be_made_alone() -> None:
    """In any order, and without those of the package's other benchmarks."""
    (section,) = site._sections([summarise(timeline_history())], "timeline", None)
    known: dict[str, str] = {}
    for key in section.summary.series:
        together = columns.benchmark_shard(section, *key, known)
        assert columns.benchmark_shard(section, *key) == together
    assert known
