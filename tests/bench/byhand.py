"""What a person types: ``git checkout``, ``go test -bench`` and ``go build -gcflags=-m``.

Nothing of the harness is used here, so that the harness can be held against it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

# The same iterations and processors as in the allocation lane of the harness.
TEST = ["test", "-run=^$", "-benchmem", "-benchtime=100x", "-cpu=1", "-count=1"]
_LINE = re.compile(
    r"^(?P<name>Benchmark\S*)\s+\d+\s.*?(?P<allocs>[\d.]+) allocs/op\s*$", re.MULTILINE
)
_PACKAGE = re.compile(r"^pkg: (\S+)$", re.MULTILINE)
_HEAP = re.compile(r"^(?P<file>[^\s:]+\.go):(?P<line>\d+)(?::\d+)?: (?P<message>.*)$")
# The line of `testing` that prints what a benchmark allocated, cut to whole numbers.
_CUT = "r.AllocedBytesPerOp(), r.AllocsPerOp())"
_UNCUT = "float64(r.MemBytes)/float64(r.N), float64(r.MemAllocs)/float64(r.N))"
_FORMAT = '"%8d B/op\\t%8d allocs/op"'
_UNCUT_FORMAT = '"%12.4f B/op\\t%12.4f allocs/op"'


class HandError(Exception):
    """A command failed; the text is what it printed."""


class Tree:
    """A work tree of a clone, and Go in it.

    Args:
        clone: of the public repository; only its objects are used.
        directory: where the work tree is made.
        go: the ``go`` command.
        release: that it must be, ``1.27.3``.
        module: import path for revisions without a ``go.mod``.

    Raises:
        HandError: the ``go`` is of another release.
    """

    def __init__(self, clone: Path, directory: Path, go: str, release: str, module: str) -> None:
        self._go, self._module, self.directory = go, module, directory
        # As a person has it, but for what would let another release or module list in.
        self._env = {
            **os.environ,
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            "GOFLAGS": "-mod=mod",
            "GO111MODULE": "on",
        }
        said = self._call([go, "version"], clone)
        if f" go{release} " not in said:
            raise HandError(f"{go} is not of release {release}: {said.strip()}")
        self._scratch = directory.parent
        if not directory.exists():
            self._call(["git", "clone", "--quiet", "--shared", "-n", str(clone), str(directory)])

    def checkout(self, revision: str) -> None:
        """Make the tree that of a revision, with a ``go.mod`` that this Go reads."""
        self.git("checkout", "--quiet", "--force", "--detach", revision)
        self.git("clean", "-ffdxq")
        self._mend()

    def take_tests(self, revision: str) -> None:
        """Put another revision's test files in the place of this one's."""
        for name in self._tests("HEAD"):
            (self.directory / name).unlink(missing_ok=True)
        names = self._tests(revision)
        if names:
            self.git("checkout", "--quiet", revision, "--", *names)

    def parent(self, revision: str) -> str:
        """Full hash of the first parent."""
        return self.git("rev-parse", f"{revision}^1").strip()

    def resolve(self, revision: str) -> str:
        """Full hash."""
        return self.git("rev-parse", f"{revision}^{{commit}}").strip()

    def git(self, *arguments: str) -> str:
        """One git command in the tree."""
        return self._call(["git", *arguments], self.directory)

    def bench(
        self, packages: Iterable[str], bench: str, flags: Sequence[str] = ()
    ) -> dict[tuple[str, str], float]:
        """allocs/op by ``(directory, full name)``, as ``go test`` prints them.

        A package that fails lacks its benchmarks.
        """
        command = [self._go, *TEST, f"-bench={bench}", *flags, *packages]
        text = self._call(command, self.directory, check=False)
        found = {}
        module = self._module_path()
        # The output of one package ends where the next begins.
        parts = _PACKAGE.split(text)
        for path, part in zip(parts[1::2], parts[2::2], strict=True):
            directory = path.removeprefix(module).strip("/") or "."
            for match in _LINE.finditer(part):
                found[directory, match["name"]] = float(match["allocs"])
        return found

    def heap_lines(self, packages: Iterable[str]) -> set[tuple[str, str, str]]:
        """``file``, ``line`` and message of what ``go build -gcflags=-m`` says goes to the heap."""
        command = [self._go, "build", "-gcflags=-m", *packages]
        text = self._call(command, self.directory, check=False)
        found = set()
        for line in text.splitlines():
            match = _HEAP.match(line)
            if match and ("escapes to heap" in line or "moved to heap" in line):
                found.add((match["file"], match["line"], match["message"]))
        return found

    def uncut_flags(self) -> list[str]:
        """Flags with which ``testing`` prints allocs/op with fractions.

        Raises:
            HandError: this release words its line differently.
        """
        root = Path(self._call([self._go, "env", "GOROOT"], self.directory).strip())
        source = root / "src" / "testing" / "benchmark.go"
        text = source.read_text("utf-8")
        if text.count(_CUT) != 1 or text.count(_FORMAT) != 1:
            raise HandError(f"{source} does not print allocs/op as expected")
        changed = self._scratch / "benchmark.go"
        changed.write_text(text.replace(_CUT, _UNCUT).replace(_FORMAT, _UNCUT_FORMAT), "utf-8")
        overlay = self._scratch / "overlay.json"
        overlay.write_text(f'{{"Replace": {{"{source}": "{changed}"}}}}', "utf-8")
        return [f"-overlay={overlay}"]

    def remove(self) -> None:
        """Delete the work tree."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def _mend(self) -> None:
        # Without a go.mod, or without a go line in it, the language is that of Go 1.16; a go.mod
        # made by today's `go mod init` would ask for today's, in which a loop variable is another.
        file = self.directory / "go.mod"
        text = file.read_text("utf-8") if file.exists() else f"module {self._module}\n"
        if not re.search(r"^go \d", text, re.MULTILINE):
            text += "\ngo 1.16\n"
        file.write_text(text, "utf-8")

    def _module_path(self) -> str:
        text = (self.directory / "go.mod").read_text("utf-8")
        match = re.search(r'^module\s+"?([^\s"]+)', text, re.MULTILINE)
        return match[1] if match else self._module

    def _tests(self, revision: str) -> list[str]:
        names = self.git("ls-tree", "-r", "--name-only", revision).splitlines()
        return [n for n in names if n.endswith("_test.go") or "testdata" in n.split("/")[:-1]]

    def _call(self, command: list[str], cwd: Path | None = None, *, check: bool = True) -> str:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=self._env,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
        )
        if check and done.returncode:
            raise HandError(f"{' '.join(command)}: {done.stderr or done.stdout}")
        # The compiler speaks on standard error.
        return done.stdout + done.stderr
