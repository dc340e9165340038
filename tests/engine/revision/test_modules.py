"""Modules of every shape, measured with the real Go."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from harness.engine.revision.modules import (
    guess_module_path,
    module_directories,
    module_path_of,
    workspace_modules,
)
from harness.model import Outcome, PackageOutcome, Record
from harness.toolchain import find
from tests.engine.conftest import GO_MOD, OpenSession, allocs, bench
from tests.repos import Project


def measure(open_session: OpenSession, project: Project, **go_section: object) -> Record:
    """Measure HEAD; its work tree is as git has it afterwards."""
    head = project.git("rev-parse", "HEAD")
    with open_session(**go_section) as session:
        record = session.measure(head, alloc_only=True, write=False)
        tree = next(session.trees.workspace.root.glob("w0"))
        left = Project.__new__(Project)
        left.path, left._clock = tree, 0
        assert left.git("status", "--porcelain", "--ignored") == ""
    return record


def test_several_modules_and_one_inside_another(
    project: Project, open_session: OpenSession
) -> None:
    project.commit(
        {
            "go.mod": GO_MOD, "root_test.go": bench("m", 1),
            "nested/go.mod": "module example.com/m/nested\n\ngo 1.22\n",
            "nested/p/p_test.go": bench("p", 2),
            "tools/go.mod": "module example.com/other\n\ngo 1.22\n",
            "tools/t_test.go": bench("other", 3),
            "vendor/x/go.mod": "module x\n", "testdata/go.mod": "broken",
            "_skip/go.mod": "broken", ".hidden/go.mod": "broken",
        }
    )  # fmt: skip
    record = measure(open_session, project)
    assert record.errors == ()
    assert allocs(record) == {
        "example.com/m.BenchmarkX": 1, "nested/p.BenchmarkX": 2, "example.com/other.BenchmarkX": 3,
    }  # fmt: skip
    assert [p.directory for p in record.packages] == [".", "nested/p", "tools"]
    one = measure(open_session, project, modules=["tools"])
    assert list(allocs(one)) == ["example.com/other.BenchmarkX"]


def test_a_workspace(project: Project, open_session: OpenSession) -> None:
    project.commit(
        {
            "go.work": "go 1.22\n\nuse (\n\t./a\n\t./b // used\n)\n",
            "a/go.mod": "module example.com/m/a\n\ngo 1.22\n",
            "a/a.go": 'package a\n\nimport "example.com/m/b"\n\nfunc F() *int { return b.New() }\n',
            "a/a_test.go": bench("a", 1),
            "b/go.mod": "module example.com/m/b\n\ngo 1.22\n",
            "b/b.go": "package b\n\nfunc New() *int { v := 1; return &v }\n",
            "b/b_test.go": bench("b", 2),
            "alone/go.mod": "module example.com/m/alone\n\ngo 1.22\n",
            "alone/x_test.go": bench("alone", 3),
        }
    )
    record = measure(open_session, project)
    assert record.errors == ()
    assert allocs(record) == {"a.BenchmarkX": 1, "alone.BenchmarkX": 3, "b.BenchmarkX": 2}
    assert [p.path for p in record.packages] == [
        "example.com/m/a", "example.com/m/alone", "example.com/m/b",
    ]  # fmt: skip
    sites = {(s.package, str(s.position), s.message) for s in record.code_escapes()}
    assert sites == {
        ("example.com/m/a", "a/a.go:5:29", "moved to heap: b.v"),
        ("example.com/m/b", "b/b.go:3:19", "moved to heap: v"),
    }
    assert len(record.code_escapes()) == 2, "b is in two compiles and told of once"


def test_a_go_work_above_the_work_tree_is_not_used(
    project: Project, open_session: OpenSession, cache_dir: Path
) -> None:
    (cache_dir / "go.work").write_text("go 1.22\n\nuse ./nowhere\n")
    project.commit({"go.mod": GO_MOD, "p/p_test.go": bench("p", 1)})
    assert allocs(measure(open_session, project)) == {"p.BenchmarkX": 1}


def test_a_vendored_dependency(project: Project, open_session: OpenSession) -> None:
    project.commit(
        {
            "go.mod": GO_MOD + "\nrequire example.org/dep v1.2.3\n",
            "go.sum": "",
            "vendor/modules.txt": "# example.org/dep v1.2.3\n## explicit; go 1.22\n"
            "example.org/dep\n",
            "vendor/example.org/dep/dep.go": "package dep\n\n"
            "func New() *int { v := 1; return &v }\n",
            "p/p.go": 'package p\n\nimport "example.org/dep"\n\nvar X = dep.New()\n',
            "p/p_test.go": bench("p", 4),
        }
    )
    record = measure(open_session, project)
    assert (record.errors, record.overlays) == ((), ())
    assert allocs(record) == {"p.BenchmarkX": 4}
    assert [p.path for p in record.packages] == ["example.com/m/p"]
    assert {s.package for s in record.escapes if not s.test} <= {"example.com/m/p"}


def test_a_revision_from_before_go_mod(project: Project, open_session: OpenSession) -> None:
    project.commit(
        {
            "p/p.go": "package p\n\nfunc New() *int { v := 1; return &v }\n",
            "q/q_test.go": bench("q", 2).replace(
                'import "testing"',
                'import (\n\t"testing"\n\n\t"example.com/m/p"\n)\n\nvar Y = p.New()',
            ),
        }
    )
    record = measure(open_session, project)
    assert record.errors == ()
    assert allocs(record) == {"q.BenchmarkX": 2}
    (overlay,) = record.overlays
    assert (overlay.directory, overlay.reason) == (".", "the revision has no go.mod")
    assert overlay.go_mod == "module example.com/m\n\ngo 1.16\n"
    assert [str(s.position) for s in record.code_escapes()] == ["p/p.go:3:19"]


def test_a_revision_from_before_go_mod_without_imports_takes_the_later_path(
    project: Project, open_session: OpenSession
) -> None:
    old = project.commit({"x.go": "package m\n", "x_test.go": bench("m", 1)})
    project.commit({"go.mod": "module example.com/m/v2\n\ngo 1.22\n"})
    with open_session() as session:
        record = session.measure(old, alloc_only=True)
    assert record.overlays[0].go_mod.startswith("module example.com/m\n")
    assert allocs(record) == {"example.com/m.BenchmarkX": 1}
    with open_session(module_path="example.com/chosen") as session:
        record = session.measure(old, alloc_only=True)
    assert record.packages[0].path == "example.com/chosen"


def test_a_go_mod_with_an_unknown_directive_is_mended(
    project: Project, open_session: OpenSession
) -> None:
    project.commit({"go.mod": GO_MOD + "frobnicate yes\n", "p/p_test.go": bench("p", 1)})
    record = measure(open_session, project)
    assert record.errors == ()
    assert allocs(record) == {"p.BenchmarkX": 1}
    (overlay,) = record.overlays
    assert "frobnicate" not in overlay.go_mod
    assert "go 1.22" in overlay.go_mod
    assert "unknown directive" in overlay.reason


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module proxy in a directory, with one small module."""
    root = tmp_path / "proxy" / "example.org" / "dep" / "@v"
    root.mkdir(parents=True)
    (root / "list").write_text("v1.0.0\n")
    (root / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
    (root / "v1.0.0.mod").write_text("module example.org/dep\n\ngo 1.16\n")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("example.org/dep@v1.0.0/go.mod", "module example.org/dep\n\ngo 1.16\n")
        archive.writestr("example.org/dep@v1.0.0/dep.go", "package dep\n\nconst N = 5\n")
    (root / "v1.0.0.zip").write_bytes(packed.getvalue())
    monkeypatch.setenv("GOPROXY", (tmp_path / "proxy").as_uri())
    monkeypatch.setenv("GOSUMDB", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modcache"))
    monkeypatch.setattr(find, "_found", {})


def test_a_go_mod_without_a_go_line_and_without_go_sum(
    project: Project, open_session: OpenSession, proxy: None, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    project.commit(
        {
            "go.mod": "module example.com/m\n\nrequire example.org/dep v1.0.0\n",
            "p/p.go": 'package p\n\nimport "example.org/dep"\n\nconst N = dep.N\n',
            "p/p_test.go": bench("p", 3),
        }
    )
    head = project.git("rev-parse", "HEAD")
    with open_session() as session:
        monkeypatch.setenv("GOPROXY", (tmp_path / "proxy").as_uri())
        record = session.measure(head, alloc_only=True)
    assert record.errors == ()
    assert allocs(record) == {"p.BenchmarkX": 3}
    (overlay,) = record.overlays
    assert "go 1.16" in overlay.go_mod
    assert "go.sum" in overlay.reason or "go.mod" in overlay.reason


def test_a_go_mod_that_asks_for_a_release_that_is_not_there(
    project: Project, open_session: OpenSession
) -> None:
    project.commit({"go.mod": "module example.com/m\n\ngo 1.99\n", "p_test.go": bench("m")})
    record = measure(open_session, project)
    assert record.outcome is Outcome.BROKEN
    assert record.errors[0].stage == "module"
    assert "1.99" in record.errors[0].message


def test_no_go_at_all(project: Project, open_session: OpenSession) -> None:
    project.commit({"README": "x\n"})
    record = measure(open_session, project)
    assert record.outcome is Outcome.BROKEN
    assert "no Go module" in record.errors[0].message


def test_broken_packages_do_not_keep_others_from_being_measured(
    project: Project, open_session: OpenSession
) -> None:
    project.commit(
        {
            "go.mod": GO_MOD, "good/g_test.go": bench("good", 1),
            "bad/b_test.go": bench("bad").replace("make(", "mak("),
            "plain/p.go": "package plain\n\nvar x = y\n",
        }
    )  # fmt: skip
    record = measure(open_session, project)
    assert allocs(record) == {"good.BenchmarkX": 1}
    outcomes = {p.directory: p.outcome for p in record.packages}
    assert outcomes == {
        "good": PackageOutcome.MEASURED,
        "bad": PackageOutcome.BUILD_FAILED,
        "plain": PackageOutcome.BUILD_FAILED,
    }
    assert record.outcome is Outcome.BROKEN
    project.commit({"bad/b_test.go": bench("bad", 2)})
    record = measure(open_session, project)
    assert record.outcome is Outcome.PARTIAL, "the package that is left has nothing to measure"
    assert allocs(record) == {"bad.BenchmarkX": 2, "good.BenchmarkX": 1}


# Pure parts


def test_module_directories() -> None:
    files = ["go.mod", "a/go.mod", "a/b/go.mod", "ab/go.mod", "vendor/x/go.mod",
             "a/testdata/go.mod", "_x/go.mod", ".git/go.mod", "a/go.mod.txt"]  # fmt: skip
    assert module_directories(files, "", ()) == [".", "a", "a/b", "ab"]
    assert module_directories(files, "a", ()) == ["a", "a/b"]
    assert module_directories(files, "", ["./a/", "."]) == ["a", "."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("go 1.22\nuse .\n", ["."]),
        ("use ./a\nuse ./b\n", ["a", "b"]),
        ('use (\n\t./a // x\n\t"./b"\n)\nreplace x => ./c\n', ["a", "b"]),
        ("use(./a)\n", ["a"]),
        ("// use ./a\n", []),
        ("use ./a // why\n", ["a"]),
    ],
)
def test_workspace_modules(text: str, expected: list[str]) -> None:
    assert workspace_modules(text) == expected


def test_guess_module_path() -> None:
    inner = 'import (\n\t"fmt"\n\tx "example.com/m/p"\n\t_ "example.org/other/q"\n)'
    assert guess_module_path([inner], {"p"}, "", "n") == "example.com/m"
    assert guess_module_path([inner], set(), "example.com/later/v3", "n") == "example.com/later"
    assert guess_module_path(['import "gopkg.in/x.v2/p"'], {"p"}, "", "n") == "gopkg.in/x.v2"
    assert guess_module_path([], set(), "", "n") == "n"


@pytest.mark.parametrize(
    ("text", "path"),
    [("module a/b\n", "a/b"), ('// x\nmodule "a/b" // y\n', "a/b"), ("module `a`\n", "a"),
     ("go 1.1\n", ""), ("// module a\n", "")],
)  # fmt: skip
def test_module_path_of(text: str, path: str) -> None:
    assert module_path_of(text) == path
