"""Comparison of two revisions that separates changes of the benchmarks from those of the code."""

from collections.abc import Container, Sequence
from dataclasses import replace

from harness.analysis.causes.crossing import Crossing, benchmarks_of, charged_changes
from harness.analysis.causes.explain import own_places
from harness.analysis.causes.ownpart import TestChanges
from harness.analysis.compare.comparison import Direction
from harness.analysis.compare.renames import (
    Renames,
    renamed_packages,
    same_functions,
    unmatched_functions,
    with_paths,
)
from harness.analysis.compare.testfiles import OfTests
from harness.diagnostics.functions import benchmark_sources
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.jobs.on_demand import add_accounts, add_executions
from harness.engine.session import Session
from harness.model import Exchange, FileChange, Record, is_test

# Accounting runs each benchmark four times; of many that changed the most important are explained.
MOST_EXPLAINED = 20


def cross(
    session: Session,
    base: Record,
    head: Record,
    spec: EnvironmentSpec,
    most: int,
    older: EnvironmentSpec | None = None,
) -> Crossing:
    """Compare two records, and measure everything that explains their difference.

    Where the tests of a package changed together with its numbers, the tests are exchanged and
    measured; the benchmarks that changed are accounted for on both sides. Of new escape sites that
    no account has it is seen whether benchmarks execute them. With an older release the base is
    measured with that too. Packages that were renamed where they are, and benchmarks that have
    another name, have their new names on both sides.

    Args:
        most: how many benchmarks to account for.
        older: environment that the base was measured in, if its release is another one.
    """
    renames = find_renames(session, base, head)
    crossing = _exchange_tests(session, renames.apply(base), head, spec)
    crossing = replace(crossing, renames=renames)
    if older is not None:
        before = session.ensure_counted(base.revision.hash, older)
        crossing = replace(crossing, older=renames.apply(before))
    changes = charged_changes(crossing)
    wanted = benchmarks_of(changes)[:most]
    by_code = benchmarks_of([c for c in changes if c.charged is not Direction.NONE])
    by_tests = benchmarks_of([c for c in changes if c.by_benchmark])
    by_compiler = benchmarks_of([c for c in changes if c.by_compiler])

    def accounted(record: Record | None, where: EnvironmentSpec = spec) -> Record | None:
        if record is None:
            return None
        own = [b for b in wanted if b in by_code and record in crossing.code_pair(*b)]
        own += [b for b in wanted if b in by_tests and record in (crossing.test_pair(*b) or ())]
        if record in (crossing.base, crossing.older):
            own += [b for b in wanted if b in by_compiler]
            # In the tree of the base they have their old names.
            own = [renames.at_base(*benchmark) for benchmark in own]
            return renames.apply(add_accounts(session, renames.undo(record), own, where))
        return add_accounts(session, record, own, where)

    crossing = replace(
        crossing,
        base=accounted(crossing.base) or crossing.base,
        head=accounted(crossing.head) or head,
        forward=accounted(crossing.forward),
        backward=accounted(crossing.backward),
        older=accounted(crossing.older, older) if older is not None else None,
    )
    between = session.diffs(crossing.base.revision.hash, crossing.head.revision.hash)
    seen = add_executions(session, crossing.base, crossing.head, between, spec)
    crossing = replace(crossing, head=seen)
    fed = [b for b in wanted if b in by_tests]
    return _with_diffs(session, _with_sources(session, crossing, fed))


def find_renames(
    session: Session, base: Record, head: Record, *, declared: bool = False
) -> Renames:
    """Packages and benchmarks of the base that have another name at the head.

    Where nothing was run, it goes by the benchmark functions that are ``declared``.
    """
    paths = renamed_packages(base, head)
    moved = with_paths(base, paths)
    functions = {}
    for path, names in unmatched_functions(moved, head, declared=declared).items():
        gone, added = (
            _sources(session, record, path, wanted)
            for record, wanted in zip((moved, head), names, strict=True)
        )
        functions.update({(path, old): new for old, new in same_functions(gone, added).items()})
    return Renames(paths, functions)


def _sources(
    session: Session, record: Record, package: str, names: Sequence[str]
) -> dict[str, bytes]:
    """The source of benchmark functions of a package, by name, as far as it is found."""
    revision = record.revision.hash
    directory = next(p.directory for p in record.packages if p.path == package)
    found: dict[str, bytes] = {}
    for file in _test_files(session, revision, directory, "func Benchmark"):
        content = session.repository.file_bytes(revision, file) or b""
        found.update({n: s for n, s in benchmark_sources(content).items() if n in names})
    return found


def _test_files(session: Session, revision: str, directory: str, text: str) -> list[str]:
    inside = _prefix(directory)
    found = session.repository.files_with(revision, text, f"{inside}*_test.go")
    # The pattern matches below directories, too.
    return [f for f in found if "/" not in f.removeprefix(inside)]


def _prefix(directory: str) -> str:
    return "" if directory == "." else f"{directory}/"


def exchange_steps(
    session: Session,
    base: Record,
    head: Record,
    benchmarks: Sequence[tuple[str, str]],
    spec: EnvironmentSpec,
) -> Record:
    """The head's record with the parts of its steps that the benchmarks themselves caused.

    Measured once, and only where the tests of a package of these benchmarks changed: one revision
    more, of which no more than these packages are linked and run, and a profile for each benchmark
    that has a part of its own. ``benchmarks`` are those that changed: import path, full name.
    """
    old = base.revision.hash
    touched = touched_packages(base, head, session.repository.diff(old, head.revision.hash))
    wanted = [
        b for b in dict.fromkeys(benchmarks) if b[0] in touched and head.exchange(old, *b) is None
    ]
    if not wanted:
        return head
    crossing = _exchange_tests(session, base, head, spec)
    parts: dict[tuple[str, str], dict[str, float | None]] = {b: {} for b in wanted}
    for change in charged_changes(crossing):
        if (change.package, change.benchmark) in parts:
            parts[change.package, change.benchmark][change.unit] = change.by_benchmark
    own = [b for b in wanted if any(parts[b].values())]

    def accounted(mixture: Record | None) -> Record | None:
        if mixture is None:
            return None
        its = [b for b in own if mixture in crossing.code_pair(*b)]
        return add_accounts(session, mixture, its, spec)

    crossing = replace(
        crossing, forward=accounted(crossing.forward), backward=accounted(crossing.backward)
    )
    places = own_places(_with_diffs(session, _with_sources(session, crossing, own)))
    mixtures = [r for r in (crossing.forward, crossing.backward) if r is not None]
    accounts = {(a.package, a.benchmark): a for mixture in mixtures for a in mixture.accounts}
    found = [
        Exchange(
            previous=old,
            package=b[0],
            benchmark=b[1],
            file=touched[b[0]].first[0],
            line=touched[b[0]].first[1],
            parts=parts[b],
            forward=crossing.code_pair(*b)[0] is crossing.forward,
            account=accounts.get(b) if b in own else None,
            places={unit: place for (*key, unit), place in places.items() if (*key,) == b},
        )
        for b in wanted
    ]
    head = replace(head, exchanges=(*head.exchanges, *found))
    session.known.supplement(head)
    return head


def _exchange_tests(
    session: Session, base: Record, head: Record, spec: EnvironmentSpec
) -> Crossing:
    plain = Crossing(base, head)
    old, new = base.revision.hash, head.revision.hash
    touched = touched_packages(base, head, session.repository.diff(old, new))
    concerned = {c.package for c in charged_changes(plain)}
    there = {(path, b.name) for path, b in base.benchmarks()}
    concerned |= {path for path, b in head.benchmarks() if (path, b.name) not in there}
    touched = {path: changes for path, changes in touched.items() if path in concerned}
    if not touched:
        return plain
    crossing = replace(plain, touched=touched)
    tests = OfTests(base, head)
    mixed = _with_tests_of(session, old, new, tests)
    if mixed is not None:
        crossing = replace(crossing, forward=session.ensure_counted(mixed, spec))
    lacking = any(
        crossing.code_pair(c.package, c.benchmark) == (base, head)
        for c in charged_changes(crossing)
        if c.package in touched
    )
    mixed = _with_tests_of(session, new, old, tests) if lacking else None
    if mixed is not None:
        crossing = replace(crossing, backward=session.ensure_counted(mixed, spec))
    return crossing


def _with_tests_of(session: Session, onto: str, source: str, tests: Container[str]) -> str | None:
    """A revision with the code of ``onto`` and the tests of ``source``; ``None`` if they agree."""
    changes = [
        FileChange(c.old if c.old in tests else None, c.new if c.new in tests else None)
        for c in session.repository.diff(onto, source)
        if c.old in tests or c.new in tests
    ]
    return session.trees.workspace.graft(onto, source, changes) if changes else None


def _with_sources(
    session: Session, crossing: Crossing, benchmarks: Sequence[tuple[str, str]]
) -> Crossing:
    """Add the sources that tell which change of the tests affects these benchmarks."""
    old, new = crossing.base.revision.hash, crossing.head.revision.hash
    directories = {p.path: p.directory for p in crossing.head.packages}

    def text(revision: str, file: str | None) -> str:
        return (file and session.repository.file_text(revision, file)) or ""

    touched = dict(crossing.touched)
    for path in {package for package, _ in benchmarks if package in touched}:
        changes = touched[path]
        sources = {}
        for function in {name.split("/", 1)[0] for package, name in benchmarks if package == path}:
            for file in _test_files(session, new, directories[path], f"func {function}(")[:1]:
                sources[function] = (file, text(new, file))
        texts = {
            c.new or c.old or "": (text(old, c.old), text(new, c.new))
            for c in changes.files
            if (c.new or c.old or "").endswith(".go")
        }
        touched[path] = replace(changes, texts=texts, sources=sources)
    return replace(crossing, touched=touched)


def _with_diffs(session: Session, crossing: Crossing) -> Crossing:
    sides = [r for r in (crossing.base, crossing.head, crossing.forward, crossing.backward) if r]
    hashes = [r.revision.hash for r in sides]
    diffs = {(a, b): session.diffs(a, b) for a in hashes for b in hashes if a != b}
    return replace(crossing, diffs=diffs)


def touched_packages(
    base: Record, head: Record, changes: Sequence[FileChange]
) -> dict[str, TestChanges]:
    """Packages whose tests changed, with the changed files of each."""
    tests = OfTests(base, head)
    found: dict[str, list[FileChange]] = {}
    for change in changes:
        file = next((f for f in (change.new, change.old) if f is not None and f in tests), None)
        if file is None:
            continue
        users = tests.users(file)
        for package in head.packages:
            inside = _prefix(package.directory)
            rest = file.removeprefix(inside) if file.startswith(inside) else None
            own = rest and ("/" not in rest or rest.startswith("testdata/")) and is_test(file)
            if package.path in users or own:
                found.setdefault(package.path, []).append(change)
    return {path: TestChanges(tuple(files)) for path, files in found.items()}
