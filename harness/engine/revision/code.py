"""The compiled code of a revision, read from the test binaries that are linked for measuring.

Covered are the functions of the project's packages that the linker retained in the test binary
of some package with benchmarks; not those inlined wherever they are called, but for the calls that
they have in their callers. Where binaries are not decoded and the compiler's listing serves, it has
every function of the packages, linked or not; so has that of :mod:`harness.engine.jobs.ruled`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.diagnostics.collect import BuiltPackage
from harness.engine.revision.build import BuiltModule, BuiltTree
from harness.errors import EscapeVelocityError
from harness.model import AllocationCall, FunctionCode, PackageError

if TYPE_CHECKING:
    from harness.compiled.gather import CompiledCode

_MOST_SAID = 300


@dataclass(frozen=True, slots=True)
class PackageCode:
    """The compiled code of the project's packages in a test binary; see :func:`recorded`."""

    calls: tuple[AllocationCall, ...] = ()
    functions: tuple[FunctionCode, ...] = ()
    unread: PackageError | None = None  # why it could not be read


class CodeReader:
    """Reads the test binaries of one revision."""

    def __init__(self, whole: BuiltTree) -> None:
        self._whole = whole
        self._own = frozenset(package.path for _, package in whole.packages)
        pairs = dict.fromkeys(pair for m in whole.modules for pair in m.build.module_paths)
        # The longest first: a module may lie inside another.
        self._inside = in_repository(sorted(pairs, key=lambda p: len(p[0]), reverse=True))

    @staticmethod
    def load() -> None:
        """Load what :meth:`read` needs: a tenth of a second, in which Go may link."""
        from harness.compiled.decode import load

        load()

    def linked(self, package: BuiltPackage) -> frozenset[str]:
        """The project's packages in the test binary of a package."""
        return self._own.intersection((package.path, *package.links))

    def read(self, binary: Path, module: BuiltModule, package: BuiltPackage) -> PackageCode:
        """The code in a test binary. Whatever fails is part of the result: it costs no number."""
        # Half a second with its libraries, which a revision that is carried whole need not spend.
        from harness.compiled.binary import read_binary
        from harness.compiled.image import is_decoded

        try:
            if is_decoded(self._whole.go.toolchain):
                code = read_binary(binary, self.linked(package), self._relative)
            else:
                code = self.listing(module, self.linked(package))
        except EscapeVelocityError as err:
            return PackageCode(unread=_unread(package.path, str(err)))
        except Exception as err:
            # A form of the tables that is not known: a newer release, a damaged file.
            return PackageCode(unread=_unread(package.path, f"{type(err).__name__}: {err}"))
        return recorded(code)

    def listing(
        self, module: BuiltModule, packages: Collection[str], others: Collection[str] = ()
    ) -> CompiledCode:
        """The code of whole packages and their tests; see :func:`compile_listing`."""
        from harness.compiled.listing import compile_listing

        go = self._whole.command(module.plan)
        return compile_listing(go, packages, self._relative, others=others)

    def _relative(self, path: str) -> str:
        return self._inside(path) or path


def recorded(code: CompiledCode) -> PackageCode:
    """The part of the code that goes into the record: outside of tests, and benchmark functions."""
    functions = tuple(f for f in code.functions if _is_recorded(f))
    names = {(f.package, f.function) for f in functions}
    return PackageCode(tuple(c for c in code.calls if (c.package, c.function) in names), functions)


def merged(parts: Iterable[PackageCode]) -> PackageCode:
    """The code of several binaries, in which the same functions may be."""
    from harness.compiled.gather import CompiledCode, merge

    both = merge(CompiledCode(p.calls, p.functions) for p in parts)
    return PackageCode(both.calls, both.functions)


def in_repository(modules: Sequence[tuple[str, str]]) -> Callable[[str], str | None]:
    """A file as compiled as a path in the repository, ``None`` outside of the project's modules."""

    def relative(path: str) -> str | None:
        for module, directory in modules:
            if path.startswith(f"{module}/"):
                rest = path[len(module) + 1 :]
                if rest.startswith("vendor/"):
                    return None
                return rest if directory == "." else f"{directory}/{rest}"
        return None

    return relative


def _is_recorded(function: FunctionCode) -> bool:
    if function.file.startswith("<"):
        return False  # a wrapper, made by the compiler
    return not function.test or function.function.startswith("Benchmark")


def _unread(package: str, message: str) -> PackageError:
    return PackageError(package, "code", message[:_MOST_SAID])
