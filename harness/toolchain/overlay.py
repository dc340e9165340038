"""Standard-library files changed for a measurement, made from the release in use.

Nothing is written to the release: the go command takes the changed copies with ``-overlay``.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from harness.model import HEAP_COSTS
from harness.process import tool_environment
from harness.toolchain.go import Go, run_tool

# The test by which the runtime puts a small object without pointers into a block that is already
# in use; such an object is counted by allocs/op and is not in the memory profile. The same words
# in every release from 1.21 to 1.27 (in 1.26 and later also in the generated allocators).
_TINY_HIT = "if off+size <= maxTinySize && c.tiny != 0 {"
_NO_TINY_HIT = "if false && off+size <= maxTinySize && c.tiny != 0 {"
_FLAG = "-overlay="
_COMPILE_TIMEOUT = 600.0
# `runtime/pprof` takes the runtime's own frames off a heap profile: which function allocates.
_HIDING = "hideRuntime := true\n"
_SHOWING = "hideRuntime := false\n"
_WITHOUT_TINY = (
    ("malloc.go", _TINY_HIT, _NO_TINY_HIT),
    ("malloc_generated.go", _TINY_HIT, _NO_TINY_HIT),
    ("pprof/protomem.go", _HIDING, _SHOWING),
)


def without_tiny_allocator(go: Go, cache_dir: Path) -> dict[str, str]:
    """Return replacements that turn the tiny allocator off, original path to changed copy.

    The copies have a stable path, so that Go's build cache holds the standard library compiled
    with them. Empty where the runtime has another form than is known here: then small objects are
    missing from profiles, and the account says that it is not exact. With them, profiles also name
    the functions of the runtime that allocate, if ``runtime/pprof`` has its known form.
    """
    target = cache_dir / "std-overlays" / f"{go.toolchain.release}-no-tiny"
    replaced: dict[str, str] = {}
    for name, old, new in _WITHOUT_TINY:
        original = go.goroot / "src" / "runtime" / name
        text = original.read_text("utf-8") if original.is_file() else ""
        # Profiles are changed only where the allocator is.
        if old in text and (replaced or old == _TINY_HIT):
            copy = target / original.name
            _write(copy, text.replace(old, new))
            replaced[str(original)] = str(copy)
    return replaced


# Changes of `testing` that print the heap costs: old text, how often, new text. The old text is in
# every release from 1.21 to 1.27. StartTimer and ResetTimer have just read the memory statistics
# when they set startBytes, and StopTimer when it adds to netBytes.
_START = "\t\tb.startBytes = memStats.TotalAlloc\n"
_STOP = "\t\tb.netBytes += memStats.TotalAlloc - b.startBytes\n"
_PRINT = 'results += "\\t" + r.MemString()'
_HEAP_COSTS = (
    ("\tnetBytes  uint64\n", 1, "\tnetBytes  uint64\n\tesv       esvHeap\n"),
    (_START, 2, f"{_START}\t\tb.esv.start()\n"),
    (_STOP, 1, f"{_STOP}\t\tb.esv.stop()\n"),
    ("\tb.netBytes = 0\n", 1, "\tb.netBytes = 0\n\tb.esv.reset()\n"),
    (
        "\tb.StartTimer()\n\tb.benchFunc(b)\n",
        1,
        "\tb.StartTimer()\n\tb.esv.begin(n)\n\tb.benchFunc(b)\n",
    ),
    (f"{_PRINT}\n", 1, f"{_PRINT} + b.esv.String(r)\n"),
)

# Go 1.24 and newer: the first b.Loop resets the timer.
_LOOP = "func (b *B) loopSlowPath() bool {\n"
_LOOP_RESET = "\t\tb.ResetTimer()\n"


def with_heap_costs(go: Go, cache_dir: Path) -> dict[str, str]:
    """Return replacements with which `testing` prints the units of :data:`HEAP_COSTS`.

    Where a benchmark reports one of that name by itself, its own is printed. They come from the
    statistics that `testing` reads anyway when its timer starts and stops: nothing is allocated in
    between, and no collection is added, which would empty every ``sync.Pool``. Where every
    allocation is profiled, the memory profile has only what the reported figures count: while the
    timer is on, after the last reset of it.

    Empty where `testing` has another form than is known here, or does not compile with the change,
    which is tried once for each release: no measurement may fail for these units.
    """
    original = go.goroot / "src" / "testing" / "benchmark.go"
    if not original.is_file():
        return {}
    text = original.read_text("utf-8")
    for old, count, new in _HEAP_COSTS:
        if text.count(old) != count:
            return {}
        text = text.replace(old, new)
    before, loop, after = text.partition(_LOOP)
    if loop:
        if _LOOP_RESET not in after.partition("\n}\n")[0]:
            return {}
        text = before + loop + after.replace(_LOOP_RESET, "\t\tb.esv.loops()\n" + _LOOP_RESET, 1)
    addition = resources.files("harness.toolchain").joinpath("heap_costs.go.txt")
    copy = cache_dir / "std-overlays" / f"{go.toolchain.release}-heap-costs" / original.name
    _write(copy, text + addition.read_text("utf-8"))
    replaced = {str(original): str(copy)}
    return replaced if _compiles(go, copy, replaced) else {}


def _compiles(go: Go, copy: Path, replaced: Mapping[str, str]) -> bool:
    """True if Go compiles the changed `testing`; the answer is stored next to the copy."""
    tried = copy.with_name(f"{copy.name}.compiles")
    digest = hashlib.sha256(copy.read_bytes()).hexdigest()
    known = tried.read_text("utf-8").split() if tried.is_file() else []
    if known[:1] == [digest]:
        return known[1:] == ["yes"]
    flags = with_overlay(("-trimpath",), replaced, copy.parent)
    env = {**go.environment(tool_environment()), "GOWORK": "off"}
    done = run_tool((go.binary, "build", *flags, "testing"), env=env, timeout=_COMPILE_TIMEOUT)
    # Only what the compiler says of the copy is stored: a full disk may have room tomorrow. Go
    # shortens the directory that the copy shares with its GOROOT, so only its name is looked for.
    said = re.search(rf"[/\\]{re.escape(copy.name)}:\d+:", done.stderr)
    if done.ok or said:
        _write(tried, f"{digest} {'yes' if done.ok else 'no'}\n")
    return done.ok


def without_heap_costs(release: str) -> str:
    """Return the note for a record where :func:`with_heap_costs` returns nothing."""
    return (
        f"{', '.join(HEAP_COSTS)} are not measured: the testing package of {release} could not be"
        " changed to print them"
    )


def with_overlay(flags: Sequence[str], replaced: Mapping[str, str], folder: Path) -> list[str]:
    """Return flags of the go command with these replacements added to those that they have already.

    The overlay file is written to ``folder``, under a name that follows from its content.
    """
    if not replaced:
        return list(flags)
    existing = [f for f in flags if f.startswith(_FLAG)]
    both: dict[str, str] = {}
    for flag in existing:
        both.update(json.loads(Path(flag.removeprefix(_FLAG)).read_text("utf-8"))["Replace"])
    text = json.dumps({"Replace": {**both, **replaced}}, sort_keys=True)
    path = folder / f"overlay-{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    _write(path, text)
    return [*(f for f in flags if f not in existing), f"{_FLAG}{path}"]


def _write(path: Path, text: str) -> None:
    """Write a file if its content differs; atomically, since another process may be reading it."""
    if path.is_file() and path.read_text("utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)
