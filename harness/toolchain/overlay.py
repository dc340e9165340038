"""Standard-library files changed for a measurement, made from the release in use.

Nothing is written to the release: the go command takes the changed copies with ``-overlay``.
"""

from __future__ import annotations

import json
from pathlib import Path

from harness.toolchain.go import Go

# The test by which the runtime puts a small object without pointers into a block that is already
# in use; such an object is counted by allocs/op and is not in the memory profile. The same words
# in every release from 1.21 to 1.27 (in 1.26 and later also in the generated allocators).
_TINY_HIT = "if off+size <= maxTinySize && c.tiny != 0 {"
_NO_TINY_HIT = "if false && off+size <= maxTinySize && c.tiny != 0 {"
_FILES = ("malloc.go", "malloc_generated.go")


def without_tiny_allocator(go: Go, cache_dir: Path) -> dict[str, str]:
    """Replacements that turn the tiny allocator off, original path to changed copy.

    The copies lie at a stable path, so that Go's build cache holds the standard library compiled
    with them. Empty where the runtime is written in another way than is known here: then small
    objects are missing from profiles, and the account says that it is not exact.
    """
    target = cache_dir / "std-overlays" / f"{go.toolchain.release}-no-tiny"
    replaced: dict[str, str] = {}
    for name in _FILES:
        original = go.goroot / "src" / "runtime" / name
        if not original.is_file():
            continue
        text = original.read_text("utf-8")
        if _TINY_HIT not in text:
            continue
        changed = text.replace(_TINY_HIT, _NO_TINY_HIT)
        target.mkdir(parents=True, exist_ok=True)
        copy = target / name
        if not copy.is_file() or copy.read_text("utf-8") != changed:
            copy.write_text(changed, "utf-8")
        replaced[str(original)] = str(copy)
    return replaced


def overlay_file(replaced: dict[str, str], existing: Path | None, folder: Path) -> Path:
    """An overlay file for ``-overlay`` with these replacements and those of another one."""
    both = dict(json.loads(existing.read_text("utf-8"))["Replace"]) if existing else {}
    both.update(replaced)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "overlay.json"
    path.write_text(json.dumps({"Replace": both}, sort_keys=True), "utf-8")
    return path
