"""A made-up project of any size: a git repository, and a record for every commit of it.

Nothing is compiled or measured: the numbers are drawn from a seed. It stands for a project that
nobody has at hand, to see what the outputs make of a long history. A commit changes one function of
one package, now and then with an escape site more or less; what it does not touch is carried.
"""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

import msgspec

from harness.model import (
    ALLOCS,
    BYTES,
    RECORD_SCHEMA,
    SECONDS,
    Account,
    AllocationCall,
    AllocationKind,
    AllocationSite,
    BenchmarkResult,
    CodePart,
    EscapeSite,
    FileChange,
    FlowStep,
    FunctionCode,
    Hunk,
    InliningCall,
    InliningDecision,
    Lane,
    Machine,
    Measurement,
    Outcome,
    PackageOutcome,
    PackageResult,
    Position,
    Record,
    Revision,
    SiteKind,
    TreeDiff,
)
from harness.store import RecordStore, key_of
from harness.store.encoding import gzipped, identified, pack
from harness.store.format import PackageNumbers
from tests.builders import ENVIRONMENT, SETTINGS

MODULE = "example.com/large"
_MACHINE = Machine("synthetic", "Linux 6.1", "x86_64", "no processor", "2", "24 GiB")
_EPOCH = 1_600_000_000
_BETWEEN = 6 * 3600
_PER_FUNCTION = 5
_FOURTH_UNIT = "stack-inuse-B"


@dataclass(frozen=True, slots=True)
class Size:
    """How large it is.

    Attributes:
        commits: all of which have a record.
        benchmarks: with four units each.
        sites: escape sites at each commit, about.
        files: source files.
        packages: over which files and benchmarks are spread.
    """

    commits: int = 2000
    benchmarks: int = 300
    sites: int = 20_000
    files: int = 400
    packages: int = 40


def make(directory: Path, size: Size, seed: int = 1) -> Path:
    """Write repository, records and ``asv.conf.json``; returns the path of the last."""
    directory.mkdir(parents=True, exist_ok=True)
    repo, results = directory / "repo", directory / "results"
    project = _Project(size, random.Random(seed))
    commits = list(project.commits())
    hashes = _import(repo, commits)
    store = RecordStore(results)
    cache: dict[int, tuple[object, tuple[str, bytes]]] = {}

    def compress(content: object) -> tuple[str, bytes]:
        # What did not change is the same object, and packed once.
        same = content
        if isinstance(content, CodePart):
            same = content.functions[0]
        elif isinstance(content, PackageNumbers):
            same = content.benchmarks
        if id(same) not in cache:
            text = msgspec.json.encode(content, order="deterministic") + b"\n"
            cache[id(same)] = (same, (identified(text), gzipped(text)))
        return cache[id(same)][1]

    for number, commit in enumerate(commits):
        following = commits[number + 1] if number + 1 < len(commits) else None
        record = project.record(number, commit, following, hashes)
        path = store.path(key_of(record))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pack(record, compress))
    (results / _MACHINE.machine / "machine.json").write_text(
        json.dumps({**msgspec.to_builtins(_MACHINE), "version": 1})
    )
    config = directory / "asv.conf.json"
    config.write_text(
        json.dumps(
            {
                "version": 1,
                "project": "large",
                "repo": str(repo),
                "branches": ["main"],
                "results_dir": str(results),
                "html_dir": str(directory / "html"),
                "environment_type": "go",
                "plugins": [".harness.asv_plugin"],
            }
        )
    )
    return config


@dataclass(slots=True)
class _Line:
    """A line of source, with the kind of escape that is on it."""

    text: str
    kind: SiteKind | None = None


@dataclass(slots=True)
class _File:
    path: str
    functions: list[list[_Line]]

    def text(self, package: str) -> str:
        lines = [f"package {package}", ""]
        for number, body in enumerate(self.functions):
            lines += [f"func F{number}(in *input) *output {{", *(x.text for x in body), "}", ""]
        return "\n".join(lines)

    def numbered(self) -> Iterator[tuple[int, str, list[tuple[int, _Line]]]]:
        """Line, name and body of each function."""
        at = 3
        for number, body in enumerate(self.functions):
            yield at, f"F{number}", [(at + 1 + i, line) for i, line in enumerate(body)]
            at += len(body) + 3


@dataclass(slots=True)
class _Package:
    name: str
    files: list[_File]
    benchmarks: tuple[BenchmarkResult, ...]
    code: CodePart = field(default_factory=CodePart)
    measured: int = 0

    @property
    def path(self) -> str:
        return f"{MODULE}/{self.name}"


@dataclass(frozen=True, slots=True)
class _Commit:
    """One commit: the files it writes, and the packages after it.

    ``accounts`` are those of a step, of its parent and its own.
    """

    files: dict[str, str]
    message: str
    change: FileChange | None
    packages: tuple[tuple[_Package, CodePart, tuple[BenchmarkResult, ...], int], ...]
    accounts: tuple[Account, Account] | None


class _Project:
    def __init__(self, size: Size, rng: random.Random) -> None:
        self._size, self._rng = size, rng
        per_file = max(1, round(size.sites / size.files / _PER_FUNCTION))
        self._packages = [
            _Package(
                name := f"pkg{number:02d}",
                [
                    _File(f"{name}/file{f:02d}.go", [self._body(i) for i in range(per_file)])
                    for f in range(size.files // size.packages)
                ],
                tuple(
                    self._benchmark(f"Benchmark{name.title()}{b:02d}/size={10 ** (b % 4)}")
                    for b in range(number, size.benchmarks, size.packages)
                ),
            )
            for number in range(size.packages)
        ]
        for package in self._packages:
            package.code = self._code(package)

    def commits(self) -> Iterator[_Commit]:
        """Every commit, oldest first; the first writes all files."""
        files = {f.path: f.text(p.name) for p in self._packages for f in p.files}
        files["go.mod"] = f"module {MODULE}\n\ngo 1.27\n"
        yield _Commit(files, "the first commit", None, self._state(), None)
        for number in range(1, self._size.commits):
            yield self._commit(number)

    def _commit(self, number: int) -> _Commit:
        rng = self._rng
        package = rng.choice(self._packages)
        file = rng.choice(package.files)
        index = rng.randrange(len(file.functions))
        line, _, body = list(file.numbered())[index]
        sites = [i for i, (_, x) in enumerate(body) if x.kind]
        what = "reworded"
        at = rng.randrange(len(body))
        if rng.random() < 0.15 and len(sites) > 1:
            at = rng.choice(sites)
            del file.functions[index][at]
            hunk, what = Hunk(line + 1 + at, 1, line + at, 0), "allocates less"
        else:
            kind = rng.choice(list(SiteKind)) if rng.random() < 0.2 else None
            added = _Line(f"\tkeep(in, {number}) // {kind or 'no escape'}", kind)
            file.functions[index].insert(at, added)
            hunk = Hunk(line + at, 0, line + 1 + at, 1)
            what = f"an escape more: {kind}" if kind else what
        package.code = self._code(package)
        package.measured = number
        moved = 0 if what == "reworded" else -1 if what == "allocates less" else 1
        before = package.benchmarks[0]
        package.benchmarks = self._measured(package, moved)
        accounts = self._accounts(package, before, (file.path, hunk.new_start, f"F{index}"))
        message = f"{package.name}: {what} in {Path(file.path).name}, number {number}"
        change = FileChange(file.path, file.path, (hunk,))
        return _Commit(
            {file.path: file.text(package.name)}, message, change, self._state(), accounts
        )

    def _state(self) -> tuple[tuple[_Package, CodePart, tuple[BenchmarkResult, ...], int], ...]:
        return tuple((p, p.code, p.benchmarks, p.measured) for p in self._packages)

    def _body(self, number: int) -> list[_Line]:
        kinds = list(SiteKind)
        lines = []
        for i in range(_PER_FUNCTION):
            kind = kinds[(number + i) % len(kinds)]
            lines += [_Line(f"\tv{i} := take(in, {i}) // {kind}", kind), _Line(f"\tuse(v{i})")]
        return lines

    def _benchmark(self, name: str) -> BenchmarkResult:
        return self._sampled(name, float(self._rng.randrange(0, 40)), self._rng.uniform(50, 5000))

    def _sampled(self, name: str, allocs: float, nanoseconds: float) -> BenchmarkResult:
        machine = self._rng.gauss(1, 0.02)
        times = tuple(
            round(nanoseconds * machine * self._rng.gauss(1, 0.01)) * 1e-9 for _ in range(6)
        )
        size = allocs * 48.0
        stack = 32768.0 * (1 + len(name) % 2)
        return BenchmarkResult(
            name,
            (
                Measurement(SECONDS, Lane.TIME, times, False),
                Measurement(BYTES, Lane.ALLOCATION, (size, size), True),
                Measurement(ALLOCS, Lane.ALLOCATION, (allocs, allocs), True),
                Measurement(_FOURTH_UNIT, Lane.ALLOCATION, (stack, stack), True),
            ),
        )

    def _measured(self, package: _Package, moved: int) -> tuple[BenchmarkResult, ...]:
        """New samples of a package; the first benchmark allocates ``moved`` times more."""
        found: list[BenchmarkResult] = []
        for number, old in enumerate(package.benchmarks):
            change = moved if number == 0 and _allocs(old) + moved >= 0 else 0
            seconds = old.measurement(SECONDS)
            assert seconds is not None
            nanoseconds = seconds.value * 1e9 * (1 + 0.1 * change)
            found.append(self._sampled(old.name, _allocs(old) + change, nanoseconds))
        return tuple(found)

    def _accounts(
        self, package: _Package, before: BenchmarkResult, place: tuple[str, int, str]
    ) -> tuple[Account, Account] | None:
        after = package.benchmarks[0]
        old, new = _allocs(before), _allocs(after)
        if old == new:
            return None
        start, name, _ = next(package.files[0].numbered())
        common = _site(package.files[0].path, start + 1, f"{name}_00", min(old, new))
        file, line, function = place
        own = _site(file, line, f"{function}_{file[-5:-3]}", abs(new - old))
        one, two = (common,), (own, common)
        return (
            Account(package.path, before.name, two if old > new else one, old, old * 48, True),
            Account(package.path, after.name, two if new > old else one, new, new * 48, True),
        )

    def _code(self, package: _Package) -> CodePart:
        path = package.path
        sites, calls, functions, decisions, inlined = [], [], [], [], []
        for file in package.files:
            for start, name, body in file.numbered():
                full = f"{name}_{file.path[-5:-3]}"
                place = Position(file.path, start, 6)
                functions.append(FunctionCode(path, full, 64 + 8 * len(body), file.path, start))
                reason = "" if len(body) < 11 else "function too complex: cost 92 exceeds budget 80"
                decisions.append(InliningDecision(path, full, place, not reason, 92, reason))
                inlined.append(InliningCall(path, "use", Position(file.path, start + 2, 5)))
                for line, content in body:
                    if content.kind is None:
                        continue
                    where = Position(file.path, line, 8)
                    expression = f"v{line % 7}"
                    flow = (
                        FlowStep(f"flow: ~r0 ← &{expression}:", None),
                        FlowStep(f"from &{expression} (address-of)", where),
                        FlowStep(f"from return &{expression} (return)", where),
                    )
                    message = f"{expression} escapes to heap"
                    if content.kind is SiteKind.MOVED:
                        message = f"moved to heap: {expression}"
                    sites.append(
                        EscapeSite(path, full, where, expression, content.kind, message, flow)
                    )
                    calls.append(
                        AllocationCall(
                            path,
                            full,
                            "runtime.newobject",
                            AllocationKind.OBJECT,
                            *(file.path, line, file.path, line),
                        )
                    )
        return CodePart(
            tuple(sites), tuple(decisions), tuple(inlined), tuple(calls), tuple(functions)
        )

    def record(
        self, number: int, commit: _Commit, following: _Commit | None, hashes: list[str]
    ) -> Record:
        """The record of a commit, when the hashes of all are known."""
        parent = hashes[number - 1] if number else None
        packages = tuple(
            PackageResult(
                path=p.path,
                directory=p.name,
                outcome=PackageOutcome.MEASURED if at == number else PackageOutcome.CARRIED,
                key=blake2b(f"{p.name} {at}".encode(), digest_size=16).hexdigest(),
                carried_from=None if at == number else hashes[at],
                benchmarks=results,
                declared=tuple(r.function for r in results),
            )
            for p, _, results, at in commit.packages
        )
        codes = [code for _, code, _, _ in commit.packages]
        accounts = [commit.accounts[1]] if commit.accounts else []
        if following is not None and following.accounts:
            accounts.append(following.accounts[0])
        record = Record(
            schema=RECORD_SCHEMA,
            revision=Revision(
                hashes[number],
                (parent,) if parent else (),
                "Fixture Author",
                _EPOCH + number * _BETWEEN,
                commit.message,
            ),
            environment=ENVIRONMENT,
            machine=_MACHINE,
            settings=SETTINGS,
            outcome=Outcome.MEASURED,
            started=_EPOCH + number * _BETWEEN + 3600.0,
            duration=30.0,
            packages=packages,
            escapes=tuple(s for c in codes for s in c.escapes),
            inlining=tuple(s for c in codes for s in c.inlining),
            inlining_calls=tuple(s for c in codes for s in c.inlining_calls),
            calls=tuple(s for c in codes for s in c.calls),
            functions=tuple(s for c in codes for s in c.functions),
            harness="synthetic",
            accounts=tuple({a.benchmark: a for a in accounts}.values()),
        )
        if parent and commit.change:
            record = replace(record, diff=TreeDiff(parent, hashes[number], (commit.change,)))
        return record


def _allocs(result: BenchmarkResult) -> float:
    measured = result.measurement(ALLOCS)
    assert measured is not None
    return measured.value


def _site(file: str, line: int, function: str, allocs: float) -> AllocationSite:
    return AllocationSite(file, line, function, file, line, "", allocs, allocs * 48)


def _import(repo: Path, commits: list[_Commit]) -> list[str]:
    """Make the repository; returns the hashes, oldest first."""
    subprocess.run(["git", "init", "-q", "-b", "main", str(repo)], check=True)
    stream = bytearray()
    for number, commit in enumerate(commits):
        when = f"{_EPOCH + number * _BETWEEN} +0000"
        message = commit.message.encode()
        stream += b"commit refs/heads/main\n"
        stream += f"committer Fixture Author <fixture@example.com> {when}\n".encode()
        stream += b"data %d\n%s\n" % (len(message), message)
        for path, text in commit.files.items():
            data = text.encode()
            stream += f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n"
    subprocess.run(
        ["git", "-C", str(repo), "fast-import", "--quiet"], input=bytes(stream), check=True
    )
    listed = subprocess.run(
        ["git", "-C", str(repo), "rev-list", "--reverse", "main"],
        check=True,
        capture_output=True,
        text=True,
    )
    return listed.stdout.split()
