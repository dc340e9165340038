"""Test binaries and the compiler's own listing of what was linked into them."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from harness.compiled.binary import read_binary
from harness.compiled.gather import CompiledCode
from harness.compiled.listing import LISTING_FLAGS, parse_listing
from harness.diagnostics.collect import BUILD_FLAGS
from harness.process import tool_environment
from harness.toolchain import Go

_HEADER = re.compile(r"^# (\S+)(?: \[(\S+)\])?$")
_TEXT = re.compile(r"^(\S.*) STEXT .*?size=(\d+)")
# In names of closures of inlined functions; the linker takes it out.
_HASH = re.compile(r"#[^#\s]+#")


@dataclass(frozen=True)
class Module:
    """A module on disk and the Go that compiles it."""

    go: Go
    directory: Path
    architecture: str = "amd64"

    def run(self, *arguments: str | Path) -> str:
        """Both streams of a ``go`` command, which must succeed."""
        env = self.go.environment(tool_environment())
        env |= {"GOWORK": "off", "GOPROXY": "off", "CGO_ENABLED": "0", "GOOS": "linux"}
        env["GOARCH"] = self.architecture
        done = subprocess.run(
            [self.go.binary, *arguments],
            cwd=self.directory,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        text = done.stdout.decode("utf-8", "replace")
        assert done.returncode == 0, text[-2000:]
        return text

    def link(self, package: str, binary: Path, *flags: str) -> Path:
        """Its test binary, made with the flags of the harness."""
        self.run("test", "-c", "-vet=off", *BUILD_FLAGS, *flags, "-o", binary, package)
        return binary

    def build(self, binary: Path, *flags: str) -> Path:
        """The program in the module's directory, made with the same flags."""
        self.run("build", *BUILD_FLAGS, *flags, "-o", binary, ".")
        return binary

    def listing(self, package: str, binary: Path) -> CompiledCode:
        """What ``-S`` says of the functions of a package that are in a binary."""
        symbols = self._symbols(binary)
        text = self.run("list", "-test", "-export", *LISTING_FLAGS, package)
        blocks = _blocks(text, package)
        kept: list[str] = []
        for block in blocks:
            keep = True
            for line in block:
                heading = _TEXT.match(line)
                if heading is not None:
                    keep = (_HASH.sub("", heading[1]), int(heading[2])) in symbols
                elif not line.startswith("\t"):
                    keep = True
                if keep:
                    kept.append(line)
        return parse_listing("\n".join(kept), [package])

    def _symbols(self, binary: Path) -> set[tuple[str, int]]:
        """Name and size of every function."""
        output = self.run("tool", "nm", "-size", binary)
        found = re.findall(r"^ *[0-9a-f]+ +(\d+) [Tt] (.+)$", output, re.MULTILINE)
        return {(_HASH.sub("", name), int(size)) for size, name in found}


def _blocks(text: str, package: str) -> list[list[str]]:
    """The variants of a package that are linked into its own test binary."""
    found: dict[tuple[str, str], list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        header = _HEADER.match(line)
        if header is not None:
            current = found.setdefault((header[1], header[2] or ""), [])
        current.append(line)
    binary = f"{package}.test"
    own = found.get((package, binary)) or found.get((package, "")) or []
    return [own, found.get((f"{package}_test", binary), [])]


@dataclass(frozen=True)
class Difference:
    """How the decoder and ``-S`` differ, and how much was compared."""

    calls: int
    functions: int
    only_binary: list[object]
    only_listing: list[object]


def compare(module: Module, package: str, binary: Path) -> Difference:
    """Hold the decoder against ``-S``: every call with its chain, every frame and declaration."""
    code, listing = read_binary(binary, [package]), module.listing(package, binary)
    ours = Counter[object](code.calls) + Counter[object](code.functions)
    theirs = Counter[object](listing.calls) + Counter[object](listing.functions)
    return Difference(
        len(code.calls), len(code.functions), list(ours - theirs), list(theirs - ours)
    )
