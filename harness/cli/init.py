"""``esv init``: write ``asv.conf.json`` for the Go module in a directory."""

import json
from pathlib import Path

from harness.cli.options import InitOptions
from harness.config import CONFIG_NAMES, GoSettings, user_cache_dir
from harness.errors import EXIT_CLEAN, UsageError
from harness.git import Repository
from harness.store.files import write_atomic
from harness.toolchain import find_go

# The leading dot makes asv import it by name; without it asv passes it over without a word.
PLUGIN = ".harness.asv_plugin"

_SUITE = b'''"""The asv suite: what the records track."""

from harness.asv_plugin import tracked

globals().update(tracked())
'''


def run(options: InitOptions) -> int:
    """Write the configuration, and the suite that asv imports.

    Results, site and environments go to ``.asv/``, which git is told to ignore from within, so that
    the project's own ``.gitignore`` need not be touched.
    """
    directory = Path(options.dir).resolve()
    if not directory.is_dir():
        raise UsageError(f"{options.dir} is not a directory")
    target = directory / CONFIG_NAMES[0]
    if target.exists() and not options.force:
        raise UsageError(f"{target} is there already; --force replaces it")
    repository = Repository(directory)
    _require_go_module(directory)
    toolchain = find_go(None, user_cache_dir()).toolchain
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
            "regressions_thresholds": {
                ".*_allocs_op": 0,
                ".*track_escapes": 0,
                ".*_B_op": 0.01,
                ".*_sec_op": 0.1,
            },
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
    write_atomic(directory / ".asv" / "benchmarks" / "__init__.py", _SUITE)
    if not options.quiet:
        print(f"wrote {target}")
        print(f"Go: {toolchain.release} ({toolchain.source})")
        measured = "HEAD~10..HEAD" if repository.exists("HEAD~10") else "ALL"
        print(f"next: esv run {measured} --alloc-only, then esv publish")
    return EXIT_CLEAN


def _require_go_module(directory: Path) -> None:
    found = next(directory.rglob("go.mod"), None) or next(directory.rglob("*.go"), None)
    if found is None:
        raise UsageError(f"{directory} is not a Go module: it has no go.mod and no Go files")


def _relative(root: Path, directory: Path) -> str:
    """The repository as a path relative to the configuration, so that both can move together."""
    depth = len(directory.relative_to(root).parts) if directory.is_relative_to(root) else 0
    return "/".join([".."] * depth) or "."
