"""The compiled code of everything that a policy or a mark in the source has a rule about.

A record has the code that the linker kept in test binaries (:mod:`harness.engine.revision.code`).
A rule may be about a function that is in none: nothing tests its package, nothing calls it, or it
is inlined wherever it is called. Its package is compiled once more for the compiler's listing,
which has every function; from Go's build cache that is a replay. What is in no listing cannot be
told, and is an error of the gate.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from harness.compiled.gather import CompiledCode, merge
from harness.diagnostics.marks import (
    MARK,
    Declaration,
    declared_functions,
    no_escape_marks,
    stray_marks,
)
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.revision.build import WORKER
from harness.engine.revision.code import CodeReader, recorded
from harness.engine.revision.modules import measured_go_files
from harness.engine.session import Session
from harness.errors import MeasurementError
from harness.model import HEAP_CALLS, FunctionCode, PackageError, Record
from harness.policy.model import NoEscape, Policy, Scope, is_within, matches_path


@dataclass(frozen=True, slots=True)
class Ruled:
    """A record with the code that rules are about."""

    record: Record
    # What comments in the source declare free of escapes, and what a rule is about that has other
    # names of files (`//line`).
    marks: tuple[NoEscape, ...]
    untold: tuple[PackageError, ...]  # rules that cannot be judged, and what to do about it


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A function that a rule is about."""

    source: str  # the file that contains the rule
    line: int
    package: str  # import path; empty where nothing in the directory is compiled
    file: str
    function: str
    named: bool  # whether the rule names the function or its file, and not many by a pattern
    # Whether the rule is a budget, which what is compiled nowhere does not use up.
    counts: bool = False

    @property
    def rule(self) -> str:
        return f"{self.source}:{self.line}"

    @property
    def directory(self) -> str:
        return self.file.rpartition("/")[0] or "."

    @property
    def generic(self) -> bool:
        return "[...]" in self.function


def with_ruled_code(
    session: Session, record: Record, spec: EnvironmentSpec, policy: Policy, worker: str = WORKER
) -> Ruled:
    """Add the code of all functions that the policy or a mark in the source has a rule about."""
    return _Rules(session, record, spec, policy).have(worker)


class _Rules:
    def __init__(
        self, session: Session, record: Record, spec: EnvironmentSpec, policy: Policy
    ) -> None:
        self._session = session
        self._record = record
        self._spec = spec
        self._policy = policy
        self._revision = record.revision.hash
        self._packages = {p.directory: p.path for p in record.packages}
        self._declared: dict[str, list[Declaration]] = {}
        self._untold: list[PackageError] = []
        self._unread: set[str] = set()  # packages without a listing

    def have(self, worker: str) -> Ruled:
        marks = self._marks()
        wanted = [
            _Wanted(m.file, m.line, self._package(m.file), m.file, m.function, True) for m in marks
        ]
        wanted += [*self._of_no_escape(), *self._of_budgets()]
        found, code = self._record, self._listed(wanted, worker)
        if code.functions:
            both = merge([CompiledCode(found.calls, found.functions), code])
            found = replace(found, calls=both.calls, functions=both.functions)
        self._tell(wanted, found)
        rules = (*marks, *_elsewhere(wanted, found))
        return Ruled(found, rules, tuple(dict.fromkeys(self._untold)))

    # What rules are about

    def _marks(self) -> list[NoEscape]:
        """Marked functions of the source; a mark above no function is an error."""
        repository = self._session.repository
        found: list[NoEscape] = []
        for file in repository.files_with(self._revision, MARK, "*.go"):
            if file not in self._files:
                continue  # not of the project, or nothing that Go looks at
            source = repository.file_bytes(self._revision, file) or b""
            found += no_escape_marks(file, source)
            for line in stray_marks(source):
                what = f"{MARK} marks nothing: it belongs right above a function"
                self._cannot_tell(file, f"{file}:{line}: {what}")
        return found

    def _of_no_escape(self) -> Iterable[_Wanted]:
        for rule in self._policy.no_escape:
            files = [f for f in self._files if rule.covers(f)]
            named = "*" not in rule.file or bool(rule.function)
            source, line = self._policy.source, rule.line
            found = [
                _Wanted(source, line, self._package(file), file, d.name, named)
                for file in files
                for d in self._functions(file)
                if rule.function in ("", d.name) or rule.function.startswith(f"{d.name}.")
            ]
            yield from found
            if not files:
                what = f"no Go file is {rule.file!r}"
            elif rule.function and not found:
                what = f"no function in {rule.file} is {rule.function!r}"
            else:
                continue
            message = f"{source}:{line}: {what}; correct the rule or take it out"
            self._untold.append(PackageError("", "code", message))

    def _of_budgets(self) -> Iterable[_Wanted]:
        for budget in self._policy.budgets:
            whole = budget.scope is Scope.PACKAGE
            if budget.scope is Scope.BENCHMARK or (whole and HEAP_CALLS not in budget.limits):
                continue
            exact = "..." not in budget.pattern.replace("[...]", "") and not whole
            for file in self._files:
                package = self._package(file)
                # Most packages are told apart without looking into their files.
                start = budget.pattern.partition("...")[0]
                if not package or file.endswith("_test.go") or not (
                    package.startswith(start) or start.startswith(package)
                ):  # fmt: skip
                    continue
                if whole and not matches_path(budget.pattern, package):
                    continue
                for d in self._functions(file):
                    full = f"{package}.{d.name}"
                    below = budget.pattern.startswith(f"{full}.")
                    if whole or below or matches_path(budget.pattern, full):
                        source, line = self._policy.source, budget.line
                        yield _Wanted(source, line, package, file, d.name, exact, counts=True)

    # What is compiled

    def _listed(self, wanted: Sequence[_Wanted], worker: str) -> CompiledCode:
        """The code that the record lacks; nothing is compiled if it has all."""
        known = _names(self._record)
        missing = [w for w in wanted if w.generic or not _is_known(w, known)]
        # A generic function is compiled in the packages that use it.
        files = {w.file for w in missing if w.generic}
        units = {w.package for w in missing}
        units |= {d.package for d in self._record.inlining if d.position.file in files}
        units -= {"", *self._record.uncompiled}
        if not units:
            return CompiledCode((), ())
        self._session.progress.step(f"{self._revision[:8]} compile what no test binary has")
        tree = self._session.build(self._revision, self._spec, worker)
        reader = CodeReader(tree)
        parts = []
        for module in tree.modules:
            packages = {p.path for p in module.build.packages} & units
            if not packages:
                continue
            try:
                code = reader.listing(module, packages, {w.package for w in missing} - {""})
            except MeasurementError as err:
                self._unread |= packages
                self._untold += [PackageError(p, "code", str(err)) for p in sorted(packages)]
                continue
            parts.append(_concerned(code, missing))
        return merge(parts)

    # What cannot be told

    def _tell(self, wanted: Sequence[_Wanted], found: Record) -> None:
        known = _names(found)
        told = [w for w in wanted if _is_known(w, known)]
        rules = {w.rule for w in told}
        places = {(w.directory, w.function) for w in told}
        for w in wanted:
            if _is_known(w, known) or w.package in self._unread or not self._has_body(w):
                continue
            why = self._why(w, found)
            # A pattern is about what there is, and a function may have a form for each system.
            other = not w.generic and (w.directory, w.function) in places
            if why and not other and (w.named or w.generic or w.rule not in rules):
                self._cannot_tell(w.file, f"{w.rule}: {why}")

    def _why(self, w: _Wanted, found: Record) -> str:
        """The reason why nothing is known of a function, and the remedy; may be empty."""
        if w.package in found.uncompiled:
            return f"{w.package}, which the rule is about, does not compile"
        if w.generic:
            if w.counts and not w.named:
                return ""
            return (
                f"{w.function} in {w.file} is generic, and nothing that is compiled uses it;"
                " call it in a test or benchmark"
            )
        toolchain = found.environment.toolchain
        return (
            f"{w.function} in {w.file} is not compiled for {toolchain.goos}/{toolchain.goarch} with"
            " these build tags; gate it where it is (GOOS, GOARCH, GOFLAGS=-tags=…), or take the"
            " rule out"
        )

    def _cannot_tell(self, file: str, message: str) -> None:
        self._untold.append(PackageError(self._package(file), "code", message))

    # The source

    @cached_property
    def _files(self) -> list[str]:
        config = self._session.config
        blobs = self._session.repository.blobs(self._revision)
        return measured_go_files(blobs, config.repo_subdir, config.go.modules)

    def _package(self, file: str) -> str:
        return self._packages.get(file.rpartition("/")[0] or ".", "")

    def _functions(self, file: str) -> list[Declaration]:
        if file not in self._declared:
            source = self._session.repository.file_bytes(self._revision, file)
            self._declared[file] = declared_functions(source or b"")
        return self._declared[file]

    def _has_body(self, wanted: _Wanted) -> bool:
        """False for assembly, which is not compiled and puts nothing on the heap."""
        declared = (d for d in self._functions(wanted.file) if d.name == wanted.function)
        return any(d.body for d in declared)


_Names = Mapping[tuple[str, str], Sequence[FunctionCode]]


def _names(record: Record) -> _Names:
    found: dict[tuple[str, str], list[FunctionCode]] = defaultdict(list)
    for function in record.functions:
        name = "init" if function.function.startswith("init.") else function.function
        found[function.package, name].append(function)
    return found


def _is_known(wanted: _Wanted, known: _Names) -> bool:
    functions = known.get((wanted.package, wanted.function), ())
    if wanted.function == "init":
        return any(f.file == wanted.file for f in functions)
    return any(f.test == wanted.file.endswith("_test.go") for f in functions)


def _elsewhere(wanted: Sequence[_Wanted], found: Record) -> Iterable[NoEscape]:
    """Rules for functions under the file that a ``//line`` directive says that they are in."""
    known = _names(found)
    for w in wanted:
        files = {f.file for f in known.get((w.package, w.function), ())}
        if not w.counts and files and w.file not in files:
            yield from (NoEscape(file, w.function, w.line) for file in sorted(files))


def _concerned(code: CompiledCode, wanted: Sequence[_Wanted]) -> CompiledCode:
    """The part of a listing that a record would hold, and functions in tests that rules name."""
    part = recorded(code)
    tests = [w for w in wanted if w.file.endswith("_test.go")]

    def named(f: FunctionCode) -> bool:
        return any(f.package == w.package and is_within(f.function, w.function) for w in tests)

    more = [f for f in code.functions if f.test and named(f)]
    names = {(f.package, f.function) for f in more}
    calls = tuple(c for c in code.calls if (c.package, c.function) in names)
    return merge([CompiledCode(part.calls, part.functions), CompiledCode(calls, tuple(more))])
