"""What the heap costs besides the allocation, on the fixture ``outcomes``.

An escape in the hot loop of ``Render`` makes the collector run, and is named beside it; ``Walk``
recurses 400 levels deep; ``Encode`` allocates 1.5 times an operation, from a ``sync.Pool``.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from filelock import FileLock

from harness.config import load_config
from harness.engine.jobs.on_demand import add_accounts
from harness.engine.session import Session
from harness.model import (
    ALLOCS,
    ALLOCS_EXACT,
    GC_CYCLES,
    GC_PAUSE,
    HEAP_COSTS,
    STACK_INUSE,
    Lane,
    Measurement,
    Record,
)
from tests.conftest import build_fixture
from tests.e2e.support import Json, Project, truth

pytestmark = pytest.mark.slow

TRUTH = truth("outcomes")
NOTABLE = {what: name.rpartition(".")[2] for what, name in TRUTH["notable"].items()}
RENDER = NOTABLE["collects-garbage"]
WALK = NOTABLE["deep-recursion"]
ENCODE = NOTABLE["between-integers"]
# The commit that makes Render allocate in its loop.
COMMIT: Json = next(
    c for c in TRUTH["commits"] if RENDER in {s["benchmark"] for s in c["steps"]} and c["cause"]
)


@pytest.fixture(scope="module")
def project(session_root: Path, environment: dict[str, str]) -> Project:
    """The commit and the one before it, measured with time, the step accounted for."""
    project = Project(session_root / "heap-costs", build_fixture("outcomes"), environment)
    done = project.directory / "done"
    with FileLock(session_root / "heap-costs.lock"):
        if not done.is_file():
            project.directory.mkdir(exist_ok=True)
            project.configure({"benchtime": "20ms", "count": 3})
            after = COMMIT["revision"]
            run = project.esv("run", f"{after}~2..{after}", timeout=900)
            assert run.code == 0, run.err
            done.write_text(run.err, "utf-8")
    return project


@pytest.fixture(scope="module")
def sides(project: Project) -> tuple[Record, Record]:
    """The records before and at the commit."""
    records = project.records()
    head = records[COMMIT["revision"]]
    assert head.revision.parent is not None
    return records[head.revision.parent], head


def measured(record: Record, name: str, unit: str) -> Measurement:
    (found,) = [b.measurement(unit) for _, b in record.benchmarks() if b.name == name]
    assert found is not None, (name, unit)
    return found


def test_every_benchmark_has_every_unit(sides: tuple[Record, Record]) -> None:
    for record in sides:
        assert not record.notes
        for _, benchmark in record.benchmarks():
            assert {m.unit for m in benchmark.measurements} >= set(HEAP_COSTS), benchmark.name


def test_an_escape_in_a_hot_loop_makes_cycles_rise_from_0(sides: tuple[Record, Record]) -> None:
    before, after = (measured(record, RENDER, GC_CYCLES) for record in sides)
    assert before.high == 0
    assert after.low > 0.1  # 2 MiB an operation, and 4 MiB are the smallest heap
    assert measured(sides[0], RENDER, GC_PAUSE).high == 0
    assert measured(sides[1], RENDER, GC_PAUSE).low > 0


def test_explain_names_the_escape_beside_the_collections(project: Project) -> None:
    run = project.esv("explain", COMMIT["revision"], "--bench", RENDER)
    assert run.code == 0, run.err
    lines = run.out.splitlines()
    (at,) = [n for n, line in enumerate(lines) if f"with it {GC_CYCLES} 0 → 0." in line]
    assert GC_PAUSE in lines[at]
    cause = COMMIT["cause"]
    assert f"{cause['file']}:{cause['line']}" in lines[at + 1]
    assert f"(new: {cause['message']})" in lines[at + 1]


def test_the_site_has_them_with_the_account_and_in_drawings(project: Project) -> None:
    run = project.esv("publish")
    assert run.code == 0, run.err
    html = project.directory / "html"
    (page,) = html.rglob(f"{COMMIT['revision']}.html")
    text = page.read_text("utf-8")
    account = text[text.index("<article") : text.index("</article>")]
    assert COMMIT["cause"]["message"].replace("&", "&amp;") in account
    assert f"{GC_CYCLES} 0 → 0." in account
    (benchmark,) = [
        text
        for path in html.rglob("*.html")
        if f"<bdi>{RENDER}</bdi></h1>" in (text := path.read_text("utf-8"))
    ]
    for unit in (GC_CYCLES, ALLOCS_EXACT):
        assert re.search(rf'<th scope="row">{re.escape(unit)}</th><td><svg', benchmark), unit
    assert f"0 at every revision: {STACK_INUSE}" in benchmark


def test_show_lists_them(project: Project) -> None:
    run = project.esv("show", COMMIT["revision"])
    (heading,) = [line for line in run.out.splitlines() if line.startswith("heap ")]
    assert heading.split()[1:] == list(HEAP_COSTS)
    (row,) = [
        line
        for line in run.out.splitlines()
        if line.startswith(f"words.{RENDER.removeprefix('Benchmark')} ")
    ]
    assert row.split()[1] == "8"
    assert row.split()[2].startswith("0.")


def test_a_deep_recursion_grows_the_stack(sides: tuple[Record, Record]) -> None:
    """Of 8 KiB with which a goroutine begins; nothing else in the fixture needs more."""
    for record in sides:
        grown = {b.name: measured(record, b.name, STACK_INUSE).low for _, b in record.benchmarks()}
        assert grown.pop(WALK) >= 32 * 1024
        assert set(grown.values()) == {0}


def test_a_pool_lies_between_two_integers_and_agrees_with_the_profile(
    project: Project, sides: tuple[Record, Record]
) -> None:
    record = sides[1]
    exact = measured(record, ENCODE, ALLOCS_EXACT)
    cut = measured(record, ENCODE, ALLOCS).value
    assert cut < exact.low <= exact.high < cut + 1
    with Session(load_config(project.directory / "asv.conf.json")) as session:
        (name,) = [(path, b.name) for path, b in record.benchmarks() if b.name == ENCODE]
        accounted = add_accounts(session, record, [name], session.environments()[0])
    account = accounted.account(*name)
    assert account is not None
    assert account.exact
    assert exact.lane is Lane.TIME
    assert exact.value == pytest.approx(account.allocs, rel=0.01)
    assert account.allocs == pytest.approx(1.5, rel=0.01)


def test_what_is_printed_beside_changes_no_count(sides: tuple[Record, Record]) -> None:
    """The counts are those of the ground truth, which plain Go measured."""
    record = sides[1]
    for package, benchmarks in COMMIT["allocs"].items():
        for name, value in benchmarks.items():
            (found,) = [
                b.measurement(ALLOCS)
                for path, b in record.benchmarks()
                if (path, b.name) == (package, name)
            ]
            assert found is not None
            assert (found.value, found.exact) == (value, True), name
            exact = measured(record, name, ALLOCS_EXACT)
            assert value <= exact.low <= exact.high < value + 1, name
