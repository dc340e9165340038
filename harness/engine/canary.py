"""The self-test: measure a module of which everything is known, with one toolchain."""

from __future__ import annotations

import tempfile
from importlib import resources
from pathlib import Path

from harness.compiled.join import verdicts
from harness.config import Config
from harness.diagnostics.collect import compile_module
from harness.engine.code import CodeReader
from harness.engine.packages import PackageRunner
from harness.model import ALLOCS, Environment, RunSettings
from harness.process import tool_environment
from harness.toolchain import Go

_FILES = ("go.mod", "canary.go", "canary_test.go")
# Heap lines of canary.go that every release from 1.21 on prints.
EXPECTED_ESCAPES = {
    ("Moved", "moved to heap: p"),
    ("Literals", "make([]*Pair, 0, n) escapes to heap"),
    ("Literals", "&Pair{...} escapes to heap"),
}
EXPECTED_ALLOCS = {"BenchmarkOnStack": 0.0, "BenchmarkMoved": 1.0, "BenchmarkLiterals/n=9": 10.0}


def check_canary(config: Config, go: Go) -> list[str]:
    """Measure the canary.

    Args:
        config: for the time limits.
        go: the toolchain under test.

    Returns:
        what is not as it must be, a line each; empty if all is well.

    Raises:
        MeasurementError: Go cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="esv-canary-") as name:
        tree = Path(name) / "tree"
        tree.mkdir()
        for file in _FILES:
            text = resources.files("harness.canary").joinpath(f"{file}.txt").read_text("utf-8")
            (tree / file).write_text(text, "utf-8")
        env = {**go.environment(tool_environment(config.go.pass_env)), "GOWORK": "off"}
        build = compile_module(go.binary, tree, ".", env, config.build_timeout)
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
        scratch = Path(name) / "scratch"
        scratch.mkdir()
        runner = PackageRunner(config, go, tree, scratch, settings, Environment(go.toolchain))
        reader = CodeReader(
            go, [p.path for p in build.packages], build.module_paths, config.build_timeout
        )
        counted = runner.count(build.packages[0], (), env, "canary", reader)
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
        return problems
