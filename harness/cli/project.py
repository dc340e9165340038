"""``esv init`` and ``esv rebuild``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from harness.cli.context import configuration
from harness.config import CONFIG_NAMES, GoSettings
from harness.errors import EXIT_CLEAN, UsageError
from harness.git import Repository
from harness.store import RecordStore
from harness.store.asv import rebuild as rebuild_asv
from harness.store.files import write_atomic
from harness.toolchain import find_go

PLUGIN = "harness.asv_plugin"


def init(arguments: argparse.Namespace) -> int:
    """Write ``asv.conf.json`` for the Go module in a directory.

    Results, site and environments go to ``.asv/``, which git is told to pass over from within, so
    that the project's own ``.gitignore`` need not be touched.
    """
    directory = Path(arguments.dir).resolve()
    if not directory.is_dir():
        raise UsageError(f"{arguments.dir} is not a directory")
    target = directory / CONFIG_NAMES[0]
    if target.exists() and not arguments.force:
        raise UsageError(f"{target} is there already; --force replaces it")
    repository = Repository(directory)
    _require_go_module(directory)
    toolchain = find_go(None, _cache()).toolchain
    settings = GoSettings()
    root = repository.directory.resolve()
    inside = directory.relative_to(root).as_posix() if directory.is_relative_to(root) else "."
    text = json.dumps(
        {
            "version": 1,
            "project": directory.name,
            "repo": _relative(root, directory),
            **({"repo_subdir": inside} if inside != "." else {}),
            "branches": [repository.default_branch()],
            "environment_type": "go",
            "pythons": [toolchain.release.removeprefix("go")],
            "plugins": [PLUGIN],
            "benchmark_dir": ".asv/benchmarks",
            "env_dir": ".asv/env",
            "results_dir": ".asv/results",
            "html_dir": ".asv/html",
            # Counts are exact: no change of them is too small to tell.
            "regressions_thresholds": {".*allocs.*": 0.0},
            "go": {
                "packages": list(settings.packages),
                "bench": settings.bench,
                "benchtime": settings.benchtime,
                "count": settings.count,
            },
        },
        indent=2,
    )
    write_atomic(target, (text + "\n").encode())
    write_atomic(directory / ".asv" / ".gitignore", b"*\n")
    write_suite(directory / ".asv" / "benchmarks")
    if not arguments.quiet:
        print(f"wrote {target}")
        print(f"Go: {toolchain.release} ({toolchain.source})")
        print("next: esv run HEAD~10..HEAD --alloc-only, then esv publish")
    return EXIT_CLEAN


def rebuild(arguments: argparse.Namespace) -> int:
    """Make asv's result files again from the records."""
    config = configuration(arguments)
    done = rebuild_asv(RecordStore(config.results_dir, config.hash_length), prune=True)
    if not arguments.quiet:
        print(done)
    return EXIT_CLEAN


def write_suite(directory: Path) -> None:
    """The thin asv suite of a project, so that ``asv run`` works in it."""
    write_atomic(
        directory / "__init__.py",
        b'"""asv suite of the Go benchmarks; see harness.asv_plugin."""\n',
    )
    write_atomic(
        directory / "go_history.py",
        b"from harness.asv_plugin import suite\n\nglobals().update(suite())\n",
    )


def _require_go_module(directory: Path) -> None:
    found = next(directory.rglob("go.mod"), None) or next(directory.rglob("*.go"), None)
    if found is None:
        raise UsageError(f"{directory} is not a Go module: it has no go.mod and no Go files")


def _relative(root: Path, directory: Path) -> str:
    """The repository as a path relative to the configuration, so that both can move together."""
    depth = len(directory.relative_to(root).parts) if directory.is_relative_to(root) else 0
    return "/".join([".."] * depth) or "."


def _cache() -> Path:
    from harness.config import user_cache_dir

    return user_cache_dir()


def warn(text: str) -> None:
    """A line on standard error."""
    print(text, file=sys.stderr)
