"""The fixture ``outcomes``: for every commit, what changed, by how much, and why.

The numbers and the parts that are the benchmark's own are measured by ``go_fixtures/verify.py``
without the harness; the outcomes and first causes were planted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from harness.analysis.causes.attribution import Attribution, Cause
from harness.analysis.causes.crossing import charged_changes
from harness.analysis.causes.explain import explain
from harness.analysis.compare.comparison import Change
from harness.analysis.compare.erased import inlining_changes
from harness.config import load_config
from harness.engine.jobs.exchange import MOST_EXPLAINED, cross
from harness.engine.session import Session
from harness.model import ALLOCS, BYTES
from tests.conftest import build_fixture
from tests.e2e.support import Json, Project, truth

pytestmark = pytest.mark.slow

TRUTH = truth("outcomes")
PAIRS = list(zip(TRUTH["commits"], TRUTH["commits"][1:], strict=False))
Step = tuple[str, str, str]


@pytest.fixture(scope="module")
def session(session_root: Path, environment: dict[str, str]) -> Iterator[Session]:
    """A session of the fixture's repository; what it measures stays in the cache."""
    project = Project(session_root / "outcomes", build_fixture("outcomes"), environment)
    with FileLock(session_root / "outcomes.lock"):
        project.directory.mkdir(exist_ok=True)
        (project.directory / "results" / "e2e").mkdir(parents=True, exist_ok=True)
        project.configure()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HOME", environment["HOME"])
        with Session(load_config(project.directory / "asv.conf.json")) as session:
            yield session


@pytest.fixture(
    scope="module", params=PAIRS, ids=[f"{b['index']:02}-{b['kind']}" for _, b in PAIRS]
)
def explained(
    request: pytest.FixtureRequest, session: Session
) -> tuple[Json, dict[Step, Change], dict[Step, Attribution]]:
    """The truth of a commit, and what the harness says of it against its parent."""
    before, after = request.param
    spec = session.environments()[0]
    base = session.ensure_counted(before["revision"], spec)
    head = session.ensure_counted(after["revision"], spec)
    crossing = cross(session, base, head, spec, MOST_EXPLAINED)
    changes = charged_changes(crossing)
    found = {(c.package, c.benchmark, c.unit): c for c in changes}
    return after, found, explain(crossing, changes)


def test_changes(explained: tuple[Json, dict[Step, Change], dict[Step, Attribution]]) -> None:
    """Exactly the steps of the truth, and the benchmark's own part of each."""
    entry, changes, _ = explained
    expected = {
        key(s): (
            s["before"],
            s["after"],
            s.get("by_benchmark", 0),
            s.get("baseline", False),
        )
        for s in entry["steps"]
    }
    found = {
        k: (c.base and c.base.value, c.head and c.head.value, c.by_benchmark, c.baseline)
        for k, c in changes.items()
        if k not in inexact(entry)
    }
    assert found == expected


def test_every_step_is_explained(
    explained: tuple[Json, dict[Step, Change], dict[Step, Attribution]],
) -> None:
    entry, _, attributions = explained
    assert set(attributions) - inexact(entry) == {key(s) for s in entry["steps"]}
    for step in entry["steps"]:
        attribution = attributions[key(step)]
        assert attribution.delta == step["after"] - step["before"]
        accounted = sum(c.delta for c in attribution.causes)
        assert accounted + attribution.unexplained == pytest.approx(attribution.delta)
        if step["outcome"] == "unexplained":
            assert (attribution.explained, attribution.causes) == (0, ())
        else:
            assert attribution.explained >= 0.95, attribution
        assert attribution.exact


def test_outcomes(explained: tuple[Json, dict[Step, Change], dict[Step, Attribution]]) -> None:
    entry, _, attributions = explained
    found = {key(s): attributions[key(s)].outcome for s in entry["steps"]}
    assert found == {key(s): s["outcome"] for s in entry["steps"]}


def test_first_causes(explained: tuple[Json, dict[Step, Change], dict[Step, Attribution]]) -> None:
    """The planted cause comes first; in a mixed step it is one of the causes."""
    entry, _, attributions = explained
    if entry["cause"] is None:
        assert not any(a.causes for a in attributions.values())
        return
    expected = {
        "file": entry["cause"]["file"],
        "line": entry["cause"]["line"],
        "function": entry["cause"]["function"],
        "message": entry["cause"]["message"],
        "via": entry["cause"]["via"] or "",
    }
    for step in entry["steps"]:
        causes = attributions[key(step)].causes
        candidates = causes if step["outcome"] == "mixed" else causes[:1]
        assert expected in [described(c) for c in candidates], (step, causes)


def test_notes_name_the_cost(
    explained: tuple[Json, dict[Step, Change], dict[Step, Attribution]],
) -> None:
    entry, _, attributions = explained
    if entry["outcome"] == "inlining":
        for attribution in attributions.values():
            assert entry["note"] in attribution.causes[0].note


@pytest.mark.parametrize(("index", "lost", "costs"), [(9, True, (11, 96)), (19, False, (96, 69))])
def test_inlinings_name_what_they_bring(
    session: Session, index: int, lost: bool, costs: tuple[int, int]
) -> None:
    """The escape that comes back with a lost inlining, with cost and budget."""
    spec = session.environments()[0]
    base, head = (
        session.ensure_counted(TRUTH["commits"][i - 1]["revision"], spec)
        for i in (index - 1, index)
    )
    cause = TRUTH["commits"][index - 1]["cause"]
    (change,) = inlining_changes(base, head)
    assert (change.lost, change.budget, change.cost) == (lost, 80, costs)
    assert {(e.site.position.file, e.site.function, e.site.message) for e in change.escapes} == {
        (cause["file"], cause["function"], cause["message"])
    }


def inexact(entry: Json) -> set[Step]:
    """B/op that differ between repetitions are null in the truth, and no step there."""
    return {
        (package, name, BYTES)
        for package, row in entry["bytes"].items()
        for name, size in row.items()
        if size is None
    }


def key(step: Json) -> Step:
    return (step["package"], step["benchmark"], step["unit"])


def described(cause: Cause) -> Json:
    message = cause.site.message if cause.site is not None else None
    return {
        "file": cause.file,
        "line": cause.line,
        "function": cause.function,
        "message": message,
        "via": cause.via,
    }


def test_the_fixture_has_every_outcome() -> None:
    steps = [s for entry in TRUTH["commits"] for s in entry["steps"]]
    planted = {s["outcome"] for s in steps}
    assert planted == {
        "escape", "reached", "library", "growth", "size", "inlining", "benchmark", "mixed",
        "unexplained",
    }, "compiler is not a matter of a commit: tests/e2e/test_releases.py"  # fmt: skip
    assert any(s["unit"] == ALLOCS and s.get("by_benchmark", 0) is None for s in steps)
