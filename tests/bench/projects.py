"""What the harness does on whole public projects, next to plain ``go test``.

    python -m tests.bench.projects CLONES [NAME...] [--scratch DIR] [--limit MINUTES] [--render]

CLONES is a directory with a clone of each project of ``docs/real-projects/projects.toml``. In a
clone of that, ``esv init`` and ``esv run`` measure the range, ``esv publish`` writes the site; then
plain ``go test`` runs the benchmarks of the newest revision in every module, at the iterations and
processors of the allocation lane. Both begin with empty build caches, and with the modules
downloaded. What was measured goes into ``docs/real-projects/<name>.json``, and the table into
``docs/real-projects.md``; ``--render`` only writes the table. A second call continues what
``--scratch`` has.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.config import load_config, user_cache_dir
from harness.model import ALLOCS, Record
from harness.store import RecordStore
from harness.toolchain import Go, find_go
from tests.bench.byhand import TEST

DATA = Path(__file__).resolve().parents[2] / "docs" / "real-projects"
PAGE = DATA.with_suffix(".md")
_ESV = [sys.executable, "-m", "harness"]
_PACKAGE = re.compile(r"^pkg: (\S+)$", re.MULTILINE)
_LINE = re.compile(
    r"^(?P<name>Benchmark\S*)[ \t]+\d+[ \t].*?(?P<allocs>[\d.]+) allocs/op", re.MULTILINE
)
# A project's failures, in words that a user is given: how many, and how long.
_REASONS, _REASON = 6, 160


def main() -> int:
    """Measure the projects that are named, write the table; 1 if a figure differs from Go's."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clones", type=Path, nargs="?", help="directory of the clones")
    parser.add_argument("names", nargs="*", help="projects (default: all)")
    parser.add_argument("--scratch", type=Path, help="work here, and keep what was made")
    parser.add_argument("--limit", type=float, default=60, help="minutes for each command")
    parser.add_argument("--render", action="store_true", help="only write the table")
    arguments = parser.parse_args()
    projects = tomllib.loads((DATA / "projects.toml").read_text("utf-8"))
    if not arguments.render:
        if arguments.clones is None:
            parser.error("a directory of clones is needed to measure")
        for name in arguments.names or projects:
            with tempfile.TemporaryDirectory(prefix="esv-projects-") as temporary:
                scratch = (arguments.scratch or Path(temporary)).resolve() / name
                scratch.mkdir(parents=True, exist_ok=True)
                clone = (arguments.clones / name).resolve()
                found = Project(projects[name], clone, scratch, arguments.limit * 60).measure()
                text = json.dumps(found, indent=1, sort_keys=True)
                (DATA / f"{name}.json").write_text(f"{text}\n", "utf-8")
    found = {
        n: json.loads(f.read_text("utf-8")) for n in projects if (f := DATA / f"{n}.json").exists()
    }
    PAGE.write_text(render(projects, found), "utf-8")
    print(f"wrote {PAGE.name}")
    return 1 if any(f["different"] for f in found.values()) else 0


class Project:
    """One project.

    Args:
        what: its table in ``projects.toml``.
        clone: of the public repository; only its objects are used.
        scratch: a directory of its own.
        limit: seconds for each command.
    """

    def __init__(self, what: Mapping[str, Any], clone: Path, scratch: Path, limit: float) -> None:
        self._what, self._clone, self._scratch, self._limit = what, clone, scratch, limit
        self._tree = scratch / "tree"
        self._go: Go = find_go(None, user_cache_dir())

    def measure(self) -> dict[str, Any]:
        """The row of the table, in plain values."""
        if not self._tree.exists():
            command = ["git", "clone", "-q", "--shared", "-n", str(self._clone), str(self._tree)]
            subprocess.run(command, check=True)
            # What the clone lacks stays away; the harness looks at no work tree.
            subprocess.run(["git", "checkout", "-q", "HEAD"], cwd=self._tree, check=False)
        head = self._git("rev-parse", "HEAD")
        print(f"{self._tree.parent.name} {head[:10]}", flush=True)
        self._download()
        env = {**os.environ, "XDG_CACHE_HOME": str(self._scratch / "cache")}
        config = self._configured(env)
        range_ = self._what.get("range", "HEAD^!")
        run = self._timed([*_ESV, "run", range_, "--alloc-only", "--skip-existing"], env)
        publish = self._timed([*_ESV, "publish"], env)
        print(run["said"], publish["said"], sep="", flush=True)
        settings = load_config(config)
        store = RecordStore(settings.results_dir, settings.hash_length)
        records = list(store.records())
        newest = next((r for r in records if r.revision.hash == head), None)
        plain = self._plain()
        return {
            "go": self._go.toolchain.release,
            "head": head,
            "range": range_,
            "revisions": len(records),
            "commits": len(self._git("rev-list", "--first-parent", "HEAD").split())
            if range_ == "ALL"
            else 1,
            "outcomes": dict(Counter(str(r.outcome) for r in records)),
            **_compared(newest, plain["allocs"]),
            "esv": {k: run[k] for k in ("exit", "wall", "cpu", "memory")},
            "plain": {k: plain[k] for k in ("wall", "cpu", "ended")},
            "publish": {k: publish[k] for k in ("exit", "wall", "memory")},
            "results_mb": _megabytes(settings.results_dir),
            "site_mb": _megabytes(settings.html_dir),
            "reasons": _reasons(records),
        }

    def _git(self, *arguments: str) -> str:
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=self._tree, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def _modules(self) -> list[Path]:
        files = self._git("ls-files", "--", "go.mod", "**/go.mod").splitlines()
        ignored = re.compile(r"(?:^|/)(?:vendor|testdata|[._][^/]*)/")
        return [(self._tree / f).parent for f in files if not ignored.search(f)]

    def _env(self) -> dict[str, str]:
        """The environment of plain Go."""
        tags = ",".join(self._what.get("settings", {}).get("tags", ()))
        return {
            **os.environ,
            "PATH": f"{self._go.binary.parent}{os.pathsep}{os.environ['PATH']}",
            "GOTOOLCHAIN": "local",
            "GOCACHE": str(self._scratch / "plain-cache"),
            "GOFLAGS": f"-tags={tags}" if tags else "",
        }

    def _download(self) -> None:
        for module in self._modules():
            command = [str(self._go.binary), "mod", "download"]
            subprocess.run(command, cwd=module, env=self._env(), check=False, capture_output=True)

    def _configured(self, env: Mapping[str, str]) -> Path:
        """Write the configuration of ``esv init``, with the settings of the project."""
        path = self._tree / "asv.conf.json"
        if not path.exists():
            subprocess.run(
                [*_ESV, "init", "."], cwd=self._tree, env=env, check=True, capture_output=True
            )
        data = json.loads(path.read_text("utf-8"))
        data["go"].update(self._what.get("settings", {}))
        path.write_text(json.dumps(data, indent=2), "utf-8")
        return path

    def _timed(self, command: list[str], env: Mapping[str, str]) -> dict[str, Any]:
        """Run a command of the harness.

        Returns:
            ``exit``; ``wall`` and ``cpu`` in seconds, of all its processes; ``memory``, the most
            that its Python held, in MB; ``said``, the end of what it printed.
        """
        started, before = time.monotonic(), _children()
        log = self._scratch / "esv.log"
        memory = 0.0
        with log.open("wb") as output:
            child = subprocess.Popen(
                command, cwd=self._tree, env=dict(env), stdout=output, stderr=subprocess.STDOUT
            )
            while child.poll() is None:
                memory = max(memory, _resident(child.pid))
                if time.monotonic() - started > self._limit:
                    child.terminate()
                time.sleep(0.2)
        return {
            "exit": child.returncode,
            "wall": round(time.monotonic() - started, 1),
            "cpu": round(_children() - before, 1),
            "memory": round(memory),
            "said": log.read_text("utf-8", "replace")[-3000:],
        }

    def _plain(self) -> dict[str, Any]:
        """Run ``go test`` in every module of the work tree.

        Returns:
            ``allocs``, by import path and full name, as printed; ``wall`` and ``cpu`` in seconds;
            ``ended``, how many modules took longer than the limit.
        """
        started, before, ended = time.monotonic(), _children(), 0
        allocs: dict[tuple[str, str], float] = {}
        for module in self._modules():
            command = [str(self._go.binary), *TEST, "-bench=.", "-timeout=0", "./..."]
            log = self._scratch / "plain.log"
            with log.open("wb") as output:
                try:
                    subprocess.run(
                        command, cwd=module, env=self._env(), stdout=output,
                        stderr=subprocess.DEVNULL, timeout=self._limit, check=False,
                    )  # fmt: skip
                except subprocess.TimeoutExpired:
                    ended += 1
            parts = _PACKAGE.split(log.read_text("utf-8", "replace"))
            for path, part in zip(parts[1::2], parts[2::2], strict=True):
                for match in _LINE.finditer(part):
                    allocs.setdefault((path, match["name"]), float(match["allocs"]))
        return {
            "allocs": allocs,
            "wall": round(time.monotonic() - started, 1),
            "cpu": round(_children() - before, 1),
            "ended": ended,
        }


def _compared(record: Record | None, plain: Mapping[tuple[str, str], float]) -> dict[str, Any]:
    """How many figures of a record are those of Go; only what both have is compared."""
    found: dict[str, Any] = {"benchmarks": 0, "exact": 0, "compared": 0, "equal": 0}
    different, only_plain = [], set(plain)
    for package, benchmark in record.benchmarks() if record is not None else ():
        found["benchmarks"] += 1
        only_plain.discard((package, benchmark.name))
        measurement = benchmark.measurement(ALLOCS)
        if measurement is None or not measurement.exact:
            continue
        found["exact"] += 1
        by_hand = plain.get((package, benchmark.name))
        if by_hand is not None:
            found["compared"] += 1
            same = by_hand == measurement.printed
            found["equal"] += same
            if not same:
                different.append(f"{package} {benchmark.name} {by_hand:g} {measurement.printed:g}")
    return {
        **found,
        "different": sorted(different),
        "only_plain": sorted(" ".join(key) for key in only_plain),
    }


def _reasons(records: Iterable[Record]) -> list[str]:
    """What a user is told of failures, the most frequent first."""
    lines = Counter(
        f"{e.stage} {e.package}: {e.message.splitlines()[0] if e.message else ''}"[:_REASON]
        for record in records
        for e in record.errors
    )
    return [f"{text} ({n} times)" if n > 1 else text for text, n in lines.most_common()]


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _resident(pid: int) -> float:
    """Resident memory of a process, in MB."""
    try:
        text = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return 0.0
    match = re.search(r"^VmHWM:\s+(\d+) kB", text, re.MULTILINE)
    return int(match[1]) / 1024 if match else 0.0


def _megabytes(directory: Path) -> float:
    return round(sum(f.stat().st_size for f in directory.rglob("*") if f.is_file()) / 1e6, 1)


def render(projects: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """The page."""
    return "\n".join(_page(projects, found)) + "\n"


def _page(projects: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    yield "# On real projects"
    yield ""
    yield "Written by `make real CLONES=DIR` from [real-projects/](real-projects). Do not edit."
    yield ""
    yield (
        "Each project as it is, with the configuration that `esv init` writes, but for what the"
        " last list says; `--alloc-only`, empty build caches, modules downloaded, two cores."
        " **equal**: of the benchmarks of the newest revision that the harness calls exact and that"
        " plain `go test -bench . -benchmem -benchtime=100x -cpu=1` gave a number for, those with"
        " the same allocs/op. **wall** and **CPU**: seconds of `esv run`, and in brackets of plain"
        " `go test` over the modules of the newest revision. **memory**: the most that the"
        " harness's own process held."
    )
    yield ""
    yield "| | revisions | benchmarks | exact | equal | wall | CPU | memory | results | site |"
    yield f"|---|{'--:|' * 9}"
    for name, f in found.items():
        measured = f["revisions"] - f["outcomes"].get("broken", 0)
        of = f" of {f['commits']}" if f["commits"] > 1 else ""
        plain = f["plain"]
        more = "more than " if plain["ended"] else ""
        yield (
            f"| [{name}]({projects[name]['url']}) {f['head'][:8]} | {measured}{of}"
            f" | {f['benchmarks']} | {f['exact']} | {f['equal']} of {f['compared']}"
            f" | {f['esv']['wall']:.0f} ({more}{plain['wall']:.0f})"
            f" | {f['esv']['cpu']:.0f} ({more}{plain['cpu']:.0f})"
            f" | {f['esv']['memory']} MB | {f['results_mb']} MB | {f['site_mb']} MB |"
        )
    for name, f in found.items():
        yield ""
        yield f"## {name}"
        yield ""
        outcomes = ", ".join(f"{n} {word}" for word, n in sorted(f["outcomes"].items()))
        ended = f"{f['go']}, exit {f['esv']['exit']}"
        yield f"`esv run {f['range']}`, {ended}: {outcomes or 'nothing'}."
        if why := projects[name].get("why"):
            yield f"Settings `{json.dumps(projects[name]['settings'])}`: {why}."
        for line in f["different"]:
            yield f"- **differs from Go**: {line}"
        if f["only_plain"]:
            yield f"- only plain Go has a number of: {', '.join(f['only_plain'][:_REASONS])}"
        for line in f["reasons"][:_REASONS]:
            yield f"- {line.replace('|', chr(92) + '|')}"
        if len(f["reasons"]) > _REASONS:
            yield f"- and {len(f['reasons']) - _REASONS} more"


if __name__ == "__main__":
    sys.exit(main())
