"""The output of ``go list -json``: packages, their errors, and what only tests use."""

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from harness.errors import MeasurementError
from harness.model import PackageError, Support, is_test

_END = "\n}\n"
_BENCHMARK = re.compile(rb"^func (Benchmark\w*)\(", re.MULTILINE)
_AT = re.compile(r"(?P<file>[^\s:][^:\n]*?\.\w+):(?P<line>\d{1,9})(?::\d+)?: (?P<text>.*)")

FIELDS = (
    "ImportPath,Name,Dir,BuildID,Standard,ForTest,Error,DepsErrors,Deps,Module,"
    "GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,EmbedFiles,TestEmbedFiles,XTestEmbedFiles"
)


class ListedError(msgspec.Struct):
    """An error of ``go list -e``."""

    Err: str = ""
    Pos: str = ""


class ListedModule(msgspec.Struct):
    """The module of a listed package."""

    Path: str = ""
    Dir: str = ""
    Main: bool = False


class Listed(msgspec.Struct):
    """A package as ``go list -json`` prints it."""

    ImportPath: str
    Name: str = ""
    Dir: str = ""
    BuildID: str = ""
    Standard: bool = False
    ForTest: str = ""
    Error: ListedError | None = None
    DepsErrors: list[ListedError] | None = None
    Deps: list[str] = []
    Module: ListedModule | None = None
    GoFiles: list[str] = []
    CgoFiles: list[str] = []
    TestGoFiles: list[str] = []
    XTestGoFiles: list[str] = []
    EmbedFiles: list[str] = []
    TestEmbedFiles: list[str] = []
    XTestEmbedFiles: list[str] = []

    @property
    def base_path(self) -> str:
        """The import path without the test binary that a variant is compiled for."""
        return self.ImportPath.split(" ", 1)[0]


def read_listing(text: str) -> list[Listed]:
    """Read the stream of JSON objects that ``go list -json`` prints, one after the other.

    Raises:
        MeasurementError: an object is no package of ``go list``.
    """
    decoder = msgspec.json.Decoder(Listed)
    # Each object begins and ends at the first column; all else is indented.
    parts = (
        part.rpartition("\n{\n")[2].removeprefix("{\n") for part in f"\n{text}".split(_END)[:-1]
    )
    try:
        return [decoder.decode(f"{{{part}}}") for part in parts]
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as err:
        raise MeasurementError(f"go list printed no description of a package: {err}") from None


def cut_short(listed: Sequence[Listed], returncode: int, stderr: str) -> str:
    """Return the error that ended ``go list -e`` early; empty if none did, or a package has it."""
    if returncode == 0 or any(p.Error or p.DepsErrors for p in listed):
        return ""
    errors = [line for line in stderr.splitlines() if line.startswith("go: ")]
    return "\n".join(errors[-5:]) or f"go list failed with exit status {returncode}"


def module_message(stderr: str, tree: Path) -> str:
    """Return Go's message about the module as a whole, paths relative to the work tree."""
    ignored = ("# ", "go: warning: ")
    lines = [line for line in stderr.strip().splitlines() if not line.startswith(ignored)]
    return _without_tree("\n".join(lines[:20]), tree).strip()


def build_errors(packages: Sequence[Listed], tree: Path, module: str) -> tuple[PackageError, ...]:
    """Return the errors of packages and of what they need, each message once."""
    found: dict[str, PackageError] = {}
    for package in packages:
        own = [package.Error] if package.Error else []
        for error in (*own, *(package.DepsErrors or ())):
            blame = package.ImportPath.split(" ", 1)[0]
            message = _without_tree(error.Err.strip(), tree)
            if message.startswith("# "):
                header, _, message = message.partition("\n")
                blame = header[2:].split(" ", 1)[0]
            message = message.strip()
            if error.Pos and not _AT.match(message):
                message = f"{error.Pos}: {message}"
            at = _AT.search(message)
            # Go names files relative to the module's directory.
            file = posixpath.normpath(posixpath.join(module, at["file"])) if at else ""
            line = int(at["line"]) if at else 0
            found.setdefault(message, PackageError(blame, "build", message, file, line))
    return tuple(found.values())


def _without_tree(message: str, tree: Path) -> str:
    for root in (tree, tree.resolve()):
        message = message.replace(f"{root}/", "")
    return message


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
