"""A/A: how often the gate says anything of identical code. It must not.

Usage: python -m tests.bench.aa REPO... [--gates N] [--time-gates N] [--count N] [--idle]

Takes neighbouring commits of real repositories whose test binaries are the same, and measures both
sides all the same, again and again: every gate links nothing, runs the allocation lane of base and
of head, and is judged by the built-in policy. With ``--time-gates`` base and head are also timed
in turn as ``esv gate --time`` does. Meanwhile another process loads one processor (unless
``--idle``), and GOMAXPROCS is what it is by default. Prints how many gates did not pass; 1 if the
allocation lane failed one, or the time lane more than 1 in 100.
"""

from __future__ import annotations

import argparse
import atexit
import json
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from harness.analysis.compare.timing import judge_time
from harness.analysis.verdict.gate import Verdict, judge_gate
from harness.config import load_config
from harness.engine.base.environments import EnvironmentSpec
from harness.engine.jobs.timing import run_in_turn
from harness.engine.revision.build import BuiltTree
from harness.engine.revision.carry import package_key
from harness.engine.revision.packages import Counted, PackageRunner, ToLink
from harness.engine.session import Session
from harness.model import Record
from harness.model.selection import enters
from harness.policy.model import Policy

# Neighbours that are looked at for an equal binary.
_DEPTH = 60
_PAIRS = 5


def main() -> int:
    """Run the gates and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repositories", nargs="+", type=Path, metavar="REPO")
    parser.add_argument("--gates", type=int, default=1000, help="of the allocation lane, in all")
    parser.add_argument("--time-gates", type=int, default=0, help="of the time lane, in all")
    parser.add_argument("--count", type=int, default=6, help="samples of a time gate")
    parser.add_argument("--benchtime", default="10ms", help="of one sample")
    parser.add_argument("--bench", default=".", help="benchmarks")
    parser.add_argument("--idle", action="store_true", help="without a load beside it")
    arguments = parser.parse_args()
    load = None if arguments.idle else multiprocessing.Process(target=_burn, daemon=True)
    if load is not None:
        load.start()
    failed = Counter[str]()
    try:
        for repository in arguments.repositories:
            failed.update(_repository(repository.resolve(), arguments))
    finally:
        if load is not None:
            load.terminate()
    gates, timed = failed["gates"], failed["time gates"]
    print(f"allocation lane: {failed['allocation']} of {gates} gates of identical code failed")
    if timed:
        print(
            f"time lane: {failed['time']} of {timed} gates of identical code failed,"
            f" {failed['unfit']} ended as unfit, {failed['unchecked']} would have failed if the"
            " machine were not checked"
        )
    return 1 if failed["allocation"] or failed["time"] > timed / 100 else 0


def _burn() -> None:
    while True:
        sum(range(10_000))


def _repository(repository: Path, arguments: argparse.Namespace) -> Counter[str]:
    share = len(arguments.repositories)
    figures = Counter[str]()
    with tempfile.TemporaryDirectory(prefix="esv-aa-") as name:
        config = Path(name) / "asv.conf.json"
        config.write_text(
            json.dumps({"version": 1, "repo": str(repository), "results_dir": f"{name}/results"}),
            "utf-8",
        )
        with Session(
            load_config(config),
            carry=False,
            bench=arguments.bench,
            benchtime=arguments.benchtime,
            count=arguments.count,
        ) as session:
            spec = session.environments()[0]
            pairs = _pairs(session, spec)
            if not pairs:
                raise SystemExit(f"{repository}: no neighbouring commits with equal test binaries")
            each = -(-arguments.gates // share // len(pairs))
            for base, head in pairs:
                figures.update(_gates(session, spec, base, head, each))
            rest = -(-arguments.time_gates // share // len(pairs))
            for base, head in pairs:
                for _ in range(rest):
                    figures.update(_time_gate(session, spec, base, head))
    print(f"{repository.name}: {len(pairs)} pairs, {dict(figures)}", flush=True)
    return figures


def _pairs(session: Session, spec: EnvironmentSpec) -> list[tuple[str, str]]:
    """Neighbouring commits, newest first, whose benchmarks all run on the same binaries."""
    line = session.repository.first_parents(
        session.repository.branch_tips(session.config.branches)
    )[:_DEPTH]
    keys: dict[str, dict[str, str]] = {}
    found = []
    for head, base in pairwise(line):
        for revision in (head, base):
            if revision not in keys:
                keys[revision] = _keys(session.build(revision, spec, "w0"))
        if keys[head] and keys[head] == keys[base]:
            found.append((base, head))
        if len(found) == _PAIRS:
            break
    return found


def _keys(tree: BuiltTree) -> dict[str, str]:
    """Identity of every test binary; what lies beside the source (a README) is none of it."""
    return {p.path: p.binary_id for _, p in tree.packages if p.benchmarks and not p.errors}


def _gates(
    session: Session, spec: EnvironmentSpec, base: str, head: str, number: int
) -> Counter[str]:
    """So many gates of one pair in the allocation lane, each measured anew on both sides."""
    figures = Counter[str]()
    sides = [_Linked(session, spec, revision, w) for revision, w in ((base, "w0"), (head, "w1"))]
    start = time.monotonic()
    for _ in range(number):
        records = [side.measure() for side in sides]
        report = judge_gate(records[0], records[1], session.diffs(base, head))
        figures["gates"] += 1
        if report.verdict is not Verdict.PASS:
            figures["allocation"] += 1
            for change in report.changes:
                print(f"  {change.benchmark}: {change.base} {change.head}", flush=True)
            for error in report.errors:
                print(f"  {error}", flush=True)
    print(f"  {base[:8]}..{head[:8]}: {number} gates, {time.monotonic() - start:.0f} s", flush=True)
    return figures


class _Linked:
    """A revision whose test binaries are linked once and counted often."""

    def __init__(self, session: Session, spec: EnvironmentSpec, revision: str, worker: str) -> None:
        self._record = session.measure(revision, spec, alloc_only=True, write=False)
        tree = session.build(revision, spec, worker)
        scratch = ExitStack()
        atexit.register(scratch.close)
        self._runner = PackageRunner(
            tree,
            scratch.enter_context(session.trees.workspace.scratch()),
            session.settings(alloc_only=True),
        )
        bench = session.settings().bench
        self._linked: list[Counted] = [
            self._runner.count(ToLink(m, p, package_key(p.binary_id, p.directory, {})))
            for m, p in tree.packages
            if p.benchmarks and not p.errors and any(enters(bench, name) for name in p.benchmarks)
        ]

    def measure(self) -> Record:
        """The record with the packages counted anew."""
        packages = {c.result.path: self._runner.recount(c).result for c in self._linked}
        return replace(
            self._record,
            packages=tuple(packages.get(p.path, p) for p in self._record.packages),
        )


def _time_gate(session: Session, spec: EnvironmentSpec, base: str, head: str) -> Counter[str]:
    lane = run_in_turn(session, base, head, spec, even_if_same=True)
    time_report = judge_time(lane.timed, Policy())
    record = session.ensure_counted(base, spec)
    other = replace(record, revision=session.repository.revision(head))
    diffs = session.diffs(base, head)
    report = judge_gate(record, other, diffs, time=time_report)
    # The correction alone: what the test finds says nothing of a machine that is always unfit.
    unchecked = judge_gate(record, other, diffs, time=replace(time_report, noise=()))
    return Counter(
        {
            "time gates": 1,
            "time": report.verdict is Verdict.FAIL,
            "unfit": report.unfit,
            "unchecked": unchecked.verdict is Verdict.FAIL,
        }
    )


if __name__ == "__main__":
    sys.exit(main())
