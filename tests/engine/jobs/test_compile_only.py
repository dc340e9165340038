"""Views with other flags: kept where the record is, and compiled once."""

from __future__ import annotations

import shutil

import pytest

from harness.engine.jobs.compile_only import view_of
from harness.errors import MeasurementError
from harness.toolchain import GoCommand
from tests.engine.conftest import GO_MOD, OpenSession, bench
from tests.repos import Project

FILES = {
    "go.mod": GO_MOD,
    "p/p.go": "package p\n\nfunc New() *int { v := 1; return &v }\n",
    "p/p_test.go": bench("p", 1),
}
FLAGS = "-m -l"


def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **keywords: object) -> None:
        raise AssertionError(f"compiles: {arguments}")

    monkeypatch.setattr(GoCommand, "run", fail)


@pytest.mark.parametrize("measured", [True, False])
def test_a_view_is_compiled_once(
    project: Project, open_session: OpenSession, monkeypatch: pytest.MonkeyPatch, measured: bool
) -> None:
    head = project.commit(FILES)
    with open_session() as session:
        spec = session.environments()[0]
        if measured:
            session.measure(head, alloc_only=True)
        view, record = view_of(session, head, "-m  -l", spec)
        other, _ = view_of(session, head, "-m", spec)
        work = session.cache_dir / "work"
    assert [d.text for d in view.diagnostics] == ["moved to heap: v"]
    assert "can inline New" in [d.text for d in other.diagnostics]
    assert record is not None
    assert (view.gcflags, record.views) == (FLAGS, (view,))
    # Neither a compiler nor a work tree is needed any more.
    for tree in work.glob("*/w0"):
        shutil.rmtree(tree)
    no_compiler(monkeypatch)
    with open_session() as session:
        again, kept = view_of(session, head, FLAGS, spec)
        assert again == view
        assert kept is not None
        assert {v.gcflags for v in kept.views} == {FLAGS, "-m"}
        assert (session.record(head) == kept) is measured, "of the project, if it has a record"
        assert not list(work.glob("*/w0/p")), "nothing was checked out"
        with pytest.raises(AssertionError, match="compiles"):
            view_of(session, head, "-m -N -l", spec)


def test_a_record_measured_anew_keeps_its_views(
    project: Project, open_session: OpenSession
) -> None:
    head = project.commit(FILES)
    with open_session() as session:
        spec = session.environments()[0]
        _, compiled = view_of(session, head, FLAGS, spec)
        assert compiled is not None
        assert not compiled.benchmarks(), "nothing was run for a view"
        counted = session.ensure_counted(head, spec)
        assert counted.benchmarks(), "what was only compiled does not pass for measured"
        assert counted.views == compiled.views
        assert session.record(head) is None, "a view does not make a record of the project"


def test_what_does_not_compile_keeps_nothing(project: Project, open_session: OpenSession) -> None:
    head = project.commit({**FILES, "p/p.go": "package p\n\nfunc New() *int { return 1 }\n"})
    with open_session() as session:
        spec = session.environments()[0]
        with pytest.raises(MeasurementError, match=r"p\.go:3"):
            view_of(session, head, FLAGS, spec)
        assert session.record_or_answer(head, spec) is None


def test_a_listing_is_not_kept(project: Project, open_session: OpenSession) -> None:
    head = project.commit(FILES)
    with open_session() as session:
        spec = session.environments()[0]
        view, record = view_of(session, head, "-S", spec)
        assert any("\tCALL\truntime.newobject(SB)" in d.text for d in view.diagnostics)
        assert record is None
        assert session.record_or_answer(head, spec) is None
