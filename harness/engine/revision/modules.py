"""The Go modules of a revision, and a ``go.mod`` for those that have none that Go accepts.

Nothing is written to the work tree: a missing ``go.mod`` is laid over it (``-overlay``), and one
that the release refuses is replaced by a mended copy (``-modfile``).
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.model import ModuleOverlay

# The language version that Go assumes of a go.mod that names none (https://go.dev/ref/mod).
_ASSUMED_GO = "1.16"
_IMPORT = re.compile(r'^\s*(?:import\s+)?(?:[\w.]+\s+)?"([^"\s]+\.[^"\s]+/[^"\s]+)"', re.MULTILINE)
_PARSE_ERROR = re.compile(r"go\.mod:(\d{1,9})(?::\d+)?: ")
_MENDABLE = re.compile(
    r"updates to go\.mod needed|missing go\.sum entry|inconsistent vendoring|errors parsing go\.mod"
    r"|invalid go version|unknown directive|go\.mod file indicates|malformed module path"
)
_NO_GO_LINE = re.compile(r"^\s*go\s+\S+", re.MULTILINE)
_MAJOR = re.compile(r"/v\d+$|\.v\d+$")


@dataclass(frozen=True, slots=True)
class ModulePlan:
    """The build of one module."""

    directory: str  # relative to the work tree, `.` for its root
    flags: tuple[str, ...]
    # Value of `GOWORK`: `off`, or the path of the `go.work` file; never left to Go, which
    # would look for one above the work tree.
    workspace: str
    overlay: ModuleOverlay | None = None  # the go.mod in place of the revision's, if any


def module_directories(files: Iterable[str], subdir: str, chosen: Sequence[str]) -> list[str]:
    """Directories of the modules to measure, ``.`` for the root.

    Args:
        subdir: only at or below this directory, asv's ``repo_subdir``; empty for all.
        chosen: the modules that the configuration names; empty for every ``go.mod`` in the tree
            outside of ``vendor``, ``testdata`` and directories that Go ignores.
    """
    if chosen:
        return [str(PurePosixPath(c)) for c in chosen]
    found = []
    for file in files:
        path = PurePosixPath(file)
        if path.name != "go.mod" or any(_ignored(part) for part in path.parts[:-1]):
            continue
        directory = str(path.parent)
        if not subdir or directory == subdir or directory.startswith(f"{subdir}/"):
            found.append(directory)
    return sorted(found)


def measured_go_files(files: Iterable[str], subdir: str, chosen: Sequence[str]) -> list[str]:
    """The Go files of :func:`module_directories`, without those that Go never looks at."""
    every = list(files)
    modules = {f.rpartition("/")[0] or "." for f in every if PurePosixPath(f).name == "go.mod"}
    measured = set(module_directories(every, subdir, chosen))
    if not modules:  # one is laid over the tree
        modules = measured = {subdir or "."}
    found = []
    for file in every:
        path = PurePosixPath(file)
        if path.suffix != ".go" or any(_ignored(p) for p in path.parts[:-1]):
            continue
        own = next((str(d) for d in path.parents if str(d) in modules), None)
        if own in measured and not path.name.startswith(("_", ".")):
            found.append(file)
    return found


def workspace_modules(go_work: str) -> list[str]:
    """Directories named by the ``use`` directives of a ``go.work``; pure."""
    text = re.sub(r"//.*", "", go_work)
    found = re.findall(r"^\s*use\s+([^\s(]+)\s*$", text, re.MULTILINE)
    for block in re.findall(r"^\s*use\s*\((.*?)\)", text, re.MULTILINE | re.DOTALL):
        found.extend(block.split())
    return [str(PurePosixPath(name.strip('"`'))) for name in found]


def plan_without_go_mod(tree: Path, directory: str, module_path: str, overlays: Path) -> ModulePlan:
    """Lay a ``go.mod`` over a tree that has none."""
    text = f"module {module_path}\n\ngo {_ASSUMED_GO}\n"
    folder = _folder(overlays, f"{tree}\0{directory}\0{text}")
    (folder / "go.mod").write_text(text, "utf-8")
    target = str(tree / directory / "go.mod")
    (folder / "overlay.json").write_text(
        json.dumps({"Replace": {target: str(folder / "go.mod")}}), "utf-8"
    )
    return ModulePlan(
        directory,
        (f"-overlay={folder / 'overlay.json'}",),
        "off",
        ModuleOverlay(directory, "the revision has no go.mod", text),
    )


def plan_with_mended_go_mod(
    plan: ModulePlan, tree: Path, message: str, overlays: Path
) -> ModulePlan | None:
    """A plan with a mended copy of ``go.mod``; ``None`` if the message is of another kind.

    Lines that Go cannot parse are taken out; what is missing Go adds to the copy (``-mod=mod``). A
    ``go`` line that was not there is set to what Go assumed, so that Go does not put in its own
    version, which would change the language.
    """
    if not _MENDABLE.search(message) or plan.overlay is not None:
        return None
    source = tree / plan.directory / "go.mod"
    lines = source.read_text("utf-8", "replace").splitlines()
    bad = {int(n) for n in _PARSE_ERROR.findall(message)}
    good = [line for number, line in enumerate(lines, 1) if number not in bad]
    text = "\n".join(good) + "\n"
    if not _NO_GO_LINE.search(text):
        text += f"\ngo {_ASSUMED_GO}\n"
    folder = _folder(overlays, f"{tree}\0{plan.directory}\0{text}")
    (folder / "go.mod").write_text(text, "utf-8")
    sums = source.with_name("go.sum")
    (folder / "go.sum").write_bytes(sums.read_bytes() if sums.is_file() else b"")
    return ModulePlan(
        plan.directory,
        (f"-modfile={folder / 'go.mod'}", "-mod=mod"),
        "off",
        ModuleOverlay(plan.directory, _first_words(message), text),
    )


def _first_words(message: str) -> str:
    """The first line of a message, with the second where the first only introduces it."""
    first, _, rest = message.partition("\n")
    return f"{first} {rest.splitlines()[0].strip()}" if first.endswith(":") and rest else first


def guess_module_path(sources: Iterable[str], directories: set[str], later: str, name: str) -> str:
    """Import path of a tree without ``go.mod``.

    Returns:
        the prefix under which the tree's own directories are imported most often; else the path
        of a later revision without its major version; else ``name``.
    """
    votes: Counter[str] = Counter()
    for text in sources:
        for imported in set(_IMPORT.findall(text)):
            parts = imported.split("/")
            for cut in range(2, len(parts)):
                if "/".join(parts[cut:]) in directories:
                    votes["/".join(parts[:cut])] += 1
                    break
    plain = _MAJOR.sub("", later)
    if votes:
        # On equal votes the path that the project goes by later.
        return max(votes, key=lambda path: (votes[path], path == plain, path))
    return plain or name


def module_path_of(go_mod: str) -> str:
    """The path in the ``module`` directive, empty if there is none; pure."""
    match = re.search(r"^\s*module\s+[\"`]?([^\s\"`]+)", go_mod, re.MULTILINE)
    return match[1] if match else ""


def _folder(overlays: Path, identity: str) -> Path:
    folder = overlays / hashlib.sha256(identity.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _ignored(part: str) -> bool:
    return part in ("vendor", "testdata") or part.startswith(("_", "."))
