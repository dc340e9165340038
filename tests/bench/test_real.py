"""The page of real commits: its logic, and that it is what data and figures say."""

from __future__ import annotations

from tests.bench.real import PAGE, _pairs, _pattern
from tests.bench.realdata import (
    ByHand,
    ByHarness,
    Change,
    ChangeFigures,
    Figures,
    Neutral,
    NeutralFigures,
    NeutralHand,
    NeutralHarness,
    Project,
    Said,
    SumCheck,
    SumFigures,
    TrueCause,
    load_projects,
)
from tests.bench.realtable import render, seen, verdict


def row(**more: object) -> Change:
    settings: dict[str, object] = {
        "commit": "a" * 40,
        "benchmark": "BenchmarkX",
        "judgement": "right",
        "why": "because",
        "cause": TrueCause(file="x.go", line=3, function="f"),
    }
    return Change(**(settings | more))  # type: ignore[arg-type]


def figures(change: Change, *, line: int = 3, after: float = 2) -> Figures:
    said = Said(file="x.go", line=line, function="f", delta=1, outcome="escape", escape="new")
    return Figures(
        changes={
            change.key: ChangeFigures(
                hand=ByHand(before=1, after=2),
                esv=ByHarness(
                    release="1.27.3",
                    before=1,
                    after=after,
                    outcome="escape",
                    explained=1.0,
                    causes=[said],
                ),
            )
        }
    )


def project(*changes: Change, neutral: tuple[Neutral, ...] = ()) -> Project:
    return Project(
        repository="https://example.com/p",
        go="1.27.3",
        module="example.com/p",
        changes=changes,
        neutral=neutral,
        sums=SumCheck(revision="d" * 40),
    )


def test_a_judgement_holds_only_for_the_cause_that_was_judged() -> None:
    assert verdict(figures(row()), row()) == "right"
    assert verdict(figures(row(), line=4), row()) == "judge again"
    wrong = row(judgement="wrong")
    assert verdict(figures(wrong, line=4), wrong) == "wrong"
    assert verdict(figures(wrong), wrong) == "judge again"
    assert verdict(figures(row()), row(judgement="open")) == "not judged"
    assert verdict(Figures(), row()) == "not measured"


def test_a_change_is_seen_if_both_say_the_same_figures() -> None:
    assert seen(figures(row()), row())
    assert not seen(figures(row(), after=3), row())
    assert not seen(Figures(), row())


def test_what_is_not_as_it_should_be_is_told() -> None:
    change = row()
    quiet = Neutral(commit="b" * 40, why="moves f")
    loud = Neutral(commit="c" * 40, why="renames g")
    found = figures(change, line=4, after=3)
    found.neutral = {
        quiet.key: NeutralFigures(
            hand=NeutralHand(benchmarks=2, naive_new=5, naive_gone=5), esv=NeutralHarness()
        ),
        loud.key: NeutralFigures(
            hand=NeutralHand(benchmarks=2, differ=["X 1 → 2"]),
            esv=NeutralHarness(new=["g.go:1 g: x escapes to heap"]),
        ),
    }
    found.sums = [
        SumFigures(package=".", benchmark="BenchmarkX", reported=4, uncut=4.99, account=4.5),
        SumFigures(package=".", benchmark="BenchmarkY", reported=4, uncut=4.99, account=5.2),
    ]
    page, wrong = render([(project(change, neutral=(quiet, loud)), found)])
    assert wrong == [
        f"p {change.key}: first cause judge again",
        f"p {change.key}: not seen with the figures of go test",
        f"p {loud.key} is not neutral: X 1 → 2",
        f"p {loud.key}: g.go:1 g: x escapes to heap",
        "p BenchmarkY: does not add up, no reason given",
        "only 1 of 2 sums add up",
    ]
    assert "no step, no new or gone site | 1 of 2 |" in page
    assert "flagged by the naive comparison | 1 |" in page


def test_bench_patterns_match_part_by_part() -> None:
    assert _pattern(["BenchmarkA", "BenchmarkB"]) == "^(BenchmarkA|BenchmarkB)$"
    assert _pattern(["BenchmarkA/x/y", "BenchmarkA/z/y"]) == "^(BenchmarkA)$/^(x|z)$/^(y)$"
    rows = [row(benchmark=name) for name in ("BenchmarkA/x/y", "BenchmarkA/z", "BenchmarkB/z")]
    assert _pairs(rows) == [rows[:1], rows[1:]]


def test_the_page_is_made_of_data_and_figures() -> None:
    projects = load_projects()
    for data, _ in projects:
        keys = [c.key for c in data.changes] + [n.key for n in data.neutral]
        assert len(keys) == len(set(keys)), f"{data.name}: a row is there twice"
    assert PAGE.read_text("utf-8") == render(projects)[0], "run tests/bench/real.py --render"
