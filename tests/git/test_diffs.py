"""The diff parser and the line map against what the real git prints."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.diagnostics.identity import LineMap
from harness.git import Repository, parse_diff
from harness.git.diffs import unquote
from harness.model import FileChange, Hunk, TreeDiff
from tests.repos import Files, Project


def changes(tmp_path: Path, before: Files, after: Files) -> dict[str | None, FileChange]:
    """The changes from one tree to another, by new name, or by the old one where it is deleted."""
    project = Project(tmp_path / "r")
    base = project.commit(before)
    head = project.commit(after)
    found = Repository(project.path).diff(base, head)
    result = {c.new or c.old: c for c in found}
    assert len(result) == len(found)
    return result


def lines(*numbers: int) -> str:
    return "".join(f"line {n}\n" for n in numbers)


def test_changed_added_and_deleted_lines(tmp_path: Path) -> None:
    found = changes(
        tmp_path,
        {"a.go": lines(1, 2, 3, 4, 5, 6, 7, 8)},
        {"a.go": "top\n" + lines(1) + "2\n2b\n" + lines(3, 5, 6, 7, 8) + "end\n"},
    )
    assert found["a.go"].hunks == (
        Hunk(0, 0, 1, 1),
        Hunk(2, 1, 3, 2),
        Hunk(4, 1, 5, 0),
        Hunk(8, 0, 10, 1),
    )


def test_added_deleted_and_empty_files(tmp_path: Path) -> None:
    found = changes(
        tmp_path,
        {"gone.go": lines(1, 2), "empty-gone": "", "kept": "x\n"},
        {"gone.go": None, "empty-gone": None, "new.go": "a\nb\nc\n", "empty-new": ""},
    )
    assert found["gone.go"] == FileChange("gone.go", None, (Hunk(1, 2, 0, 0),))
    assert found["new.go"] == FileChange(None, "new.go", (Hunk(0, 0, 1, 3),))
    # git finds the one empty file again in the other.
    assert {None, "empty-new"} >= {found["empty-new"].old} - {"empty-gone"}
    assert "kept" not in found


def test_a_rename_with_and_without_edits(tmp_path: Path) -> None:
    text = lines(*range(30))
    found = changes(
        tmp_path,
        {"old.go": text, "dir/a b.go": text.replace("line", "row")},
        {"old.go": None, "pkg/new.go": text.replace("line 7\n", "seven\n"),
         "dir/a b.go": None, "dir/c d.go": text.replace("line", "row")},
    )  # fmt: skip
    assert found["pkg/new.go"] == FileChange("old.go", "pkg/new.go", (Hunk(8, 1, 8, 1),))
    assert found["dir/c d.go"] == FileChange("dir/a b.go", "dir/c d.go")


ODD_NAMES = [
    "naïve.go", "日本語/ファイル.go", 'quo"te.go', "back\\slash.go", "tab\there.go", "new\nline.go",
    "a b.go", " lead.go", "trail ", "x b/x.go", "a/b b/a/b", "bell\x07\x0b\x0c.go", "\x1b[31m.go",
    "emoji-🦫.go", "--- a.go", '"',
]  # fmt: skip


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names(tmp_path: Path, name: str) -> None:
    found = changes(tmp_path, {name: "1\n2\n", "z": "z\n"}, {name: "1\nTwo\n", "z": "Z\n"})
    assert found == {
        name: FileChange(name, name, (Hunk(2, 1, 2, 1),)),
        "z": FileChange("z", "z", (Hunk(1, 1, 1, 1),)),
    }


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_of_files_without_hunks(tmp_path: Path, name: str) -> None:
    project = Project(tmp_path / "r")
    base = project.commit({name: b"\0\1", "mode": "x\n", f"{name}2": lines(1, 2, 3)})
    (project.path / name).chmod(0o755)
    (project.path / f"{name}2").rename(project.path / f"{name}3")
    head = project.commit({})
    found = {c.new: c for c in Repository(project.path).diff(base, head)}
    assert found == {
        name: FileChange(name, name),
        f"{name}3": FileChange(f"{name}2", f"{name}3"),
    }


def test_binary_files_have_no_hunks(tmp_path: Path) -> None:
    found = changes(
        tmp_path,
        {"b": b"\0" + b"x" * 99, "gone": b"\0gone", "t.go": "1\n"},
        {"b": b"\0" + b"y" * 99, "gone": None, "new": b"\0\xff new", "t.go": "2\n"},
    )
    assert found["b"] == FileChange("b", "b")
    assert found["gone"] == FileChange("gone", None)
    assert found["new"] == FileChange(None, "new")
    assert found["t.go"].hunks == (Hunk(1, 1, 1, 1),)


def test_content_that_looks_like_a_diff(tmp_path: Path) -> None:
    old = "-- a/evil.go\n@@ -1,5 +1,9 @@\ndiff --git a/x b/y\nrename from q\nsame\n"
    new = "++ b/evil.go\n@@ -7 +8 @@\ndiff --git a/v b/w\nrename to q\nnew file mode 1\nsame\n"
    found = changes(tmp_path, {"f": old, "z": "1\n"}, {"f": new, "z": "2\n"})
    assert found == {
        "f": FileChange("f", "f", (Hunk(1, 4, 1, 5),)),
        "z": FileChange("z", "z", (Hunk(1, 1, 1, 1),)),
    }


def test_carriage_returns_form_feeds_and_a_missing_newline_at_the_end(tmp_path: Path) -> None:
    found = changes(
        tmp_path,
        {"f": b"a\r\nb\x0cb\r\n\xe2\x80\xa8c", "z": b"1"},
        {"f": b"a\r\nB\x0cB\r\n\xe2\x80\xa8C", "z": b"2"},
    )
    assert found["f"].hunks == (Hunk(2, 2, 2, 2),)
    assert found["z"].hunks == (Hunk(1, 1, 1, 1),)


def test_the_users_settings_do_not_change_the_diff(tmp_path: Path) -> None:
    project = Project(tmp_path / "r")
    text = [f"line {n}\n" for n in range(40)]
    base = project.commit({"a.go": "".join(text), "z.go": "1\n", "old": "".join(text[:20])})
    text[5] = text[9] = text[30] = "changed\n"
    head = project.commit(
        {"a.go": "".join(text), "z.go": "2\n", "old": None, "new": lines(*range(20))}
    )
    expected = Repository(project.path).diff(base, head)
    assert {c.new for c in expected} == {"a.go", "z.go", "new"}
    for key, value in {
        "diff.noprefix": "true", "diff.mnemonicPrefix": "true", "diff.renames": "false",
        "diff.interHunkContext": "20", "diff.context": "7", "diff.external": "false",
        "color.ui": "always", "diff.colorMoved": "zebra", "diff.wordRegex": ".",
        "core.quotePath": "false", "diff.suppressBlankEmpty": "true", "diff.relative": "true",
        "diff.orderFile": "/dev/null", "core.pager": "false", "diff.submodule": "log",
    }.items():  # fmt: skip
        project.git("config", key, value)
    assert Repository(project.path).diff(base, head) == expected


TEXT = st.lists(st.sampled_from(["a", "b", "", "-- x", "++ y", "@@ -1 +1 @@", "}"]), max_size=12)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=TEXT, new=TEXT)
def test_every_unchanged_line_maps_to_the_line_with_the_same_text(
    tmp_path: Path, old: list[str], new: list[str]
) -> None:
    path = tmp_path / "r"
    if path.exists():
        project = Project.__new__(Project)
        project.path, project._clock = path, 1_767_603_600
    else:
        project = Project(path)
    base = project.commit({"f": "".join(f"{x}\n" for x in old).encode(), "other": "x\n"})
    head = project.commit({"f": "".join(f"{x}\n" for x in new).encode()})
    diff = TreeDiff(base, head, Repository(path).diff(base, head))
    line_map = LineMap(diff)
    mapped = [line_map.new_line("f", n) for n in range(1, len(old) + 1)]
    for text, target in zip(old, mapped, strict=True):
        assert target is None or (target[0] == "f" and new[target[1] - 1] == text)
    targets = [target[1] for target in mapped if target is not None]
    assert targets == sorted(set(targets)), "in order, and no two lines on one"
    untouched = len(old) - sum(h.old_count for c in diff.files for h in c.hunks)
    assert len(targets) == untouched, "each line that git did not touch has a place"
    assert line_map.new_line("other", 1) == ("other", 1)


def test_the_line_map_follows_renames_and_deletions() -> None:
    diff = TreeDiff(
        "a",
        "b",
        (
            FileChange("old.go", "new.go", (Hunk(5, 0, 6, 3), Hunk(8, 2, 11, 0))),
            FileChange("gone.go", None, (Hunk(1, 9, 0, 0),)),
            FileChange(None, "added.go", (Hunk(0, 0, 1, 4),)),
        ),
    )
    line_map = LineMap(diff)
    assert [line_map.new_line("old.go", n) for n in (5, 6, 7, 8, 9, 10)] == [
        ("new.go", 5), ("new.go", 9), ("new.go", 10), None, None, ("new.go", 11),
    ]  # fmt: skip
    assert line_map.new_line("gone.go", 3) is None
    assert line_map.new_line("elsewhere.go", 3) == ("elsewhere.go", 3)


@given(st.text())
def test_text_that_is_no_diff_has_no_changes(text: str) -> None:
    if "diff --git" not in text:
        assert parse_diff(text) == ()


@given(st.text(st.characters(codec="utf-8", exclude_characters='"\\\n\t')))
def test_plain_names_are_not_unquoted(name: str) -> None:
    assert unquote(name) == name
