"""Modules that the real compiler compiles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.diagnostics.collect import ModuleBuild, compile_module
from harness.diagnostics.parse import PackageDiagnostics
from harness.process import tool_environment
from harness.toolchain import Go, GoCommand
from tests.repos import Files, write_files

Compile = Callable[..., ModuleBuild]
GO_MOD = "module example.com/m\n\ngo 1.22\n"


def build_of(build: ModuleBuild, path: str) -> PackageDiagnostics:
    return next(d for d in build.diagnostics if d.path == path)


@pytest.fixture(scope="session")
def compile_tree(go: Go) -> Compile:
    """Write files into a tree, if any are given, and compile a module of it."""

    def run(tree: Path, files: Files | None = None, module: str = ".") -> ModuleBuild:
        write_files(tree, files or {})
        env = {**go.environment(tool_environment()), "GOWORK": "off", "GOPROXY": "off"}
        return compile_module(GoCommand(go.binary, tree / module, env, 300), tree, module)

    return run
