"""`esv export`, `esv import` and `esv rm` as a user has them."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.support import Project, head

SAVED = """pkg: example.com/small/keep
cpu: Chip 9
BenchmarkKeep-4 \t 100\t {time} ns/op\t {size} B/op\t {allocs} allocs/op
"""


def test_import_compare_export_and_delete(small: Project, tmp_path: Path) -> None:
    for name, allocs in (("HEAD~2", 0), ("HEAD", 1)):
        text = SAVED.format(time=2.5 + allocs, size=8 * allocs, allocs=allocs)
        (tmp_path / "saved.txt").write_text(text, "utf-8")
        done = small.esv(
            "import", str(tmp_path / "saved.txt"), "--revision", name, "--go", "1.26.0"
        )
        assert (done.code, done.out) == (0, ""), done.err
        assert "1 benchmark of" in done.err
    assert {r.machine.machine for r in small.records().values()} == {"Chip-9"}
    assert all(r.imported for r in small.records().values())
    compared = small.esv("compare", "HEAD~2", "HEAD")
    assert compared.code == 0, compared.err
    row = next(x for x in compared.out.splitlines() if x.startswith("keep.Keep") and "from 0" in x)
    assert "worse" in row, "0 → 1 counts, with one sample too"

    exported = small.esv("export", "HEAD", "--output", "head.txt")
    assert exported.code == 0, exported.err
    text = (small.directory / "head.txt").read_text("utf-8")
    assert "BenchmarkKeep-4\t     100\t" in text
    assert "commit:" not in text
    rows = small.esv("export", "--format", "csv").out.splitlines()
    assert len(rows) == 1 + 2 * 3

    asked = small.esv("rm", "HEAD")
    assert "--yes" in asked.err.splitlines()[-1]
    assert asked.code == 2
    assert len(small.records()) == 2
    assert small.esv("rm", "HEAD", "--yes").code == 0
    assert set(small.records()) == {head(small.repo, "HEAD~2")}
    assert not list(small.results.glob(f"*/{head(small.repo)[:8]}*")), "asv's file too"
    assert "no record matches" in small.esv("rm", "HEAD", "--yes").refused("rm")


def test_what_cannot_be_had_is_an_error_of_one_line(small: Project, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("nothing\n", "utf-8")
    cases = [
        (("import", str(empty), "--revision", "HEAD"), "no benchmark result in it"),
        (("import", "gone.txt", "--revision", "HEAD"), "gone.txt: No such file"),
        (("import", str(empty), "--revision", "nope"), "unknown revision 'nope'"),
        (("export", "HEAD"), "has no record"),
        (("export", "nope..HEAD"), "unknown revision 'nope'"),
        (("export",), "the range 'EXISTING' has no revisions"),
    ]
    for arguments, says in cases:
        assert says in small.esv(*arguments).refused(arguments[0])
    assert not small.results.exists() or not list(small.results.rglob("*.esv.gz"))
