"""Which revisions a range names."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.jobs.ranges import pick, select_revisions
from harness.errors import UsageError
from tests.engine.conftest import GO_MOD, OpenSession, allocs, bench
from tests.repos import Project


def test_merges_roots_and_ranges(project: Project, open_session: OpenSession) -> None:
    root = project.commit({"go.mod": GO_MOD, "p/p_test.go": bench("p", 1)})
    project.git("checkout", "--quiet", "-b", "side")
    side = project.commit({"side.md": "x", "p/p_test.go": bench("p", 5)}, "on the side")
    project.git("checkout", "--quiet", "main")
    main = project.commit({"main.md": "x"}, "on main")
    merge = project.merge("side")
    with open_session() as session:
        assert session.repository.branch_lines(session.config.branches)[0][1] == [root, main, merge]
        assert select_revisions(session, "ALL", []) == [merge, main, root]
        assert select_revisions(session, "NEW", [main]) == [merge]
        assert select_revisions(session, "EXISTING", [root, side]) == [root, side]
        assert select_revisions(session, f"{root}..{merge}", []) == [merge, main]
        assert select_revisions(session, f"{side}^!", []) == [side]
        assert select_revisions(session, "ALL", [], steps=2) == [merge, root]
        for spec in ("nope..HEAD", "HASHFILE:/no/such/file", "--all"):
            with pytest.raises(UsageError):
                select_revisions(session, spec, [])
        merged, first = (session.measure(r, alloc_only=True) for r in (merge, root))
    assert merged.revision.parents == (main, side)
    assert merged.diff is not None
    assert merged.diff.base == main
    assert {c.new for c in merged.diff.files} == {"side.md", "p/p_test.go"}
    assert (first.revision.parent, first.diff) == (None, None)
    assert (allocs(merged), allocs(first)) == ({"p.BenchmarkX": 5}, {"p.BenchmarkX": 1})


def test_a_hash_file(project: Project, open_session: OpenSession, tmp_path: Path) -> None:
    hashes = [project.commit({"a": str(n)}) for n in range(3)]
    (tmp_path / "hashes").write_text(f"{hashes[0][:10]}\n\n{hashes[2]}\n")
    with open_session() as session:
        spec = f"HASHFILE:{tmp_path / 'hashes'}"
        assert select_revisions(session, spec, []) == [hashes[0], hashes[2]]


def test_pick_spreads_evenly_and_keeps_the_ends() -> None:
    items = [str(n) for n in range(10)]
    for count in range(2, 12):
        picked = pick(items, count)
        assert len(picked) == min(count, 10)
        assert (picked[0], picked[-1]) == ("0", "9")
        assert len(set(picked)) == len(picked)
    assert pick(items, 1) == ["0"]
    assert pick([], 3) == []
