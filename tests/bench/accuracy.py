"""How often the harness is right, on the fixtures whose truth is known: precision and recall.

Usage: python tests/bench/accuracy.py [timeline | outcomes]...

Walks the whole history of each, accounts for every step, and holds against ``truth.json``.

``timeline``: the steps of allocs/op (which benchmark, at which commit, from what to what), the
first cause of each, the explained share, the sites that neutral commits must not bring or take
away, and what is said of new sites that no benchmark reaches.

``outcomes``: the steps of allocs/op and B/op, the outcome and the first cause of each as ``esv
steps`` and the site tell them, with the parts that are the benchmark's own.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.analysis.causes.attribution import Attribution
from harness.analysis.causes.explain import explain_steps
from harness.analysis.compare.costs import Reach
from harness.analysis.compare.escapes import diff_escapes
from harness.analysis.history.history import History
from harness.analysis.series.steps import Step, steps
from harness.config import load_config
from harness.diagnostics.messages import generic_name
from harness.engine.jobs.walk.measuring import walk
from harness.engine.jobs.walk.steps import account_steps
from harness.engine.session import Session
from harness.model import ALLOCS, BYTES

ROOT = Path(__file__).resolve().parents[2]
ENOUGH = 0.95
REACH = {"uncovered-escape": Reach.UNCOVERED, "unexecuted-escape": Reach.UNEXECUTED}


@dataclass
class Score:
    """Counts of one question."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def line(self, name: str) -> str:
        """Precision and recall in one line."""
        said = self.right + len(self.wrong)
        there = self.right + len(self.missed)
        precision = self.right / said if said else 1.0
        recall = self.right / there if there else 1.0
        return f"{name:22} {self.right:4} right  precision {precision:.3f}  recall {recall:.3f}"


def main() -> int:
    """Print the figures; 1 if any is below 1.0."""
    reports = {"timeline": report, "outcomes": report_outcomes}
    failed = 0
    for name in sys.argv[1:] or list(reports):
        truth, history = walked(name)
        print(f"{name}: {len(history.records)} commits")
        failed |= reports[name](truth, history)
    return failed


def walked(name: str) -> tuple[dict[str, Any], History]:
    """The truth of a fixture, and its history as the harness measures and accounts for it."""
    truth = json.loads((ROOT / "go_fixtures" / name / "truth.json").read_text("utf-8"))
    with tempfile.TemporaryDirectory(prefix="esv-accuracy-") as directory:
        config = Path(directory) / "asv.conf.json"
        config.write_text(
            json.dumps(
                {
                    "version": 1,
                    "repo": str(ROOT / "go_fixtures/repos" / name),
                    "branches": [truth["branch"]],
                    "results_dir": f"{directory}/results",
                    "go": {"cache_dir": str(ROOT / ".cache" / "accuracy")},
                }
            ),
            "utf-8",
        )
        with Session(load_config(config)) as session:
            line = session.repository.branch_lines(session.config.branches)[0][1]
            spec = session.environments()[0]
            walk(session, list(reversed(line)), [spec], alloc_only=True, skip_existing=True)
            account_steps(session, line, [spec])
            return truth, History.build(session.records(spec), line)


def report(truth: dict[str, Any], history: History) -> int:
    """Hold the history against the truth and print."""
    found = steps(history)
    moved, causes, shares, neutral, reach = Score(), Score(), [], Score(), Score()
    for commit in truth["commits"]:
        revision = commit["revision"]
        own = [s for s in found if s.revision == revision]
        _steps(commit, own, moved)
        attributions = explain_steps(history, own)
        shares += [a.explained for a in attributions.values()]
        if commit["cause"]:
            _causes(commit, own, attributions, causes)
        if commit["kind"] in REACH:
            _reach(history, commit, reach)
        if commit["kind"] == "neutral":
            previous = history.previous(revision)
            assert previous is not None
            base = previous.revision.hash
            diff = diff_escapes(previous, history.by_hash[revision], history.diffs(base, revision))
            said = [s.message for s in (*diff.new, *diff.gone)]
            neutral.right += not said
            neutral.wrong += [f"{commit['index']}: {message}" for message in said]
    print(moved.line("steps of allocs/op"))
    print(causes.line("first causes"))
    print(neutral.line("neutral commits"))
    print(reach.line("unreached new sites"))
    low = sum(share < ENOUGH for share in shares)
    print(
        f"explained share        {len(shares):4} steps, {low} below {ENOUGH}, min {min(shares):.3f}"
    )
    wrong = [
        *moved.wrong,
        *moved.missed,
        *causes.wrong,
        *causes.missed,
        *neutral.wrong,
        *reach.wrong,
    ]
    for text in wrong:
        print(f"  {text}")
    return 1 if wrong or low else 0


def _steps(commit: dict[str, Any], own: list[Step], score: Score) -> None:
    expected = {
        (s["package"], s["benchmark"], float(s["before"]), float(s["after"]))
        for s in commit["steps"]
        if s["before"] is not None and s["after"] is not None and s["unit"] == "allocs/op"
    }
    said = {(s.package, s.benchmark, s.before, s.after) for s in own}
    score.right += len(expected & said)
    score.wrong += [f"{commit['index']}: no such step {s}" for s in sorted(said - expected)]
    score.missed += [f"{commit['index']}: not seen {s}" for s in sorted(expected - said)]


def _reach(history: History, commit: dict[str, Any], score: Score) -> None:
    """A new site that no benchmark comes by is said to be such."""
    revision = commit["revision"]
    previous = history.previous(revision)
    assert previous is not None
    diffs = history.diffs(previous.revision.hash, revision)
    diff = diff_escapes(previous, history.by_hash[revision], diffs)
    said = {diff.cost(site).reach for site in diff.new}
    if said == {REACH[commit["kind"]]}:
        score.right += 1
    else:
        score.wrong.append(f"{commit['index']}: reach {said}, is {REACH[commit['kind']]}")


def _causes(
    commit: dict[str, Any], own: list[Step], attributions: dict[Step, Any], score: Score
) -> None:
    """The planted cause must be the first one of every step of the commit."""
    cause = commit["cause"]
    expected = (cause["file"], generic_name(cause["function"]), cause["message"])
    for step in own:
        attribution = attributions.get(step)
        first = attribution.causes[0] if attribution and attribution.causes else None
        if first is None:
            score.missed.append(f"{commit['index']}: no cause of {step.benchmark}")
            continue
        said = (first.file, first.function, first.site.message if first.site else "")
        if said == expected:
            score.right += 1
        else:
            score.wrong.append(f"{commit['index']}: {step.benchmark}: {said}, is {expected}")


def report_outcomes(truth: dict[str, Any], history: History) -> int:
    """Hold the steps, outcomes and causes against the truth and print."""
    found = [s for unit in (ALLOCS, BYTES) for s in steps(history, unit)]
    moved, words, causes, shares = Score(), Score(), Score(), []
    for number, commit in enumerate(truth["commits"]):
        # B/op that differ between repetitions are null, and so on neither side a step.
        sides = [c["bytes"] for c in truth["commits"][max(number - 1, 0) : number + 1]]
        expected = {
            (s["package"], s["benchmark"], s["unit"]): s
            for s in commit["steps"]
            if not s.get("baseline")
        }
        own = {
            (s.package, s.benchmark, s.unit): s
            for s in found
            if s.revision == commit["revision"]
            and not (
                s.unit == BYTES
                and any(side.get(s.package, {}).get(s.benchmark, 0) is None for side in sides)
            )
        }
        attributions = explain_steps(history, own.values())
        for key in sorted(own.keys() | expected.keys()):
            where = f"{commit['index']}: {key[1]} {key[2]}"
            if key not in expected:
                moved.wrong.append(f"{where}: no such step")
            elif key not in own:
                moved.missed.append(f"{where}: not seen")
            else:
                step, planted = own[key], expected[key]
                values = (step.before, step.after), (planted["before"], planted["after"])
                if values[0] == values[1]:
                    moved.right += 1
                else:
                    moved.wrong.append(f"{where}: {values[0]}, is {values[1]}")
                attribution = attributions.get(step)
                if attribution is None:
                    words.missed.append(f"{where}: no account")
                    continue
                if planted["outcome"] != "unexplained":
                    shares.append(attribution.explained)
                if attribution.outcome == planted["outcome"]:
                    words.right += 1
                else:
                    words.wrong.append(f"{where}: {attribution.outcome}, is {planted['outcome']}")
                _planted_cause(where, commit["cause"], planted, attribution, causes)
    print(moved.line("steps, both units"))
    print(words.line("outcomes"))
    print(causes.line("first causes"))
    low = sum(share < ENOUGH for share in shares)
    print(
        f"explained share        {len(shares):4} steps, {low} below {ENOUGH}, min {min(shares):.3f}"
    )
    wrong = [text for score in (moved, words, causes) for text in (*score.wrong, *score.missed)]
    for text in wrong:
        print(f"  {text}")
    return 1 if wrong or low else 0


def _planted_cause(
    where: str,
    cause: dict[str, Any] | None,
    planted: dict[str, Any],
    attribution: Attribution,
    score: Score,
) -> None:
    """The planted cause comes first, in a mixed step it is one of the causes."""
    said = [
        (c.file, c.line, c.function, c.site.message if c.site else None, c.via)
        for c in attribution.causes
    ]
    if cause is None:
        if said:
            score.wrong.append(f"{where}: {said[0]}, has none")
        else:
            score.right += 1
        return
    wanted = (
        cause["file"], cause["line"], cause["function"], cause["message"], cause["via"] or "",
    )  # fmt: skip
    if wanted in (said if planted["outcome"] == "mixed" else said[:1]):
        score.right += 1
    elif said:
        score.wrong.append(f"{where}: {said[0]}, is {wanted}")
    else:
        score.missed.append(f"{where}: no cause")


if __name__ == "__main__":
    sys.exit(main())
