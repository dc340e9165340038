"""How often the harness is right on real commits of public repositories.

    python -m tests.bench.real CLONES [NAME...] [--again WHAT] [--only KEY]
        [--scratch DIR] [--render]

CLONES is a directory with a clone of each repository of ``docs/accuracy/*.toml``, by its name. For
each commit of the data: plain ``go test -bench`` at base and commit (:mod:`tests.bench.byhand`,
nothing of the harness), then ``esv explain`` with a configuration that ``esv init`` wrote, and both
go into ``docs/accuracy/<name>.json``. What is there already is not measured again, unless
``--again hand|esv|sums|all`` asks for it. At the end ``docs/accuracy.md`` is written; ``--render``
does only that. The exit code is 1 if a target is missed or a row is not as it was judged.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from harness.config import load_config, user_cache_dir
from harness.engine.jobs.on_demand import add_accounts
from harness.engine.session import Session
from harness.toolchain import find_go
from tests.bench.byhand import HandError, Tree
from tests.bench.realdata import (
    DATA,
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
    load_figures,
    load_project,
    load_projects,
    save_figures,
)
from tests.bench.realtable import render

PAGE = DATA.parent / "accuracy.md"
MOST_CAUSES = 8


def main() -> int:
    """Measure what lacks, write the page; 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clones", type=Path, nargs="?", help="directory of the clones")
    parser.add_argument("names", nargs="*", help="projects (default: all)")
    parser.add_argument("--again", choices=["hand", "esv", "sums", "all"], help="measure anew")
    parser.add_argument("--only", default="", metavar="KEY", help="rows whose key begins so")
    parser.add_argument(
        "--scratch", type=Path, help="work here, and find here what an earlier run has recorded"
    )
    parser.add_argument("--render", action="store_true", help="only write the page")
    arguments = parser.parse_args()
    if not arguments.render:
        if arguments.clones is None:
            parser.error("a directory of clones is needed to measure")
        for path in sorted(DATA.glob("*.toml")):
            if not arguments.names or path.stem in arguments.names:
                with tempfile.TemporaryDirectory(prefix="esv-real-") as temporary:
                    scratch = (arguments.scratch or Path(temporary)) / path.stem
                    scratch.mkdir(parents=True, exist_ok=True)
                    Job(path, arguments, scratch.resolve()).run()
    text, wrong = render(load_projects())
    PAGE.write_text(text, "utf-8")
    print(f"wrote {PAGE.name}")
    for line in wrong:
        print(f"  {line}")
    return 1 if wrong else 0


class Job:
    """Measures one project.

    Args:
        path: of the data file.
        arguments: of the command line.
        scratch: a directory of its own.
    """

    def __init__(self, path: Path, arguments: argparse.Namespace, scratch: Path) -> None:
        self.path, self.arguments, self.scratch = path, arguments, scratch
        self.project: Project = load_project(path)
        self.figures: Figures = load_figures(path)
        # Of rows that were taken out no figures stay.
        changes, neutral = self.figures.changes, self.figures.neutral
        rows = [row.key for row in self.project.changes]
        quiet = [row.key for row in self.project.neutral]
        self.figures.changes = {k: changes[k] for k in rows if k in changes}
        self.figures.neutral = {k: neutral[k] for k in quiet if k in neutral}
        self.clone: Path = (arguments.clones / self.project.name).resolve()
        self._tree: Tree | None = None
        self._config: Path | None = None

    def run(self) -> None:
        """Measure the rows that lack figures; what is done is kept even if the next one fails."""
        for pair in _pairs(self.project.changes):
            self._guarded(pair[0].key, partial(self._changes, pair))
        for neutral in self.project.neutral:
            self._guarded(neutral.key, partial(self._neutral, neutral))
        sums = self.project.sums
        lacking = not self.figures.sums and not self.arguments.only
        if sums is not None and (lacking or self._again("sums")):
            self._guarded("sums", partial(self._sums, sums))

    def _guarded(self, key: str, work: Callable[[], None]) -> None:
        if not key.startswith(self.arguments.only) and key != "sums":
            return
        try:
            work()
        except (HandError, subprocess.CalledProcessError) as err:
            detail = err.stderr if isinstance(err, subprocess.CalledProcessError) else ""
            print(f"{self.path.stem} {key}: {err} {detail}".strip(), file=sys.stderr)
        save_figures(self.path, self.figures)

    def _again(self, what: str) -> bool:
        return self.arguments.again in (what, "all")

    @property
    def tree(self) -> Tree:
        """The work tree for plain Go."""
        if self._tree is None:
            go = str(find_go(self.project.go, user_cache_dir()).binary)
            self._tree = Tree(
                self.clone, self.scratch / "tree", go, self.project.go, self.project.module
            )
        return self._tree

    def _say(self, text: str) -> None:
        print(f"{self.path.stem} {text}", flush=True)

    # Commits that changed allocs/op.

    def _changes(self, rows: Sequence[Change]) -> None:
        """All rows of one commit of one package."""
        mine = [self.figures.changes.setdefault(row.key, ChangeFigures()) for row in rows]
        if any(f.hand is None for f in mine) or self._again("hand"):
            for row, figures in zip(rows, self._by_hand(rows), strict=True):
                self.figures.changes[row.key].hand = figures
                self._say(f"{row.key} by hand {figures}")
        if any(f.esv is None for f in mine) or self._again("esv"):
            for row, said in zip(rows, self._by_harness(rows), strict=True):
                self.figures.changes[row.key].esv = said
                first = said.causes[0] if said.causes else None
                self._say(f"{row.key} esv {said.before} → {said.after} {said.outcome} {first}")

    def _by_hand(self, rows: Sequence[Change]) -> list[ByHand | None]:
        first = rows[0]
        package, bench = f"./{first.package}", _pattern(r.benchmark for r in rows)
        base = first.base or self.tree.parent(first.commit)
        self.tree.checkout(first.commit)
        after = self.tree.bench([package], bench)
        self.tree.checkout(base)
        before = self.tree.bench([package], bench)
        names = [(first.package, r.benchmark) for r in rows]
        with_tests: dict[tuple[str, str], float] = {}
        if any(name not in before for name in names):
            self.tree.checkout(base)
            self.tree.take_tests(first.commit)
            with_tests = self.tree.bench([package], bench)
        found: list[ByHand | None] = []
        for name in names:
            old = before.get(name, with_tests.get(name))
            new = after.get(name)
            if old is None or new is None:
                self._say(f"{name}: no number by hand: {old} → {new}")
                found.append(None)
            else:
                found.append(ByHand(before=old, after=new, tests_of_head=name not in before))
        return found

    def _by_harness(self, rows: Sequence[Change]) -> list[ByHarness]:
        first = rows[0]
        bench = _pattern(r.benchmark for r in rows)
        names = "|".join(re.escape(r.benchmark) for r in rows)
        document = self._explain(
            first.commit, first.base, [f"./{first.package}"], bench, f"^({names})$"
        )
        return [_harness_figures(document, row) for row in rows]

    # Commits that changed none.

    def _neutral(self, row: Neutral) -> None:
        mine = self.figures.neutral.setdefault(row.key, NeutralFigures())
        packages = list(row.packages or self.project.packages)
        bench = row.bench or self.project.bench
        if mine.hand is None or self._again("hand"):
            mine.hand = self._neutral_hand(row, packages, bench)
            self._say(f"{row.key} by hand {mine.hand}")
        if mine.esv is None or self._again("esv"):
            document = self._explain(row.commit, row.base, packages, bench, "")
            mine.esv = NeutralHarness(
                steps=_changed(document, "allocs/op"),
                bytes=_changed(document, "B/op"),
                new=[_site(s) for s in document["escapes"]["new"]],
                gone=[_site(s) for s in document["escapes"]["gone"]],
            )
            self._say(f"{row.key} esv {mine.esv}")

    def _neutral_hand(self, row: Neutral, packages: list[str], bench: str) -> NeutralHand:
        figures, heap = [], []
        for revision in (row.base or self.tree.parent(row.commit), row.commit):
            self.tree.checkout(revision)
            figures.append(self.tree.bench(packages, bench))
            heap.append(self.tree.heap_lines(["./..."]))
        before, after = figures
        both = sorted(before.keys() & after.keys())
        return NeutralHand(
            benchmarks=len(both),
            differ=[f"{k[1]} {before[k]:g} → {after[k]:g}" for k in both if before[k] != after[k]],
            naive_new=len(heap[1] - heap[0]),
            naive_gone=len(heap[0] - heap[1]),
            heap_lines=len(heap[1]),
        )

    # The sums.

    def _sums(self, check: SumCheck) -> None:
        packages = list(check.packages or self.project.packages)
        bench = check.bench or self.project.bench
        revision = self.tree.resolve(check.revision)
        self.tree.checkout(revision)
        reported = self.tree.bench(packages, bench)
        uncut = self.tree.bench(packages, bench, self.tree.uncut_flags())
        self._say(f"sums: {len(reported)} benchmarks reported, {len(uncut)} uncut")
        accounts = self._accounts(revision, packages, bench)
        self.figures.sums = [
            SumFigures(
                package=package,
                benchmark=name,
                reported=value,
                uncut=uncut[package, name],
                account=accounts.get((package, name), (None, False))[0],
                exact=accounts.get((package, name), (None, False))[1],
            )
            for (package, name), value in sorted(reported.items())
            if (package, name) in uncut
        ]
        bad = [f for f in self.figures.sums if not f.adds_up]
        self._say(f"sums: {len(bad)} of {len(self.figures.sums)} do not add up")
        for figure in bad:
            self._say(f"  {figure}")

    def _accounts(
        self, revision: str, packages: list[str], bench: str
    ) -> dict[tuple[str, str], tuple[float, bool]]:
        """Sum of each benchmark's lines, and whether it is exact, by directory and name."""
        config = load_config(self._configure(packages, bench))
        with Session(config) as session:
            spec = session.environments()[0]
            record = session.ensure_counted(revision, spec)
            names = [(path, b.name) for path, b in record.benchmarks()]
            record = add_accounts(session, record, names, spec)
        directories = {p.path: p.directory for p in record.packages}
        return {
            (directories[a.package], a.benchmark): (sum(s.allocs for s in a.sites), a.exact)
            for a in record.accounts
        }

    # The harness.

    def _explain(
        self, commit: str, base: str, packages: list[str], bench: str, names: str
    ) -> dict[str, Any]:
        config = self._configure(packages, bench)
        command = ["explain", commit, "--format", "json", "--config", str(config), "--quiet"]
        command += ["--base", base] if base else []
        command += [f"--bench={names}"] if names else []
        document: dict[str, Any] = json.loads(_esv(command))
        return document

    def _configure(self, packages: list[str], bench: str) -> Path:
        """A configuration as ``esv init`` writes it, for these packages and benchmarks."""
        if self._config is None:
            project = self.scratch / "project"
            if not project.exists():
                clone = ["git", "clone", "--quiet", "--shared", str(self.clone), str(project)]
                subprocess.run(clone, check=True, capture_output=True, text=True)
            _esv(["init", str(project), "--quiet", "--force"])
            self._config = project / "asv.conf.json"
        settings = json.loads(self._config.read_text("utf-8"))
        settings["pythons"] = [self.project.go]
        settings["go"] |= {"packages": packages, "bench": bench, "modules": ["."]}
        self._config.write_text(json.dumps(settings), "utf-8")
        # Records are of one choice of benchmarks.
        shutil.rmtree(self._config.parent / ".asv" / "results", ignore_errors=True)
        return self._config


def _esv(arguments: list[str]) -> str:
    command = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _pairs(rows: Iterable[Change]) -> list[list[Change]]:
    """Rows that one measurement answers: of one commit, base and package.

    Of one depth, too: what ``-bench`` matches only in part is not measured.
    """
    found: dict[tuple[str, str, str, int], list[Change]] = {}
    for row in rows:
        depth = row.benchmark.count("/")
        found.setdefault((row.commit, row.base, row.package, depth), []).append(row)
    return list(found.values())


def _pattern(names: Iterable[str]) -> str:
    """What ``-bench`` takes to run these; it matches the parts between slashes one by one.

    Args:
        names: full names with equally many parts.
    """
    levels: list[list[str]] = []
    for name in names:
        for depth, part in enumerate(name.split("/")):
            if depth == len(levels):
                levels.append([])
            if part not in levels[depth]:
                levels[depth].append(part)
    return "/".join(f"^({'|'.join(re.escape(p) for p in level)})$" for level in levels)


def _harness_figures(document: dict[str, Any], row: Change) -> ByHarness:
    release = document["head"]["toolchain"].removeprefix("go")
    for change in document["changes"]:
        # The package is chosen by the configuration; an import path differs by revision.
        if (change["benchmark"], change["unit"]) == (row.benchmark, "allocs/op"):
            causes = change["causes"]
            return ByHarness(
                release=release,
                before=change["base"],
                after=change["head"],
                outcome=change["outcome"],
                explained=change["explained"],
                unexplained=change["unexplained"],
                causes=[
                    Said(**{name: cause[name] for name in Said.__struct_fields__})
                    for cause in causes[:MOST_CAUSES]
                ],
                total_causes=len(causes),
            )
    return ByHarness(release=release)


def _changed(document: dict[str, Any], unit: str) -> list[str]:
    return [
        f"{c['benchmark']} {c['base']:g} → {c['head']:g}"
        for c in document["changes"]
        if c["unit"] == unit
    ]


def _site(site: dict[str, Any]) -> str:
    return f"{site['file']}:{site['line']} {site['function']}: {site['message']}"


if __name__ == "__main__":
    sys.exit(main())
