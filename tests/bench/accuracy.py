"""How often the harness is right, on the fixture whose truth is known: precision and recall.

Usage: python tests/bench/accuracy.py [RESULTS]

Walks the whole history of ``timeline``, accounts for every step, and holds against ``truth.json``:
the steps of allocs/op (which benchmark, at which commit, from what to what), the first cause of
each, the explained share, the sites that neutral commits must not bring or take away, and what is
said of new sites that no benchmark reaches.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.analysis import History, Step, diff_escapes, steps
from harness.analysis.costs import Reach
from harness.analysis.explain import explain_steps
from harness.config import load_config
from harness.diagnostics.messages import generic_name
from harness.engine import Session, account_steps, walk

ROOT = Path(__file__).resolve().parents[2]
NAME = "timeline"
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
    truth = json.loads((ROOT / "go_fixtures" / NAME / "truth.json").read_text("utf-8"))
    with tempfile.TemporaryDirectory(prefix="esv-accuracy-") as directory:
        results = sys.argv[1] if len(sys.argv) > 1 else f"{directory}/results"
        config = Path(directory) / "asv.conf.json"
        config.write_text(
            json.dumps(
                {
                    "version": 1,
                    "repo": str(ROOT / "go_fixtures/repos" / NAME),
                    "branches": [truth["branch"]],
                    "results_dir": results,
                    "go": {"cache_dir": str(ROOT / ".cache" / "accuracy")},
                }
            ),
            "utf-8",
        )
        with Session(load_config(config)) as session:
            line = session.first_parent_line()
            spec = session.environments()[0]
            walk(session, list(reversed(line)), [spec], alloc_only=True, skip_existing=True)
            account_steps(session, line, [spec])
            history = History.build(session.records(spec), line)
    return report(truth, history)


def report(truth: dict[str, Any], history: History) -> int:
    """Hold the history against the truth and print."""
    found = steps(history)
    moved, causes, shares, neutral, reach = Score(), Score(), [], Score(), Score()
    for commit in truth["commits"]:
        revision = commit["revision"]
        own = [s for s in found if s.revision == revision]
        _steps(commit, own, moved)
        attributions = explain_steps(history, revision, own)
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


if __name__ == "__main__":
    sys.exit(main())
