"""The packages and files of a module that only its tests use, from ``go list``."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.diagnostics.golist import Listed
from harness.model import Support, is_test

_BENCHMARK = re.compile(rb"^func (Benchmark\w*)\(", re.MULTILINE)


def support_files(
    packages: Sequence[Listed], by_path: Mapping[str, Listed], relative: Callable[[str], str]
) -> tuple[Support, ...]:
    """Return what belongs to the tests of a module though its name does not say so.

    A package does where tests of others are linked with it and no code is. It must be ``internal``,
    since code of other modules may use any other, no command, and without benchmarks of its own,
    for which it is the code. A file does where test files embed it and no code does. ``packages``
    are those of the module, ``by_path`` everything that was listed.
    """
    tested = {
        package.ImportPath: {d.split(" ", 1)[0] for d in main.Deps} - {package.ImportPath}
        for package in packages
        if (main := by_path.get(f"{package.ImportPath}.test")) is not None
        and (package.TestGoFiles or package.XTestGoFiles)
    }
    linked = {path for links in tested.values() for path in links}
    candidates = {p.ImportPath: p for p in packages if p.ImportPath in linked and _may_be(p)}
    code = [p for p in packages if p.ImportPath not in candidates]
    used = {dependency for package in code for dependency in package.Deps}
    found = []
    for path, package in candidates.items():
        users = tuple(sorted(user for user, links in tested.items() if path in links))
        if path not in used:
            found.append(Support(relative(package.Dir), users))
    shipped = {file for p in packages for file in _embedded(p, p.EmbedFiles, relative)}
    users_of: dict[str, list[str]] = {}
    for package in packages:
        names = [*package.TestEmbedFiles, *package.XTestEmbedFiles]
        for file in dict.fromkeys(_embedded(package, names, relative)):
            if file not in shipped and not is_test(file):
                users_of.setdefault(file, []).append(package.ImportPath)
    found += [Support(file, tuple(users)) for file, users in users_of.items()]
    return tuple(sorted(found, key=lambda s: s.path))


def benchmark_functions(directory: Path, files: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the benchmark functions in the test files of a package."""
    names: list[str] = []
    for name in files:
        try:
            text = (directory / name).read_bytes()
        except OSError:
            continue
        names.extend(match.decode() for match in _BENCHMARK.findall(text))
    return tuple(names)


def _may_be(package: Listed) -> bool:
    module = package.Module.Path if package.Module is not None else ""
    inside = package.ImportPath.removeprefix(module).split("/")
    tests = [*package.TestGoFiles, *package.XTestGoFiles]
    return (
        "internal" in inside
        and package.Name != "main"
        and not benchmark_functions(Path(package.Dir), tests)
    )


def _embedded(package: Listed, names: Sequence[str], relative: Callable[[str], str]) -> list[str]:
    directory = relative(package.Dir)
    return [posixpath.normpath(posixpath.join(directory, name)) for name in names]
