"""What can go wrong: exit 2, one clear line, nothing half-written, the user's tree untouched."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model import Diagnostic, Outcome, PackageOutcome, Position
from tests.e2e.support import (
    Project,
    allocs,
    commit,
    git,
    head,
    running_from,
    untouched,
    work_trees,
)


@pytest.fixture(autouse=True)
def guarded(small: Project) -> Iterator[None]:
    """In every test here the repository stays as it is, to the byte."""
    with untouched(small.repo):
        yield
    assert small.leftovers() == []


class TestRepository:
    def test_not_a_git_repository(self, small: Project, tmp_path: Path) -> None:
        bare = tmp_path / "bare"
        bare.mkdir()
        small.configure(repo=str(bare))
        for verb in ("run", "gate", "publish"):
            # A site without records has nothing to ask of the repository.
            wanted = "no records" if verb == "publish" else "is not a git repository"
            assert wanted in small.esv(verb).refused(verb)
        assert "is not a git repository" in small.esv("init", str(bare)).refused("init")
        assert list(bare.iterdir()) == []

    def test_not_a_go_module(self, small: Project, tmp_path: Path) -> None:
        repo = tmp_path / "text"
        git(repo, "init", "--quiet", "--initial-branch=main", create=True)
        commit(repo, "one", {"README.md": "one\n"})
        commit(repo, "two", {"README.md": "two\n"})
        with untouched(repo):
            message = small.esv("init", str(repo)).refused("init")
            assert "is not a Go module" in message
            small.configure(repo=str(repo))
            run = small.esv("gate", "--base", "HEAD~1", "--quiet")
        assert (run.code, run.err) == (2, "")
        assert run.out.startswith("esv gate: ERROR: ")
        assert "the revision has no Go module and no Go files\n" in run.out

    @pytest.mark.parametrize("name", ["no-such", "0" * 40, "HEAD~99", "--output=x", ""])
    def test_unknown_revision(self, small: Project, name: str) -> None:
        message = small.esv("gate", f"--base={name}").refused("gate")
        assert f"unknown revision {name!r}" in message
        assert not (small.directory / "x").exists()

    def test_unknown_revision_of_other_verbs(self, small: Project) -> None:
        assert "'no-such'" in small.esv("show", "no-such").refused("show")
        assert "'no-such'" in small.esv("run", "no-such").refused("run")
        assert "'no-such'" in small.esv("run", "no-such..HEAD").refused("run")
        assert "'no-such'" in small.esv("compare", "HEAD", "no-such").refused("compare")
        (small.directory / "hashes").write_text("no-such\n", "utf-8")
        assert "'no-such'" in small.esv("run", "HASHFILE:hashes").refused("run")
        assert "HASHFILE:none" in small.esv("run", "HASHFILE:none").refused("run")
        assert small.records() == {}

    def test_branch_that_is_not_there(self, small: Project) -> None:
        small.configure(branches=["release"])
        assert "branch 'release' is not in" in small.esv("run").refused("run")

    def test_dirty_revision(self, small: Project) -> None:
        name = f"{head(small.repo)[:8]}-dirty"
        for arguments in (("gate", "--base", name), ("gate", "--base", "HEAD", "--head", name)):
            assert "uncommitted changes" in small.esv(*arguments).refused("gate")
        assert "uncommitted changes" in small.esv("run", f"{name}^!").refused("run")

    def test_shallow_clone_without_the_base(self, small: Project, tmp_path: Path) -> None:
        base = head(small.repo, "HEAD~2")
        shallow = tmp_path / "shallow"
        git(tmp_path, "clone", "--quiet", "--depth=1", small.repo.as_uri(), str(shallow))
        small.configure(repo=str(shallow))
        with untouched(shallow):
            message = small.esv("gate", "--base", base).refused("gate")
            assert "shallow" in message
            assert "git fetch --unshallow" in message
            # What is there can be measured, the parent that is not there or not.
            run = small.esv("run", "HEAD^!", "--alloc-only", "--quiet")
        assert (run.code, run.err) == (0, "")
        (record,) = small.records().values()
        assert record.diff is None
        assert record.outcome is Outcome.MEASURED

    def test_empty_range(self, small: Project) -> None:
        message = small.esv("run", "HEAD..HEAD").refused("run")
        assert "'HEAD..HEAD' has no revisions" in message

    def test_lock_left_in_the_work_tree(self, small: Project) -> None:
        assert small.esv("run", "HEAD~3^!", "--alloc-only").code == 0
        locks = []
        for tree in work_trees(small):
            lock = Path(git(tree, "rev-parse", "--absolute-git-dir").strip()) / "index.lock"
            lock.write_bytes(b"")
            locks.append(lock)
        assert locks
        run = small.esv("run", "HEAD~1^!", "--alloc-only", "--quiet")
        assert (run.code, run.err) == (0, "")
        assert len(small.records()) == 2
        assert not any(lock.exists() for lock in locks)


class TestConfiguration:
    def test_none(self, small: Project, tmp_path: Path) -> None:
        empty = tmp_path / "empty"
        empty.mkdir()
        for verb in ("run", "gate", "publish", "rebuild", "preview"):
            message = small.esv(verb, cwd=empty).refused(verb)
            assert "no asv.conf.json" in message
            assert "esv init" in message
        assert small.esv("run", "--config", "none.json").refused("run")
        assert list(empty.iterdir()) == []

    @pytest.mark.parametrize(
        "text", ["", "{", '{"version": 1, "repo": ', "[]", "null", '"text"', "\x00\x01", '{"a" 1}']
    )
    def test_malformed(self, small: Project, text: str) -> None:
        (small.directory / "asv.conf.json").write_text(text, "utf-8")
        assert "asv.conf.json: " in small.esv("run").refused("run")
        assert not small.results.exists()

    def test_not_text(self, small: Project) -> None:
        (small.directory / "asv.conf.json").write_bytes(b"\xff\xfe{\x00}\x00")
        assert "asv.conf.json: " in small.esv("run").refused("run")

    def test_unknown_key(self, small: Project) -> None:
        small.configure({"benchtme": "1s"})
        message = small.esv("run").refused("run")
        assert 'unknown key "benchtme" in "go": did you mean "benchtime"?' in message

    @pytest.mark.parametrize(
        ("section", "wanted"),
        [
            ({"count": "three"}, "go.count"),
            ({"count": 0}, "go.count"),
            ({"benchtime": "long"}, "go.benchtime"),
            ({"packages": "./..."}, "go.packages"),
            ({"bench": "("}, "go.bench"),
        ],
    )
    def test_wrong_value(self, small: Project, section: dict[str, object], wanted: str) -> None:
        small.configure(section)
        assert wanted in small.esv("run").refused("run")

    @pytest.mark.parametrize(
        "keys",
        [
            {"matrix": {"req": {"numpy": ["1"]}}},
            {"matrix": []},
            {"matrix": {"env": []}},
            {"matrix": {"env": {"A": {"b": 1}}}},
            {"default_benchmark_timeout": "soon"},
            {"hash_length": "long"},
            {"branches": "main"},
            {"branches": 1},
            {"repo": 1},
            {"pythons": 3},
            {"results_dir": 1},
            {"go": []},
        ],
        ids=str,
    )
    def test_wrong_value_of_asv(self, small: Project, keys: dict[str, object]) -> None:
        path = small.directory / "asv.conf.json"
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **keys}), "utf-8")
        small.esv("run", "ALL").refused("run")

    @pytest.mark.parametrize("verb", ["run", "gate"])
    def test_bad_regular_expression(self, small: Project, verb: str) -> None:
        message = small.esv(verb, "--bench", "Keep(").refused(verb)
        assert "--bench: 'Keep(' is not a regular expression" in message

    @pytest.mark.parametrize("release", ["1.99.0", "9", "3.11", "nonsense"])
    def test_release_that_cannot_be_had(self, small: Project, release: str) -> None:
        message = small.esv("gate", "--base", "HEAD~1", "--go", release).refused("gate")
        assert release in message
        message = small.esv("run", "--go", release, "--quiet").refused("run")
        assert release in message
        assert small.records() == {}


class TestResults:
    @pytest.mark.parametrize("place", ["results", "results/e2e"])
    def test_directory_that_cannot_be_written(self, small: Project, place: str) -> None:
        """A file is in the way: permissions mean nothing to root."""
        path = small.directory / place
        path.parent.mkdir(exist_ok=True)
        path.write_text("in the way\n", "utf-8")
        run = small.esv("run", "HEAD^!", "--alloc-only", "--quiet")
        assert "cannot write" in run.refused("run")
        assert path.read_text("utf-8") == "in the way\n"

    def test_output_that_cannot_be_written(self, small: Project) -> None:
        (small.directory / "out").mkdir()
        run = small.esv("gate", "--base", "HEAD", "--quiet", "--output", "out")
        assert "out is a directory" in run.refused("gate")

    def test_damaged_record(self, recorded: Project) -> None:
        """Or one of other contents, or of a newer harness."""
        (path,) = recorded.store().paths()
        texts = ("", "{}", '{"schema": 1}', '{"schema": 99}', "[1]")
        contents = [gzip.compress(text.encode()) for text in texts]
        for data in (*contents, b"", b"no record", path.read_bytes()[:999]):
            path.write_bytes(data)
            messages = [recorded.esv("show", "HEAD").refused("show")]
            for verb in ("publish", "rebuild"):
                run = recorded.esv(verb)
                assert run.code == 2
                assert "Traceback" not in run.err
                messages.append(run.err.splitlines()[0])
                assert messages[-1].startswith(f"esv {verb}: warning: record set aside: ")
            assert run.err.count("\n") == 1
            for message in messages:
                assert path.name in message
                assert "; delete it and measure " in message or "newer harness" in message
        # What the message says helps; naming the revision measures it anew.
        for data in (contents[1], b"no record"):
            path.write_bytes(data)
            assert recorded.esv("run", "HEAD^!", "--alloc-only", "--quiet").code == 0
            assert list(recorded.records()) == [head(recorded.repo)]
        path.write_bytes(contents[3])
        run = recorded.esv("run", "HEAD^!", "--alloc-only", "--quiet")
        assert run.code == 2
        assert "newer harness" in run.err.splitlines()[-1]
        assert path.read_bytes() == contents[3]

    def test_record_with_a_line_that_is_not_understood(self, recorded: Project) -> None:
        """`esv check` fails on it, whatever its canary says."""
        (path,) = recorded.store().paths()
        record = recorded.store().read_path(path)
        where = Position("keep/keep.go", 9, 2)
        unknown = Diagnostic("example.com/small/keep", where, "x is teleported to heap")
        recorded.store().write(replace(record, unparsed=(unknown,)))
        run = recorded.esv("check")
        assert run.code == 2
        (line,) = (x for x in run.out.splitlines() if x.startswith("FAIL"))
        assert line.startswith("FAIL  records: ")
        assert f"{path.name}: 1 heap-related line of go" in line
        assert "keep/keep.go:9:2: x is teleported to heap" in line
        recorded.store().write(record)
        assert recorded.esv("check").code == 0

    def test_no_record(self, small: Project) -> None:
        message = small.esv("show", "HEAD").refused("show")
        short = head(small.repo)[:8]
        assert f"{short} has no record on this machine" in message
        assert f"`esv run {short}^!`" in message
        assert "no records in" in small.esv("publish").refused("publish")


class TestBenchmarks:
    def test_none_matches(self, small: Project) -> None:
        run = small.esv("gate", "--base", "HEAD~1", "--bench", "NoSuch", "--quiet")
        assert (run.code, run.err) == (2, "")
        assert run.out.startswith("esv gate: ERROR: ")
        assert "no benchmark ran: none matched, or none exist" in run.out

    def test_package_that_is_not_there(self, small: Project) -> None:
        run = small.esv("gate", "--base", "HEAD~1", "--packages", "./none", "--quiet")
        assert (run.code, run.err) == (2, "")
        assert "no benchmark ran" in run.out

    @pytest.mark.parametrize(
        ("body", "kind", "message"),
        [
            ("select {}", "panic", "all goroutines are asleep - deadlock!"),
            ("for { runtime.Gosched() }", "timeout", "no result after 2 s"),
            ("os.Exit(3)", "exit", "the test binary exited with status 3 in mid-run"),
            ("os.Exit(0)", "panic", "unexpected call to os.Exit(0) during test"),
            ("syscall.Kill(os.Getpid(), syscall.SIGKILL)", "exit", "ended by signal 9"),
            ('b.Fatal("no database")', "fail", "no database"),
        ],
    )
    def test_one_that_does_not_end_well(
        self, small: Project, tmp_path: Path, body: str, kind: str, message: str
    ) -> None:
        """It is named with the reason; the others of the package are measured all the same."""
        repo = tmp_path / "bad"
        shutil.copytree(small.repo, repo)
        imports = "".join(
            f'\t"{name}"\n' for name in ("os", "runtime", "syscall") if f"{name}." in body
        )
        bad = (
            f'package keep\n\nimport (\n{imports}\t"testing"\n)\n\n'
            f"func BenchmarkBad(b *testing.B) {{\n\t{body}\n}}\n"
        )
        revision = commit(repo, "bad", {"keep/a_test.go": bad})
        small.configure(repo=str(repo), default_benchmark_timeout=2)
        with untouched(repo):
            run = small.esv("run", "HEAD^!", "--alloc-only", "--quiet")
            assert (run.code, run.err) == (0, "")
            record = small.records()[revision]
            gate = small.esv("gate", "--base", "HEAD~1", "--quiet")
        assert record.outcome is Outcome.PARTIAL
        (package,) = record.packages
        (failure,) = package.failures
        assert (failure.name, failure.kind) == ("BenchmarkBad", kind)
        assert message in failure.message
        assert allocs(record) == {
            "example.com/small/keep": {"BenchmarkKeep": 1, "BenchmarkNothing": 0}
        }
        assert (gate.code, gate.err) == (2, "")
        assert gate.out.startswith("esv gate: ERROR: ")
        assert f"head run example.com/small/keep: BenchmarkBad: {failure.message}"[:99] in gate.out
        assert running_from(small) == []

    def test_a_test_file_that_does_not_compile(self, small: Project, tmp_path: Path) -> None:
        repo = tmp_path / "bad"
        shutil.copytree(small.repo, repo)
        bad = "package keep\n\nfunc unused() int { x := 1 }\n"
        revision = commit(repo, "bad", {"keep/a_test.go": bad})
        small.configure(repo=str(repo))
        run = small.esv("gate", "--base", "HEAD~1", "--quiet")
        assert (run.code, run.err) == (2, "")
        assert "head build example.com/small/keep: keep/a_test.go:3:" in run.out
        assert small.esv("run", "HEAD^!", "--alloc-only", "--quiet").code == 0
        record = small.records()[revision]
        assert record.outcome is Outcome.BROKEN
        assert record.packages[0].outcome is PackageOutcome.BUILD_FAILED


@pytest.fixture
def recorded(small: Project) -> Project:
    """With the record of HEAD."""
    assert small.esv("run", "HEAD^!", "--alloc-only").code == 0
    return small
