"""One compile of one module: its packages, the compiler's messages, the identity of binaries.

``go list -e -test -deps -export -json`` with the flags of the test binaries compiles every package
once, prints the diagnostics on standard error and reports each package's content id, so that
nothing is compiled a second time to learn whether anything changed. Replayed from Go's build cache
it takes a fraction of a second.
"""

import hashlib
import posixpath
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from harness.diagnostics.functions import Sources
from harness.diagnostics.golist import (
    FIELDS,
    Listed,
    benchmark_functions,
    build_errors,
    cut_short,
    module_message,
    read_listing,
    support_files,
)
from harness.diagnostics.known import CompilerMessages, MessageCache
from harness.diagnostics.messages import Block, blocks
from harness.diagnostics.parse import PackageDiagnostics, plain_lines
from harness.errors import MeasurementError
from harness.model import CGO_GENERATED, LIBRARY, Diagnostic, PackageError, Support
from harness.toolchain import GoCommand

# The same for listing and linking: the linked binary contains the -gcflags string.
BUILD_FLAGS = ("-trimpath", "-buildvcs=false", "-gcflags=-m=2")
# Makes a directory relative to the work tree.
_Inside = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class BuiltPackage:
    """A package of the module, compiled or refused.

    Attributes:
        directory, module: its own directory and that of its module, relative to the work tree.
        tests: it has test files.
        binary_id: identity of everything compiled into its test binary; empty without tests or
            where something does not compile.
        errors: of its compile, its tests', or that of something they need.
        links: import paths of what is compiled into its test binary but the standard library.
    """

    path: str
    directory: str
    module: str
    tests: bool
    benchmarks: tuple[str, ...]
    binary_id: str
    errors: tuple[PackageError, ...]
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModuleBuild:
    """One compile of one module.

    Attributes:
        packages: sorted by import path.
        errors: of the module as a whole; then some packages or all are missing.
        module_paths: module path and directory of the modules of the project that take part.
    """

    packages: tuple[BuiltPackage, ...]
    errors: tuple[PackageError, ...]
    module_paths: tuple[tuple[str, str], ...] = ()
    support: tuple[Support, ...] = ()
    messages: CompilerMessages | None = None

    @property
    def diagnostics(self) -> tuple[PackageDiagnostics, ...]:
        """The messages by import path, those of ``p_test`` in ``p``; the first call parses them."""
        return self.messages.diagnostics() if self.messages is not None else ()


def compile_module(
    go: GoCommand, tree: Path, module: str, cache: MessageCache | None = None
) -> ModuleBuild:
    """Compile a module, whose directory is relative to the tree, with its tests.

    Raises:
        MeasurementError: Go cannot be started, or takes too long.
    """
    flags = ("-test", "-deps", "-export", *BUILD_FLAGS, *go.flags, f"-json={FIELDS}")
    done = go.run("list", "-e", *flags, "./...")
    if done.timed_out:
        raise MeasurementError(f"go list took more than {go.timeout:g} s in {module}")
    listed = read_listing(done.stdout)
    own = [p for p in listed if not p.Standard and p.Module is not None and p.Module.Main]
    if not own:
        message = module_message(done.stderr, tree)
        message = message or next((p.Error.Err.strip() for p in listed if p.Error), "")
        if done.returncode == 0 and not message:
            return ModuleBuild((), ())
        return ModuleBuild((), (PackageError("", "module", message or "go list failed"),))
    failure = cut_short(listed, done.returncode, done.stderr)
    relative = _Relative(tree, own)
    by_path = {p.ImportPath: p for p in listed}
    # `p [p.test]` and `p_test [p.test]` are variants, `p.test` is the generated main package. What
    # belongs to another module of the same workspace is compiled with that module.
    plain = [
        p
        for p in sorted(own, key=lambda p: p.ImportPath)
        if not (p.ForTest or " [" in p.ImportPath or _is_test_main(p.ImportPath, by_path))
        and p.Module is not None
        and relative.inside(p.Module.Dir) == module
    ]
    return ModuleBuild(
        packages=tuple(_package(p, by_path, own, tree, module, relative.inside) for p in plain),
        errors=(PackageError("", "module", failure),) if failure else (),
        module_paths=relative.modules,
        support=support_files(plain, by_path, relative.inside),
        messages=CompilerMessages(
            _by_package(done.stderr, by_path),
            relative,
            relative.directories,
            _sources(relative.inside, own),
            cache,
        ),
    )


def compiler_output(go: GoCommand, tree: Path, gcflags: str) -> list[Diagnostic]:
    """Return the compiler's lines for other flags (``-m``, ``-m -l``), as printed, without tests.

    Raises:
        MeasurementError: the flags are wrong, or the module does not compile.
    """
    flags = ("-trimpath", "-buildvcs=false", f"-gcflags={gcflags}", *go.flags, f"-json={FIELDS}")
    done = go.run("list", "-export", *flags, "./...")
    if not done.ok:
        message = module_message(done.stderr, tree).split("\nusage:", 1)[0]
        reason = " ".join(message.splitlines()[:5]) or f"took more than {go.timeout:g} s"
        raise MeasurementError(f"go with -gcflags='{gcflags}': {reason}")
    own = [p for p in read_listing(done.stdout) if p.Module is not None and p.Module.Main]
    return plain_lines(done.stderr, _Relative(tree, own))


def select_packages(go: GoCommand, patterns: Sequence[str]) -> set[str]:
    """Return the import paths that match package patterns; a pattern may match nothing."""
    done = go.run("list", "-e", *go.flags, "-f", "{{.ImportPath}}", *patterns)
    return set(done.stdout.split())


class _Relative:
    """Makes a path as the compiler prints it relative to the work tree.

    With ``-trimpath`` files print as ``module/path/file.go``, those of other modules, vendored ones
    included, as ``example.org/m@v1.0.0/file.go``, and those of the standard library as
    ``slices/slices.go``. Up to Go 1.26 the name in a ``//line`` directive prints as written,
    relative to the directory of its package.
    """

    def __init__(self, tree: Path, own: Sequence[Listed]) -> None:
        self._tree = str(tree)
        # Resolving links asks the system, for the same few directories.
        self.inside = cache(partial(_inside, tree))
        pairs = {(p.Module.Path, self.inside(p.Module.Dir)) for p in own if p.Module is not None}
        # The longest path first: a module may lie inside another.
        self.modules = tuple(sorted(pairs, key=lambda pair: len(pair[0]), reverse=True))
        self.directories = {p.base_path: self.inside(p.Dir) for p in own}
        self._others = {d.split(" ", 1)[0] for p in own for d in p.Deps} - set(self.directories)

    def __call__(self, path: str, package: str) -> str:
        if path.startswith(("<", "?")) or path == CGO_GENERATED:
            return path
        for module, directory in self.modules:
            if path.startswith(f"{module}/"):
                return posixpath.normpath(posixpath.join(directory, path[len(module) + 1 :]))
        if path.startswith(f"{self._tree}/"):
            return path[len(self._tree) + 1 :]
        if "@" in path or posixpath.dirname(path) in self._others:
            # A file of another module, whose path begins with a domain, or of the standard library.
            return path if "." in path.split("/", 1)[0] else LIBRARY + path
        return posixpath.normpath(posixpath.join(self.directories.get(package, ""), path))


def _sources(inside: _Inside, own: Sequence[Listed]) -> Sources:
    """Return a reader of the Go files of a package and its test variants.

    Those of ``p`` are read with those of ``p_test``, which may inline and instantiate them.
    """

    def read(path: str) -> Iterator[tuple[str, bytes]]:
        paths = {path, path.removesuffix("_test")}
        files = {
            (p.Dir, name)
            for p in own
            if p.base_path in paths
            for name in (*p.GoFiles, *p.CgoFiles)
            if not posixpath.isabs(name)
        }
        for directory, name in sorted(files):
            try:
                content = (Path(directory) / name).read_bytes()
            except OSError:
                continue
            yield posixpath.normpath(posixpath.join(inside(directory), name)), content

    return read


def _inside(tree: Path, directory: str) -> str:
    try:
        return Path(directory).resolve().relative_to(tree.resolve()).as_posix()
    except ValueError:
        return directory


def _package(
    package: Listed,
    by_path: Mapping[str, Listed],
    own: Sequence[Listed],
    tree: Path,
    module: str,
    inside: _Inside,
) -> BuiltPackage:
    variants = [p for p in own if p.ForTest == package.ImportPath]
    tests = [*package.TestGoFiles, *package.XTestGoFiles]
    main = by_path.get(f"{package.ImportPath}.test") if tests else None
    errors = build_errors([package, *variants, *([main] if main else [])], tree, module)
    linked = [by_path[p] for p in main.Deps if p in by_path] if main and not errors else []
    return BuiltPackage(
        path=package.ImportPath,
        directory=inside(package.Dir),
        module=module,
        tests=bool(tests),
        benchmarks=benchmark_functions(Path(package.Dir), tests),
        binary_id=_binary_id([main, *linked]) if main and not errors else "",
        errors=errors,
        links=tuple(sorted({p.base_path for p in linked if not p.Standard})),
    )


def _is_test_main(path: str, known: Collection[str]) -> bool:
    """True for the main package that Go makes for the tests of another one."""
    return path.endswith(".test") and path.removesuffix(".test") in known


def _binary_id(linked: Sequence[Listed]) -> str:
    """Return a hash over import path and content id of everything in a test binary.

    The content id is the second half of the build id: equal for equal compiled code, whatever the
    flags that only print.
    """
    digest = hashlib.sha256()
    for path, build_id in sorted({(p.ImportPath, p.BuildID) for p in linked}):
        digest.update(f"{path} {build_id.rpartition('/')[2]}\n".encode())
    return digest.hexdigest()


def _by_package(stderr: str, known: Collection[str]) -> dict[str, list[Block]]:
    groups: dict[str, list[Block]] = {}  # by the import path of the package that they are about
    for block in blocks(stderr):
        if block.variant is None and _is_test_main(block.path, known):
            continue
        path = block.variant.removesuffix(".test") if block.variant is not None else block.path
        groups.setdefault(path, []).append(block)
    return groups
