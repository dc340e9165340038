"""Prove the truth files: build, run and compile every commit and compare.

This uses nothing of the harness, only git, the Go toolchain and a few regular
expressions, so that the harness can be tested against what it finds.

    python go_fixtures/verify.py --go /path/to/go           # all fixtures
    python go_fixtures/verify.py timeline --commits 12 13   # those, and their parents
    python go_fixtures/verify.py --write timeline           # fill in hashes and numbers

Editorial facts (kind, what, note, outcome, renamed benchmarks, and file, function,
message or text, via and side of a cause) are read from truth.json. Everything else is
measured; with ``--write`` it is stored, without it is compared.

A fixture that names ``units`` is measured in B/op too, and where a commit changes both
tests and numbers, the tests of one side are run on the code of the other.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import build as fixtures

Json = dict[str, Any]

DIAGNOSTIC = re.compile(r"^(?P<file>\S+?\.go):(?P<line>\d+):(?P<column>\d+): (?P<text>\S.*)$")
IN_FUNCTION = re.compile(r"^(?P<what>.+) escapes to heap in (?P<function>.+):$")
SITE = re.compile(r"^(moved to heap: (?P<moved>.+)|(?P<escaping>.+) escapes to heap)$")
PACKAGE = re.compile(r"^pkg: (\S+)$")
RESULT = re.compile(
    r"^(?P<name>Benchmark\S*)\s+\d+\s.*?(?P<bytes>\d+) B/op\s+(?P<allocs>\d+) allocs/op"
)
PANIC = re.compile(r"panic: (?P<message>.+)$")
FRAME = re.compile(r"^(?P<package>\S+)\.(?P<name>Benchmark\w+)(?:\.func\d+)*\(")
FUNCTION = re.compile(r"^func (Benchmark\w+)\(", re.MULTILINE)

REGRESSIONS = ("regression", "no-escape-regression")
ALLOCS, BYTES = "allocs/op", "B/op"
REPETITIONS = 4
NEUTRAL_WITH_NEW_NAMES = ("local variable renamed", "function renamed")


@dataclass(frozen=True, order=True)
class Site:
    """A heap line of the compiler."""

    file: str
    line: int
    column: int
    function: str
    message: str


@dataclass
class Observed:
    """What one commit does."""

    revision: str
    subject: str
    sites: set[Site] = field(default_factory=set)
    functions: dict[str, set[str]] = field(default_factory=dict)
    allocs: dict[str, dict[str, int]] = field(default_factory=dict)
    bytes: dict[str, dict[str, int | None]] = field(default_factory=dict)
    tests: dict[str, str] = field(default_factory=dict)
    error: Json | None = None
    panics: Json | None = None


class Go:
    """The Go tool with a fixed environment."""

    def __init__(self, tool: str, cache: str | None) -> None:
        """Use ``tool`` as the go command and ``cache`` as its build cache."""
        self.tool = tool
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GO", "GIT_", "CGO_"))}
        self.environment = {
            **kept,
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "-mod=readonly",
            "LC_ALL": "C",
        }
        self.environment |= {"GOENV": "off", "GOPROXY": "off", "CGO_ENABLED": "0", "GOWORK": "off"}
        if cache:
            self.environment["GOCACHE"] = cache

    def run(self, directory: Path, *arguments: str) -> tuple[int, str, str]:
        """Run ``go`` and return exit code, standard output and standard error."""
        done = subprocess.run(
            [self.tool, *arguments],
            cwd=directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        return done.returncode, done.stdout, done.stderr


def relative(file: str, module: str) -> str:
    """Return ``file`` relative to the root of the module."""
    return file.removeprefix(module + "/").removeprefix("./")


def heap_sites(output: str, module: str) -> set[Site]:
    """Return the heap lines of ``-m=2`` output outside test files."""
    functions: dict[tuple[str, str, str], dict[str, str]] = {}
    lines: list[tuple[tuple[str, str, str], str]] = []
    for line in output.splitlines():
        match = DIAGNOSTIC.match(line)
        if not match or match["file"].endswith(("_test.go", "_testmain.go")):
            continue
        where = (relative(match["file"], module), match["line"], match["column"])
        if inside := IN_FUNCTION.match(match["text"]):
            functions.setdefault(where, {})[inside["what"]] = inside["function"]
        elif SITE.match(match["text"]):
            lines.append((where, match["text"]))
    sites = set()
    for where, text in lines:
        match = SITE.match(text)
        assert match
        what = match["moved"] or match["escaping"]
        # The long form says "append(a, b)" where the short one says "append".
        here = functions.get(where, {})
        function = here.get(what) or min(here.values(), default="")
        sites.add(Site(where[0], int(where[1]), int(where[2]), function, text))
    return sites


def compile_error(output: str, module: str) -> Json | None:
    """Return the first compile error of a failed build."""
    package = ""
    for line in output.splitlines():
        if line.startswith("# "):
            package = line[2:].split()[0]
            continue
        match = DIAGNOSTIC.match(line)
        if match:
            return {
                "package": package,
                "file": relative(match["file"], module),
                "line": int(match["line"]),
                "message": match["text"],
            }
    return None


def parse_benchmarks(output: str, seen: Observed) -> None:
    """Put allocs/op and B/op by package and benchmark, and a panic, into ``seen``.

    Go prints no name for a benchmark that panics in its first iteration; its
    function is in the stack that follows. B/op is None where repetitions differ.
    """
    allocs, sizes = seen.allocs, seen.bytes
    package, panics = "", None
    for line in output.splitlines():
        if match := PACKAGE.match(line):
            package = match[1]
            allocs[package], sizes[package] = {}, {}
        elif match := RESULT.match(line):
            name, count, size = match["name"], int(match["allocs"]), int(match["bytes"])
            if allocs[package].setdefault(name, count) != count:
                raise fixtures.FixtureError(f"{package}.{name}: {ALLOCS} differ")
            if sizes[package].setdefault(name, size) != size:
                sizes[package][name] = None
        elif panics is None and (match := PANIC.search(line)):
            panics = {"package": package, "benchmark": None, "message": match["message"]}
        elif panics and not panics["benchmark"] and (match := FRAME.match(line)):
            panics["benchmark"] = match["name"]
    seen.panics = panics


def benchmark_functions(root: Path, module: str) -> dict[str, set[str]]:
    """Return the benchmark functions of every package by its source."""
    found: dict[str, set[str]] = {}
    for path in sorted(root.rglob("*_test.go")):
        package = "/".join([module, *path.relative_to(root).parts[:-1]])
        text = path.read_text(encoding="utf-8")
        found.setdefault(package, set()).update(FUNCTION.findall(text))
    return found


def test_files(clone: Path, revision: str) -> dict[str, str]:
    """Return the files of a revision that are tests or their data, with their contents' hashes."""
    listed = fixtures.git(clone, clone.parent, "ls-tree", "-r", revision).splitlines()
    entries = [line.split("\t") for line in listed]
    return {
        path: attributes.split()[2]
        for attributes, path in entries
        if path.endswith("_test.go") or "testdata" in Path(path).parts
    }


def check_out(clone: Path, revision: str, tests_of: str | None = None) -> None:
    """Check out ``revision``, with the tests of another one if that is named."""
    home = clone.parent
    fixtures.git(clone, home, "checkout", "--quiet", "--force", "--detach", revision)
    fixtures.git(clone, home, "clean", "-fdxq")
    if tests_of:
        for path in test_files(clone, revision):
            (clone / path).unlink()
        theirs = test_files(clone, tests_of)
        fixtures.git(clone, home, "checkout", "--quiet", "--force", tests_of, "--", *theirs)


def benchmarks_of(go: Go, clone: Path, *flags: str, repetitions: int) -> str:
    """Run all benchmarks and return what is printed."""
    _, output, errors = go.run(
        clone, "test", *flags, "-vet=off", f"-count={repetitions}", "-run=^$", "-bench=.",
        "-benchmem", "-benchtime=100x", "-cpu=1", "./...",
    )  # fmt: skip
    return errors + output


def exchange(go: Go, clone: Path, code: Observed, tests: Observed) -> Observed:
    """Measure the code of one revision with the tests of another."""
    check_out(clone, code.revision, tests.revision)
    seen = Observed(code.revision, f"{code.subject}, with the tests of {tests.subject}")
    parse_benchmarks(benchmarks_of(go, clone, "-trimpath", repetitions=REPETITIONS), seen)
    return seen


def observe(go: Go, clone: Path, revision: str, module: str, repetitions: int = 1) -> Observed:
    """Check out ``revision`` and measure it."""
    home = clone.parent
    check_out(clone, revision)
    seen = Observed(revision, fixtures.git(clone, home, "log", "-1", "--format=%s"))
    seen.functions = benchmark_functions(clone, module)
    common = ("-trimpath", "-buildvcs=false", "-gcflags=-m=2")
    code, _, diagnostics = go.run(clone, "build", "-o", os.devnull, *common, "./...")
    if code:
        # Without -m the compiler prints nothing but errors.
        _, _, errors = go.run(clone, "build", "-o", os.devnull, "-trimpath", "./...")
        seen.error = compile_error(errors, module)
    output = benchmarks_of(go, clone, *common, repetitions=repetitions)
    # Generic functions have sites only where they are instantiated, which may
    # be a test file: so the diagnostics of the test build count too.
    seen.sites = heap_sites(diagnostics + output, module)
    parse_benchmarks(output, seen)
    seen.tests = test_files(clone, revision)
    if fixtures.git(clone, home, "status", "--porcelain"):
        raise fixtures.FixtureError(f"{revision}: the build changes the tree")
    return seen


def top_level(name: str) -> str:
    """Return the function of a benchmark name."""
    return name.split("/", 1)[0]


def steps(base: Observed, head: Observed, known: dict[str, dict[str, int]]) -> list[Json]:
    """Return every benchmark of both sides whose allocs/op differ or are unknown on a side."""
    found = []
    for package in sorted(set(base.functions) & set(head.functions)):
        both = base.functions[package] & head.functions[package]
        before, after = base.allocs.get(package, {}), head.allocs.get(package, {})
        for name in sorted(set(before) | set(after) | set(known.get(package, {}))):
            old, new = before.get(name), after.get(name)
            if top_level(name) in both and old != new:
                step = {"package": package, "benchmark": name, "unit": "allocs/op"}
                found.append(step | {"before": old, "after": new})
    return found


def value(seen: Observed, unit: str, package: str, benchmark: str) -> int | None:
    """Return what was measured, None if nothing or nothing certain was."""
    values = seen.bytes if unit == BYTES else seen.allocs
    return values.get(package, {}).get(benchmark)


def tests_differ(base: Observed, head: Observed, package: str, module: str) -> bool:
    """Whether the tests of a package, or their data, differ."""
    directory = package.removeprefix(module).removeprefix("/")

    def own(seen: Observed) -> dict[str, str]:
        return {
            path: digest
            for path, digest in seen.tests.items()
            if str(Path(path.split("testdata", 1)[0] + "x").parent) == (directory or ".")
        }

    return own(base) != own(head)


def charged_steps(go: Go, clone: Path, base: Observed, head: Observed, module: str) -> list[Json]:
    """Return every step in allocs/op and B/op, with the part that is the benchmark's own.

    ``by_benchmark`` is there if the tests of the package differ, and null if neither side's tests
    compile on the other side's code. A benchmark that is new has what it gives on the base's code
    as ``before``, and ``baseline``.
    """
    found: list[Json] = []
    crossed: list[Observed] = []
    for package, row in sorted(head.allocs.items()):
        differ = tests_differ(base, head, package, module)
        if differ and not crossed:
            crossed = [exchange(go, clone, base, head), exchange(go, clone, head, base)]
        for name in sorted(row):
            for unit in (ALLOCS, BYTES):
                new = value(head, unit, package, name)
                old = value(base, unit, package, name)
                is_new = name not in base.allocs.get(package, {})
                if is_new and crossed:
                    old = value(crossed[0], unit, package, name)
                if old is None or new is None or old == new:
                    continue
                step: Json = {"package": package, "benchmark": name, "unit": unit}
                step |= {"before": old, "after": new}
                if is_new:
                    step["baseline"] = True
                elif differ:
                    forward, backward = (value(seen, unit, package, name) for seen in crossed)
                    if forward is not None:
                        step["by_benchmark"] = forward - old
                    else:
                        step["by_benchmark"] = None if backward is None else new - backward
                found.append(step)
    return found


def site_changes(base: Observed, head: Observed) -> Json | None:
    """Return the heap lines that are new or gone, whatever their position."""
    if base.error or head.error:
        return None

    def count(seen: Observed) -> Counter[tuple[str, str, str]]:
        return Counter((str(Path(s.file).parent), s.function, s.message) for s in seen.sites)

    def rows(counts: Counter[tuple[str, str, str]]) -> list[Json]:
        return [
            {"directory": d, "function": f, "message": m, "count": n}
            for (d, f, m), n in sorted(counts.items())
        ]

    return {"new": rows(count(head) - count(base)), "gone": rows(count(base) - count(head))}


def line_of(clone: Path, seen: Observed, cause: Json) -> int:
    """Return the line of a cause of which the compiler says nothing: where its text begins."""
    source = fixtures.git(clone, clone.parent, "show", f"{seen.revision}:{cause['file']}")
    before, found, after = source.partition(cause["text"])
    if not found or cause["text"] in after:
        raise fixtures.FixtureError(f"{seen.subject}: not one such line: {cause}")
    return before.count("\n") + 1


def locate(cause: Json, base: Observed | None, head: Observed, clone: Path) -> Json:
    """Return ``cause`` with its line: where the compiler prints it, else where its text is."""
    here, there = (head, base) if cause["side"] == "head" else (base, head)
    assert here
    if cause["message"] is None:
        return {**cause, "line": line_of(clone, here, cause), "only_on_side": None}

    def matching(seen: Observed | None) -> list[int]:
        wanted = (cause["file"], cause["function"], cause["message"])
        sites = sorted(seen.sites) if seen else []
        return [s.line for s in sites if (s.file, s.function, s.message) == wanted]

    lines = matching(here)
    if not lines:
        raise fixtures.FixtureError(f"{head.subject}: no such heap line: {cause}")
    unique = len(lines) > len(matching(there))
    line = cause["line"] if cause["line"] in lines else lines[0]
    return {**cause, "line": line, "only_on_side": unique}


def gate(base: Observed, head: Observed, changed: list[Json], removed: set[str]) -> Json:
    """Return what a gate of ``head`` against ``base`` must say."""
    if base.error or head.error or base.panics or head.panics:
        return {"verdict": "error", "exit_code": 2}
    worse = any(step["after"] > step["before"] for step in changed if step["unit"] == ALLOCS)
    if worse or removed:
        return {"verdict": "fail", "exit_code": 1}
    return {"verdict": "pass", "exit_code": 0}


def names_of(functions: dict[str, set[str]]) -> set[str]:
    """Return ``package.Benchmark`` for every benchmark function."""
    return {f"{package}.{name}" for package, names in functions.items() for name in names}


def qualified(allocs: dict[str, dict[str, int]], functions: set[str]) -> list[str]:
    """Return the full names, with sub-benchmarks, of ``functions``."""
    return sorted(
        f"{package}.{name}"
        for package, row in allocs.items()
        for name in row
        if f"{package}.{top_level(name)}" in functions
    )


def derive(
    entry: Json, patch: str, base: Observed | None, head: Observed, changed: list[Json], clone: Path
) -> Json:
    """Return the whole entry of a commit from its editorial facts and what was seen."""
    renamed = entry["benchmarks"]["renamed"]
    old, new = names_of(base.functions) if base else set(), names_of(head.functions)
    if not base:
        old = new
    added = new - old - {pair[1] for pair in renamed}
    removed = old - new - {pair[0] for pair in renamed}
    return {
        "index": entry["index"],
        "revision": head.revision,
        "patch": patch,
        "subject": head.subject,
        "kind": entry["kind"],
        "what": entry["what"],
        "note": entry["note"],
        "build": "failed" if head.error else "ok",
        "error": head.error,
        "panics": head.panics,
        "steps": changed,
        "cause": locate(entry["cause"], base, head, clone) if entry["cause"] else None,
        "sites": site_changes(base, head) if base else None,
        "benchmarks": {
            "added": qualified(head.allocs, added),
            "removed": qualified(base.allocs if base else {}, removed),
            "renamed": renamed,
        },
        "allocs": head.allocs,
        "gate": gate(base, head, changed, removed) if base else None,
    }


def complaints(entry: Json) -> list[str]:
    """Return where an entry contradicts its own kind."""
    kind, moves, sites = entry["kind"], entry["steps"], entry["sites"]
    measured = [s for s in moves if s["before"] is not None and s["after"] is not None]
    # Where allocs/op stay, B/op decide.
    deciding = [s for s in measured if s["unit"] == ALLOCS] or measured
    up = any(s["after"] > s["before"] for s in deciding)
    down = any(s["after"] < s["before"] for s in deciding)
    found = []
    if kind == "benchmark-changed":
        found += [] if measured else ["nothing changes"]
    else:
        if (kind in REGRESSIONS) != up:
            found.append("allocs/op " + ("rise" if up else "do not rise"))
        if (kind in ("improvement", "repair")) != down:
            found.append("allocs/op " + ("fall" if down else "do not fall"))
    if kind not in ("broken", "panic", "fix") and len(measured) != len(moves):
        found.append("something could not be measured")
    if (kind == "broken") != (entry["build"] == "failed"):
        found.append(f"build is {entry['build']}")
    if (kind == "panic") != (entry["panics"] is not None):
        found.append(f"panics: {entry['panics']}")
    quiet = kind in ("neutral", "benchmark-added", "benchmark-removed", "benchmark-renamed")
    if quiet and entry["note"] not in NEUTRAL_WITH_NEW_NAMES and sites != {"new": [], "gone": []}:
        found.append(f"heap sites change: {sites}")
    if kind == "no-escape-regression" and (not sites or sites["new"]):
        found.append(f"new heap sites: {sites}")
    if kind.endswith("-escape") and not (entry["cause"] and entry["cause"]["only_on_side"]):
        found.append("the escape is not new")
    return found


def name_outcomes(entry: Json, changed: list[Json]) -> None:
    """Take over the outcomes of steps, which are editorial: the commit's unless it has its own."""
    own = {(s["benchmark"], s["unit"]): s["outcome"] for s in entry["steps"]}
    for step in changed:
        step["outcome"] = own.get((step["benchmark"], step["unit"]), entry["outcome"])


def repairs(head: Observed, known: dict[str, dict[str, int]]) -> list[str]:
    """Return what a fix left different from the last commit that could be measured."""
    return [
        f"{package}.{name} is {now}, was {known[package][name]} before the breakage"
        for package, row in head.allocs.items()
        for name, now in row.items()
        if now != known.get(package, {}).get(name, now)
    ]


def differences(want: object, got: object, where: str = "") -> list[str]:
    """Return readable differences between two JSON values."""
    if isinstance(want, dict) and isinstance(got, dict):
        found = []
        for key in sorted(set(want) | set(got)):
            found += differences(want.get(key), got.get(key), f"{where}.{key}")
        return found
    return [] if want == got else [f"{where[1:]}: truth.json has {want!r}, measured {got!r}"]


def plain_diagnostics(output: str, module: str) -> list[Json]:
    """Return every line of ``-m`` output."""
    return [
        {
            "file": relative(match["file"], module),
            "line": int(match["line"]),
            "column": int(match["column"]),
            "message": match["text"],
        }
        for match in map(DIAGNOSTIC.match, output.splitlines())
        if match
    ]


def details(go: Go, clone: Path, revision: str, wanted: Json, module: str) -> Json:
    """Return diagnostics by flags, and the calls of a function, as ``wanted`` names them."""
    fixtures.git(clone, clone.parent, "checkout", "--quiet", "--force", "--detach", revision)
    found: Json = {"diagnostics": {}}
    for flags in wanted["diagnostics"]:
        _, _, text = go.run(
            clone, "build", "-o", os.devnull, "-trimpath", f"-gcflags={flags}", "./..."
        )
        found["diagnostics"][flags] = plain_diagnostics(text, module)
    function = wanted["assembly"]["function"]
    _, _, text = go.run(clone, "build", "-o", os.devnull, "-trimpath", "-gcflags=-S -l", "./...")
    inside, calls = False, []
    for line in text.splitlines():
        if " STEXT " in line:
            inside = line.startswith(function + " ")
        elif inside and (match := re.search(r"\tCALL\t([\w.*()\[\]/]+)\(SB\)", line)):
            calls.append(match[1])
    calls = [call for call in calls if not call.startswith("runtime.morestack")]
    found["assembly"] = {"function": function, "calls": calls}
    return found


def planted(entries: list[Json]) -> Json:
    """Return how many commits there are of every kind."""

    def plural(kind: str) -> str:
        if kind in ("initial", "neutral", "broken"):
            return kind
        if kind.startswith("benchmark-"):
            return kind.replace("benchmark-", "benchmarks_")
        return kind.replace("-", "_") + ("es" if kind == "fix" else "s")

    return dict(sorted(Counter(plural(entry["kind"]) for entry in entries).items()))


def verify(name: str, go: Go, scratch: Path, *, write: bool, only: set[int]) -> list[str]:
    """Verify one fixture and return what is wrong."""
    path = fixtures.HERE / name / "truth.json"
    truth: Json = json.loads(path.read_text(encoding="utf-8"))
    module = truth["module"]
    source = fixtures.build(name, scratch / "built", check=not write)
    clone = scratch / name
    fixtures.git(scratch, scratch, "clone", "--quiet", "--no-hardlinks", str(source), str(clone))
    order = fixtures.git(clone, scratch, "rev-list", "--reverse", "HEAD").split()
    series = fixtures.patches(name)
    if not len(order) == len(series) == len(truth["commits"]):
        return [f"{len(order)} commits, {len(series)} patches, {len(truth['commits'])} entries"]

    wrong: list[str] = []
    entries: list[Json] = []
    base: Observed | None = None
    known: dict[str, dict[str, int]] = {}
    for entry, patch, revision in zip(truth["commits"], series, order, strict=True):
        index = entry["index"]
        if only and not {index, index + 1} & only:
            base = None
            continue
        begin = time.monotonic()
        head = observe(go, clone, revision, module, REPETITIONS if "units" in truth else 1)
        if not only or index in only:
            if "units" not in truth:
                changed = steps(base, head, known) if base else []
                got = derive(entry, patch.name, base, head, changed, clone)
            else:
                changed = charged_steps(go, clone, base, head, module) if base else []
                got = derive(entry, patch.name, base, head, changed, clone)
                got |= {"outcome": entry["outcome"], "bytes": head.bytes}
                name_outcomes(entry, changed)
            if "diagnostics" in entry:
                got |= details(go, clone, revision, entry, module)
            entries.append(got)
            found = complaints(got) + ([] if write else differences(entry, got))
            if got["kind"] == "fix":
                found += repairs(head, known)
            wrong += [f"{name} {index} ({entry['kind']}): {text}" for text in found]
            moves = [
                f"{s['package'].rsplit('/', 1)[-1]}.{s['benchmark']} {s['before']}→{s['after']}"
                for s in got["steps"]
            ]
            print(
                f"{name} {index:2} {entry['kind']:21} {'WRONG' if found else 'ok'}"
                f" {time.monotonic() - begin:5.1f}s {'; '.join(moves)}",
                flush=True,
            )
        for package, row in head.allocs.items():
            known.setdefault(package, {}).update(row)
        base = head
    if write and not only:
        truth |= {"head": order[-1], "planted": planted(entries), "commits": entries}
        path.write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    elif not only:
        wrong += differences(truth["planted"], planted(entries), ".planted")
    return wrong


def main(arguments: list[str] | None = None) -> int:
    """Verify the fixtures named on the command line."""
    parser = argparse.ArgumentParser(description="Prove the truth files of the fixtures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="fixtures (default: all)")
    parser.add_argument("--go", default="go", help="the go command (default: the one on PATH)")
    parser.add_argument("--gocache", help="build cache to use (default: Go's own)")
    parser.add_argument("--write", action="store_true", help="store hashes and numbers")
    parser.add_argument("--commits", nargs="+", type=int, default=[], metavar="N")
    options = parser.parse_args(arguments)
    go = Go(options.go, options.gocache)
    wrong: list[str] = []
    for name in options.names or fixtures.names():
        truth = json.loads((fixtures.HERE / name / "truth.json").read_text(encoding="utf-8"))
        _, version, _ = go.run(fixtures.HERE, "env", "GOVERSION", "GOOS", "GOARCH")
        if version.split() != [truth["toolchain"], "linux", "amd64"]:
            print(
                f"verify.py: {name} holds for {truth['toolchain']} on linux/amd64", file=sys.stderr
            )
            return 2
        with tempfile.TemporaryDirectory() as scratch:
            only = set(options.commits)
            try:
                wrong += verify(name, go, Path(scratch), write=options.write, only=only)
            except fixtures.FixtureError as error:
                wrong.append(str(error))
    print("\n".join(wrong) if wrong else "everything is as truth.json says")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
