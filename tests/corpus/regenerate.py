"""Write what Go's compiler says of the corpus, or compare it with what was written.

``golden/<release>/<form>.txt`` is the standard error of one compile of ``src``, tests included,
with the flags of the harness and one of :data:`FORMS`. The blocks of the packages are sorted,
because their order differs between runs; within a block the order is the compiler's. ``-trimpath``
makes the paths independent of the machine. The main packages that Go makes for tests are left out:
their file lies in Go's cache, and the harness passes over them.

Releases are found or installed as ``esv`` does it, in ``$ESV_TEST_CACHE`` or ``.cache/test``.

    python -m tests.corpus.regenerate [--check] [RELEASE...]
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from harness.process import run, tool_environment
from harness.toolchain import Go, find_go

CORPUS = Path(__file__).resolve().parent
SOURCE = CORPUS / "src"
GOLDEN = CORPUS / "golden"
RELEASES = ("1.21.13", "1.22.10", "1.23.9", "1.24.11", "1.25.5", "1.26.6", "1.27.3")
FORMS: Mapping[str, str] = {"m": "-m", "m2": "-m=2", "m-l": "-m -l", "m-N-l": "-m -N -l"}
# Without -m the compiler prints nothing, whatever else it is told.
SILENT = ("-N -l", "-l")
# Of the platforms: the corpus has files for one system, and cost and size differ by architecture.
PLATFORM = ("linux", "amd64")
CGO_PACKAGE = "example.com/corpus/cgolib"
_TIMEOUT = 900.0


def main() -> int:
    """Regenerate or check; exit code 1 if something differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("releases", nargs="*", default=RELEASES, metavar="RELEASE")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    options = parser.parse_args()
    failed = False
    for release in options.releases:
        go = find_go(release, cache())
        print(f"{go.toolchain.release} ({go.toolchain.source})", flush=True)
        problems = check(go, release) if options.check else regenerate(go, release)
        failed = failed or bool(problems)
        print("".join(f"{line}\n" for line in problems), end="", flush=True)
    return int(failed)


def cache() -> Path:
    """The cache directory that the tests use."""
    root = CORPUS.parents[1]
    return Path(os.environ.get("ESV_TEST_CACHE") or root / ".cache" / "test").resolve()


def regenerate(go: Go, release: str) -> list[str]:
    """Write the files of a release; what stands in the way, a line each."""
    if not go.toolchain.cgo or (go.toolchain.goos, go.toolchain.goarch) != PLATFORM:
        return [f"needs {'/'.join(PLATFORM)} and a C compiler"]
    directory = GOLDEN / release
    directory.mkdir(parents=True, exist_ok=True)
    for form, flags in FORMS.items():
        (directory / f"{form}.txt").write_text(compiler_says(go, flags), "utf-8")
    return silent_problems(go)


def check(go: Go, release: str, forms: Sequence[str] = tuple(FORMS)) -> list[str]:
    """Compare with the files of a release; the first differences, a line each."""
    problems = silent_problems(go)
    for form in forms:
        path = GOLDEN / release / f"{form}.txt"
        golden = path.read_text("utf-8")
        if not go.toolchain.cgo:
            golden = without_package(golden, CGO_PACKAGE)
        found = compiler_says(go, FORMS[form])
        lines = difflib.unified_diff(
            golden.splitlines(), found.splitlines(), str(path.relative_to(CORPUS)), "now", "", "", 0
        )
        problems += islice(lines, 20)
    return problems


def silent_problems(go: Go) -> list[str]:
    """What forms print that must print nothing."""
    return [f"{flags}: {said}" for flags in SILENT if (said := compiler_says(go, flags))]


def compiler_says(go: Go, flags: str) -> str:
    """The diagnostics of one compile of the corpus, packages sorted."""
    env = {**go.environment(tool_environment()), "GOWORK": "off", "GOPROXY": "off"}
    command: list[str | Path] = [
        go.binary, "list", "-e", "-test", "-deps", "-export", "-trimpath", "-buildvcs=false",
        f"-gcflags={flags}", "-f", "{{with .Error}}{{.}}{{end}}", "./...",
    ]  # fmt: skip
    done = run(command, cwd=SOURCE, env=env, timeout=_TIMEOUT)
    if not done.ok or done.stdout.strip():
        raise SystemExit(f"the corpus does not compile:\n{done.stdout}{done.stderr}")
    return "".join(sorted(b for b in blocks(done.stderr) if not header(b).endswith(".test")))


def without_package(output: str, package: str) -> str:
    """The output without the blocks of a package."""
    return "".join(b for b in blocks(output) if header(b) != f"# {package}")


def header(block: str) -> str:
    """The first line of a block, ``# import/path`` or ``# import/path [test binary]``."""
    return block.split("\n", 1)[0]


def blocks(output: str) -> list[str]:
    """Cut at the headers; each block ends with a line break."""
    found: list[list[str]] = []
    for line in output.splitlines(keepends=True):
        if line.startswith("# "):
            found.append([])
        if not found:
            raise SystemExit(f"not in a package: {line}")
        found[-1].append(line)
    return ["".join(lines) for lines in found]


if __name__ == "__main__":
    sys.exit(main())
