"""Which site is which: real edits, compiled before and after, with git's diff between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.diagnostics.collect import ModuleBuild
from harness.diagnostics.identity import SiteMatch, match_sites, normal_message
from harness.git import Repository
from harness.model import EscapeSite, FileChange, Hunk, Position, SiteKind, TreeDiff
from tests.diagnostics.conftest import Compile
from tests.repos import Project

PLAIN = """
package p

type T struct{ a, b, c int }

var held []*T

// Old keeps one on the heap.
func Old() *T {
	t := T{a: 1}
	return &t
}

func Other(n int) int {
	s := make([]int, n)
	return len(s)
}

// Tail is never edited.
func Tail() *T { return &T{c: 9} }
"""

TWICE = """
package p

type T struct{ a int }

var held []*T

//go:noinline
func Two(a, b bool) {
	if a {
		held = append(held, &T{})
	}
	if b {
		held = append(held, &T{})
	}
}
"""

INITIALISED = """
package p

var A = func() *int { v := 1; return &v }

var B = func() *string { s := "x"; return &s }
"""

NUMBERED = """
package p

type Kind int

const (
	First Kind = iota
	Second
)

func Box() any { return Second }

func Late() any { return First }
"""

CHECKS = """
package p

//go:noinline
func Check(s string, n int) {
	if n > 3 {
		panic("only one wildcard is allowed, has: '" + s[n:] + "'")
	}
	n++
	n++
	n++
	if n > 5 {
		panic("the wildcard conflicts with: '" + s[n:] + "'")
	}
}

type code struct{ n int }

func (c code) Error() string { return "" }

//go:noinline
func Fail(n int) error {
	return &code{n}
}
"""


@dataclass(frozen=True)
class Edit:
    """Files before and after, and the sites that came and went: ``function line message``."""

    before: Mapping[str, str]
    after: Mapping[str, str | None]
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def edited(before: str, *changes: tuple[str, str]) -> Edit:
    after = before
    for old, new in changes:
        assert old in after, old
        after = after.replace(old, new, 1)
    return Edit({"p.go": before}, {"p.go": after})


def expecting(edit: Edit, new: tuple[str, ...] = (), gone: tuple[str, ...] = ()) -> Edit:
    return Edit(edit.before, edit.after, new, gone)


EDITS = {
    "nothing": edited(PLAIN),
    "renamed_file": Edit({"p.go": PLAIN}, {"p.go": None, "q.go": PLAIN}),
    "renamed_file_and_edited": Edit(
        {"p.go": PLAIN}, {"p.go": None, "q.go": PLAIN.replace("a: 1", "a: 2")}
    ),
    "split_file": Edit(
        {"p.go": PLAIN},
        {"p.go": PLAIN.replace("func Tail() *T { return &T{c: 9} }\n", ""),
         "tail.go": "package p\n\nfunc Tail() *T { return &T{c: 9} }\n"},
    ),
    "moved_function": Edit(
        {"p.go": PLAIN},
        {"p.go": PLAIN.replace("// Old keeps one on the heap.\nfunc Old() *T {\n\tt := T{a: 1}\n"
                               "\treturn &t\n}\n\n", "")
         + "\nfunc Old() *T {\n\tt := T{a: 1}\n\treturn &t\n}\n"},
    ),
    "reformatted": edited(
        PLAIN, ("\tt := T{a: 1}\n", "\tt := T{\n\t\ta: 1,\n\t}\n"),
        ("func Tail() *T { return &T{c: 9} }", "func Tail() *T {\n\treturn &T{c: 9}\n}"),
    ),
    "renamed_function": edited(
        PLAIN, ("// Old keeps", "// Fresh keeps"), ("func Old", "func Fresh")
    ),
    "renamed_variable": edited(PLAIN, ("t := T{a: 1}\n\treturn &t", "u := T{a: 1}\n\treturn &u")),
    "renumbered_constant": edited(NUMBERED, ("\tSecond\n", "\tHalf\n\tSecond\n")),
    "lines_above": edited(PLAIN, ("var held", "const (\n\tx = 1\n\ty = 2\n)\n\nvar held")),
    "gone": expecting(
        edited(PLAIN, ("t := T{a: 1}\n\treturn &t", "return nil")),
        gone=("Old 9 moved to heap: t",),
    ),
    "another_kind_in_the_same_place": expecting(
        edited(PLAIN, ("t := T{a: 1}\n\treturn &t", "return &T{a: 1}")),
        new=("Old 9 &T{...} escapes to heap",), gone=("Old 9 moved to heap: t",),
    ),
    "new_in_another_function": expecting(
        edited(PLAIN, ("s := make([]int, n)\n",
                       "s := make([]int, n)\n\tt := T{b: n}\n\theld = append(held[:0], &t)\n")),
        new=("Other 15 moved to heap: t",),
    ),
    "same_message_moves_to_a_function_that_was_there": expecting(
        edited(PLAIN, ("t := T{a: 1}\n\treturn &t", "return nil"),
               ("return len(s)", "t := T{a: 1}\n\theld[0] = &t\n\treturn len(s)")),
        new=("Other 14 moved to heap: t",), gone=("Old 9 moved to heap: t",),
    ),
    "second_of_its_kind_above": expecting(
        edited(TWICE, ("\tif a {", "\tif a && b {\n\t\theld = append(held, &T{})\n\t}\n\tif a {")),
        new=("Two 10 &T{} escapes to heap",),
    ),
    "second_of_its_kind_below": expecting(
        edited(TWICE, ("\tif b {\n\t\theld = append(held, &T{})\n\t}\n}",
                       "\tif b {\n\t\theld = append(held, &T{})\n\t}\n\theld[0] = &T{}\n}")),
        new=("Two 15 &T{} escapes to heap",),
    ),
    "first_of_two_goes": expecting(
        edited(TWICE, ("\tif a {\n\t\theld = append(held, &T{})\n\t}\n", "")),
        gone=("Two 10 &T{} escapes to heap",),
    ),
    "two_on_one_line": expecting(
        edited(TWICE, ("\tif a {\n\t\theld = append(held, &T{})",
                       "\tif a {\n\t\theld = append(held, &T{}, &T{})")),
        new=("Two 10 &T{} escapes to heap",),
    ),
    "a_message_moves_and_is_reworded": edited(
        CHECKS, ("""	if n > 3 {
		panic("only one wildcard is allowed, has: '" + s[n:] + "'")
	}
""", ""),
        ("""+ s[n:] + "'")
	}
}""", """+ s[n:] + "'")
	}
	if n > 3 {
		panic("only one wildcard is allowed, has: '" + s[n:len(s)-1] + "'")
	}
}"""),
    ),
    "another_message_elsewhere": expecting(
        edited(CHECKS, ("""	if n > 3 {
		panic("only one wildcard is allowed, has: '" + s[n:] + "'")
	}
""", ""),
            ("""+ s[n:] + "'")
	}
}""", """+ s[n:] + "'")
	}
	if n > 3 {
		panic("a wildcard needs a name: '" + s[n:] + "'")
	}
}""")),
        # Concatenated, and boxed for panic.
        new=("""Check 12 "a wildcard needs a name: '" + s[n:] + "'" escapes to heap""",) * 2,
        gone=("""Check 6 "only one wildcard is allowed, has: '" + s[n:] + "'" escapes to heap""",)
        * 2,
    ),
    "an_object_becomes_a_value_that_is_boxed": expecting(
        edited(CHECKS, ("return &code{n}", "return code{n}")),
        new=("Fail 22 code{...} escapes to heap",), gone=("Fail 22 &code{...} escapes to heap",),
    ),
    "closures_renumbered": expecting(
        edited(INITIALISED, ("var B", "var C = func() *bool { t := true; return &t }\n\nvar B")),
        new=("init.func2 5 moved to heap: t",),
    ),
}  # fmt: skip


def lines_of(sites: tuple[EscapeSite, ...]) -> tuple[str, ...]:
    # Growing slices are sites of their own since Go 1.25, beside what is put into them.
    kept = [s for s in sites if s.kind is not SiteKind.APPEND]
    return tuple(f"{s.function} {s.position.line} {s.message}" for s in kept)


@pytest.fixture(scope="module")
def matches(
    compile_tree: Compile, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, SiteMatch]:
    """Every edit in a package of its own, all in one commit, matched with git's diff."""
    project = Project(tmp_path_factory.mktemp("edits"))
    # A remark of its own keeps git from pairing files of different packages.
    base_files = {
        f"{name}/{file}": dedent(text).lstrip("\n") + f"\n// {name}\n" * 12
        for name, edit in EDITS.items()
        for file, text in edit.before.items()
    }
    head_files = {
        f"{name}/{file}": text and dedent(text).lstrip("\n") + f"\n// {name}\n" * 12
        for name, edit in EDITS.items()
        for file, text in edit.after.items()
    }
    base = project.commit({"go.mod": "module example.com/m\n\ngo 1.22\n", **base_files})
    before = compile_tree(project.path)
    head = project.commit(head_files)
    after = compile_tree(project.path)
    diff = TreeDiff(base, head, Repository(project.path).diff(base, head))

    def sites(build: ModuleBuild, name: str) -> list[EscapeSite]:
        assert not build.errors
        return [
            s for d in build.diagnostics for s in d.sites if s.package == f"example.com/m/{name}"
        ]

    def functions(build: ModuleBuild) -> frozenset[str]:
        return frozenset(
            f"{x.package}.{x.function}" for d in build.diagnostics for x in d.decisions
        )

    found = {}
    for name in EDITS:
        old, new = sites(before, name), sites(after, name)
        assert len(old) >= 2
        assert new
        found[name] = match_sites(old, new, [diff], (functions(before), functions(after)))
    return found


@pytest.mark.parametrize("name", list(EDITS))
def test_what_is_new_and_what_is_gone(matches: dict[str, SiteMatch], name: str) -> None:
    match = matches[name]
    assert (lines_of(match.new), lines_of(match.gone)) == (EDITS[name].new, EDITS[name].gone)


def test_kept_sites_are_paired_with_themselves(matches: dict[str, SiteMatch]) -> None:
    for match in matches.values():
        for old, new in match.kept:
            assert (old.package, old.kind) == (new.package, new.kind)
    pairs = {(a.function, b.function) for a, b in matches["renamed_function"].kept}
    assert ("Old", "Fresh") in pairs
    above = matches["second_of_its_kind_above"].kept
    assert {(a.position.line, b.position.line) for a, b in above if a.kind is SiteKind.LITERAL} == {
        (10, 13),
        (13, 16),
    }


# Without a compiler


def site(
    line: int, message: str = "moved to heap: x", function: str = "F", **values: str
) -> EscapeSite:
    file = values.get("file", "p.go")
    kind = SiteKind(values.get("kind", "moved"))
    package = values.get("package", "m")
    return EscapeSite(package, function, Position(file, line, 2), "x", kind, message)


SITES = st.lists(
    st.builds(
        site,
        st.integers(1, 6),
        st.sampled_from(["moved to heap: x", "moved to heap: y", "new(T) escapes to heap"]),
        st.sampled_from(["F", "G", "F.func1", ""]),
    ),
    max_size=8,
)
DIFFS = st.none() | st.builds(
    lambda hunks: [TreeDiff("a", "b", (FileChange("p.go", "p.go", hunks),))],
    st.sampled_from([(), (Hunk(2, 0, 3, 2),), (Hunk(1, 2, 1, 1), Hunk(5, 1, 4, 3))]),
)


@given(SITES, SITES, DIFFS)
def test_every_site_is_told_of_exactly_once(
    base: list[EscapeSite], head: list[EscapeSite], diffs: list[TreeDiff] | None
) -> None:
    match = match_sites(base, head, diffs)
    told_base = [*match.gone, *(a for a, _ in match.kept)]
    told_head = [*match.new, *(b for _, b in match.kept)]
    key = str
    assert sorted(told_base, key=key) == sorted(base, key=key)
    assert sorted(told_head, key=key) == sorted(head, key=key)


@given(SITES)
def test_equal_trees_have_no_difference(sites: list[EscapeSite]) -> None:
    ways: tuple[list[TreeDiff] | None, ...] = ([], None)
    for diffs in ways:
        match = match_sites(sites, list(reversed(sites)), diffs)
        assert (match.new, match.gone) == ((), ())


def test_without_a_line_map_order_tells_and_with_one_the_line() -> None:
    base, head = [site(10)], [site(10), site(14)]
    inserted = [TreeDiff("a", "b", (FileChange("p.go", "p.go", (Hunk(9, 0, 10, 4),)),))]
    assert match_sites(base, head, inserted).new == (head[0],)
    assert match_sites(base, head, None).new == (head[1],)


def test_several_steps_are_followed_one_after_the_other() -> None:
    first = TreeDiff("a", "b", (FileChange("p.go", "q.go", (Hunk(1, 0, 2, 5),)),))
    second = TreeDiff("b", "c", (FileChange("q.go", "r.go", (Hunk(3, 2, 2, 0),)),))
    head = [site(10, file="r.go"), site(13, file="r.go")]
    match = match_sites([site(10)], head, [first, second])
    assert (match.new, match.gone) == ((head[0],), ())


def test_generated_wrappers_of_two_packages_are_two() -> None:
    # The compiler puts both at the same place: <autogenerated>:1.
    old = site(1, package="m/b", file="<autogenerated>")
    new = site(1, package="m/a", file="<autogenerated>")
    match = match_sites([old], [new, old], [])
    assert (match.new, match.gone) == ((new,), ())


def test_compiler_temporaries_have_no_name() -> None:
    assert normal_message("moved to heap: ~r0") == normal_message("moved to heap: ~R2")
    assert normal_message("moved to heap: .autotmp_12") == "moved to heap: ~"
    assert normal_message("moved to heap: r0") == "moved to heap: r0"
    old, new = site(3, "moved to heap: ~R0"), site(3, "moved to heap: ~r1")
    assert not match_sites([old], [new], None).new


def test_a_site_changes_its_function_only_where_one_came_or_went() -> None:
    old, new = site(3, function="F"), site(30, function="G")
    both = frozenset({"m.F", "m.G"})
    assert match_sites([old], [new], None, (both, both)).new == (new,)
    assert match_sites([old], [new], None, (frozenset({"m.F"}), frozenset({"m.G"}))).new == ()
    closure = site(30, function="F.func2")
    assert match_sites([old], [closure], None, (both, both)).new == ()
