"""Single messages: unknown ones, raw strings, and the form that all releases share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.diagnostics.copies import in_own_words
from harness.diagnostics.identity import normal_message
from harness.diagnostics.parse import merge
from harness.model import EscapeSite, Position, SiteKind
from tests.corpus.stored import parse


def test_an_unknown_heap_related_line_is_kept() -> None:
    output = """go: downloading example.com/heap v1.2.3 to the heap
# example.com/p
p/p.go:3:2: moved to heap: x
p/p.go:4:2: y is evacuated to the heap
p/p.go:5:2: escape analysis gave up on F
p/p.go:6:2: cannot say why z is leaking
p/p.go:7:2: index bounds check elided
<unknown line number>: w escapes to heap
note: v may escape
go: warning: the heap is full
"""
    (package,) = parse(output)
    assert [(u.position, u.text) for u in package.unparsed] == [
        (Position("p/p.go", 4, 2), "y is evacuated to the heap"),
        (Position("p/p.go", 5, 2), "escape analysis gave up on F"),
        (Position("p/p.go", 6, 2), "cannot say why z is leaking"),
        (None, "note: v may escape"),
    ]
    assert [s.expression for s in package.sites] == ["x", "w"]
    assert package.sites[1].position.generated
    assert merge("example.com/p", [package, replace(package)]).unparsed == package.unparsed


def test_a_raw_string_over_lines_is_one_message() -> None:
    output = """# p
p/p.go:3:7: "a `" + `b
# q
p/p.go:9:9: moved to heap: not
` + s escapes to heap
p/p.go:4:2: '`' escapes to heap
p/p.go:5:2: `never closed escapes to heap
p/p.go:6:2: moved to heap: x
"""
    (package,) = parse(output)
    assert [(s.position.line, str(s.kind)) for s in package.sites] == [
        (3, "concat"), (4, "boxed"), (5, "boxed"), (6, "moved"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("moved to heap: ~R0", "moved to heap: ~r0"),
        ("make([]byte, 1 << 4, 4 * 2) escapes to heap", "make([]byte, 16, 8) escapes to heap"),
        ('"x" + "y" + a escapes to heap', '"xy" + a escapes to heap'),
        ('text(s) + "!" escapes to heap', 'text(s) + text("!") escapes to heap'),
        ("f(b, 'a') escapes to heap", "f(b, byte(97)) escapes to heap"),
        ('`a\n\t"` + s escapes to heap', '"a\\n\\t\\"" + s escapes to heap'),
        (f'"{"0" * 80}" escapes to heap', f'"{"0" * 68}... escapes to heap'),
        ("&_Ctype_struct_pair{...} escapes to heap", "&C.struct_pair{...} escapes to heap"),
        (
            "&entry[go.shape.struct { A []int; B int }]{...} escapes to heap",
            "&entry[go.shape.int]{...} escapes to heap",
        ),
        (
            "make([]go.shape.*uint8, 0, n) escapes to heap",
            "make([]go.shape.map[string]int, 0, n) escapes to heap",
        ),
    ],
)
def test_normal_messages(one: str, other: str) -> None:
    assert normal_message(one) == normal_message(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("moved to heap: r0", "moved to heap: r1"),
        ('"a" + s escapes to heap', '"b" + s escapes to heap'),
        ("make([]byte, 16) escapes to heap", "make([]byte, 17) escapes to heap"),
        ("make([]byte, n) escapes to heap", "make([]int, n) escapes to heap"),
        ("list[2] escapes to heap", "list[3] escapes to heap"),
        ("string(b) escapes to heap", "string(c) escapes to heap"),
    ],
)
def test_normal_messages_that_differ(one: str, other: str) -> None:
    assert normal_message(one) != normal_message(other)


@pytest.mark.parametrize(
    ("owner", "message", "expected"),
    [
        ("example.com/m/p", "moved to heap: p.v", "moved to heap: v"),
        ("example.com/m/p", "&p.T{...} escapes to heap", "&T{...} escapes to heap"),
        ("example.com/m/v5", "moved to heap: m.v", "moved to heap: v"),
        ("gopkg.in/yaml.v3", "moved to heap: yaml.v", "moved to heap: v"),
        ("example.com/m/p", "q.p.x escapes to heap", "q.p.x escapes to heap"),
        ("example.com/m/p", "len(mp.x) escapes to heap", "len(mp.x) escapes to heap"),
    ],
)
def test_a_copy_in_the_words_of_its_own_package(owner: str, message: str, expected: str) -> None:
    site = EscapeSite("example.com/x", "F", Position("p/p.go", 1, 1), "", SiteKind.MOVED, message)
    own = in_own_words(site, owner)
    assert (own.package, own.message) == (owner, expected)
