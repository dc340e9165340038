"""The self-test: measure a module whose results are known, with one toolchain."""

import tempfile
from importlib import resources
from pathlib import Path

from harness.compiled.join import verdicts
from harness.config import Config
from harness.diagnostics.collect import compile_module
from harness.engine.revision.build import BuiltModule, BuiltTree
from harness.engine.revision.code import CodeReader
from harness.engine.revision.modules import ModulePlan
from harness.engine.revision.packages import PackageRunner, ToLink
from harness.model import (
    ALLOCS,
    ALLOCS_EXACT,
    GC_CYCLES,
    GC_PAUSE,
    HEAP_INUSE,
    HEAP_LIVE,
    STACK_INUSE,
    Environment,
    PackageResult,
    RunSettings,
)
from harness.process import tool_environment
from harness.scratch import scratch_directory
from harness.toolchain import Go, GoCommand
from harness.toolchain.overlay import with_heap_costs, with_overlay

_FILES = ("go.mod", "canary.go", "canary_test.go", "heap.go", "heap_test.go")
# Heap lines of canary.go and heap.go that every release from 1.21 on prints.
EXPECTED_ESCAPES = {
    ("Moved", "moved to heap: p"),
    ("Literals", "make([]*Pair, 0, n) escapes to heap"),
    ("Literals", "&Pair{...} escapes to heap"),
    ("Half", "&Pair{...} escapes to heap"),
    ("Churn", "make([]byte, 262144) escapes to heap"),
}
EXPECTED_ALLOCS = {"BenchmarkOnStack": 0.0, "BenchmarkMoved": 1.0, "BenchmarkLiterals/n=9": 10.0}
# What the heap costs: benchmark, unit, smallest and largest value. 100 calls of Churn allocate 25
# MiB; a collection is due after each 4 MiB at the latest, though not ended at once.
EXPECTED_COSTS = (
    ("BenchmarkHalf", ALLOCS, 0, 0),
    ("BenchmarkHalf", ALLOCS_EXACT, 0.5, 0.5),
    ("BenchmarkMoved", ALLOCS_EXACT, 1, 1),
    ("BenchmarkOnStack", GC_CYCLES, 0, 0),
    ("BenchmarkOnStack", GC_PAUSE, 0, 0),
    ("BenchmarkOnStack", STACK_INUSE, 0, 0),
    ("BenchmarkChurn", GC_CYCLES, 0.02, 1),
    ("BenchmarkChurn", GC_PAUSE, 1e-12, 1),
    ("BenchmarkChurn", HEAP_LIVE, 262_144, 25 * 2**20),
    ("BenchmarkChurn", HEAP_INUSE, 262_144, 25 * 2**20),
    ("BenchmarkDeep", STACK_INUSE, 2**20, 2**25),
    ("BenchmarkOwn", GC_CYCLES, 7.5, 7.5),
)


def check_canary(config: Config, go: Go) -> list[str]:
    """Measure the canary; return what is not as it must be, a line each."""
    source = resources.files("harness.engine.jobs") / "canary_module"
    with scratch_directory(Path(tempfile.gettempdir()), "esv-canary-") as place:
        tree = place / "tree"
        tree.mkdir()
        for file in _FILES:
            text = (source / f"{file}.txt").read_text("utf-8")
            (tree / file).write_text(text, "utf-8")
        env = {**go.environment(tool_environment(config.go.pass_env)), "GOWORK": "off"}
        scratch = place / "scratch"
        scratch.mkdir()
        replaced = with_heap_costs(go, config.cache_dir)
        flags = with_overlay((), replaced, scratch)
        command = GoCommand(go.binary, tree, env, config.build_timeout, flags)
        build = compile_module(command, tree, ".")
        problems = [e.message for e in build.errors]
        problems += [e.message for p in build.packages for e in p.errors]
        if problems or not build.packages:
            return problems or ["the canary module has no packages"]
        sites = [s for d in build.diagnostics for s in d.sites if not s.test]
        found = {(s.function, s.message) for s in sites if s.message != "append escapes to heap"}
        problems += [f"missing: {m} in {f}" for f, m in sorted(EXPECTED_ESCAPES - found)]
        problems += [f"unexpected: {m} in {f}" for f, m in sorted(found - EXPECTED_ESCAPES)]
        problems += [f"unparsed: {u.text}" for d in build.diagnostics for u in d.unparsed]
        settings = RunSettings(".", ("./...",), config.go.alloc_benchtime, None, 0)
        module = BuiltModule(ModulePlan(".", tuple(flags), env["GOWORK"]), build)
        whole = BuiltTree(config, go, Environment(go.toolchain), tree, {}, env, (module,))
        runner = PackageRunner(whole, scratch, settings)
        counted = runner.count(ToLink(module, build.packages[0], "canary"), CodeReader(whole))
        result, code = counted.result, counted.code
        if code.unread is not None:
            problems.append(f"the compiled code cannot be read: {code.unread.message}")
        else:
            said = dict(zip(sites, verdicts(sites, code.calls, code.functions), strict=True))
            problems += [
                f"no allocation in the compiled code: {s.message} in {s.function}"
                for s, allocates in said.items()
                if (s.function, s.message) in EXPECTED_ESCAPES and allocates is not True
            ]
        problems += [f"{f.name or 'link'}: {f.message}" for f in result.failures]
        for benchmark, expected in EXPECTED_ALLOCS.items():
            entry = next((b for b in result.benchmarks if b.name == benchmark), None)
            measured = entry.measurement(ALLOCS) if entry else None
            if measured is None:
                problems.append(f"{benchmark}: no allocs/op")
            elif measured.value != expected or not measured.exact:
                problems.append(
                    f"{benchmark}: {measured.samples} allocs/op, must be {expected:g} twice"
                )
        return [*problems, *(_costs(result) if replaced else ())]


def _costs(result: PackageResult) -> list[str]:
    problems = []
    for benchmark, unit, least, most in EXPECTED_COSTS:
        found = [b.measurement(unit) for b in result.benchmarks if b.name == benchmark]
        if not found or found[0] is None:
            problems.append(f"{benchmark}: no {unit}")
        elif found[0].low < least or found[0].high > most:
            wanted = f"{least:g}" if least == most else f"from {least:g} to {most:g}"
            problems.append(f"{benchmark}: {found[0].samples} {unit}, must be {wanted}")
    return problems
