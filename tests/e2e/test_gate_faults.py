"""The faults that a gate meets: each is told in one line, and none is a pass or a regression.

=============================  ====  =========================================================
fault                          exit  why
=============================  ====  =========================================================
head does not compile          2     nothing was measured
test binary panics             2     benchmarks without a number
benchmark calls os.Exit        2     as above
benchmark calls t.Fatal        2     as above
benchmark hangs                2     as above, after ``default_benchmark_timeout``
prints a fake benchmark line   2     which of its results is true cannot be told
forks a child that stays       2     it may have run beside what was measured
fills its temporary directory  2     the benchmark fails
needs a missing module         2     does not compile
base is missing                2     nothing to compare with
no benchmark at all            2     a gate that looks at nothing must not pass
go is missing                  2     nothing was measured
corrupt record                 2     it says which file to delete
malformed policy               2     with line and column
results cannot be written      2     no room for what a measurement needs
=============================  ====  =========================================================

A line under the name of a benchmark that does not run is no fault: it is passed over
(``tests/gobench/test_run.py``).
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.support import Json, Project, cache_of, commit, running_from
from tests.e2e.test_gate import VALIDATOR

PACKAGE = "example.com/small/keep"
SETTINGS = ("--base", "HEAD~1", "--quiet")


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        name: of the fault.
        says: part of the one line that tells it.
        body: of a benchmark that is added at head.
        files: changed at head.
        prepare: anything else; gives the project to gate.
        arguments: of the gate.
        begins: whether the gate comes so far that its report tells it, else standard error does.
    """

    name: str
    says: str
    body: str = ""
    files: tuple[tuple[str, str], ...] = ()
    prepare: Callable[[Project], Project] | None = None
    arguments: tuple[str, ...] = SETTINGS
    begins: bool = True


def without_go(project: Project) -> Project:
    project.configure({"cache_dir": str(project.directory / "cache")}, pythons=["path"])
    return project


def corrupt_record(project: Project) -> Project:
    assert project.esv("run", "HEAD~1^!", "--alloc-only").code == 0
    (path,) = project.store().paths()
    path.write_bytes(path.read_bytes()[:500])
    return project


def in_the_way(project: Project) -> Project:
    """The directory of the gate's records is a file; permissions mean nothing to root."""
    work = cache_of(project.environment) / "work" / digest(project.repo)
    work.mkdir(parents=True)
    (work / "answers").write_text("in the way\n", "utf-8")
    return project


def digest(repo: Path) -> str:
    """The directory of a repository in the cache."""
    return hashlib.sha256(str((repo / ".git").resolve()).encode()).hexdigest()[:16]


NO_BENCHMARK = 'package keep\n\nimport "testing"\n\nfunc TestNothing(t *testing.T) {}\n'
FILLS = """f, err := os.CreateTemp("", "fill")
	for err == nil {
		_, err = f.Write(make([]byte, 1<<20))
	}
	b.Fatal(err)"""
CHILD = """p, err := os.StartProcess("/bin/sleep", []string{"sleep", "61"}, &os.ProcAttr{})
	if err != nil {
		b.Fatal(err)
	}
	_ = p.Release()"""
FAKE = 'fmt.Println("BenchmarkBad 	 100	 1.0 ns/op	 0 B/op	 0 allocs/op")'
FAULTS = [
    Fault("does not compile", "head build example.com/small/keep: keep/bad_test.go:",
          files=(("keep/bad_test.go", "package keep\n\nfunc unused() { x := 1 }\n"),)),
    Fault("test binary panics", "panic: no database", body='panic("no database")'),
    Fault("os.Exit", "unexpected call to os.Exit(0) during test", body="os.Exit(0)"),
    Fault("t.Fatal", "BenchmarkBad: bad_test.go:8: no database", body='b.Fatal("no database")'),
    Fault("hangs", "BenchmarkBad: no result after 2 s", body="time.Sleep(time.Hour)"),
    Fault("prints a fake benchmark line", "prints lines in the form of results", body=FAKE),
    Fault("forks a child that outlives it", "leaves a process behind", body=CHILD),
    Fault("fills its temporary directory", "no space left on device", body=FILLS),
    Fault("needs a missing module", "no required module provides package example.org/none",
          files=(("keep/bad.go", 'package keep\n\nimport _ "example.org/none"\n'),)),
    Fault("base missing", "unknown revision 'no-such'", begins=False,
          arguments=("--base", "no-such", "--quiet")),
    Fault("empty benchmark list", "no benchmark ran: none matched, or none exist",
          arguments=("--base", "HEAD", "--quiet"),
          files=(("keep/keep_test.go", NO_BENCHMARK),)),
    Fault("go missing", "no `go` on PATH", prepare=without_go, begins=False),
    Fault("corrupt record", "; delete it and measure ", prepare=corrupt_record, begins=False),
    Fault("malformed policy", "escape-velocity.toml:2:", begins=False,
          files=(("escape-velocity.toml", "[budgets]\nBenchmarkKeep = {\n"),)),
    Fault("results cannot be written", "cannot write ", prepare=in_the_way, begins=False),
]  # fmt: skip


def test_the_list_is_whole() -> None:
    assert len({f.name for f in FAULTS}) == 15


@pytest.mark.parametrize("fault", FAULTS, ids=[f.name for f in FAULTS])
def test_fault(small: Project, fault: Fault) -> None:
    files = dict(fault.files)
    if fault.body:
        names = [n for n in ("fmt", "os", "time") if f"{n}." in fault.body] + ["testing"]
        imports = "".join(f'\t"{name}"\n' for name in names)
        files["keep/bad_test.go"] = (
            f"package keep\n\nimport (\n{imports})\n"
            f"\nfunc BenchmarkBad(b *testing.B) {{\n\t{fault.body}\n}}\n"
        )
    project = small
    commit(project.repo, fault.name, {"note.txt": fault.name, **files})
    project.configure(default_benchmark_timeout=2)
    if fault.prepare is not None:
        project = fault.prepare(project)
    full = small_disk(project) if fault.body == FILLS else nullcontext()
    before = contents(project)
    with full:
        run = project.esv("gate", *fault.arguments, "--report", "json=gate.json")
        assert scratch(project) == []
    document: Json = json.loads((project.directory / "gate.json").read_text("utf-8"))
    (project.directory / "gate.json").unlink()
    VALIDATOR.validate(document)
    assert (run.code, document["exit_code"], document["verdict"]) == (2, 2, "error"), run
    said = [e["message"] for e in document["errors"]]
    if fault.begins:
        assert run.err == ""
        assert run.out.startswith("esv gate: ERROR: could not measure, so no verdict\n")
        assert len([line for line in run.out.splitlines() if fault.says in line]) == 1, run.out
    else:
        assert fault.says in run.refused("gate")
        assert len(said) == 1
    assert any(fault.says.rpartition(": ")[2] in message for message in said), said
    assert contents(project) == before
    assert running_from(project) == []
    assert project.leftovers() == []


def contents(project: Project) -> dict[str, bytes]:
    """Every file beside the configuration: the gate keeps its records in the cache."""
    return {
        path.relative_to(project.directory).as_posix(): path.read_bytes()
        for path in project.directory.rglob("*")
        if path.is_file() and "cache" not in path.relative_to(project.directory).parts
    }


def scratch(project: Project) -> list[Path]:
    """What is left of binaries and temporary files."""
    work = cache_of(project.environment) / "work" / digest(project.repo)
    return list((work / "run").glob("*"))


@contextmanager
def small_disk(project: Project) -> Iterator[None]:
    """The directory in which binaries lie and benchmarks write is a small file system."""
    place = cache_of(project.environment) / "work" / digest(project.repo) / "run"
    place.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "esv-test", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)
