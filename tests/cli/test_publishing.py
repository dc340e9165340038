"""Publishing again: what was worked out before is used, and is never trusted blindly."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import msgspec
import pytest

from harness.analysis.history.history import History
from harness.analysis.verdict.regressions import Standard
from harness.analysis.verdict.resume import resume
from harness.analysis.verdict.summary import Pass
from harness.cli.publishing import Publishing
from harness.config import load_config
from harness.engine.session import Session
from harness.model import Environment, FileChange, PackageOutcome, Record, Toolchain, TreeDiff
from harness.model.revision import Revision
from harness.outputs.site.draw.tree import MARKER
from harness.outputs.site.publish import SiteReport
from harness.store import RecordStore
from tests.builders import ENVIRONMENT, make_benchmark, make_package, make_record, make_site
from tests.repos import Project

OLDER = Environment(Toolchain("go1.26.5", "linux", "amd64", "cache", False))
CACHE = "cache"


class Published:
    """A project with two branches and two releases, and its site."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        repo = Project(directory / "repo")
        names = ["root", "two", "three"]
        commits = [repo.commit({"go.mod": "module example.com/m\n", "p.go": n}, n) for n in names]
        repo.git("checkout", "--quiet", "-b", "v1")
        commits.append(repo.commit({"p.go": "fix"}, "fix"))
        repo.git("checkout", "--quiet", "main")
        commits += [repo.commit({"p.go": n}, n) for n in ("four", "five")]
        self.repo, self.commits = repo, commits
        config = {
            "version": 1,
            "project": "m",
            "repo": str(repo.path),
            "branches": ["main", "v1"],
            "results_dir": str(directory / "results"),
            "html_dir": str(directory / "html"),
        }
        self.configure(config, CACHE)
        self.configure(config, "other")
        self.store = RecordStore(directory / "results", 8)

    def configure(self, config: Mapping[str, object], cache: str) -> None:
        text = json.dumps({**config, "go": {"cache_dir": str(self.directory / cache)}})
        (self.directory / f"{cache}.json").write_text(text)

    def record(self, number: int, environment: Environment) -> Record:
        """Of a commit; at ``five`` a site comes, and with it an allocation."""
        hash_ = self.commits[number]
        parents = tuple(self.repo.git("log", "-1", "--format=%P", hash_).split())
        subject = self.repo.git("log", "-1", "--format=%s", hash_)
        revision = Revision(hash_, parents, "A", 1_700_000_000 + number, subject)
        worse = subject == "five"
        package = make_package(benchmarks=[make_benchmark("BenchmarkA", 2 + worse)])
        sites = [make_site(file="p.go"), make_site("moved to heap: y", file="p.go", line=40)]
        record = make_record(
            number,
            [package],
            revision=revision,
            environment=environment,
            escapes=sites[: 1 + worse],
            diff=TreeDiff(parents[0], hash_, (FileChange("p.go", "p.go"),)) if parents else None,
        )
        started = 2e9 if environment is ENVIRONMENT else 1e9
        return replace(record, started=started + number)

    def write(self, *numbers: int) -> None:
        for number in numbers:
            for environment in (ENVIRONMENT, OLDER):
                self.store.write(self.record(number, environment))

    def publish(self, cache: str = CACHE, output: str = "html") -> SiteReport:
        with Session(load_config(self.directory / f"{cache}.json")) as session:
            return Publishing(session, self.directory / output).publish(Standard())

    def files(self, output: str = "html") -> dict[str, bytes]:
        top = self.directory / output
        return {
            path.relative_to(top).as_posix(): path.read_bytes()
            for path in top.rglob("*")
            if path.is_file() and path.name != MARKER
        }

    def state(self) -> Path:
        """The file that a publishing leaves for the next."""
        cached = [p for p in (self.directory / CACHE / "published").rglob("*") if p.is_file()]
        (path,) = [p for p in cached if not p.name.startswith(".")]
        return path

    def fresh(self) -> dict[str, bytes]:
        """The site as it is made from nothing."""
        shutil.rmtree(self.directory / "other", ignore_errors=True)
        shutil.rmtree(self.directory / "fresh", ignore_errors=True)
        self.publish("other", "fresh")
        return self.files("fresh")


@pytest.fixture
def site(tmp_path: Path) -> Published:
    return Published(tmp_path)


def test_a_record_in_one_environment_changes_links_in_the_other(site: Published) -> None:
    site.write(0, 1, 2, 3)
    site.publish()
    for environment in (OLDER, ENVIRONMENT):
        for number in (4, 5):
            site.store.write(site.record(number, environment))
            site.publish()
            assert site.files() == site.fresh()


def test_what_is_carried_from_a_newer_revision_finds_it_later(site: Published) -> None:
    """As where the newest revision was measured first, and its record came in last."""
    site.write(0, 1)
    for number in (2, 4):
        record = site.record(number, ENVIRONMENT)
        (package,) = record.packages
        origin = site.commits[5] if number == 4 else site.commits[4]
        carried = replace(package, outcome=PackageOutcome.CARRIED, carried_from=origin)
        site.store.write(replace(record, packages=(carried,)))
        site.publish()
        assert site.files() == site.fresh()
    site.write(5)
    site.publish()
    assert site.files() == site.fresh()


def test_nothing_new_makes_nothing_but_what_is_made_each_time(site: Published) -> None:
    site.write(*range(6))
    first = site.publish()
    again = site.publish()
    assert (again.added, again.changed, again.removed) == (0, 0, 0)
    assert again.made < first.made


@pytest.mark.parametrize("how", ["edited", "removed", "as long and as old"])
def test_a_page_that_somebody_changed_is_made_again(site: Published, how: str) -> None:
    site.write(*range(6))
    site.publish()
    page = next((site.directory / "html" / "r").glob("*.html"))
    if how == "removed":
        page.unlink()
    elif how == "edited":
        page.write_text("something else")
    else:
        # A writer that swaps the file in, as this one does, leaves other times.
        other = page.with_suffix(".new")
        other.write_bytes(page.read_bytes()[::-1])
        other.replace(page)
    site.publish()
    assert site.files() == site.fresh()


def test_what_is_damaged_in_the_cache_is_made_again(site: Published) -> None:
    site.write(*range(5))
    site.publish()
    path = site.state()
    made = []
    for damage in (lambda b: b[:-9], lambda b: b"\0" + b[1:], lambda b: b"", bytes):
        path.write_bytes(damage(path.read_bytes()))
        site.write(5)
        made.append(site.publish().made)
        assert site.files() == site.fresh()
    assert made[-1] < made[0] == made[1] == made[2]


def test_another_version_of_the_harness_goes_on_from_nothing(
    site: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.write(*range(5))
    code = b"another version!"
    with monkeypatch.context() as other:
        other.setattr("harness.cli.publishing.code_digest", lambda: code)
        first = site.publish()
    assert site.publish().made == first.made
    # Its state may have other types.
    state = msgspec.msgpack.encode({"records": 1})
    site.state().write_bytes(blake2b(state, key=code, digest_size=16).digest() + state)
    assert site.publish().made == first.made


def test_records_of_a_new_clone_are_the_same(site: Published) -> None:
    site.write(*range(5))
    first = site.publish()
    for path in site.store.paths():
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)
    assert site.publish().made < first.made
    site.write(5)
    site.publish()
    assert site.files() == site.fresh()


def test_a_site_that_is_gone_is_made_again(site: Published) -> None:
    site.write(*range(6))
    first = site.publish()
    shutil.rmtree(site.directory / "html")
    again = site.publish()
    assert again.made == first.made
    assert site.files() == site.fresh()


def test_a_record_that_changed_changes_every_page_of_it(site: Published) -> None:
    site.write(*range(6))
    site.publish()
    record = site.record(4, ENVIRONMENT)
    other = make_package(benchmarks=[make_benchmark("BenchmarkA", 7)])
    site.store.write(replace(record, packages=(other,)), replace=True)
    site.publish()
    assert site.files() == site.fresh()


def test_each_history_goes_on_from_the_pass_of_the_last_publishing(
    site: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.cli.publishing._MOST_AGAIN", 0)
    site.write(*range(5))
    site.publish()
    site.write(5)
    known: dict[tuple[str, str], tuple[int, int]] = {}

    def told(history: History, data: bytes) -> Pass:
        done = resume(history, data)
        known[history.environment, history.branch] = (len(done.revisions), done.fresh)
        return done

    with monkeypatch.context() as spied:
        spied.setattr("harness.cli.publishing.resume", told)
        site.publish()
    # One of the five records is of the other branch alone.
    assert {(b, places) for (_, b), places in known.items()} == {("main", (4, 1)), ("v1", (4, 0))}
    assert len(known) == 4
    assert site.files() == site.fresh()
