"""The stored output of the corpus, parsed as :mod:`harness.diagnostics.collect` does it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from harness.diagnostics.functions import Sources
from harness.diagnostics.messages import Relative, blocks
from harness.diagnostics.parse import PackageDiagnostics, merge, parse_block, settle
from harness.model import CGO_GENERATED, EscapeSite
from tests.corpus.regenerate import GOLDEN, RELEASES, SOURCE

MODULE = "example.com/corpus/"
NEWEST = RELEASES[-1]
# From here on the compiler names the function of every site.
NAMED = (1, 25)


def line_of(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")[:2]))


def directory(package: str) -> str:
    return package.removeprefix(MODULE).removesuffix("_test")


def relative(path: str, package: str) -> str:
    if path.startswith(("<", "?", "sync/", "slices/")) or path == CGO_GENERATED:
        return path
    if path.startswith(MODULE):
        return path.removeprefix(MODULE)
    return f"{directory(package)}/{path}"


def sources(package: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted((SOURCE / directory(package)).glob("*.go")):
        yield path.relative_to(SOURCE).as_posix(), path.read_bytes()


def as_printed(file: str, _package: str) -> str:
    return file


def no_sources(_package: str) -> Iterator[tuple[str, bytes]]:
    return iter(())


def parse(
    output: str, relative: Relative = as_printed, sources: Sources = no_sources
) -> list[PackageDiagnostics]:
    return [parse_block(block, relative, sources) for block in blocks(output)]


@cache
def golden(release: str, form: str = "m2") -> str:
    return (GOLDEN / release / f"{form}.txt").read_text("utf-8")


@cache
def parsed(release: str, form: str = "m2") -> list[PackageDiagnostics]:
    return parse(golden(release, form), relative, sources)


@cache
def merged(release: str, form: str = "m2") -> dict[str, PackageDiagnostics]:
    return merged_output(golden(release, form))


def merged_output(output: str) -> dict[str, PackageDiagnostics]:
    groups: dict[str, list[PackageDiagnostics]] = {}
    for package in parse(output, relative, sources):
        path = (package.variant or package.path).removesuffix(".test")
        groups.setdefault(path, []).append(package)
    packages = [merge(path, group) for path, group in groups.items()]
    settle(packages, {directory(p.path): p.path for p in packages})
    return {directory(p.path): p for p in packages}


def sites(release: str, form: str = "m2") -> list[EscapeSite]:
    return [s for package in merged(release, form).values() for s in package.sites]
